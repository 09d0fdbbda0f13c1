import { type ChildProcess, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type CanaryVerdict, probesFor } from '../../../../core/session/canary';
import { PROXY } from '../../egress/lab/addresses';
import { CALLERS, SESSIONS } from '../../egress/lab/documents';
import { EgressLab } from '../../egress/lab/egress-lab';
import type { ProxyProcess } from '../../egress/lab/proxy-process';
import { configure, printed, stop } from '../../lab/namespaces';

const ROOT = join(__dirname, '..', '..', '..', '..');

export const ZONE = 'agents.internal';
export const TASK_ADDRESS = '10.1.0.20';
export const NEIGHBOUR = '10.1.0.10';
export const TASK_ARN = `arn:aws:ecs:eu-west-1:111122223333:task/sessions/${'0a'.repeat(16)}`;
export const OTHER_TASK_ARN = `arn:aws:ecs:eu-west-1:111122223333:task/sessions/${'0b'.repeat(16)}`;
export const TASK_TEXT = 'make the build green\n';
export const METADATA_URL = 'http://169.254.170.2/v4/of-the-test';
const SESSION = { ...SESSIONS.lab, sessionId: 's01jabcdefghjkmnpqrstvwxy90' };

/** A way that a test opens: one protocol, address and port. */
export interface Way {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

export interface TaskBinding {
  readonly taskArn: string;
  readonly state: 'STARTING' | 'RUNNING';
  readonly text: string;
  /** Milliseconds from now. */
  readonly lifetime: number;
}
const BOUND: TaskBinding = { taskArn: TASK_ARN, state: 'STARTING', text: TASK_TEXT, lifetime: 3_600_000 };

/**
 * The network of one task, as on Fargate: an interface of its own, the VPC's resolver and task metadata, and a default
 * route. Behind it lies the egress lab, where every address of the internet is and answers, the proxy among them; in
 * between stands a filter that lets through what the security group would. A test opens one way more.
 */
export class SessionLab {
  private constructor(
    readonly egress: EgressLab,
    readonly proxy: ProxyProcess,
    readonly namespace: string,
    private readonly servers: readonly [vpc: ChildProcess, answers: ChildProcess],
    private readonly canary: string,
  ) {}

  static async start(): Promise<SessionLab> {
    const egress = await EgressLab.start();
    try {
      return await SessionLab.behind(egress);
    } catch (error) {
      await egress.close();
      throw error;
    }
  }

  private static async behind(egress: EgressLab): Promise<SessionLab> {
    const { namespaces, folder } = egress;
    const namespace = namespaces.add('session');
    const [inner, outer] = ['task0', 'task1'];
    configure(namespace, [
      `link add ${inner} type veth peer name ${outer} netns ${egress.namespace}`,
      `addr add ${TASK_ADDRESS}/24 dev ${inner}`,
      'addr add 169.254.170.2/32 dev lo',
      'addr add 169.254.169.253/32 dev lo',
      `link set ${inner} up`,
      `route add default via ${PROXY}`,
    ]);
    configure(egress.namespace, [
      `link set ${outer} up`,
      `addr add ${PROXY}/32 dev ${outer}`,
      // The lab takes every address for its own; this one is the task's.
      `route add ${TASK_ADDRESS}/32 dev ${outer} table local`,
    ]);
    filter(egress.namespace, '-A', 'INPUT', '-i', outer, '-p', 'tcp', '-d', PROXY, '--dport', '3128', '-j', 'ACCEPT');
    filter(egress.namespace, '-A', 'INPUT', '-i', outer, '-j', 'DROP');

    const etc = join('/etc/netns', namespace);
    mkdirSync(etc, { recursive: true });
    writeFileSync(join(etc, 'resolv.conf'), 'nameserver 169.254.169.253\noptions timeout:2 attempts:1\n');
    writeFileSync(join(etc, 'hosts'), '127.0.0.1 localhost\n');
    const start = (where: string, program: string, ...args: string[]): ChildProcess =>
      namespaces.spawn(where, process.execPath, ['--import', 'tsx', join(__dirname, program), ...args], {
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
        cwd: ROOT,
      });
    const vpc = start(namespace, 'vpc.ts', ZONE, PROXY, TASK_ARN);
    await printed(vpc, 'ready');
    const asked = probesFor({}).flatMap((probe) =>
      probe.kind === 'udp' ? [[probe.says, probe.address, probe.port]] : [],
    );
    const answers = start(egress.namespace, 'answers.ts', JSON.stringify(asked));
    await printed(answers, 'ready');
    mkdirSync(join(folder, 'files', 'task-texts'), { recursive: true });
    const lab = new SessionLab(egress, await egress.startProxy(), namespace, [vpc, answers], bundleCanary(folder));
    lab.bind();
    return lab;
  }

