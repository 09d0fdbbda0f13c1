import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditRecord, parseRecord } from '../../../../core/audit/record';
import { type Namespaces, printed, stop, until } from '../../lab/namespaces';

type EgressRecord = Extract<AuditRecord, { kind: 'egress' }>;
export type ProxyRecord = EgressRecord | Extract<AuditRecord, { kind: 'refusal' }>;

export interface ProxyOptions {
  readonly namespaces: Namespaces;
  readonly namespace: string;
  /** Bundle of images/egress/main.ts. */
  readonly program: string;
  /** Its EGRESS_FILES. */
  readonly files: string;
  /** For its log. */
  readonly folder: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What it writes is read and forgotten: for long runs. */
  readonly discardRecords?: boolean;
  readonly nodeArguments?: readonly string[];
}

/** Its health port lies so far above its own. */
export const HEALTH_ABOVE = 5_000;

/**
 * The proxy as it runs in its container: its own process, records on standard output, which is a pipe to another process
 * that writes them down. That reader can be stopped and started.
 */
export class ProxyProcess {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly reader: ChildProcess,
    private readonly log: string,
    private readonly errors: { text: string },
  ) {}

  static async start(options: ProxyOptions): Promise<ProxyProcess> {
    const { namespaces, namespace, folder, port } = options;
    const pipe = join(folder, `pipe-${port}`);
    const log = join(folder, `records-${port}`);
    execFileSync('mkfifo', [pipe]);
    // Opened for both first, so that neither end waits for the other.
    const both = openSync(pipe, 'r+');
    const out = openSync(options.discardRecords ? '/dev/null' : log, 'a');
    const reader = namespaces.spawn(namespace, 'cat', [pipe], { stdio: ['ignore', out, 'inherit'] });
    const writing = openSync(pipe, 'w');
    const child = namespaces.spawn(namespace, process.execPath, [...(options.nodeArguments ?? []), options.program], {
      stdio: ['ignore', writing, 'pipe'],
      env: {
        PATH: process.env.PATH,
        EGRESS_FILES: options.files,
        EGRESS_PORT: String(port),
        EGRESS_HEALTH_PORT: String(port + HEALTH_ABOVE),
        ...options.env,
      },
    });
    const errors = { text: '' };
    child.stderr?.on('data', (chunk: Buffer) => {
      errors.text += chunk.toString('utf8');
    });
    await printed(child, 'listening on');
    // `cat` has the pipe open by now, or this would end it.
    await until('reader of the records', () => isReading(reader, pipe));
    for (const fd of [both, writing, out]) closeSync(fd);
    return new ProxyProcess(port, child, reader, log, errors);
  }

  /** What it wrote on standard error, but for its start and end. */
  get complaints(): string {
    return this.errors.text
      .split('\n')
      .filter((line) => !/^(?:|\{"log":"(?:listening|draining|ended)\b.*)$/.test(line))
      .join('\n');
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** `ip netns exec` and `setpriv` become the program they start, so this is the proxy itself. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Resident memory in bytes. */
  get rss(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Everything on standard output so far: records and metrics. */
  get output(): string {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
  }

  get lines(): string[] {
    return this.output.split('\n').filter((line) => line !== '');
  }

  /** Whole records only; throws on one that fits no schema. */
  records(): ProxyRecord[] {
    const text = this.output;
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{"_aws"'))
      .map((line) => {
        const parsed = parseRecord(line);
        if (parsed.kind === 'invalid') throw new Error(`not a record: ${parsed.problems.join('; ')}: ${line}`);
        return parsed.record as ProxyRecord;
      });
  }

  requests(): EgressRecord[] {
    return this.records().flatMap((record) => (record.kind === 'egress' ? [record] : []));
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  stallReader(): void {
    this.reader.kill('SIGSTOP');
  }

  resumeReader(): void {
    this.reader.kill('SIGCONT');
  }

  /** Resolves with the exit code or signal, once all it had written is in the log. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    const over = (child: ChildProcess): Promise<void> =>
      child.exitCode !== null || child.signalCode !== null
        ? Promise.resolve()
        : new Promise((resolve) => child.once('exit', () => resolve()));
    await over(this.child);
    await over(this.reader);
    return this.child.signalCode ?? this.child.exitCode;
  }

  async stop(): Promise<void> {
    this.resumeReader();
    await stop(this.child, 2_000);
    await this.ended();
  }
}

function isReading(reader: ChildProcess, pipe: string): boolean {
  try {
    return execFileSync('readlink', ['-f', ...[0, 3, 4].map((fd) => `/proc/${reader.pid}/fd/${fd}`)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).includes(pipe);
  } catch (error) {
    return String((error as { stdout?: string }).stdout).includes(pipe);
  }
}
