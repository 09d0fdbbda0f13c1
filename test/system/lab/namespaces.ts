import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

const PREFIX = 'cap';

/** Network namespaces and the processes in them, all gone after {@link close}, also when this process is interrupted. */
export class Namespaces {
  private readonly names: string[] = [];
  private readonly children = new Set<ChildProcess>();

  constructor() {
    process.once('exit', () => this.closeNow());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) {
      // 'disconnect': the test that started us has died, however it died.
      process.once(signal, () => process.exit(1));
    }
  }

  /** A namespace with loopback. Its name has our process id, so that {@link removeLeftNamespaces} knows whose it is. */
  add(role: string): string {
    const name = `${PREFIX}-${process.pid}-${role}`;
    ip(['netns', 'add', name]);
    this.names.push(name);
    ip(['-n', name, 'link', 'set', 'lo', 'up']);
    return name;
  }

  /** Starts a program in a namespace. The kernel kills it when this process dies. */
  spawn(namespace: string, command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, 'setpriv', '--pdeathsig', 'KILL', command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  /** Runs to the end; throws with what was printed where it fails. */
  run(namespace: string, command: string, ...args: string[]): string {
    return execFileSync('ip', ['netns', 'exec', namespace, command, ...args], { encoding: 'utf8', timeout: 10_000 });
  }

  closeNow(): void {
    for (const child of this.children) child.kill('SIGKILL');
    this.children.clear();
    for (const name of this.names.splice(0)) ip(['netns', 'del', name]);
  }
}

/** Runs several `ip` commands in a namespace at once. */
export function configure(namespace: string, commands: readonly string[]): void {
  execFileSync('ip', ['-n', namespace, '-batch', '-'], { input: `${commands.join('\n')}\n`, timeout: 10_000 });
}

function ip(args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', timeout: 10_000 });
}

/** Removes namespaces of runs whose process is gone: a SIGKILL leaves them. */
export function removeLeftNamespaces(): void {
  for (const line of ip(['netns', 'list']).split('\n')) {
    const [, name, pid] = /^(cap-(\d+)-\w+)/.exec(line) ?? [];
    if (name !== undefined && !existsSync(`/proc/${pid}`)) ip(['netns', 'del', name]);
  }
}

/** Resolves when the child prints the text on either output; rejects with all it printed when it ends or time is up. */
export function printed(child: ChildProcess, text: string, milliseconds = 15_000): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string) => reject(new Error(`${child.spawnargs.join(' ')}: ${why}\n${output}`));
    const timer = setTimeout(() => fail(`did not print "${text}" in ${milliseconds} ms`), milliseconds);
    const read = (chunk: Buffer) => {
      output += chunk.toString('latin1');
      if (!output.includes(text)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}

/** Ends a child that we started: asks first, insists after a while. Resolves with all of what it still had to say. */
export function stop(child: ChildProcess, milliseconds = 10_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Polls a condition. */
export async function until(what: string, condition: () => boolean, milliseconds = 10_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`${what}: not in ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
