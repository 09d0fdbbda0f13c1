import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');
export const NAME = 'cdk-agent-platform';

/** Where test/package/global-setup.ts packed and installed. */
const PACKED = process.env.PACKED ?? '';
export const TARBALL = join(PACKED, `${NAME}.tgz`);
export const CONSUMER = join(PACKED, 'consumer');
/** The package as it lies in the consumer's node_modules. */
export const INSTALLED = join(CONSUMER, 'node_modules', NAME);

const GUARD = join(__dirname, 'fixtures', 'guard.js');
const UNSHARE = '/usr/bin/unshare';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program of the consumer as on a machine that has Node and nothing else: no other program is on the PATH, and
 * fixtures/guard.js makes starting one, or opening a connection, an error. Where the kernel permits (Linux, root or user
 * namespaces), it also has no network interface.
 */
export async function runAlone(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const node = [process.execPath, '--require', GUARD, ...args];
  const [program = '', ...rest] = (await hasNamespaces()) ? [UNSHARE, '--map-root-user', '--net', ...node] : node;
  return run(program, rest, { PATH: join(PACKED, 'empty'), HOME: join(PACKED, 'empty'), ...env });
}

export function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: CONSUMER, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr });
    });
  });
}

let namespaces: Promise<boolean> | undefined;

export function hasNamespaces(): Promise<boolean> {
  namespaces ??= existsSync(UNSHARE)
    ? run(UNSHARE, ['--map-root-user', '--net', process.execPath, '--version'], {}).then(({ code }) => code === 0)
    : Promise.resolve(false);
  return namespaces;
}
