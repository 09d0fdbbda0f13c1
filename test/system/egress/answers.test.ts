import { createHash } from 'node:crypto';
import { WAYS, type Way } from '../../../core/egress/request';
import { until } from '../lab/namespaces';
import { AGENTS } from './lab/addresses';
import { EgressLab } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';
import { headerOf, verdictOf } from './lab/raw';
import { ask, opened, textOf } from './lab/request';

/** N9: what is allowed arrives as it was sent, whole or visibly broken, without waiting and without filling memory. */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start({ quiet: true });
  proxy = await lab.startProxy();
});
afterAll(() => lab?.close());
afterEach(() => {
  expect([proxy.isRunning, proxy.complaints]).toEqual([true, '']);
});

describe.each(WAYS)('N9 what is allowed (%s)', (way) => {
  it('N9 method, path, query and body arrive byte for byte', async () => {
    const target = '/a%40b/~c;d=e?f=g+h%20i&j[k]=l';
    const body = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));
    const answer = await ask(lab, proxy.port, { way, method: 'PUT', target, body, lines: ['X-One: a', 'x-one: b'] });
    const got = JSON.parse(answer?.body.toString() ?? '') as {
      url: string;
      method: string;
      body: string;
      headers: string[];
    };
    expect([got.method, got.url, Buffer.from(got.body, 'latin1')]).toEqual(['PUT', target, body]);
    expect(got.headers.join('\n')).toContain('X-One\na\nx-one\nb');
    expect(got.headers.slice(0, 2)).toEqual(['host', 'up.test']);
  });

  it('N9 chunks arrive, and trailers of a request do not become headers', async () => {
    const connection = await opened(lab, proxy.port, { way });
    connection.write(textOf({ way, method: 'POST', lines: ['Transfer-Encoding: chunked', 'Trailer: Authorization'] }));
    connection.write('5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nAuthorization: Bearer x\r\n\r\n');
    const answer = await connection.answer();
    const got = JSON.parse(answer?.body.toString() ?? '') as { body: string; headers: string[] };
    expect(got.body).toBe('hello world');
    expect(got.headers.map((each) => each.toLowerCase())).not.toContain('authorization');
    connection.close();
  });

  it('N9 a client that asks first is told to go on, once it is allowed', async () => {
    const connection = await opened(lab, proxy.port, { way });
    connection.write(textOf({ way, method: 'POST', lines: ['Expect: 100-continue', 'Content-Length: 5'] }));
    expect((await connection.answer({ interim: true }))?.status).toBe(100);
    connection.write('hello');
    expect((await connection.answer())?.body.toString()).toContain('"body":"hello"');
    connection.close();
  });

  it('N9 connections are kept: 20 requests on one', async () => {
    const connection = await opened(lab, proxy.port, { way });
    for (let i = 0; i < 20; i++) {
      connection.write(textOf({ way, target: `/n/${i}` }));
      expect((await connection.answer())?.body.toString()).toContain(`/n/${i}"`);
    }
    connection.close();
  });

  it('N9 HEAD has no body', async () => {
    const answer = await ask(lab, proxy.port, { way, method: 'HEAD' });
    expect([answer?.status, answer?.body.length]).toEqual([200, 0]);
    expect(Number(answer && headerOf(answer, 'content-length'))).toBeGreaterThan(0);
  });

  it('N9 trailers of an answer arrive where nothing is looked for in it', async () => {
    const answer = await ask(lab, proxy.port, { way, target: '/trailers', from: AGENTS.neighbour });
    expect([answer?.body.toString(), answer?.trailers.toLowerCase()]).toEqual(['before trailers', 'x-late: here']);
  });

  it('N9 events arrive when they are sent, not when they are many', async () => {
    const connection = await opened(lab, proxy.port, { way, host: 'api.test' });
    connection.write(textOf({ way, host: 'api.test', target: '/sse?n=3&ms=400' }));
    expect(await connection.until(() => connection.unread.includes('text/event-stream'), 350)).toBe(true);
    expect(await connection.until(() => connection.unread.includes('data: 2'), 600)).toBe(true);
    expect(connection.unread.includes('data: 1')).toBe(false);
    expect((await connection.answer())?.complete).toBe(true);
    connection.close();
  });

  it('N9 10 MB up and 10 MB down', async () => {
    const body = Buffer.alloc(10_000_000, 'abcdefg');
    const up = await ask(lab, proxy.port, { way, method: 'POST', target: '/upload', body, milliseconds: 20_000 });
    expect(up?.body.toString()).toBe(`10000000 ${createHash('sha256').update(body).digest('hex')}`);
    const down = await ask(lab, proxy.port, { way, target: '/bytes?n=10000000', milliseconds: 30_000 });
    expect([down?.complete, down?.body.length]).toEqual([true, 10_000_000]);
  }, 60_000);

  it('[27] Alt-Svc does not lead to UDP', async () => {
    const answer = await ask(lab, proxy.port, { way, target: '/alt-svc' });
    expect(answer?.headers.map(([name]) => name)).toEqual(expect.arrayContaining(['x-kept']));
    expect(answer && headerOf(answer, 'alt-svc')).toBeUndefined();
  });
});

