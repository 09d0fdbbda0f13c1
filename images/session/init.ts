import { createHash, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { type CanaryVerdict, type Observation, type Probe, probesFor, verdictOf } from '../../core/session/canary';
import { CLIENT_FILES, clientSettings, shellExports } from '../../core/session/client-settings';
import { certificatesOf, javaTrustStore } from '../../core/session/client-settings-jks';
import { MAX_TASK_TEXT_BYTES, type SelfAnswer } from '../../core/session/self';
import { EXITS } from '../../core/session/task';
import { SESSION_PATHS } from '../../core/session/task-layout';
import type { Fetched, FetchOptions } from './fetch-bytes';
import { type ProxyUrls, waitToBeSelf } from './wait-to-be-self';

/** Codes of session-init beside {@link EXITS.initEscaped}; each is a plain failure to the life cycle. */
export const INIT_FAILED = { notSelf: 71, taskText: 72, certificates: 73, files: 74 } as const;

export interface InitPorts {
  readonly fetch: (url: string, options: FetchOptions) => Promise<Fetched>;
  readonly observe: (probe: Probe, authorities: string) => Promise<Observation>;
  /** Refuses to replace what is there. */
  readonly write: (path: string, bytes: Uint8Array | string, mode: number) => Promise<void>;
  readonly makeFolder: (path: string) => Promise<void>;
  /** Milliseconds that never run back. */
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** One line to the log. */
  readonly say: (line: Readonly<Record<string, unknown>>) => void;
}

export interface InitSettings {
  readonly zone: string;
  readonly urls: ProxyUrls;
  /** Of Fargate: ECS_CONTAINER_METADATA_URI_V4. */
  readonly metadataUrl: string;
  /** Text of the launcher. */
  readonly launcher: string;
  readonly waitMilliseconds: number;
}

type Failure = { readonly kind: 'failed'; readonly exit: number; readonly problem: string };
const failed = (exit: number, problem: string): Failure => ({ kind: 'failed', exit, problem });

/**
 * Everything before the agent's container exists. Its exit code is what ECS, and with it the life cycle, hears; the line
 * it prints says which probe. Returns the exit code.
 */
export async function runInit(settings: InitSettings, ports: InitPorts): Promise<number> {
  const self = await waitToBeSelf(settings, ports);
  if (self.kind === 'failed') return end(ports, failed(INIT_FAILED.notSelf, self.problem));
  const begun = ports.now();

  const [text, authorities] = await Promise.all([
    taskText(settings.urls.taskText, self.answer, ports),
    platformAuthorities(settings.urls.certificates, ports),
  ]);
  if (text.kind === 'failed') return end(ports, text);
  if (authorities.kind === 'failed') return end(ports, authorities);

  const [verdict, files] = await Promise.all([
    canary(self.answer, authorities.pem, ports),
    writeFiles(settings, self.answer, text.bytes, authorities.pem, ports),
  ]);
  if (verdict.kind === 'escaped') {
    ports.say({ verdict: 'refused', finding: 'canary', escapes: verdict.escapes });
    return EXITS.initEscaped;
  }
  if (files.kind === 'failed') return end(ports, files);
  // Last, so that whoever finds the launcher finds everything else.
  const launcher = await written(() => ports.write(SESSION_PATHS.launcher, settings.launcher, 0o555));
  if (launcher.kind === 'failed') return end(ports, launcher);
  ports.say({
    verdict: 'passed',
    probes: verdict.probes,
    waitedMs: Math.round(self.waitedMs),
    workedMs: Math.round(ports.now() - begun),
  });
  return 0;
}

function end(ports: InitPorts, { exit, problem }: Failure): number {
  ports.say({ verdict: 'failed', exit, problem });
  return exit;
}

/** Who asks at the address may change between two requests; the text's hash says whose it is. */
async function taskText(
  url: string,
  { taskText: expected }: SelfAnswer,
  ports: InitPorts,
): Promise<{ readonly kind: 'ok'; readonly bytes: Buffer } | Failure> {
  const answer = await fetchOften(url, MAX_TASK_TEXT_BYTES, ports);
  if (answer.kind === 'failed') return failed(INIT_FAILED.taskText, `task text: ${answer.problem}`);
  const { bytes } = answer;
  if (bytes.length !== expected.bytes) {
    return failed(INIT_FAILED.taskText, `task text: got ${bytes.length} bytes, expected ${expected.bytes}`);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== expected.sha256) {
    return failed(INIT_FAILED.taskText, 'task text: is not the one the session was admitted with');
  }
  return { kind: 'ok', bytes };
}

async function platformAuthorities(
  url: string,
  ports: InitPorts,
): Promise<{ readonly kind: 'ok'; readonly pem: string } | Failure> {
  const answer = await fetchOften(url, 64 * 1024, ports);
  if (answer.kind === 'failed') return failed(INIT_FAILED.certificates, `certificates: ${answer.problem}`);
  const pem = answer.bytes.toString('latin1');
  try {
    const found = certificatesOf(pem).map((der) => new X509Certificate(der));
    if (found.length > 0 && found.every(({ ca }) => ca)) return { kind: 'ok', pem };
  } catch {
    // Not a certificate.
  }
  return failed(INIT_FAILED.certificates, 'certificates: got something else than authorities');
}

/** The proxy may be in the middle of a deployment. */
async function fetchOften(url: string, maxBytes: number, ports: InitPorts): Promise<Fetched> {
  let answer: Fetched = { kind: 'failed', problem: 'not asked' };
  for (const pause of [100, 400, 1600, 0]) {
    answer = await ports.fetch(url, { maxBytes, milliseconds: 5000 });
    if (answer.kind === 'ok') return answer;
    await ports.wait(pause);
  }
  return answer;
}

async function canary(self: SelfAnswer, authorities: string, ports: InitPorts): Promise<CanaryVerdict> {
  const probes = probesFor(self);
  const seen = await Promise.all(
    probes.map(async (probe) => ({ probe, observation: await ports.observe(probe, authorities) })),
  );
  return verdictOf(seen);
}

async function writeFiles(
  { zone }: InitSettings,
  self: SelfAnswer,
  text: Buffer,
  authorities: string,
  ports: InitPorts,
): Promise<{ readonly kind: 'ok' } | Failure> {
  const bundle = `${[...rootCertificates, authorities.trim()].join('\n')}\n`;
  const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
  const { variables, files } = clientSettings({ zone, region: self.taskArn.split(':')[3] ?? '' });
  const contents: readonly (readonly [string, Uint8Array | string])[] = [
    [SESSION_PATHS.task, text],
    [SESSION_PATHS.self, `${JSON.stringify(withoutProbes(self))}\n`],
    [CLIENT_FILES.authorities, bundle],
    [CLIENT_FILES.javaAuthorities, javaTrustStore(certificatesOf(bundle), sha1)],
    [CLIENT_FILES.environment, shellExports(variables)],
    ...Object.entries(files),
  ];
  return written(async () => {
    await ports.makeFolder(SESSION_PATHS.home);
    await Promise.all(contents.map(([path, content]) => ports.write(path, content, 0o444)));
  });
}

/** What the canary was told of others is nobody's business afterwards. */
function withoutProbes({
  neighbour: _,
  refusedHost: __,
  ...self
}: SelfAnswer): Omit<SelfAnswer, 'neighbour' | 'refusedHost'> {
  return self;
}

async function written(write: () => Promise<void>): Promise<{ readonly kind: 'ok' } | Failure> {
  try {
    await write();
    return { kind: 'ok' };
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    return failed(
      INIT_FAILED.files,
      `files: ${code ?? 'unknown'} at ${path ?? 'a file'}; expected an empty volume of ours`,
    );
  }
}
