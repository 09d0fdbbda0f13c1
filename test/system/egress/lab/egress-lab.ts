import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { PolicyDocument } from '../../../../core/egress/document';
import { ATTACKED } from '../../../core/egress/attacks';
import { configure, Namespaces, printed, removeLeftNamespaces, stop } from '../../lab/namespaces';
import { AGENTS, PROXY, UNREACHABLE } from './addresses';
import type { SocketAnswer } from './broker';
import { CALLERS, CANARIES, type CallersFile, CREDENTIALS, LAB_DOCUMENT } from './documents';
import { makePackages } from './package-files';
import { makeIssuer } from './pki';
import { type ProxyOptions, ProxyProcess } from './proxy-process';
import type { Counts, Seen, UpstreamCall } from './seen';

const ROOT = join(__dirname, '..', '..', '..', '..');
const ETC = '/etc/netns';

export interface LabOptions {
  /** The upstream keeps nothing of what it is sent: for load. */
  readonly quiet?: boolean;
}

/** What a program printed and how it ended. */
export interface Ran {
  readonly status: number | null;
  readonly output: string;
  readonly milliseconds: number;
}

/**
 * A network of its own, in which every address leads to the lab's servers, with the proxy as a process in it. Gone after
 * {@link close}; what a killed run leaves is removed by the next one.
 */
export class EgressLab {
  private readonly answers = new Map<number, (answer: { message: unknown; socket?: Socket }) => void>();
  private readonly proxies: ProxyProcess[] = [];
  private nextId = 1;
  private nextPort = 3128;

  private constructor(
    readonly folder: string,
    readonly namespace: string,
    readonly namespaces: Namespaces,
    /** Certificate of the platform's authority, which agents trust. */
    readonly authority: string,
    private readonly program: string,
    private readonly broker: ChildProcess,
    private readonly upstream: ChildProcess,
  ) {
    for (const child of [broker, upstream]) {
      child.on('message', (message: { id: number }, socket) => {
        this.answers.get(message.id)?.({ message, ...(socket !== undefined && { socket: socket as Socket }) });
        this.answers.delete(message.id);
      });
    }
  }

  static async start(options: LabOptions = {}): Promise<EgressLab> {
    removeLeftNamespaces();
    removeLeftFolders();
    const folder = mkdtempSync(join(tmpdir(), 'egress-lab-'));
    const namespaces = new Namespaces();
    const namespace = namespaces.add('egress');
    const etc = join(ETC, namespace);
    mkdirSync(etc, { recursive: true });
    writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n');
    writeFileSync(join(etc, 'hosts'), '127.0.0.1 localhost\n');
    writeFileSync(join(etc, 'nsswitch.conf'), 'hosts: files dns\n');
    configure(namespace, [
      // Every address there is, is here.
      'route add local 0.0.0.0/0 dev lo',
      'route add local ::/0 dev lo',
      // From which programs that do not choose come.
      `route add local ${PROXY}/32 dev lo src ${AGENTS.lab}`,
      `route add unreachable ${UNREACHABLE}/32 table local`,
    ]);

    const [authority, root, otherRoot] = await Promise.all(['lab platform', 'lab root', 'other root'].map(makeIssuer));
    if (!authority || !root || !otherRoot) throw new Error('no authority');
    for (const [name, { key, certificate }] of Object.entries({ root, 'other-root': otherRoot })) {
      writeFileSync(join(folder, `${name}.key`), key);
      writeFileSync(join(folder, `${name}.crt`), certificate);
    }
    const files = join(folder, 'files');
    mkdirSync(join(files, 'policies'), { recursive: true });
    writeFileSync(join(files, 'authority.key'), authority.key);
    writeFileSync(join(files, 'authority.crt'), authority.certificate);
    writeFileSync(join(files, 'roots.pem'), root.certificate);
    writeFileSync(join(files, 'credentials.json'), JSON.stringify(CREDENTIALS));
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);

