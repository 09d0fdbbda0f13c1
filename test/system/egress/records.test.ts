import { hashLine, NO_PREVIOUS } from '../../../core/audit/record';
import type { Way } from '../../../core/egress/request';
import { until } from '../lab/namespaces';
import { AGENTS } from './lab/addresses';
import { EgressLab, type Ran } from './lab/egress-lab';
import type { LoadOrder } from './lab/load';
import { Load } from './lab/load-run';
import { HEALTH_ABOVE, type ProxyProcess } from './lab/proxy-process';
import { type RawConnection, verdictOf } from './lab/raw';
import { ask, opened, textOf } from './lab/request';

/** O1: no answer that a client had to its end is without its record, whatever happens to the process or its reader. */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start({ quiet: true });
});
beforeEach(async () => {
  proxy = await lab.startProxy();
});
afterEach(() => proxy.stop());
afterAll(() => lab?.close());

const order = (seconds: number, workers: number): Omit<LoadOrder, 'authority'> => ({
  port: proxy.port,
  from: [AGENTS.lab, AGENTS.neighbour],
  workers,
  seconds,
  perConnection: 20,
  requests: [
    { way: 'connect', host: 'up.test', target: '/load/{}' },
    { way: 'named', host: 'api.test', target: '/load/{}' },
    { way: 'absolute', host: 'up.test', target: '/load/{}', body: 100 },
    { way: 'named', host: 'up.test', target: '/bytes/{}?n=20000&chunked' },
  ],
});

/** Numbers of the requests whose records are whole. */
function recorded(): Set<number> {
  return new Set(proxy.requests().flatMap(({ detail }) => (detail.path ? [Number(detail.path.split('/')[2])] : [])));
}

function expectChain(): void {
  let previous = NO_PREVIOUS;
  const lines = proxy.output.slice(0, proxy.output.lastIndexOf('\n') + 1).split('\n');
  for (const line of lines.filter((each) => each !== '' && !each.startsWith('{"_aws"'))) {
    expect((JSON.parse(line) as { writer: { previous: string } }).writer.previous).toBe(previous);
    previous = hashLine(line);
  }
}

it.each([1, 2, 3])('O1 kill -9 under load leaves no answer without its record (%d)', async () => {
  const load = new Load(lab, order(60, 24));
  await until('load', () => load.count > 400, 20_000);
  proxy.signal('SIGKILL');
  expect(await proxy.ended()).toBe('SIGKILL');
  load.stop();
  await load.ended;
  expect(load.count).toBeGreaterThan(400);
  const known = recorded();
  expect(load.done.filter((number) => !known.has(number))).toEqual([]);
  expectChain();
});

it('O1 while the log takes nothing no answer ends; afterwards all go on and each has its record', async () => {
  const load = new Load(lab, order(60, 24));
  await until('load', () => load.count > 200, 20_000);
  proxy.stallReader();
  // What the pipe holds still goes: 64 KB.
  await quiet(() => load.count);
  const stalled = load.count;
  const other = await opened(lab, proxy.port, { way: 'named', from: AGENTS.attacked });
  other.write(textOf({ way: 'named', target: '/load/late' }));
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect([load.count, other.unread.length]).toEqual([stalled, 0]);
  expect(proxy.isRunning).toBe(true);
  proxy.resumeReader();
  await until('traffic', () => load.count > stalled + 200, 20_000);
  expect((await other.answer())?.status).toBe(403);
  other.close();
  load.stop();
  await load.ended;
  expect(load.broken).toBe(0);
  await proxy.stop();
  const known = recorded();
  expect(load.done.filter((number) => !known.has(number))).toEqual([]);
  expectChain();
});

it('O1 a process killed while the log is stalled has ended no answer that has no record', async () => {
  const load = new Load(lab, order(60, 24));
  await until('load', () => load.count > 200, 20_000);
  proxy.stallReader();
  await quiet(() => load.count);
  proxy.signal('SIGKILL');
  proxy.resumeReader();
  await proxy.ended();
  load.stop();
  await load.ended;
  const known = recorded();
  expect(load.done.filter((number) => !known.has(number))).toEqual([]);
});

