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

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly dependencies?: object }>>;
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
 * Only from npm's cache, which `npm ci` filled with exactly the versions of the lock file; a range would ask for newer
 * ones that the cache knows by name only.
 */
async function install(folder: string): Promise<void> {
  const consumer = join(folder, 'consumer');
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const version = (name: string): string => lock.packages[`node_modules/${name}`]?.version ?? '';
  const closure = (names: readonly string[]): string[] =>
    names.flatMap((name) => [name, ...closure(Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {}))]);
  const direct = ['aws-cdk-lib', 'constructs', 'typescript', '@types/node'];
  const indirect = closure([...Object.keys(lock.packages['']?.dependencies ?? {}), '@types/node']).filter(
    (name) => !direct.includes(name),
  );
  mkdirSync(consumer);
  writeFileSync(
    join(consumer, 'package.json'),
    JSON.stringify({
      name: 'consumer',
      private: true,
      dependencies: {
        'cdk-agent-platform': 'file:../cdk-agent-platform.tgz',
        ...Object.fromEntries(direct.map((name) => [name, version(name)])),
      },
      overrides: Object.fromEntries(indirect.map((name) => [name, version(name)])),
    }),
  );
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: consumer,
    maxBuffer: 64 << 20,
  }).catch((error: Error) => {
    throw new Error(`${error.message}\nthe cache of npm lacks a package; fill it with "npm ci" and try again`);
  });
}
