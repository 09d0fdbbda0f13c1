import { lookup } from 'node:dns/promises';
import { FdSink } from '../../runtime/byte-sink';
import { systemClock } from '../../runtime/clock';
import { RecordWriter } from '../../runtime/record-writer';
import { CallerStates } from './caller-states';
import { CompiledPolicies } from './compiled-policies';
import { Dialler } from './dial';
import { EgressServer } from './egress-server';
import { sourcesFromFiles } from './from-files';
import { LeafCertificates } from './leaf-certificates';
import { EgressMetrics } from './metrics';
import { DEFAULT_LIMITS } from './ports';
import { RefusedCallers } from './refused-callers';
import { Upstreams } from './upstreams';

const DRAIN_MS = 100_000;

async function main(): Promise<void> {
  const clock = systemClock;
  const folder = process.env.EGRESS_FILES;
  if (folder === undefined) throw new Error('EGRESS_FILES is not set');
  const metrics = new EgressMetrics(process.env.EGRESS_PROXY ?? 'local', clock);
  const sink = new FdSink(1);
  const problem = (text: string): void => {
    metrics.add('PolicyProblems');
    console.error(text);
  };
  const sources = await sourcesFromFiles(folder, clock, problem);
  const records = new RecordWriter({
    service: 'egress-proxy',
    sink,
    clock,
    onFatal: (error) => {
      console.error(`records can not be written: ${error.message}`);
      process.exit(1);
    },
  });
  const dialler = new Dialler({
    resolve: (host) => lookup(host, { all: true }),
    ...(sources.roots && { authorities: sources.roots }),
    timeoutMs: 10_000,
  });
  const states = new CallerStates(clock);
  const server = new EgressServer({
    ...sources,
    compiled: new CompiledPolicies(sources.policies),
    records,
    refusedCallers: new RefusedCallers(records, clock),
    states,
    dialler,
    upstreams: new Upstreams({
      dialler,
      connectionsPerHost: 128,
      maxHosts: 256,
      headersTimeoutMs: 300_000,
      bodyTimeoutMs: 600_000,
    }),
    leaves: await LeafCertificates.create(sources.authority, clock),
    metrics,
    clock,
    limits: DEFAULT_LIMITS,
    howToAsk: process.env.EGRESS_HOW_TO_ASK,
    onError: (error) => console.error(error instanceof Error ? error.stack : error),
  });
  metrics.watch('OpenTunnels', () => states.openConnections);
  metrics.watch('HeldBytes', () => records.queuedBytes);
  clock.every(60_000, () => {
    states.forgetIdle();
    sink
      .write(
        Buffer.from(
          metrics
            .take()
            .map((line) => `${line}\n`)
            .join(''),
        ),
      )
      .catch(() => undefined);
  });
  const address = await server.listen(Number(process.env.EGRESS_PORT ?? '3128'));
  console.error(`egress proxy listens on ${address.port}`);

  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    const deadline = new Promise<void>((resolve) => clock.after(DRAIN_MS, resolve));
    server.drain(deadline).then(async () => {
      await records.close();
      process.exit(0);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