describe('N9 an answer that breaks', () => {
  it.each(WAYS.flatMap((way) => ['truncated', 'truncated-chunks'].map((kind): [string, Way] => [kind, way])))(
    'N9 does not look whole: %s (%s)',
    async (kind, way) => {
      const connection = await opened(lab, proxy.port, { way });
      connection.write(textOf({ way, target: `/${kind}` }));
      const answer = await connection.answer();
      await connection.until(() => connection.isClosed);
      expect([answer?.status, answer?.complete, connection.isClosed]).toEqual([200, false, true]);
      const broke = (): boolean =>
        proxy
          .requests()
          .some(
            ({ detail }) => detail.path === `/${kind}` && detail.way === way && detail.failure === 'upstream-broke',
          );
      await until('record', broke);
    },
  );

  const RAW = [
    'nul-in-header',
    'both-lengths',
    'two-lengths',
    'switches-unasked',
    'folded-header',
    'bare-newlines',
    'no-http',
    'huge-header',
  ];
  it.each(RAW)('[11] N9 is no answer: %s', async (kind) => {
    const answer = await ask(lab, proxy.port, { target: `/raw/${kind}` });
    expect([answer?.status ?? 0, answer && headerOf(answer, 'x-agent-platform-refusal')]).not.toEqual([200, undefined]);
    expect(verdictOf(await ask(lab, proxy.port))).toBe('allow');
  });

  it("[11] N9 what an upstream sends behind its answer is nobody else's answer", async () => {
    for (let i = 0; i < 5; i++) {
      expect((await ask(lab, proxy.port, { target: '/raw/two-answers' }))?.body.toString()).toBe('ok');
      expect((await ask(lab, proxy.port, { target: `/n/${i}`, from: AGENTS.neighbour }))?.body.toString()).toContain(
        `/n/${i}"`,
      );
    }
  });

  it("N8 an upstream can not speak in the proxy's name", async () => {
    const answer = await ask(lab, proxy.port, { target: '/raw/ours-faked' });
    expect([answer?.body.toString(), answer && headerOf(answer, 'x-agent-platform-refusal')]).toEqual([
      'ok',
      undefined,
    ]);
  });

  it('N9 an upstream that hangs up is said to', async () => {
    const answer = await ask(lab, proxy.port, { method: 'POST', target: '/hangs-up', body: 'x' });
    expect(verdictOf(answer)).toBe('upstream-unreachable');
  });

  it('N9 an answer before the end of the body ends the connection', async () => {
    const connection = await opened(lab, proxy.port);
    connection.write(textOf({ method: 'POST', target: '/early', lines: ['Content-Length: 1000000'] }));
    connection.write('x'.repeat(100_000));
    const answer = await connection.answer();
    // The host closes with bytes unread: its answer may be lost with them, on the way to the proxy or from it.
    if (answer?.status === 200) expect(answer.body.toString()).toBe('early');
    else expect([undefined, 'upstream-unreachable']).toContain(answer && verdictOf(answer));
    expect(await connection.until(() => connection.isClosed)).toBe(true);
  });
});