  get folder(): string {
    return this.egress.folder;
  }

  /** What the proxy knows of the task's address. The proxy reads it within a second. */
  bind(binding: Partial<TaskBinding> = {}): void {
    const { taskArn, state, text, lifetime } = { ...BOUND, ...binding };
    const task = {
      ...{ taskArn, state, generation: 1, lifetimeEndsAt: new Date(Date.now() + lifetime).toISOString() },
      taskText: { sha256: createHash('sha256').update(text).digest('hex'), bytes: Buffer.byteLength(text) },
    };
    const own = { address: TASK_ADDRESS, subject: SESSION, task };
    this.egress.setCallers({ ...CALLERS, bindings: [...CALLERS.bindings, own] });
    writeFileSync(join(this.folder, 'files', 'task-texts', SESSION.sessionId), text);
  }

  unbind(): void {
    this.egress.setCallers(CALLERS);
  }

  /** An IPv6 address for the task and a route, as in a VPC that has them, with nothing in between. */
  async whileIpv6<T>(run: () => Promise<T>): Promise<T> {
    configure(this.egress.namespace, [
      'addr add fd00:1::1/64 dev task1 nodad',
      'route add fd00:1::20/128 dev task1 table local',
    ]);
    configure(this.namespace, ['addr add fd00:1::20/64 dev task0 nodad', 'route add default via fd00:1::1']);
    try {
      return await run();
    } finally {
      configure(this.namespace, ['route del default via fd00:1::1', 'addr del fd00:1::20/64 dev task0']);
      configure(this.egress.namespace, [
        'route del fd00:1::20/128 dev task1 table local',
        'addr del fd00:1::1/64 dev task1',
      ]);
    }
  }

  /** Runs something while one way more is open. */
  async whileOpen<T>({ protocol, address, port }: Way, run: () => Promise<T>): Promise<T> {
    const rule = ['INPUT', '-p', protocol, '-d', address, '--dport', String(port), '-j', 'ACCEPT'];
    filter(this.egress.namespace, '-I', ...rule);
    try {
      return await run();
    } finally {
      filter(this.egress.namespace, '-D', ...rule);
    }
  }

  async tellVpc(message: string): Promise<void> {
    const [vpc] = this.servers;
    const done = new Promise((resolve) => vpc.once('message', resolve));
    vpc.send(message);
    await done;
  }

  /** The canary alone, as session-init runs it. */
  async runCanary(options: { refusedHost?: string; env?: Record<string, string> } = {}): Promise<CanaryVerdict> {
    const { refusedHost = 'blocked.below.test', env = {} } = options;
    const order = {
      proxy: { host: `egress.${ZONE}`, port: this.proxy.port },
      authorities: this.egress.authority,
      self: { refusedHost, neighbour: NEIGHBOUR },
    };
    const child = this.egress.namespaces.spawn(this.namespace, process.execPath, [this.canary, JSON.stringify(order)], {
      env: { PATH: process.env.PATH, ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8');
      });
    }
    await new Promise((resolve) => child.once('close', resolve));
    try {
      return JSON.parse(output);
    } catch {
      throw new Error(`the canary said: ${output}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => stop(server, 1_000)));
    await this.egress.close();
    rmSync(join('/etc/netns', this.namespace), { recursive: true, force: true });
  }
}

function filter(namespace: string, ...args: string[]): void {
  execFileSync('ip', ['netns', 'exec', namespace, 'iptables-legacy', '-w', ...args], { stdio: 'pipe' });
}

function bundleCanary(folder: string): string {
  const outfile = join(folder, 'canary.js');
  buildSync({
    ...{ absWorkingDir: ROOT, entryPoints: ['test/system/session/lab/run-canary.ts'], outfile, bundle: true },
    ...{ platform: 'node', target: 'node24', format: 'cjs', logLevel: 'error' },
  });
  return outfile;
}
