import { execFileSync } from 'node:child_process';
import { METRICS, type MetricName, perConnectionKb, perCore, percentile, share, sseFigures } from './egress/figures';
import type { Via } from './egress/job';
import { Lab } from './egress/lab';
import { LARGE_BYTES, PATHS, SMALL_BYTES } from './egress/layout';
import { PEERS } from './egress/peers';
import { type Contender, EGRESS_PROXY, egressProxies, INJECTION, nginx, RELAY, relay } from './egress/proxies';
import type { Bench } from './harness/bench';
import type { Comparison, Sample, Subject, Suite } from './harness/suite';

const DIRECT = 'direct';

interface Effort {
  readonly ms: number;
  readonly warmupMs: number;
  /** Of a proxy that has just been started. */
  readonly firstMs: number;
  readonly idleConnections: number;
  readonly streams: readonly number[];
}

const FULL: Effort = {
  ms: 4000,
  warmupMs: 1000,
  firstMs: 3000,
  idleConnections: 500,
  streams: [50, 100, 150, 200, 300, 400],
};
const QUICK: Effort = { ms: 1000, warmupMs: 300, firstMs: 1500, idleConnections: 200, streams: [50, 100] };

export const suite: Suite = {
  about: 'the egress proxy beside none, nginx, a relay without policy, and what others make; root, Linux',
  options: {
    quick: 'one second for each figure in place of four: for a look, not for a table',
    own: 'no proxies that others make but nginx; nothing is installed',
  },
  metrics: METRICS,

  async prepare(bench, options) {
    const missing = missingTools();
    if (missing.length > 0) throw new Error(`npm run bench -- egress needs ${missing.join('; ')}`);
    const effort = options.has('quick') ? QUICK : FULL;
    const peers = options.has('own') ? [] : await preparePeers(bench);
    const lab = await Lab.create(bench);
    const proxies = [nginx(lab), await relay(lab), ...(await egressProxies(lab))];
    for (const { proxy } of peers) proxies.push(await proxy(lab));

    const direct: Subject = { name: DIRECT, measure: () => measureDirect(lab, effort) };
    const subjects = [direct];
    for (const proxy of proxies) {
      try {
        await check(lab, proxy);
      } catch (error) {
        if (!peers.some(({ name }) => name === proxy.name)) throw error;
        bench.progress(`left out: ${proxy.name}: ${(error as Error).message}`);
        continue;
      }
      subjects.push({ name: proxy.name, measure: () => measureProxy(lab, proxy, effort) });
    }
    return { subjects, comparisons: comparisons(subjects.map(({ name }) => name)) };
  },
};

/** Not part of every Linux, so said at once and all together. */
function missingTools(): string[] {
  const isRoot = process.getuid?.() === 0;
  const tools = { ip: 'iproute2', taskset: 'util-linux', nginx: 'nginx-light', openssl: 'openssl' };
  const absent = Object.entries(tools).filter(([tool]) => {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'pipe' });
      return false;
    } catch {
      return true;
    }
  });
  return [
    ...(process.platform === 'linux' ? [] : [`Linux (this is ${process.platform})`]),
    ...(isRoot ? [] : ['root, for a network namespace of its own (run it with sudo)']),
    ...absent.map(([tool, name]) => `${tool} (Debian's package ${name})`),
  ];
}

async function preparePeers(bench: Bench) {
  const ready: { name: string; proxy: (lab: Lab) => Promise<Contender> | Contender }[] = [];
  for (const peer of PEERS) {
    try {
      const prepared = await peer.prepare(bench);
      bench.progress(`${peer.name}: ${prepared.version ?? peer.version}`);
      ready.push({ name: peer.name, proxy: prepared.proxy });
    } catch (error) {
      bench.progress(`left out: ${peer.name} (${peer.version}): ${(error as Error).message}`);
    }
  }
  return ready;
}