    const program = bundle(folder);
    makePackages(folder);
    const broker = inside(namespaces, namespace, 'broker.ts', []);
    const upstream = inside(namespaces, namespace, 'upstream.ts', [folder, ...(options.quiet ? ['quiet'] : [])]);
    const lab = new EgressLab(folder, namespace, namespaces, authority.certificate, program, broker, upstream);
    lab.setCallers(CALLERS);
    lab.setPolicy(ATTACKED);
    lab.setPolicy(LAB_DOCUMENT);
    await Promise.all([printed(broker, 'ready'), printed(upstream, 'ready', 30_000)]);
    upstream.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    return lab;
  }

  /** The proxy on a port of its own. */
  async startProxy(options: Partial<ProxyOptions> = {}): Promise<ProxyProcess> {
    const proxy = await ProxyProcess.start({
      namespaces: this.namespaces,
      namespace: this.namespace,
      program: this.program,
      files: join(this.folder, 'files'),
      folder: this.folder,
      port: this.nextPort++,
      ...options,
    });
    this.proxies.push(proxy);
    return proxy;
  }

  /** A connection from an agent's address. */
  async connect(port: number, from: string = AGENTS.lab, host: string = PROXY): Promise<Socket> {
    const id = this.nextId++;
    const { message, socket } = await new Promise<{ message: unknown; socket?: Socket }>((resolve) => {
      this.answers.set(id, resolve);
      this.broker.send({ id, host, port, from });
    });
    if (!socket) throw new Error(`no connection from ${from}: ${(message as SocketAnswer).error}`);
    socket.on('error', () => undefined);
    return socket;
  }

  /** A program of the lab, inside of it. */
  spawn(program: string, args: readonly string[]): ChildProcess {
    return inside(this.namespaces, this.namespace, program, args);
  }

  seen(): Promise<Seen> {
    return this.ask<Seen>('seen');
  }

  counts(): Promise<Counts> {
    return this.ask<Counts>('counts');
  }

  async forget(): Promise<void> {
    await this.ask('forget');
  }

  private ask<Answer>(ask: UpstreamCall['ask']): Promise<Answer> {
    const id = this.nextId++;
    return new Promise((resolve) => {
      this.answers.set(id, ({ message }) => resolve((message as { answer: Answer }).answer));
      this.upstream.send({ id, ask });
    });
  }

  setCallers(callers: CallersFile): void {
    this.replace('callers.json', JSON.stringify(callers));
  }

  setPolicy(document: PolicyDocument): void {
    this.replace(`policies/${document.profile}.json`, JSON.stringify(document));
  }

  /** As an editor and Kubernetes do: never half a file. */
  replace(name: string, text: string): void {
    const path = join(this.folder, 'files', name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  /** Runs a program to its end in the namespace; kills it after `milliseconds`. */
  run(
    command: string,
    args: readonly string[],
    options: { env?: Readonly<Record<string, string>>; cwd?: string; milliseconds?: number } = {},
  ): Promise<Ran> {
    const begun = Date.now();
    const env = { PATH: process.env.PATH, HOME: this.folder, LANG: 'C.UTF-8', ...options.env };
    const child = this.namespaces.spawn(this.namespace, command, args, { env, cwd: options.cwd ?? this.folder });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8');
      });
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), options.milliseconds ?? 20_000);
    return new Promise((resolve) => {
      child.once('close', (status) => {
        clearTimeout(timer);
        resolve({ status, output, milliseconds: Date.now() - begun });
      });
    });
  }

  /** Where a platform's secret, or one of the agent's own, turned up that it must not. */
  async leaks(): Promise<string[]> {
    const { requests, trapped } = await this.seen();
    const leaks = trapped.map(
      ({ address, port, bytes }) => `the trap at ${address}:${port} got ${JSON.stringify(bytes)}`,
    );
    for (const { serverName = '', url, headers, body, method } of requests) {
      const text = [url, ...headers, body].join('\n');
      for (const { value, hosts } of CANARIES) {
        if (text.includes(value) && !hosts.includes(serverName))
          leaks.push(`${serverName} got ${value}: ${method} ${url}`);
      }
    }
    for (const proxy of this.proxies) {
      for (const [where, text] of Object.entries({ log: proxy.output, errors: proxy.complaints })) {
        const found = CANARIES.filter(({ value }) => spellings(value).some((spelling) => text.includes(spelling)));
        leaks.push(...found.map(({ value }) => `the ${where} of the proxy at ${proxy.port} has ${value}`));
      }
    }
    return leaks;
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await Promise.all([this.broker, this.upstream].map((child) => stop(child, 1_000)));
    this.namespaces.closeNow();
    rmSync(join(ETC, this.namespace), { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function inside(namespaces: Namespaces, namespace: string, program: string, args: readonly string[]): ChildProcess {
  return namespaces.spawn(namespace, process.execPath, ['--import', 'tsx', join(__dirname, program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    cwd: ROOT,
  });
}

/** As scripts/build.ts makes it, of the sources as they are now: what lies in assets/ may be older. */
function bundle(folder: string): string {
  const outfile = join(folder, 'main.js');
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['images/egress/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'error',
  });
  return outfile;
}

/** In which a log could hold a value. */
function spellings(value: string): string[] {
  const inJson = JSON.stringify(value).slice(1, -1);
  return [value, inJson, encodeURIComponent(value), Buffer.from(value).toString('base64').slice(0, -4)];
}

/** Of namespaces that are gone. */
function removeLeftFolders(): void {
  if (!existsSync(ETC)) return;
  for (const name of readdirSync(ETC)) {
    const pid = /^cap-(\d+)-egress/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(ETC, name), { recursive: true, force: true });
  }
}
