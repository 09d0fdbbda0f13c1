import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { deflateSync } from 'node:zlib';
import { WebSocket, WebSocketServer } from 'ws';
import { CallerStates } from '../../../images/egress/caller-states';
import { systemClock } from '../../../runtime/clock';
import { CANARY, documentOf, exchange, GRANT, Lab, type LabOptions, rule } from './lab/lab';

const HOST = 'api.example.com';
const WS = 'ws.example.com';

let lab: Lab;

async function start(options: Omit<LabOptions, 'upstream'> & Partial<LabOptions>): Promise<void> {
  lab = await Lab.start({ upstream: (_request, response) => response.end('ok'), ...options });
}

afterEach(async () => {
  await lab.stop();
  expect(lab.errors).toEqual([]);
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean, ms = 3_000): Promise<void> {
  for (let i = 0; i < ms / 10 && !condition(); i++) await pause(10);
  expect(condition()).toBe(true);
}

const egress = () => lab.records.flatMap((record) => (record.kind === 'egress' ? [record.detail] : []));
const connections = (): Promise<number> =>
  new Promise((resolve) => lab.upstream.getConnections((_, count) => resolve(count)));

/** A handshake as bytes, with whatever else a client may put into it. */
const handshake = (path = '/', more: readonly string[] = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: ${WS}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...more,
    '',
    '',
  ].join('\r\n');

describe('nothing a client does ends the process', () => {
  it.each([
    ['was not reached', []],
    ['has answered', ['127.0.0.1']],
  ])('a body that breaks off after its host %s, while the record is written', async (_, addresses) => {
    let writing = false;
    await start({
      document: documentOf([rule({ id: 'rule.1', host: HOST, methods: ['POST'] })]),
      upstream: (_request, response) => response.end('early'),
      resolve: () => addresses,
      sink: {
        write: async () => {
          writing = true;
          await pause(300);
        },
      },
    });
    const client = await lab.tunnel(HOST);
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
    await until(() => writing);
    client.destroy();
    await pause(400);
  });

  it.each([
    ['names a protocol twice', ['Sec-WebSocket-Protocol: a, a']],
    ['has a header named as what every object has', ['constructor: x']],
    ['has a header __proto__', ['__proto__: x']],
  ])('a WebSocket handshake that %s, and its host that resets the connection', async (_, more) => {
    const sockets: Socket[] = [];
    await start({ document: documentOf([rule({ id: 'rule.1', host: WS, limits: { websocket: true } })]) });
    lab.upstream.on('secureConnection', (socket) => sockets.push(socket as unknown as Socket));
    const server = new WebSocketServer({ noServer: true });
    lab.upstream.on('upgrade', (request, socket: Duplex, head) =>
      server.handleUpgrade(request, socket, head, () => undefined),
    );
    const client = await lab.tunnel(WS);
    client.on('error', () => undefined);
    client.write(handshake('/', more));
    await pause(200);
    client.destroy();
    await pause(200);
    const open = await connections();
    for (const socket of sockets) ((socket as unknown as { _parent?: Socket })._parent ?? socket).resetAndDestroy();
    await pause(200);
    expect(open).toBe(0);
    expect(egress()).toHaveLength(1);
  });

  it('CONNECT on a connection that is reset while the proxy drains', async () => {
    await start({ document: documentOf([]) });
    const client = await lab.socket();
    client.on('error', () => undefined);
    client.write(`CONNECT ${HOST}:443 HTTP/1.1\r\n`);
    await pause(50);
    let end = (): void => undefined;
    const drained = lab.server.drain(
      new Promise((resolve) => {
        end = resolve;
      }),
    );
    client.write(`Host: ${HOST}:443\r\n\r\nmore`);
    client.resetAndDestroy();
    await pause(200);
    end();
    await drained;
  });

  it('one that answers a handshake with half a refusal', async () => {
    await start({ document: documentOf([rule({ id: 'rule.1', host: WS, limits: { websocket: true } })]) });
    lab.upstream.on('upgrade', (_request, socket: Duplex) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab');
    });
    const client = await lab.tunnel(WS);
    const reply = await exchange(client, handshake());
    expect(reply.status).toBe(502);
    await pause(200);
  });
});

