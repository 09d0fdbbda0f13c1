import { daysLeft } from '../../core/egress/certificate-rotation';
import { ENVIRONMENT, readEnvironment } from '../../core/egress/environment';
import { HEALTH, SERVICE_PORTS } from '../../core/network/services';
import { sinkOf } from '../../runtime/byte-sink';
import { type Clock, systemClock } from '../../runtime/clock';
import { HttpService } from '../../runtime/http-service';
import { writeEachMinute } from '../../runtime/metrics';
import { RecordWriter } from '../../runtime/record-writer';
import { CallerStates } from './caller-states';
import { CompiledPolicies } from './compiled-policies';
import { Dialler } from './dial';
import { EarlyRefusals } from './early-refusals';
import { EgressServer } from './egress-server';
import { sourcesFromAws } from './from-aws';
import { sourcesFromFiles } from './from-files';
import { LeafCertificates } from './leaf-certificates';
import { EgressMetrics } from './metrics';
import { DEFAULT_LIMITS } from './ports';
import { resolver } from './resolve';
import type { OnSourceProblem, Sources } from './sources';
import { Upstreams } from './upstreams';

/** Goes to the log beside the records, so nothing of a request stands in it. */
function say(line: string): void {
  console.error(JSON.stringify({ log: line }));
}

async function main(): Promise<void> {
  const clock = systemClock;
  const { EGRESS_FILES: folder, EGRESS_HOW_TO_ASK: howToAsk } = process.env;
  const { port, proxy, open } = folder === undefined ? onAws() : onFiles(folder);
  const metrics = new EgressMetrics(proxy, clock);
  const sources = await open(clock, (source, problem) => {
    // The others have metrics of their own: refusals as StaleFeed and CredentialFailures, and the days left.
    if (source === 'policies') metrics.count('PolicyProblems');
    say(problem);
  });
  const sink = sinkOf(1);
  const records = new RecordWriter({
    service: 'egress-proxy',
    sink,
    clock,
    onFatal: (error) => {
      say(`records can not be written: ${error.message}`);
      process.kill(process.pid, 'SIGKILL');
    },
    onInvalid: (kind, problems) => say(`a record of kind ${kind} did not fit: ${problems.join('; ')}`),
  });
  const dialler = new Dialler({
    resolve: resolver(),
    ...(sources.roots && { authorities: sources.roots }),
    timeoutMs: 10_000,
  });
  const states = new CallerStates(clock);
  const leaves = await LeafCertificates.create(sources.authority.pem, clock);
  sources.authority.onChange((pem) => {
    leaves.replaceAuthority(pem).catch((error: Error) => say(`certificate authority: ${error.message}`));
  });
  const server = new EgressServer({
    ...sources,
    compiled: new CompiledPolicies(sources.policies),
    records,
    earlyRefusals: new EarlyRefusals(records, clock),
    states,
    dialler,
    upstreams: new Upstreams({
      dialler,
      connectionsPerHost: 2_048,
      maxHosts: 256,
      headersTimeoutMs: 300_000,
      bodyTimeoutMs: 600_000,
    }),
    leaves,
    certificates: () => sources.authority.certificates,
    metrics,
    clock,
    limits: DEFAULT_LIMITS,
    howToAsk,
    onError: (error) => say(error instanceof Error ? (error.stack ?? error.message) : 'an error that is none'),
  });
  metrics.watch('OpenTunnels', () => states.openConnections);
  metrics.watch('HeldBytes', () => records.queuedBytes);
  metrics.watch('AuthorityDaysLeft', () => daysLeft(sources.authority.expiresAt, clock.wall()));
  const stopMetrics = writeEachMinute(
    () => metrics.lines(),
    sink,
    clock,
    () => metrics.count('RecordFailures'),
  );
  clock.every(60_000, () => states.forgetIdle());

  const service = new HttpService({
    parts: [server],
    problems: () => (records.pressure ? ['the log takes no records'] : []),
    snapshot: () => metrics.snapshot(),
    health: { port: Number(process.env[ENVIRONMENT.healthPort] ?? HEALTH.port) },
    finish: async () => {
      await records.close();
      await stopMetrics();
    },
    clock,
    say,
  });
  const listening = await server.listen(port);
  const health = await service.start();
  say(`listening on ${listening.port}, health on ${health.port}`);
}

interface Setting {
  readonly port: number;
  readonly proxy: string;
  readonly open: (clock: Clock, onProblem: OnSourceProblem) => Promise<Sources>;
}

function onFiles(folder: string): Setting {
  const { [ENVIRONMENT.port]: port = SERVICE_PORTS.egressProxy, [ENVIRONMENT.proxy]: proxy = 'files' } = process.env;
  return { port: Number(port), proxy, open: (clock, onProblem) => sourcesFromFiles(folder, clock, onProblem) };
}

function onAws(): Setting {
  const environment = readEnvironment(process.env);
  if (environment.kind === 'invalid') throw new Error(environment.problems.join('\n'));
  const { port, proxy } = environment.value;
  return { port, proxy, open: (clock, onProblem) => sourcesFromAws(environment.value, clock, onProblem) };
}

main().catch((error) => {
  say(error instanceof Error ? error.message : 'could not start');
  process.exit(1);
});