/** That a proxy answers, with what it should, before minutes are spent on it. */
async function check(lab: Lab, proxy: Contender): Promise<void> {
  const running = proxy.start();
  try {
    const paths = [PATHS.seen, PATHS.small, PATHS.smallGzip, PATHS.large, PATHS.stream];
    const job = { kind: 'probe', via: proxy.via, subject: running.pid, paths, patienceMs: 20_000 } as const;
    const { answers } = await lab.load(job);
    const [seen, small, gzip, large] = answers;
    const sizes = [small?.bytes, gzip?.bytes, large?.bytes].join(', ');
    const failed = answers.find(({ status }) => status !== 200);
    if (failed) throw new Error(`${failed.path} got ${failed.status}: ${failed.text}`);
    if (sizes !== [SMALL_BYTES, SMALL_BYTES, LARGE_BYTES].join(', ')) throw new Error(`got bodies of ${sizes} bytes`);
    const injected = seen?.text !== 'authorization: ';
    if (injected !== proxy.injects) throw new Error(`the upstream saw "${seen?.text}"`);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${running.said()}`);
  } finally {
    await running.stop();
  }
}

interface Target {
  readonly via: Via;
  readonly subject: number;
}

const SMALL = { path: PATHS.small, bytes: SMALL_BYTES, gzip: false } as const;

function latency(lab: Lab, target: Target, { ms, warmupMs }: Effort) {
  return lab.load({ kind: 'requests', ...target, ...SMALL, connections: 1, ms: ms / 2, warmupMs });
}

async function measureDirect(lab: Lab, effort: Effort): Promise<Sample> {
  const target: Target = { via: { kind: 'direct' }, subject: lab.upstream.pid };
  const idle = await latency(lab, target, effort);
  const { ms, warmupMs } = effort;
  const small = await lab.load({ kind: 'requests', ...target, ...SMALL, connections: 32, ms, warmupMs });
  const steps = { steps: effort.streams, settleMs: warmupMs, ms };
  const streams = await lab.load({ kind: 'streams', via: target.via, subject: lab.streams.pid, ...steps });
  const sse = sseFigures(streams);
  return {
    values: {
      'requests/s 1KB': (small.count * 1000) / small.ms,
      'idle latency p50': percentile(idle.latenciesMs, 0.5),
      'idle latency p99': percentile(idle.latenciesMs, 0.99),
      'SSE streams held': sse.held,
      'SSE frames late': sse.latePercent,
      'generator 1KB': share(small) * 100,
      'generator SSE': sse.generatorPercent,
    } satisfies Partial<Record<MetricName, number>>,
    generatorShare: share(small),
  };
}

/** A process of its own in each round: what earlier rounds left in its heap would hide what a connection takes. */
async function measureProxy(lab: Lab, proxy: Contender, effort: Effort): Promise<Sample> {
  const running = proxy.start();
  const target: Target = { via: proxy.via, subject: running.pid };
  const { ms, warmupMs } = effort;
  try {
    await lab.load({ kind: 'probe', ...target, paths: [PATHS.small], patienceMs: 20_000 });
    const { path, bytes } = SMALL;
    const idle = await lab.load({ kind: 'idle', ...target, path, bytes, connections: effort.idleConnections });
    await lab.load({ kind: 'requests', ...target, ...SMALL, connections: 32, ms: effort.firstMs, warmupMs: 0 });

    const base = await latency(lab, { via: { kind: 'direct' }, subject: lab.upstream.pid }, effort);
    const single = await latency(lab, target, effort);
    const requests = { kind: 'requests', ...target, ms, warmupMs } as const;
    const small = await lab.load({ ...requests, ...SMALL, connections: 32 });
    const gzip = await lab.load({ ...requests, ...SMALL, path: PATHS.smallGzip, gzip: true, connections: 32 });
    const large = await lab.load({ ...requests, path: PATHS.large, bytes: LARGE_BYTES, gzip: false, connections: 8 });
    const fresh = await lab.load({ kind: 'connects', ...target, path, bytes, connections: 8, ms, warmupMs });
    const streams = await lab.load({ kind: 'streams', ...target, steps: effort.streams, settleMs: warmupMs, ms });
    const sse = sseFigures(streams);
    const added = (part: number): number => percentile(single.latenciesMs, part) - percentile(base.latenciesMs, part);
    return {
      values: {
        'requests/s per core 1KB': perCore(small.count, small.subjectCpuMs),
        'requests/s per core 1KB gzip': perCore(gzip.count, gzip.subjectCpuMs),
        'requests/s 1KB': (small.count * 1000) / small.ms,
        'MB/s per core 1MB': perCore((large.count * LARGE_BYTES) / 1e6, large.subjectCpuMs),
        'idle latency p50': percentile(single.latenciesMs, 0.5),
        'idle latency p99': percentile(single.latenciesMs, 0.99),
        'added idle latency p50': added(0.5),
        'added idle latency p99': added(0.99),
        'new CONNECT/s per core': perCore(fresh.count, fresh.subjectCpuMs),
        'SSE frames/s per core': sse.framesPerCore,
        'SSE streams held': sse.held,
        'SSE frames late': sse.latePercent,
        'RSS per idle connection': perConnectionKb(idle),
        'RSS idle': idle.beforeBytes / 1e6,
        'generator 1KB': share(small) * 100,
        'generator 1MB': share(large) * 100,
        'generator CONNECT': share(fresh) * 100,
        'generator SSE': sse.generatorPercent,
      } satisfies Record<MetricName, number>,
      generatorShare: share(small),
    };
  } catch (error) {
    throw new Error(`${proxy.name}: ${(error as Error).message}\n${running.said()}`);
  } finally {
    await running.stop();
  }
}

const COMPARED: readonly MetricName[] = [
  'requests/s per core 1KB',
  'requests/s per core 1KB gzip',
  'requests/s 1KB',
  'MB/s per core 1MB',
  'new CONNECT/s per core',
  'SSE frames/s per core',
];

/** Everything on, beside each other subject; and what policy, and what redaction, cost by themselves. */
export function comparisons(names: readonly string[]): Comparison[] {
  const against = names.filter((name) => name !== INJECTION && name !== DIRECT);
  return [
    ...COMPARED.flatMap((metric) => against.map((other) => ({ metric, subject: INJECTION, against: other }))),
    ...COMPARED.map((metric) => ({ metric, subject: EGRESS_PROXY, against: RELAY })),
  ];
}