describe('bounded', () => {
  it('requests that wait behind one that hangs are few', async () => {
    let first: ServerResponse | undefined;
    await start({
      document: documentOf([rule({ id: 'rule.1', host: HOST })]),
      upstream: (_request, response) => {
        first = response;
      },
    });
    const client = await lab.tunnel(HOST);
    let closed = false;
    client.on('close', () => {
      closed = true;
    });
    client.on('error', () => undefined);
    client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await until(() => first !== undefined);
    client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`.repeat(20_000));
    await until(() => closed);
  });

  it('connections of one address are, whether they say anything or not', async () => {
    await start({ document: documentOf([]), limits: { connectionsPerAddress: 4 } });
    const closed: number[] = [];
    const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(() => lab.socket()));
    for (const [i, client] of clients.entries()) client.on('close', () => closed.push(i));
    await until(() => closed.length === 2);
    for (const client of clients) client.destroy();
    await pause(50);
    expect((await lab.get(HOST)).status).toBe(403);
  });

  it('O1 callers that leave without their answers while the log stalls can not fill the memory', async () => {
    let free = (): void => undefined;
    const stalled = new Promise<void>((resolve) => {
      free = resolve;
    });
    await start({ document: documentOf([]), mostWaiting: 10, sink: { write: () => stalled } });
    const ask = async (): Promise<boolean> => {
      const client = await lab.socket();
      client.write(`GET /u/${HOST}/ HTTP/1.1\r\nHost: proxy\r\n\r\n`);
      const closed = await Promise.race([
        new Promise<boolean>((resolve) => client.on('close', () => resolve(true))),
        pause(60).then(() => false),
      ]);
      client.destroy();
      return closed;
    };
    const closed: boolean[] = [];
    for (let i = 0; i < 14; i++) closed.push(await ask());
    free();
    expect(closed.slice(0, 8)).toEqual(Array(8).fill(false));
    expect(closed.slice(-2)).toEqual([true, true]);
  });

  it('a caller that waits gets no new budget of URLs, and no forgetting of what is masked for it', async () => {
    await start({ document: documentOf([]) });
    let now = 0;
    const states = new CallerStates({ ...systemClock, monotonic: () => now });
    const [spender, holder, idle] = ['spender', 'holder', 'idle'].map((key) =>
      states.of({ subject: { kind: 'client', name: key, profile: 'test' }, key, opened: [] }),
    );
    const request = {
      way: 'connect' as const,
      method: 'GET' as const,
      scheme: 'https' as const,
      host: HOST,
      port: 443,
      path: '/',
      encodedSlash: false,
      query: undefined,
      parameters: [],
      websocket: false,
    };
    spender?.budget.admit(request, rule({ id: 'rule.1', host: HOST, limits: { distinctUrls: 1 } }));
    holder?.learn([CANARY]);
    now = 3_600_000;
    states.forgetIdle();
    expect(states.size).toBe(2);
    expect(idle).toBeDefined();
    states.cut(undefined);
    expect(states.size).toBe(0);
  });

  it('a host that goes on after the end of what was compressed is not listened to', async () => {
    let ended = false;
    await start({
      document: documentOf([rule({ id: 'grant.1', host: HOST, inject: 'token' })]),
      upstream: (_request, response) => {
        response.writeHead(200, { 'content-encoding': 'deflate' });
        response.write(deflateSync('hello'));
        const more = setInterval(() => response.write('x'.repeat(100)), 10);
        response.on('close', () => {
          clearInterval(more);
          ended = true;
        });
      },
    });
    const reply = await lab.get(HOST);
    expect(reply.body).toBe('hello');
    await until(() => ended);
  });
});

it('C6 an injected value does not come back as the name of a header', async () => {
  await start({
    document: documentOf([rule({ id: 'grant.1', host: HOST, inject: 'token' })]),
    upstream: (request, response) => {
      response.writeHead(200, { [(request.headers.authorization ?? '').slice(7)]: 'x' });
      response.end('ok');
    },
  });
  const reply = await lab.get(HOST);
  expect(reply.status).toBe(200);
  expect(reply.raw).not.toContain(CANARY);
});

it('C6 what was injected since a WebSocket began is masked in it, and not let out', async () => {
  await start({
    document: documentOf([
      rule({ id: 'rule.1', host: WS, limits: { websocket: true } }),
      rule({ id: 'grant.1', host: HOST, inject: 'token' }),
    ]),
  });
  let peer: WebSocket | undefined;
  const heard: string[] = [];
  const server = new WebSocketServer({ noServer: true });
  lab.upstream.on('upgrade', (request, socket: Duplex, head) =>
    server.handleUpgrade(request, socket, head, (opened) => {
      peer = opened;
      opened.on('message', (data) => heard.push(data.toString()));
    }),
  );
  const tunnel = await lab.tunnel(WS);
  const client = new WebSocket(`wss://${WS}/`, { createConnection: (() => tunnel) as never });
  const messages: string[] = [];
  client.on('message', (data) => messages.push(data.toString()));
  client.on('error', () => undefined);
  await until(() => peer !== undefined && client.readyState === WebSocket.OPEN);
  await lab.get(HOST);
  peer?.send(`you are ${CANARY}`);
  await until(() => messages.length === 1);
  expect(messages[0]).toBe(`you are ${'*'.repeat(CANARY.length)}`);
  client.send(CANARY);
  await until(() => client.readyState === WebSocket.CLOSED);
  expect(heard).toEqual([]);
});

describe('what ends, ends', () => {
  it('a WebSocket whose client left during the handshake has its record, and no connection', async () => {
    let upgraded = 0;
    await start({ document: documentOf([rule({ id: 'rule.1', host: WS, limits: { websocket: true } })]) });
    const server = new WebSocketServer({ noServer: true });
    lab.upstream.on('upgrade', (request, socket: Duplex, head) => {
      setTimeout(() => {
        upgraded++;
        server.handleUpgrade(request, socket, head, () => undefined);
      }, 300);
    });
    const client = await lab.tunnel(WS);
    client.write(handshake());
    await pause(100);
    client.destroy();
    await until(() => egress().length === 1);
    await pause(400);
    expect(await connections()).toBe(0);
    expect(lab.states.openRequests).toBe(0);
    expect(upgraded).toBeLessThanOrEqual(1);
  });

  it('a WebSocket does not begin for a session that ended while its credential was fetched', async () => {
    let upgrades = 0;
    await start({
      document: documentOf([rule({ id: 'grant.1', host: WS, inject: 'token', limits: { websocket: true } })], {
        grants: [GRANT],
      }),
    });
    lab.upstream.on('upgrade', (_request, socket: Duplex) => {
      upgrades++;
      socket.destroy();
    });
    let release = (): void => undefined;
    let waiting = false;
    lab.beforeCredential = () =>
      new Promise((resolve) => {
        waiting = true;
        release = resolve;
      });
    const client = await lab.tunnel(WS);
    client.on('error', () => undefined);
    client.write(handshake());
    await until(() => waiting);
    lab.closeSession('tester');
    release();
    await until(() => egress().length === 1);
    await pause(100);
    expect(upgrades).toBe(0);
    expect(egress()[0]).toMatchObject({ failure: 'session-closed' });
  });

  it('N5 a request that waits for its body is judged by the document of when it is there', async () => {
    const graphql = rule({
      id: 'rule.1',
      host: HOST,
      methods: ['POST'],
      paths: ['/graphql'],
      graphql: { operations: ['query'] },
    });
    let reached = 0;
    await start({
      document: documentOf([graphql]),
      upstream: (_request, response) => {
        reached++;
        response.end('ok');
      },
    });
    const client = await lab.tunnel(HOST);
    client.on('error', () => undefined);
    const body = JSON.stringify({ query: '{ viewer { login } }' });
    client.write(
      `POST /graphql HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    await until(() => lab.states.openRequests === 1);
    lab.setDocument(documentOf([rule({ id: 'rule.2', host: 'other.example.com' })]));
    client.write(body.slice(5));
    await until(() => egress().length === 1);
    await pause(50);
    expect(reached).toBe(0);
  });

  it('N8 what was only observed ends with the rule that named its host', async () => {
    let stream: ServerResponse | undefined;
    await start({
      document: documentOf([rule({ id: 'rule.1', host: HOST, paths: ['/a'] })], { mode: 'observe' }),
      upstream: (_request, response) => {
        stream = response;
        response.writeHead(200);
        response.write('one');
      },
    });
    const client = await lab.tunnel(HOST);
    client.write(`GET /b HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    let closed = false;
    client.on('close', () => {
      closed = true;
    });
    client.resume();
    await until(() => stream !== undefined);
    lab.setDocument(documentOf([rule({ id: 'rule.1', host: HOST, paths: ['/a'] })]));
    await until(() => closed);
    expect(egress()[0]).toMatchObject({ failure: 'policy-changed' });
  });
});

describe('what is read whole has a bound for each caller and for all', () => {
  const half = async (bytes: number): Promise<Awaited<ReturnType<Lab['tunnel']>>> => {
    const client = await lab.tunnel(HOST);
    client.on('error', () => undefined);
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${bytes + 1}\r\n\r\n${'x'.repeat(bytes)}`);
    return client;
  };

  it.each([
    ['each', { bodyBytes: 100_000 }],
    ['all', { allBodyBytes: 100_000 }],
  ])('of %s: bodies that never end fill no memory, and leave their place when they go', async (_, callerLimits) => {
    await start({ document: documentOf([rule({ id: 'rule.1', host: HOST, methods: ['POST'] })]), callerLimits });
    const held = [await half(40_000), await half(40_000)];
    await pause(100);
    const refused = await lab.send(
      HOST,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 40000\r\n\r\n${'x'.repeat(40_000)}`,
    );
    expect(refused.status).toBe(429);
    for (const client of held) client.destroy();
    await pause(100);
    const taken = await lab.send(
      HOST,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 40000\r\n\r\n${'x'.repeat(40_000)}`,
    );
    expect(taken.status).toBe(200);
  });
});

describe('O1 what could not be read is recorded as well', () => {
  const refusals = () => lab.records.flatMap((record) => (record.kind === 'refusal' ? [record] : []));

  async function answerTo(bytes: string, inTunnel: boolean): Promise<string> {
    const client = inTunnel ? await lab.tunnel(HOST) : await lab.socket();
    let answer = '';
    client.on('data', (data) => {
      answer += data.toString('latin1');
    });
    client.on('error', () => undefined);
    client.write(bytes);
    await new Promise<void>((resolve) => client.once('close', () => resolve()));
    return answer;
  }

  it.each([
    ['bytes that are no HTTP', '\x16\x03\x01\x00\x05hello\r\n\r\n', false],
    ['a header line without a name, in a tunnel', `GET / HTTP/1.1\r\nHost: ${HOST}\r\n: x\r\n\r\n`, true],
    ['CONNECT in a tunnel', `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`, true],
  ])('%s', async (_, bytes, inTunnel) => {
    await start({ document: documentOf([rule({ id: 'rule.1', host: HOST })]) });
    expect(await answerTo(bytes, inTunnel)).toMatch(/^HTTP\/1\.1 400 /);
    expect(refusals()).toMatchObject([
      {
        subject: { profile: 'test' },
        detail: { control: 'http-parser', reason: 'malformed-request', action: 'egress', times: 1 },
      },
    ]);
    expect(await connections()).toBe(0);
  });

  it('of a caller nobody knows no more is said than of its other requests', async () => {
    await start({ document: documentOf([]) });
    lab.identity = { kind: 'refused', code: 'unbound-address' };
    expect(await answerTo('x\r\n\r\n', false)).not.toContain('malformed');
    expect(refusals()).toMatchObject([{ subject: { kind: 'platform' }, detail: { control: 'binding' } }]);
  });
});
