import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Way } from '../../../core/egress/request';
import { WAYS } from '../../../core/egress/request';
import { clientHello } from '../lab/client-hello';
import { AGENTS } from './lab/addresses';
import { EgressLab } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';
import { open, RawConnection, verdictOf } from './lab/raw';
import { ask, opened, textOf } from './lab/request';

/** What only a connection can show: TLS inside of tunnels, names and the addresses behind them, time and numbers. */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
});
afterAll(() => lab?.close());
beforeEach(() => lab.forget());
afterEach(async () => {
  expect((await lab.seen()).trapped).toEqual([]);
  expect(proxy.isRunning).toBe(true);
});

/** A tunnel in which nothing has been said yet. */
async function tunnel(host = 'up.test', from: string = AGENTS.lab): Promise<RawConnection> {
  const connection = new RawConnection(await lab.connect(proxy.port, from));
  connection.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
  await connection.until(() => connection.unread.includes('\r\n\r\n'));
  expect(connection.unread.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  connection.unread.fill(0);
  return connection;
}

async function expectNothingPassed(connection: RawConnection): Promise<void> {
  expect(await connection.until(() => connection.isClosed, 5_000)).toBe(true);
  expect((await lab.counts()).requests).toBe(0);
}

describe('N3 in a tunnel only TLS with HTTP/1.1 for its host goes anywhere', () => {
  const PLAIN: readonly [string, string | Buffer][] = [
    ['plain http', 'GET /x HTTP/1.1\r\nHost: up.test\r\n\r\n'],
    ['the banner of ssh', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['random bytes', Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 131) % 256))],
    ['a TLS record of another kind', Buffer.from([23, 3, 3, 0, 5, 1, 2, 3, 4, 5])],
    ['a ClientHello of 65,535 bytes', Buffer.concat([Buffer.from([22, 3, 1, 255, 255]), Buffer.alloc(70_000)])],
  ];

  it.each(PLAIN)('[28] %s', async (_, bytes) => {
    const connection = await tunnel();
    connection.write(bytes);
    await expectNothingPassed(connection);
  });

  it('[35] a server name with a NUL in it', async () => {
    const hello = await clientHello('up.testXevil.test');
    hello[hello.indexOf('up.testXevil.test') + 7] = 0;
    const connection = await tunnel();
    connection.write(hello);
    await expectNothingPassed(connection);
  });

  it('[35] a hello that never ends', async () => {
    const hello = await clientHello('up.test');
    const connection = await tunnel();
    connection.write(hello.subarray(0, 100));
    expect(await connection.until(() => connection.isClosed, 14_000)).toBe(true);
    expect((await lab.counts()).requests).toBe(0);
  }, 20_000);

  const handshake = (options: ConnectionOptions): Promise<{ error?: string; alpn?: string | false | null }> =>
    tunnel().then(
      ({ socket }) =>
        new Promise((resolve) => {
          socket.removeAllListeners('data');
          const secure = connectTls({ socket, ca: lab.authority, servername: 'up.test', ...options });
          secure.once('secureConnect', () => resolve({ alpn: secure.alpnProtocol }));
          secure.once('error', (error) => resolve({ error: error.message }));
          secure.once('close', () => resolve({ error: 'closed' }));
        }),
    );

  it('[26] HTTP/2 alone is no protocol it has', async () => {
    expect((await handshake({ ALPNProtocols: ['h2'] })).error).toBeDefined();
  });

  it('[26] of HTTP/2 and HTTP/1.1 it takes the one it has', async () => {
    expect(await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).toEqual({ alpn: 'http/1.1' });
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('N3 not %s', async (version) => {
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect((await handshake(old)).error).toBeDefined();
  });

  it('[1] the certificate is for the host of CONNECT, whatever the server name says', async () => {
    const result = await handshake({ servername: 'other.test' });
    expect(result.error).toContain("does not match certificate's altnames");
  });

  it('[1] a session of TLS from one name is no good for another', async () => {
    const first = await tunnel();
    first.socket.removeAllListeners('data');
    const secure = connectTls({ socket: first.socket, ca: lab.authority, servername: 'up.test' });
    const given = new Promise<Buffer>((resolve) => secure.once('session', resolve));
    const answered = new Promise((resolve) => secure.once('data', resolve));
    secure.write(textOf({}));
    const [session] = await Promise.all([given, answered]);
    secure.destroy();
    const second = await tunnel('other.test');
    second.socket.removeAllListeners('data');
    const reused = await new Promise<boolean>((resolve, reject) => {
      const secure = connectTls({ socket: second.socket, ca: lab.authority, servername: 'other.test', session });
      secure.once('secureConnect', () => resolve(secure.isSessionReused()));
      secure.once('error', reject);
    });
    expect(reused).toBe(false);
  });

  it('[35] bytes right behind CONNECT are the beginning of TLS, and nothing else', async () => {
    const connection = new RawConnection(await lab.connect(proxy.port));
    connection.write(
      'CONNECT up.test:443 HTTP/1.1\r\nHost: up.test:443\r\n\r\nGET /x HTTP/1.1\r\nHost: up.test\r\n\r\n',
    );
    await expectNothingPassed(connection);
  });

  it('N3 a tunnel in a tunnel is none', async () => {
    const connection = await opened(lab, proxy.port);
    connection.write('CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n');
    await expectNothingPassed(connection);
  });
});

describe('N3 a name leads only to public addresses', () => {
  const NEVER = [
    ...['private', 'shared', 'loopback', 'unspecified', 'metadata', 'task-metadata', 'pod-metadata', 'wire-server'],
    ...['metadata6', 'loopback6', 'mapped6', 'nat64', '6to4', 'mixed', 'mixed6'],
  ];

  it.each(NEVER.flatMap((name) => WAYS.map((way): [string, Way] => [name, way])))(
    '[5-9] %s.test (%s)',
    async (name, way) => {
      const answer = await ask(lab, proxy.port, { way, host: `${name}.test` });
      expect([answer?.status, verdictOf(answer)]).toEqual([403, 'private-address']);
      expect((await lab.counts()).requests).toBe(0);
    },
  );

  it('[8] a name that changes its address between two questions gets each answer judged', async () => {
    const first = await ask(lab, proxy.port, { host: 'rebind.test', lines: ['Connection: close'] });
    expect(verdictOf(first)).toBe('allow');
    const before = (await lab.seen()).asked.filter((name) => name === 'rebind.test').length;
    // As many as the kept connection to the first address can't take.
    const many = await Promise.all(
      Array.from({ length: 4 }, () => ask(lab, proxy.port, { host: 'rebind.test', target: '/slow?ms=300' })),
    );
    expect(new Set(many.map(verdictOf))).toEqual(new Set(['allow', 'private-address']));
    expect((await lab.seen()).asked.filter((name) => name === 'rebind.test').length).toBeGreaterThan(before);
  });

  it('N3 a host with addresses of both families is reached', async () => {
    expect(verdictOf(await ask(lab, proxy.port, { host: 'dual.test' }))).toBe('allow');
  });

  it('N15 a private address is reached where the rule of that exact host says so', async () => {
    expect(verdictOf(await ask(lab, proxy.port, { host: 'inside.test' }))).toBe('allow');
    expect(verdictOf(await ask(lab, proxy.port, { host: 'inside-not.test' }))).toBe('private-address');
  });
});

describe('N15 one greedy session does not starve another', () => {
  const neighbour = (): ReturnType<typeof ask> => ask(lab, proxy.port, { from: AGENTS.neighbour, milliseconds: 3_000 });

  it('[31] 300 connections of one session: those above its limit are refused, others go on', async () => {
    const mine = await Promise.all(Array.from({ length: 300 }, () => open(lab, proxy.port, { way: 'connect' })));
    const kinds = mine.map((each) => (each.kind === 'refused' ? verdictOf(each.answer) : each.kind));
    expect(kinds.filter((kind) => kind === 'open').length).toBeLessThanOrEqual(256);
    expect(kinds).toContain('session-limit');
    expect(verdictOf(await neighbour())).toBe('allow');
    for (const each of mine) if (each.kind === 'open') each.connection.close();
  });

  // With getaddrinfo, look-ups share the threads of the pool, and sixteen names take them all.
  it('[31] names whose servers never answer hold up nobody else', async () => {
    const waiting = Array.from({ length: 16 }, (_, i) =>
      ask(lab, proxy.port, { way: 'named', host: `n${i}.silent.test`, milliseconds: 30_000 }),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const begun = Date.now();
    // One whose connection is kept, and one that has to be looked up.
    expect(verdictOf(await neighbour())).toBe('allow');
    expect(verdictOf(await ask(lab, proxy.port, { from: AGENTS.neighbour, host: 'fresh.below.test' }))).toBe('allow');
    expect(Date.now() - begun).toBeLessThan(2_000);
    expect(new Set((await Promise.all(waiting)).map(verdictOf))).toEqual(new Set(['name-not-found']));
  }, 60_000);

  it('[30] 100,000 headers, and one of 10 MB, are refused without being kept', async () => {
    const before = proxy.rss;
    for (const lines of [Array.from({ length: 100_000 }, (_, i) => `X-${i}: y`), [`X-A: ${'y'.repeat(10_000_000)}`]]) {
      const answer = await ask(lab, proxy.port, { way: 'named', lines });
      expect([undefined, 400]).toContain(answer?.status);
    }
    expect((await lab.counts()).requests).toBe(0);
    expect(proxy.rss - before).toBeLessThan(50_000_000);
    expect(verdictOf(await neighbour())).toBe('allow');
  });

  it('[31] headers that come byte by byte are cut off, and nobody waits for them', async () => {
    const slow = await Promise.all(WAYS.map((way) => opened(lab, proxy.port, { way })));
    const timer = setInterval(() => {
      for (const connection of slow) connection.write('G');
    }, 1_000);
    expect(verdictOf(await neighbour())).toBe('allow');
    const ends = await Promise.all(slow.map((connection) => connection.until(() => connection.isClosed, 25_000)));
    clearInterval(timer);
    expect(ends).toEqual([true, true, true]);
  }, 40_000);

  it('[35] certificates are made for few names that no rule has; refusals go on', async () => {
    const verdicts: string[] = [];
    for (let i = 0; i < 40; i++) {
      const result = await open(lab, proxy.port, { way: 'connect', host: `n${i}.evil.test`, from: AGENTS.attacked });
      verdicts.push(result.kind === 'refused' ? verdictOf(result.answer) : result.kind);
      if (result.kind === 'open') result.connection.close();
    }
    expect(verdicts.filter((verdict) => verdict === 'open').length).toBeLessThanOrEqual(20);
    expect(verdicts.at(-1)).toBe('host-not-allowed');
  });

  it('[29] no name is looked up that no rule has', async () => {
    for (const way of WAYS) await ask(lab, proxy.port, { way, host: 'data-for-you.evil.test' });
    expect((await lab.seen()).asked.filter((name) => name.includes('evil'))).toEqual([]);
  });
});