it('O1 events of a stream do not wait for the log, its end does', async () => {
  const connection = await opened(lab, proxy.port);
  connection.write(textOf({ target: '/sse?n=40&ms=100' }));
  expect(await connection.until(() => connection.unread.includes('data: 38\n\n'))).toBe(true);
  proxy.stallReader();
  // Records of 200 refusals are more than the pipe holds; of two other sessions, so that none reaches its own limit.
  const refused = { way: 'named', host: 'evil.test', milliseconds: 20_000 } as const;
  const waiting = Array.from({ length: 200 }, (_, i) =>
    ask(lab, proxy.port, { ...refused, from: i % 2 === 0 ? AGENTS.neighbour : AGENTS.attacked }),
  );
  expect(await connection.until(() => connection.unread.includes('data: 0\n\n'), 10_000)).toBe(true);
  expect(await connection.until(() => connection.unread.includes('\r\n0\r\n'), 1_000)).toBe(false);
  // The process itself does not wait.
  expect((await health('/livez')).output).toContain('alive');
  proxy.resumeReader();
  const answer = await connection.answer();
  expect([answer?.complete, answer?.status]).toEqual([true, 200]);
  expect((await Promise.all(waiting)).map(verdictOf)).toEqual(waiting.map(() => 'host-not-allowed'));
  connection.close();
});

describe('SIGTERM', () => {
  /** A connection that has had an answer, and is kept. */
  async function kept(way: Way): Promise<RawConnection> {
    const connection = await opened(lab, proxy.port, { way });
    connection.write(textOf({ way, target: '/kept' }));
    expect(verdictOf(await connection.answer())).toBe('allow');
    return connection;
  }

  it('N8 lets finish what is under way, takes nothing new, and ends with 0', async () => {
    const streaming = await opened(lab, proxy.port);
    streaming.write(textOf({ target: '/sse?n=20&ms=100' }));
    await streaming.until(() => streaming.unread.includes('data: 18'));
    const idle = await kept('named');
    const busy = await opened(lab, proxy.port, { way: 'named' });
    busy.write(textOf({ way: 'named', target: '/slow?ms=1000' }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.signal('SIGTERM');
    expect(await idle.until(() => idle.isClosed, 2_000)).toBe(true);
    // On a busy machine the idle connection may be closed a moment before the port is.
    const refused = async (): Promise<boolean> => {
      const attempt = await lab.connect(proxy.port).catch((error: Error) => error);
      if (!(attempt instanceof Error)) attempt.destroy();
      return attempt instanceof Error && attempt.message.includes('ECONNREFUSED');
    };
    let isRefused = await refused();
    for (let i = 0; i < 10 && !isRefused; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      isRefused = await refused();
    }
    expect(isRefused).toBe(true);
    expect((await busy.answer())?.body.toString()).toBe('slow');
    const answer = await streaming.answer();
    expect([answer?.complete, answer?.body.toString().match(/data/g)?.length]).toEqual([true, 20]);
    expect(await proxy.ended()).toBe(0);
    expect(proxy.requests().map(({ detail }) => detail.path)).toEqual(['/kept', '/slow', '/sse']);
  });

  it('N8 what is idle does not hold it up', async () => {
    const tunnel = await kept('connect');
    const begun = Date.now();
    proxy.signal('SIGTERM');
    expect(await proxy.ended()).toBe(0);
    expect(Date.now() - begun).toBeLessThan(5_000);
    tunnel.close();
  });
});

it('O1 health answers beside, metrics count, and neither names a secret', async () => {
  await ask(lab, proxy.port, { host: 'api.test' });
  await ask(lab, proxy.port, { host: 'evil.test' });
  expect(JSON.parse((await health('/healthz')).output)).toMatchObject({ status: 'ready' });
  const metrics = (await health('/metrics')).output;
  expect(JSON.parse(metrics)).toMatchObject({ Requests: 2, Refusals: 1 });
  expect(metrics).not.toContain('canary');
});

function health(path: string): Promise<Ran> {
  return lab.run('curl', ['-s', '--max-time', '3', `http://127.0.0.1:${proxy.port + HEALTH_ABOVE}${path}`]);
}

/** Resolves once a number has stood still for a second. */
async function quiet(read: () => number): Promise<void> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
