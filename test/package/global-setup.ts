import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);

interface Entry {
  readonly version: string;
  readonly dev?: boolean;
  readonly bin?: object;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: object;
}

interface Lock {
  readonly packages: Readonly<Record<string, Entry>>;
}

/** Packs the sources and installs the tarball in a folder that has nothing else. installed.ts finds both. */
export = async function packAndInstall(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'agents-package-'));
  process.env.PACKED = folder;
  mkdirSync(join(folder, 'empty'));
  await pack(folder);
  await install(folder);
};

/**
 * From a copy without dist/ and assets/: what is packed was built now, and nobody who works in this checkout meets the
 * build, which deletes assets/ first.
 */
async function pack(folder: string): Promise<void> {
  const copy = join(folder, 'sources');
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT });
  for (const file of stdout.split('\0').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    mkdirSync(join(copy, file, '..'), { recursive: true });
    copyFileSync(join(ROOT, file), join(copy, file));
  }
  // What is bundled is copied, since esbuild follows links and would name this checkout; the tools are linked.
  const bundled = ['tldts', 'tldts-core', 'yaml', 'zod'];
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    const [from, to] = [join(ROOT, 'node_modules', name), join(copy, 'node_modules', name)];
    if (bundled.includes(name)) cpSync(from, to, { recursive: true });
    else symlinkSync(from, to);
  }
  await run('npm', ['pack', '--pack-destination', folder], { cwd: copy, maxBuffer: 64 << 20 });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  renameSync(join(folder, tarball), join(folder, 'cdk-agent-platform.tgz'));
}

/**
 * Only from npm's cache, which `npm ci` filled with the tarballs of the lock file and with nothing else: no lists of
 * versions, so npm can't choose any. Hence the consumer has a lock file too, with our entries for what it installs.
 */
async function install(folder: string): Promise<void> {
  const consumer = join(folder, 'consumer');
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Entry;
  const tools = ['aws-cdk-lib', 'constructs', 'typescript', '@types/node'];
  const root = {
    name: 'consumer',
    version: '0.0.0',
    dependencies: {
      'cdk-agent-platform': 'file:../cdk-agent-platform.tgz',
      ...Object.fromEntries(tools.map((name) => [name, lock.packages[`node_modules/${name}`]?.version ?? ''])),
    },
  };
  const { version, bin, dependencies, peerDependencies, peerDependenciesMeta } = own;
  const packed = { version, bin, dependencies, peerDependencies, peerDependenciesMeta };
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), JSON.stringify(root));
  writeFileSync(
    join(consumer, 'package-lock.json'),
    JSON.stringify({
      name: root.name,
      version: root.version,
      lockfileVersion: 3,
      packages: {
        '': root,
        'node_modules/cdk-agent-platform': { ...packed, resolved: 'file:../cdk-agent-platform.tgz' },
        ...entriesOf(lock, [...Object.keys(dependencies ?? {}), ...tools]),
      },
    }),
  );
  await run('npm', ['ci', '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: consumer,
    maxBuffer: 64 << 20,
  }).catch((error: Error) => {
    throw new Error(`${error.message}\nwhere npm's cache lacks a package: "npm ci" in the checkout fills it`);
  });
}

/** Entries of a lock file for packages, what lies below them, and what they need. */
function entriesOf(lock: Lock, names: readonly string[], found: Record<string, Entry> = {}): Record<string, Entry> {
  for (const name of names) {
    const path = `node_modules/${name}`;
    const entry = lock.packages[path];
    if (entry === undefined || path in found) continue;
    for (const [key, { dev: _, ...below }] of Object.entries(lock.packages)) {
      if (key === path || key.startsWith(`${path}/`)) found[key] = below;
    }
    entriesOf(lock, Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }), found);
  }
  return found;
}