describe('N9 [30] memory does not follow what is sent', () => {
  async function growth(work: () => Promise<unknown>): Promise<number> {
    await work();
    const before = proxy.rss;
    await work();
    return proxy.rss - before;
  }

  it('N9 a reader that does not read holds up its upstream, not the proxy', async () => {
    const connection = await opened(lab, proxy.port, { way: 'named' });
    connection.socket.pause();
    const before = proxy.rss;
    connection.write(textOf({ way: 'named', target: '/bytes?n=500000000' }));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(proxy.rss - before).toBeLessThan(60_000_000);
    connection.close();
  });

  it('N9 an upstream that does not read holds up its client, not the proxy', async () => {
    const connection = await opened(lab, proxy.port, { way: 'named' });
    const before = proxy.rss;
    connection.write(
      textOf({ way: 'named', method: 'POST', target: '/never-read', lines: ['Content-Length: 99000000'] }),
    );
    connection.write(Buffer.alloc(50_000_000));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(proxy.rss - before).toBeLessThan(60_000_000);
    connection.close();
  });

  it('[30] an answer that grows a thousandfold is opened piece by piece', async () => {
    const bomb = async (): Promise<void> => {
      const connection = await opened(lab, proxy.port, { way: 'named', host: 'api.test' });
      connection.write(
        textOf({ way: 'named', host: 'api.test', target: '/bomb?mb=100', lines: ['Accept-Encoding: gzip'] }),
      );
      await connection.until(() => connection.unread.length > 1_000_000);
      connection.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      connection.close();
    };
    expect(await growth(bomb)).toBeLessThan(60_000_000);
  });

  it('[30] a body that says nothing of its length is stopped at its limit', async () => {
    const connection = await opened(lab, proxy.port, { host: 'small.test' });
    connection.write(
      textOf({ host: 'small.test', method: 'POST', target: '/upload', lines: ['Transfer-Encoding: chunked'] }),
    );
    connection.write(`fffff\r\n${'x'.repeat(200_000)}`);
    expect(verdictOf(await connection.answer())).toBe('body-too-large');
    connection.close();
  });
});

describe('[25] WebSocket', () => {
  const SWITCH = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ];

  it.each(WAYS)('N9 is relayed (%s)', async (way) => {
    const connection = await opened(lab, proxy.port, { way });
    connection.write(textOf({ way, target: '/ws', lines: SWITCH }));
    const answer = await connection.answer();
    expect([answer?.status, answer && headerOf(answer, 'sec-websocket-accept')]).toEqual([
      101,
      's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    ]);
    connection.write(Buffer.from('818500000000', 'hex'));
    connection.write('hello');
    expect(await connection.until(() => connection.unread.includes('hello'))).toBe(true);
    connection.close();
  });

  it.each(WAYS)('[25] is refused where the rule has none (%s)', async (way) => {
    const answer = await ask(lab, proxy.port, { way, host: 'other.test', target: '/ws', lines: SWITCH });
    expect([answer?.status, verdictOf(answer)]).toEqual([403, 'websocket-not-allowed']);
  });

  it.each(['refused', 'wrong-key'])(
    '[25] an upstream that does not switch properly is no WebSocket: %s',
    async (kind) => {
      const answer = await ask(lab, proxy.port, { target: `/ws/${kind}`, lines: SWITCH });
      expect(answer?.status).not.toBe(101);
      expect(verdictOf(answer)).not.toBe('allow');
    },
  );

  it('[25] a message of 64 MB ends it, and is not kept', async () => {
    const connection = await opened(lab, proxy.port, { way: 'named' });
    connection.write(textOf({ way: 'named', target: '/ws', lines: SWITCH }));
    expect((await connection.answer())?.status).toBe(101);
    const before = proxy.rss;
    connection.write(Buffer.from('82ff000000000400000000000000', 'hex'));
    connection.write(Buffer.alloc(64 * 1024 * 1024));
    expect(await connection.until(() => connection.isClosed, 10_000)).toBe(true);
    expect(proxy.rss - before).toBeLessThan(80_000_000);
    expect(verdictOf(await ask(lab, proxy.port))).toBe('allow');
  });

  it('[25] what is no frame ends it', async () => {
    const connection = await opened(lab, proxy.port);
    connection.write(textOf({ target: '/ws', lines: SWITCH }));
    expect((await connection.answer())?.status).toBe(101);
    connection.write('GET /smuggled HTTP/1.1\r\nHost: up.test\r\n\r\n');
    expect(await connection.until(() => connection.isClosed)).toBe(true);
  });
});
