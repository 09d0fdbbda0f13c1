import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CANARY, documentOf, exchange, Lab, type LabOptions, readReply, rule } from './lab/lab';

const HOST = 'api.example.com';
const OPEN = rule({ id: 'rule.1', host: HOST, methods: ['GET', 'HEAD', 'POST'] });
const GRANTED = rule({ id: 'grant.token.1', host: HOST, methods: ['GET', 'POST'], inject: 'token' });

/** What the upstream got, and how it answers. */
class Upstream {
  readonly requests: { method: string; url: string; headers: string[]; body: string }[] = [];
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void = (_q, response) =>
    response.end('hello');

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      this.requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.rawHeaders, body });
      this.answer(request, response, body);
    });
    request.on('error', () => undefined);
  };
}

let upstream: Upstream;
let lab: Lab;

async function start(options: Partial<LabOptions> = {}): Promise<void> {
  upstream = new Upstream();
  lab = await Lab.start({ document: documentOf([OPEN]), upstream: upstream.listener, ...options });
}

afterEach(async () => {
  await lab.stop();
  expect(lab.errors).toEqual([]);
});

const egress = (): object[] => lab.records.flatMap((record) => (record.kind === 'egress' ? [record.detail] : []));

describe('a request through a tunnel', () => {
  it('reaches the host that the tunnel, the SNI and Host name, and is recorded', async () => {
    await start();
    const reply = await lab.get(HOST, '/a?b=c');
    expect(reply).toMatchObject({ status: 200, body: 'hello', cut: false });
    expect(upstream.requests).toMatchObject([{ method: 'GET', url: '/a?b=c' }]);
    expect(egress()).toMatchObject([
      {
        way: 'connect',
        method: 'GET',
        host: HOST,
        path: '/a',
        ruleId: 'rule.1',
        verdict: 'allow',
        status: 200,
        bytesIn: 5,
      },
    ]);
  });

  it('serves many requests on one connection, each judged by itself', async () => {
    await start();
    const socket = await lab.tunnel(HOST);
    for (const [method, status] of [
      ['GET', 200],
      ['POST', 200],
      ['DELETE', 403],
    ] as const) {
      const reply = await exchange(socket, `${method} /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0\r\n\r\n`);
      expect(reply.status).toBe(status);
    }
    expect(upstream.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  it('N7 decides alike for the named upstream', async () => {
    await start();
    const socket = await lab.socket();
    const ok = await exchange(socket, `GET /u/${HOST}/a HTTP/1.1\r\nHost: egress.agents.internal\r\n\r\n`);
    expect(ok).toMatchObject({ status: 200, body: 'hello' });
    const no = await exchange(socket, `GET /u/other.example.com/a HTTP/1.1\r\nHost: egress.agents.internal\r\n\r\n`);
    expect(no.status).toBe(403);
    expect(no.headers['x-agent-platform-refusal']).toBe('host-not-allowed');
  });

  it('hands its certificates to live sessions, and to nobody else', async () => {
    await start();
    const get = 'GET /.platform/ca.pem HTTP/1.1\r\nHost: egress.agents.internal\r\n\r\n';
    expect((await exchange(await lab.socket(), get)).body).toMatch(
      /^-----BEGIN CERTIFICATE-----\n[\s\S]+-----END CERTIFICATE-----\n?$/,
    );
    lab.identity = { kind: 'refused', code: 'unbound-address' };
    expect((await exchange(await lab.socket(), get)).status).toBe(403);
  });

  it('N9 a refusal closes the connection and says host, rule or reason, and how to ask', async () => {
    await start();
    const reply = await lab.get('other.example.com');
    expect(reply).toMatchObject({ status: 403, reason: 'refused host-not-allowed (host other.example.com)' });
    expect(reply.headers.connection).toBe('close');
    expect(reply.body).toContain('ask in #agents');
    expect(upstream.requests).toEqual([]);
  });

  it('pitfall 13: what follows a refused request on its connection is never read as another', async () => {
    await start();
    const socket = await lab.tunnel(HOST);
    const hidden = `GET /hidden HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    socket.write(`DELETE /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${hidden.length}\r\n\r\n`);
    const reply = await readReply(socket);
    expect(reply.status).toBe(403);
    socket.write(hidden + hidden);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(upstream.requests).toEqual([]);
  });

  it('pitfall 35: certificates for refused names are few', async () => {
    await start({ callerLimits: { refusedNames: 3 } });
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) {
      const socket = await lab.socket();
      socket.write(`CONNECT n${i}.test.example.com:443 HTTP/1.1\r\nHost: n${i}.test.example.com:443\r\n\r\n`);
      answers.push((await readReply(socket)).raw.slice(0, 12));
      socket.destroy();
    }
    expect(answers).toEqual([...Array(3).fill('HTTP/1.1 200'), ...Array(3).fill('HTTP/1.1 403')]);
    expect(lab.leaves.size).toBe(3);
  });

  it('pitfall 1: a server name other than that of CONNECT is refused, none too', async () => {
    await start();
    for (const serverName of ['www.example.com', '']) {
      const socket = await lab.tunnel(HOST, serverName);
      const reply = await exchange(socket, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      expect(reply.status).toBe(421);
    }
    expect(upstream.requests).toEqual([]);
  });

  it('closes a tunnel in which no TLS is spoken', async () => {
    await start();
    const socket = await lab.socket();
    socket.write(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`);
    await readReply(socket);
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(upstream.requests).toEqual([]);
  });
});

describe('credentials', () => {
  it('C5 takes off what the agent brings, C4 puts on what the rule grants', async () => {
    await start({ document: documentOf([GRANTED]) });
    await lab.get(HOST, '/', ['Authorization: Bearer mine', 'Cookie: a=b', 'Proxy-Authorization: Basic x']);
    const [{ headers = [] } = {}] = upstream.requests;
    const values = headers.filter((_, i) => /^authorization$/i.test(headers[i - 1] ?? ''));
    expect(values).toEqual([`Bearer ${CANARY}`]);
    expect(headers.join('\n')).not.toMatch(/mine|a=b|Basic/);
    expect(egress()).toMatchObject([{ grantId: 'token', strippedCredentials: 3 }]);
  });

  it.each<[string, (q: IncomingMessage, s: ServerResponse) => void]>([
    ['in a body', (q, s) => s.end(`you are ${q.headers.authorization}`)],
    ['in a header', (q, s) => s.setHeader('x-echo', q.headers.authorization ?? '').end('x')],
    ['as base64', (q, s) => s.end(Buffer.from(`u:${q.headers.authorization}`).toString('base64'))],
    ['with gzip', (q, s) => s.setHeader('content-encoding', 'gzip').end(gzipSync(`x ${q.headers.authorization}`))],
    [
      'over chunks',
      (q, s) => {
        for (const character of `x ${q.headers.authorization} y`) s.write(character);
        s.end();
      },
    ],
    ['in an error', (q, s) => s.writeHead(500, 'no').end(JSON.stringify({ got: q.headers.authorization }))],
  ])('C6 masks an injected value that comes back %s', async (_where, answer) => {
    await start({ document: documentOf([GRANTED]) });
    upstream.answer = answer;
    const reply = await lab.get(HOST, '/', ['Accept-Encoding: gzip, br, zstd']);
    expect(reply.raw).not.toContain(CANARY);
    expect(reply.raw).not.toContain(Buffer.from(CANARY.slice(3, 18)).toString('base64').slice(2, -4));
    expect(reply.cut).toBe(false);
    expect(egress()).toMatchObject([{ redactedValues: expect.any(Number) }]);
    expect((egress()[0] as { redactedValues: number }).redactedValues).toBeGreaterThan(0);
  });

  it.each<[string, Buffer, boolean]>([
    ['small', gzipSync('x'.repeat(1_000)), true],
    ['small and empty', Buffer.alloc(0), true],
    ['small, of unknown length', gzipSync('x'.repeat(1_000)), false],
    ['small that grows large', gzipSync(Buffer.alloc(1_100_000, 'x')), true],
    ['large', gzipSync(randomBytes(200_000)), true],
  ])('opens a %s encoded body whole', async (_what, body, known) => {
    await start({ document: documentOf([GRANTED]) });
    upstream.answer = (_q, s) => {
      s.setHeader('content-encoding', 'gzip');
      if (known) s.setHeader('content-length', body.length);
      s.write(body.subarray(0, 100));
      s.end(body.subarray(100));
    };
    const reply = await lab.get(HOST);
    expect(reply.headers['content-encoding']).toBeUndefined();
    const expected = body.length === 0 ? body : gunzipSync(body);
    expect(Buffer.from(reply.body, 'latin1').equals(expected)).toBe(true);
  });

  it('passes nothing on of an encoded body that is broken', async () => {
    await start({ document: documentOf([GRANTED]) });
    upstream.answer = (_q, s) => s.setHeader('content-encoding', 'gzip').end('this is no gzip');
    expect(await lab.get(HOST)).toMatchObject({ cut: true, body: '' });
    expect(egress()).toMatchObject([{ failure: 'upstream-encoding' }]);
  });

  it('pitfall 30: ends a body that grows beyond all bounds', async () => {
    await start({ document: documentOf([GRANTED]), limits: { decodedBytes: 1_200_000 } });
    upstream.answer = (_q, s) => s.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(3_000_000, 'x')));
    expect((await lab.get(HOST)).cut).toBe(true);
    expect(egress()).toMatchObject([{ failure: 'upstream-too-large' }]);
  });

  it('C6 passes nothing of an answer in an encoding that can not be searched', async () => {
    await start({ document: documentOf([GRANTED]) });
    upstream.answer = (q, s) => s.setHeader('content-encoding', 'zstd').end(q.headers.authorization);
    const reply = await lab.get(HOST);
    expect(reply.raw).not.toContain(CANARY);
    expect(egress()).toMatchObject([{ failure: 'upstream-encoding' }]);
  });

  it('C6 does not give the agent a cookie that came for an injected credential', async () => {
    await start({ document: documentOf([GRANTED]) });
    upstream.answer = (_q, s) => s.setHeader('set-cookie', 'session=abc').end('x');
    expect((await lab.get(HOST)).headers['set-cookie']).toBeUndefined();
  });

  it('refuses where the credential can not be had', async () => {
    await start({ document: documentOf([GRANTED]) });
    lab.credentialAvailable = false;
    expect((await lab.get(HOST)).status).toBe(503);
    expect(upstream.requests).toEqual([]);
  });

  it.each([
    ['pitfall 14: stand on one line', 'two\r\nlines-of-it'],
    ['be masked', 'short'],
  ])('refuses where the credential can not %s', async (_what, secret) => {
    await start({ document: documentOf([GRANTED]) });
    lab.secret = secret;
    expect((await lab.get(HOST)).headers['x-agent-platform-refusal']).toBe('credential-unavailable');
    expect(upstream.requests).toEqual([]);
    expect(lab.errors.splice(0)).toHaveLength(1);
  });

  it('pitfall 18: a redirect is passed on, not followed', async () => {
    await start({ document: documentOf([GRANTED]) });
    upstream.answer = (_q, s) => s.writeHead(302, { location: 'https://evil.example.org/' }).end();
    expect((await lab.get(HOST)).status).toBe(302);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('N8 a document that observes', () => {
  const observing = documentOf([OPEN, { ...GRANTED, id: 'grant.token.1', host: 'b.example.com' }], {
    mode: 'observe',
    requestable: [
      rule({ id: 'requestable.1', host: 'c.example.com', origin: { kind: 'requestable', name: 'c.example.com' } }),
    ],
    blocked: ['d.example.com'],
  });
  const del = (host: string): string => `DELETE /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

  it('lets pass what fails a rule that names the host, and says what it would have been', async () => {
    await start({ document: observing });
    expect((await lab.send(HOST, del(HOST))).status).toBe(200);
    expect(egress()).toMatchObject([{ verdict: 'deny', enforced: false, reason: 'no-rule', status: 200 }]);
  });

  it('injects nothing into it', async () => {
    await start({ document: observing });
    expect((await lab.send('b.example.com', del('b.example.com'))).status).toBe(200);
    expect(upstream.requests[0]?.headers.join()).not.toContain(CANARY);
  });

  it.each(['c.example.com', 'd.example.com', 'e.example.com'])('keeps %s closed', async (host) => {
    await start({ document: observing });
    expect((await lab.send(host, del(host))).status).toBe(403);
    expect(upstream.requests).toEqual([]);
  });
});

describe('N12 what leaves', () => {
  const other = rule({ id: 'rule.2', host: 'b.example.com', methods: ['GET', 'POST'] });
  const post = (body: string, how: string): string =>
    `POST /x HTTP/1.1\r\nHost: b.example.com\r\n${
      how === 'chunked'
        ? `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
        : `Content-Length: ${body.length}\r\n\r\n${body}`
    }`;

  beforeEach(async () => {
    await start({ document: documentOf([GRANTED, other]) });
    // From here on the session's credential is one that the proxy knows.
    expect((await lab.get(HOST)).status).toBe(200);
    upstream.requests.splice(0);
  });

  it.each([
    ['a path', `GET /${CANARY} HTTP/1.1\r\nHost: b.example.com\r\n\r\n`],
    ['a query', `GET /?q=${Buffer.from(CANARY).toString('hex')} HTTP/1.1\r\nHost: b.example.com\r\n\r\n`],
    ['a header', `GET / HTTP/1.1\r\nHost: b.example.com\r\nX-Note: ${CANARY}\r\n\r\n`],
    ['a body', post(`{"a":"${CANARY}"}`, 'length')],
    ['a base64 body', post(Buffer.from(`xx${CANARY}xx`).toString('base64'), 'length')],
    ['a chunked body', post(CANARY, 'chunked')],
  ])('refuses an injected value in %s of another request', async (_where, request) => {
    const reply = await lab.send('b.example.com', request);
    expect(reply.status).toBe(403);
    expect(reply.headers['x-agent-platform-refusal']).toBe('secret-in-request');
    expect(upstream.requests).toEqual([]);
    expect(JSON.stringify(lab.records)).not.toContain(CANARY);
  });

  it('lets none of an injected value out in a body that comes byte by byte', async () => {
    let got = '';
    lab.upstream.removeAllListeners('request');
    lab.upstream.on('request', (request: IncomingMessage) => {
      request.on('data', (chunk) => {
        got += chunk;
      });
      request.on('error', () => undefined);
    });
    const socket = await lab.tunnel('b.example.com');
    socket.write('POST /x HTTP/1.1\r\nHost: b.example.com\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const byte of `before ${CANARY}`) socket.write(`1\r\n${byte}\r\n`);
    expect((await readReply(socket)).headers['x-agent-platform-refusal']).toBe('secret-in-request');
    expect('before ').toContain(got);
  });
});

describe('N11 where a URL comes from', () => {
  const seen = rule({ id: 'rule.1', host: HOST, limits: { urls: 'seen' } });
  const index = rule({ id: 'rule.2', host: 'b.example.com', paths: ['/index'] });

  it('refuses a composed URL, and opens the one that a trusted answer named', async () => {
    await start({ document: documentOf([seen, index]) });
    upstream.answer = (request, s) =>
      s.end(request.url === '/index' ? `<a href="https://${HOST}/page?id=7">x</a>` : 'page');
    const before = await lab.get(HOST, '/page?id=7');
    expect(before.headers['x-agent-platform-refusal']).toBe('url-not-seen');
    expect((await lab.get('b.example.com', '/index')).status).toBe(200);
    expect((await lab.get(HOST, '/page?id=7')).body).toBe('page');
    expect((await lab.get(HOST, '/page?id=8')).status).toBe(403);
  });

  it('opens the next hop of a redirect, and no other', async () => {
    await start({ document: documentOf([seen, index]) });
    upstream.answer = (request, s) =>
      request.url === '/index' ? s.writeHead(302, { location: `https://${HOST}/next` }).end() : s.end('next');
    expect((await lab.get('b.example.com', '/index')).status).toBe(302);
    expect((await lab.get(HOST, '/next')).body).toBe('next');
    expect((await lab.get(HOST, '/other')).status).toBe(403);
  });

  it('bounds the number of different URLs', async () => {
    await start({ document: documentOf([{ ...OPEN, limits: { distinctUrls: 2 } }]) });
    const statuses: number[] = [];
    for (const path of ['/a', '/b', '/a', '/c']) statuses.push((await lab.get(HOST, path)).status);
    expect(statuses).toEqual([200, 200, 200, 403]);
  });
});

describe('limits of rules', () => {
  it('refuses beyond the rate of a rule, and says when to come back', async () => {
    await start({ document: documentOf([{ ...OPEN, limits: { requestsPerMinute: 2 } }]) });
    const answers = [await lab.get(HOST), await lab.get(HOST), await lab.get(HOST)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(0);
    expect(upstream.requests).toHaveLength(2);
  });

  it('dials a private address only for a rule that allows it', async () => {
    const asked: boolean[] = [];
    const mayDial = (_address: string, allowPrivate: boolean): boolean => {
      asked.push(allowPrivate);
      return true;
    };
    await start({
      document: documentOf([OPEN, rule({ id: 'rule.2', host: 'b.example.com', limits: { allowPrivate: true } })]),
      mayDial,
    });
    await lab.get(HOST);
    await lab.get('b.example.com');
    expect(asked).toEqual([false, false, true, true]);
  });
});

describe('bodies', () => {
  const post = (length: number | 'chunked', headers = ''): string =>
    `POST /up HTTP/1.1\r\nHost: ${HOST}\r\n${headers}${length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n\r\n`;

  it.each([10, 200_000])('passes on %d bytes', async (size) => {
    await start();
    upstream.answer = (_q, s, body) => s.end(String(body.length));
    expect((await lab.send(HOST, post(size) + 'x'.repeat(size))).body).toBe(String(size));
    expect(egress()).toMatchObject([{ bytesOut: size, requestBody: { bytes: size } }]);
  });

  it.each(['declared', 'chunked'])('pitfall 30: refuses a %s body over the rule’s limit', async (kind) => {
    await start({ document: documentOf([{ ...OPEN, limits: { maxBodyBytes: 100_000 } }]) });
    const big = 'x'.repeat(200_000);
    const request =
      kind === 'declared' ? post(big.length) : `${post('chunked')}${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`;
    const reply = await lab.send(HOST, request);
    expect(reply.status).toBe(413);
    expect(upstream.requests).toEqual([]);
  });

  it('asks for a body only after the verdict', async () => {
    await start();
    upstream.answer = (_q, s, body) => s.end(body);
    const socket = await lab.tunnel(HOST);
    socket.write(post(5, 'Expect: 100-continue\r\n'));
    const first = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    expect(first).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect((await exchange(socket, 'hello')).body).toBe('hello');
    const refused = await lab.send(HOST, post(5, 'Expect: 100-continue\r\n').replace('POST', 'PUT'));
    expect(refused.raw.startsWith('HTTP/1.1 403')).toBe(true);
  });
});

describe('answers', () => {
  it('passes each event of a stream on when it comes', async () => {
    await start();
    let next: () => void = () => undefined;
    upstream.answer = (_q, s) => {
      s.writeHead(200, { 'content-type': 'text/event-stream' });
      s.write('data: 1\n\n');
      next = () => s.end('data: 2\n\n');
    };
    const socket = await lab.tunnel(HOST);
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await until(() => text.includes('data: 1\n\n'));
    expect(egress()).toEqual([]);
    next();
    await until(() => text.endsWith('0\r\n\r\n'));
    expect(text).toContain('data: 2\n\n');
    expect(egress()).toHaveLength(1);
  });

  it('passes trailers on', async () => {
    await start();
    upstream.answer = (_q, s) => {
      s.setHeader('trailer', 'x-sum');
      s.write('a');
      s.addTrailers({ 'x-sum': '1' });
      s.end();
    };
    expect((await lab.get(HOST)).raw).toContain('x-sum: 1');
  });

  it('pitfall 27: takes Alt-Svc off', async () => {
    await start();
    upstream.answer = (_q, s) => s.setHeader('alt-svc', 'h3=":443"').end('x');
    expect((await lab.get(HOST)).headers['alt-svc']).toBeUndefined();
  });

  it('cuts an answer that ends too early, and records that', async () => {
    await start();
    upstream.answer = (_q, s) => {
      s.writeHead(200, { 'content-length': '100' });
      s.write('short');
      setImmediate(() => s.destroy());
    };
    expect(await lab.get(HOST)).toMatchObject({ cut: true });
    expect(egress()).toMatchObject([{ status: 200, failure: 'upstream-broke' }]);
  });

  it('does not wait for ever for a reader that stopped reading', async () => {
    await start({ limits: { stalledReaderMs: 50 } });
    upstream.answer = (_q, s) => {
      s.writeHead(200, { 'content-length': String(64 * 1024 * 1024) });
      s.end(Buffer.alloc(64 * 1024 * 1024));
    };
    const socket = await lab.tunnel(HOST);
    socket.pause();
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await until(() => egress().length > 0);
    expect(egress()).toMatchObject([{ failure: 'client-stalled' }]);
    socket.destroy();
  });

  it('O1 the last byte waits for the record', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await start({ sink: { write: async () => await gate } });
    const socket = await lab.tunnel(HOST);
    const reply = exchange(socket, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    let whole = false;
    reply.then(() => {
      whole = true;
    });
    await until(() => upstream.requests.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(whole).toBe(false);
    release();
    expect((await reply).body).toBe('hello');
  });

  it('O1 nothing is released where the record can not be written', async () => {
    await start({ sink: { write: async () => Promise.reject(new Error('gone')) } });
    const reply = await lab.get(HOST);
    expect(reply.raw).not.toContain('hello');
    expect(lab.errors.splice(0)).not.toEqual([]);
  });
});

describe('hosts', () => {
  it('pitfall 8: refuses a name that has any address that is not public, and dials nothing', async () => {
    await start({ resolve: () => ['127.0.0.1', '10.0.0.5'], mayDial: (address) => address !== '10.0.0.5' });
    const reply = await lab.get(HOST);
    expect(reply.headers['x-agent-platform-refusal']).toBe('private-address');
    expect(upstream.requests).toEqual([]);
  });

  it('pitfall 8: asks again which address it is connected to', async () => {
    let asked = 0;
    await start({ mayDial: () => ++asked < 2 });
    expect((await lab.get(HOST)).headers['x-agent-platform-refusal']).toBe('private-address');
    expect(upstream.requests).toEqual([]);
  });

  it.each<[string, Partial<LabOptions>]>([
    ['another name', { certificate: (roots) => roots.issue(['www.example.org']) }],
    ['a past date', { certificate: (roots) => roots.issue([HOST], new Date(Date.now() - 3_600_000)) }],
    [
      'an unknown issuer',
      {
        certificate: async (roots) =>
          (await (roots.constructor as typeof import('./lab/authority').TestAuthority).create('x')).issue([HOST]),
      },
    ],
  ])('refuses a certificate with %s', async (_what, options) => {
    await start(options);
    const reply = await lab.get(HOST);
    expect(reply).toMatchObject({ status: 502 });
    expect(reply.headers['x-agent-platform-refusal']).toBe('upstream-certificate');
    expect(upstream.requests).toEqual([]);
  });

  it('says when a name has no address', async () => {
    await start({ resolve: () => [] });
    expect((await lab.get(HOST)).headers['x-agent-platform-refusal']).toBe('name-not-found');
  });
});

describe('callers', () => {
  it.each(['unbound-address', 'session-closed', 'platform-paused', 'feed-stale'] as const)(
    'refuses %s',
    async (code) => {
      await start();
      lab.identity = { kind: 'refused', code };
      const socket = await lab.socket();
      const reply = await exchange(socket, `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`);
      expect(reply.headers['x-agent-platform-refusal']).toBe(code);
      const named = await exchange(await lab.socket(), `GET /u/${HOST}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(named.headers['x-agent-platform-refusal']).toBe(code);
      expect(lab.records).toMatchObject([{ kind: 'refusal', detail: { control: 'binding', reason: code, times: 1 } }]);
    },
  );

  it('asks who is calling for each request of a tunnel', async () => {
    await start();
    const socket = await lab.tunnel(HOST);
    const get = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    expect((await exchange(socket, get)).status).toBe(200);
    lab.identity = { kind: 'refused', code: 'session-closed' };
    expect((await exchange(socket, get)).status).toBe(410);
  });

  it.each([
    ['of the session', 'tester'],
    ['of everybody', undefined],
  ])('S7 the end %s cuts its streams', async (_who, key) => {
    await start();
    upstream.answer = (_q, s) => s.writeHead(200).write('data');
    const socket = await lab.tunnel(HOST);
    const reply = exchange(socket, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await until(() => upstream.requests.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    lab.closeSession(key);
    expect((await reply).cut).toBe(true);
    await until(() => egress().length > 0);
    expect(egress()).toMatchObject([{ failure: 'session-closed' }]);
  });

  it('N6 a new document cuts the streams it does not allow any more, and judges the next request', async () => {
    await start();
    upstream.answer = (_q, s) => s.writeHead(200).write('data');
    const reply = exchange(await lab.tunnel(HOST), `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await until(() => upstream.requests.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    lab.setDocument(documentOf([OPEN, rule({ id: 'rule.2', host: 'b.example.com' })]));
    lab.setDocument(documentOf([rule({ id: 'rule.2', host: 'b.example.com' })]));
    expect((await reply).cut).toBe(true);
    await until(() => egress().length > 0);
    expect(egress()).toMatchObject([{ failure: 'policy-changed' }]);
    expect((await lab.get(HOST)).status).toBe(403);
  });

  it('N1 refuses everything while there is no document', async () => {
    await start();
    lab.setDocument(undefined);
    await expect(lab.get(HOST)).rejects.toThrow('policy-missing');
  });

  it('keeps one caller from taking all connections', async () => {
    await start({ callerLimits: { connections: 2 } });
    const first = await lab.tunnel(HOST);
    await lab.tunnel(HOST);
    await expect(lab.tunnel(HOST)).rejects.toThrow('session-limit');
    first.destroy();
    await until(() => lab.states.openConnections < 2);
    expect((await lab.get(HOST)).status).toBe(200);
  });

  it.each(['outside of a tunnel', 'in a tunnel'])('pitfall 31: does not wait for slow headers %s', async (where) => {
    await start({ limits: { headersTimeoutMs: 100 } });
    const socket = where === 'in a tunnel' ? await lab.tunnel(HOST) : await lab.socket();
    socket.write('GET /u/ HTTP/1.1\r\nHo');
    expect((await readReply(socket)).cut).toBe(false);
    expect(upstream.requests).toEqual([]);
  });

  it('S7 takes nothing new while it drains, and lets what is under way finish', async () => {
    await start();
    let finish: () => void = () => undefined;
    upstream.answer = (_q, s) => {
      s.write('a');
      finish = () => s.end('b');
    };
    const reply = exchange(await lab.tunnel(HOST), `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await until(() => upstream.requests.length > 0);
    let drained = false;
    const drain = lab.server.drain(new Promise(() => undefined)).then(() => {
      drained = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(drained).toBe(false);
    finish();
    expect((await reply).body).toBe('ab');
    await drain;
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}
