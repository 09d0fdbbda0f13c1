import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Bench } from '../harness/bench';
import { jsonText } from './bodies';
import type {
  ConnectsJob,
  IdleJob,
  IdleResult,
  LoadResult,
  ProbeJob,
  ProbeResult,
  RequestsJob,
  StreamsJob,
  StreamsResult,
} from './job';
import { CORES, LARGE_BYTES, PATHS, SMALL_BYTES, UPSTREAM } from './layout';
import { createNamespaces, type Namespaces } from './namespace';
import { createPki, type Pki } from './pki';

const ROOT = join(__dirname, '..', '..', '..');

/** A process in a namespace, on one core. */
export interface Running {
  readonly pid: number;
  /** Its last lines, for an error. */
  said(): string;
  stop(): Promise<void>;
}

/** The namespaces with their upstreams, what a proxy needs to work in it, and the load generator. */
export class Lab {
  private constructor(
    private readonly bench: Bench,
    private readonly namespaces: Namespaces,
    readonly pki: Pki,
    private readonly loadProgram: string,
    /** The process that answers where there is no proxy. */
    readonly upstream: Running,
    readonly streams: Running,
  ) {}

  static async create(bench: Bench): Promise<Lab> {
    const pki = await createPki(bench);
    const namespaces = createNamespaces();
    const folder = join(bench.folder, 'upstream');
    mkdirSync(folder);
    const small = jsonText(SMALL_BYTES);
    for (const [path, body] of [
      [PATHS.small, small],
      [PATHS.smallGzip, gzipSync(small)],
      [PATHS.large, jsonText(LARGE_BYTES)],
    ] as const) {
      mkdirSync(join(folder, 'v1'), { recursive: true });
      writeFileSync(join(folder, path), body);
    }
    const configuration = join(bench.folder, 'upstream.conf');
    writeFileSync(configuration, upstreamConfiguration(folder, pki));
    const at = { bench, namespace: namespaces.upstreams };
    const upstream = start(at, 'nginx-upstream', CORES.others, 'nginx', ['-c', configuration]);
    const sse = await bundleProgram(bench, 'scripts/bench/egress/programs/sse-upstream.ts');
    const streams = start(at, 'sse-upstream', CORES.others, process.execPath, [
      sse,
      pki.upstream.key,
      pki.upstream.certificate,
    ]);
    const load = await bundleProgram(bench, 'scripts/bench/egress/programs/load.ts');
    return new Lab(bench, namespaces, pki, load, upstream, streams);
  }

  /** A folder of the run, for a proxy's configuration. */
  folder(name: string): string {
    const folder = join(this.bench.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  bundle(entry: string): Promise<string> {
    return bundleProgram(this.bench, entry);
  }

  startProxy(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    return start({ bench: this.bench, namespace: this.namespaces.proxies }, name, CORES.proxy, command, args, env);
  }

  /** @throws with what the generator said, where an answer was not what it should be */
  load(job: Omit<ProbeJob, 'authorities'>): Promise<ProbeResult>;
  load(job: Omit<IdleJob, 'authorities'>): Promise<IdleResult>;
  load(job: Omit<StreamsJob, 'authorities'>): Promise<StreamsResult>;
  load(job: Omit<RequestsJob, 'authorities'> | Omit<ConnectsJob, 'authorities'>): Promise<LoadResult>;
  async load(job: { readonly kind: string }): Promise<unknown> {
    const whole = JSON.stringify({ ...job, authorities: this.pki.authorities });
    const args = ['netns', 'exec', this.namespaces.proxies, 'taskset', '-c', String(CORES.others)];
    const { stdout } = await this.bench.run('ip', [...args, process.execPath, this.loadProgram, whole]);
    return JSON.parse(stdout);
  }
}

function start(
  { bench, namespace }: { readonly bench: Bench; readonly namespace: string },
  name: string,
  core: number,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Running {
  const file = (kind: string): string => join(bench.folder, `${name.replace(/[^a-z0-9]+/g, '-')}.${kind}`);
  const environment = { PATH: process.env.PATH, HOME: bench.folder };
  // A pipe with a reader at its end, as a container's output is: a proxy that writes records pays for both.
  const pipe = file('pipe');
  rmSync(pipe, { force: true });
  execFileSync('mkfifo', [pipe]);
  const read = ['sh', '-c', 'exec cat "$1" >"$2"', 'sh', pipe, file('out')];
  const reader = bench.start('taskset', ['-c', String(CORES.others), ...read], { env: environment });
  // Each of these replaces itself by the next, so the child's pid is the program's.
  const shell = 'ulimit -n 8192 2>/dev/null; out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err"';
  const child = bench.start(
    'ip',
    ['netns', 'exec', namespace, 'taskset', '-c', String(core)].concat(
      ['sh', '-c', shell, 'sh', pipe, file('err'), command],
      args,
    ),
    { cwd: bench.folder, env: { ...environment, ...env } },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  return {
    pid,
    said: () => [file('err'), file('out')].map(lastLines).join('\n').trim(),
    stop: async () => {
      await stop(child, pid);
      // The end of the pipe is its end too, unless nobody ever wrote.
      if (reader.pid !== undefined) await stop(reader, reader.pid);
    },
  };
}

/** From the end: a proxy may have said a hundred megabytes. */
function lastLines(log: string): string {
  let file: number;
  try {
    file = openSync(log, 'r');
  } catch {
    return '';
  }
  const { size } = fstatSync(file);
  const end = Buffer.alloc(Math.min(size, 2000));
  readSync(file, end, 0, end.length, size - end.length);
  closeSync(file);
  return end.toString().trimEnd().split('\n').slice(-10).join('\n');
}

async function stop(child: ChildProcess, pid: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  process.kill(-pid, 'SIGKILL');
  await closed;
}

/** One file of JavaScript, for CommonJS as the image has it. */
async function bundleProgram(bench: Bench, entry: string): Promise<string> {
  const outfile = join(bench.folder, 'programs', `${entry.replaceAll(/[^a-z0-9]+/gi, '-')}.js`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'error',
  });
  return outfile;
}

function upstreamConfiguration(folder: string, pki: Pki): string {
  return `worker_processes 1; daemon off; user root; pid ${folder}/pid; error_log ${folder}/errors;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on; tcp_nopush on;
  open_file_cache max=16; default_type application/json;
  ${temporaryPaths(folder)}
  server {
    listen ${UPSTREAM}:443 ssl backlog=4096; server_name _;
    ssl_certificate ${pki.upstream.certificate}; ssl_certificate_key ${pki.upstream.key};
    root ${folder};
    location = ${PATHS.smallGzip} { add_header Content-Encoding gzip; }
    location = ${PATHS.seen} { return 200 "authorization: $http_authorization"; }
  }
}
`;
}

/** nginx makes all of them at its start, elsewhere where it is not told. */
export function temporaryPaths(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
}
