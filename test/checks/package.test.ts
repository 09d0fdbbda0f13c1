import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly main?: string;
  readonly types?: string;
  readonly bin?: Record<string, string>;
  readonly exports?: Record<string, string | Record<string, string>>;
  readonly files?: string[];
  readonly engines?: { readonly node: string };
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const installed = (name: string): Manifest => manifestOf(join(ROOT, 'node_modules', name));
const own = manifestOf(ROOT);

type Version = readonly [major: number, minor: number, patch: number];

/** Versions a range admits, from the first to before the second. Only the forms we write: exact, ~ and ^. */
function admits(range: string): { from: Version; before: Version } {
  const [, sign, ...numbers] = /^([~^]?)(\d+)\.(\d+)\.(\d+)$/.exec(range) ?? [];
  const [major = 0, minor = 0, patch = 0] = numbers.map(Number);
  if (sign === undefined || major === 0) throw new Error(`"${range}" is not a version from 1.0.0 on, ~ or ^ of one`);
  const before: Record<string, Version> = {
    '': [major, minor, patch + 1],
    '~': [major, minor + 1, 0],
    '^': [major + 1, 0, 0],
  };
  return { from: [major, minor, patch], before: before[sign] ?? [0, 0, 0] };
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function satisfies(version: string, range: string): boolean {
  const { from, before } = admits(range);
  const exact = admits(version).from;
  return compare(from, exact) <= 0 && compare(exact, before) < 0;
}

/** What whoever installs the package gets with it: its dependencies and theirs. */
function shipped(names: readonly string[], seen = new Set<string>()): string[] {
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    shipped(Object.keys(installed(name).dependencies ?? {}), seen);
  }
  return [...seen].sort();
}

/** Sources that a packed file is made of, or the file itself. */
function sourcesOf(file: string): string[] {
  const [, module] = /^dist\/(.*?)(?:\.d)?\.[jt]s$/.exec(file) ?? [];
  if (module !== undefined) return [`${module}.ts`];
  const [, bundle] = /^assets\/cli\/(.*)\.js$/.exec(file) ?? [];
  if (bundle !== undefined) return [`bin/${bundle}.ts`];
  if (!file.includes('*')) return [file];
  const [before = '', after = ''] = file.split('*');
  return readdirSync(join(ROOT, before))
    .filter((name) => name.endsWith(after))
    .map((name) => join(before, name));
}

describe('W2 versions', () => {
  it.each([
    ['1.2.3', '1.2.3', true],
    ['1.2.4', '1.2.3', false],
    ['1.2.9', '~1.2.3', true],
    ['1.3.0', '~1.2.3', false],
    ['1.9.0', '^1.2.3', true],
    ['1.2.2', '^1.2.3', false],
    ['2.0.0', '^1.2.3', false],
  ])('W2 the comparison here: %s in %s is %s', (version, range, yes) => {
    expect(satisfies(version, range)).toBe(yes);
  });

  it.each(['*', '>=2', 'latest', '2.x', '^0.1.0', '1.2.3 || 3.0.0'])('W2 the comparison here refuses %s', (range) => {
    expect(() => admits(range)).toThrow();
  });

  it('W2 the CDK CLI stays below 3: "3.0.0" is an accidental publish, tagged latest, that reads no current assembly', () => {
    const range = own.devDependencies?.['aws-cdk'] ?? '*';
    expect(satisfies('3.0.0', range)).toBe(false);
    expect(admits(range).before[0]).toBe(2);
    expect(satisfies(installed('aws-cdk').version, range)).toBe(true);
  });

  it.each(['aws-cdk-lib', 'cdk-nag'])(
    'W2 %s is developed against exactly the oldest version users may have',
    (name) => {
      const [dev = '', peer = ''] = [own.devDependencies?.[name], own.peerDependencies?.[name]];
      expect(peer).toBe(`^${dev}`);
      expect(admits(dev).before).toEqual([...admits(peer).from.slice(0, 2), admits(peer).from[2] + 1]);
      expect(installed(name).version).toBe(dev);
    },
  );

  it('W2 constructs: what we develop with satisfies the range of users, and so do the ranges of what we build on', () => {
    const [dev = '', peer = ''] = [own.devDependencies?.constructs, own.peerDependencies?.constructs];
    expect(satisfies(dev, peer)).toBe(true);
    expect(installed('constructs').version).toBe(dev);
    for (const name of ['aws-cdk-lib', 'cdk-nag']) {
      expect(satisfies(dev, installed(name).peerDependencies?.constructs ?? '*')).toBe(true);
    }
  });

  it('W2 every peer is installed for development, so that what is tested is what is promised', () => {
    expect(Object.keys(own.devDependencies ?? {})).toEqual(
      expect.arrayContaining(Object.keys(own.peerDependencies ?? {})),
    );
  });
});

describe('W2 what is shipped', () => {
  const runtime = shipped(Object.keys(own.dependencies ?? {}));

  it.each(runtime)('W2 %s may be passed on', (name) => {
    expect(['MIT', 'Apache-2.0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause']).toContain(installed(name).license);
  });

  it('W2 few packages come with it, and neither CDK nor SDK among them', () => {
    expect(runtime.length).toBeLessThanOrEqual(10);
    expect(runtime.filter((name) => /^(aws-cdk|constructs|cdk-nag|@aws)/.test(name))).toEqual([]);
  });

  const targets = [
    ['main', own.main ?? ''],
    ['types', own.types ?? ''],
    ...Object.entries(own.bin ?? {}),
    ...Object.entries(own.exports ?? {}).flatMap(([path, target]) =>
      (typeof target === 'string' ? [target] : Object.values(target)).map((file) => [path, file]),
    ),
  ].map(([name = '', file = '']): [string, string] => [name, file.replace(/^\.\//, '')]);

  it.each(targets)('W2 %s leads to %s, which is packed and has a source', (_name, file) => {
    const packed = own.files?.some((entry) => file === entry || file.startsWith(`${entry}/`));
    expect(file === 'package.json' || packed).toBe(true);
    expect(sourcesOf(file).filter((source) => existsSync(join(ROOT, source)))).not.toEqual([]);
  });

  it('W2 every public folder of lib has its export', () => {
    const folders = readdirSync(join(ROOT, 'lib'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, 'lib', entry.name, 'index.ts')))
      .map((entry) => `./${entry.name}`);
    expect(Object.keys(own.exports ?? {})).toEqual(expect.arrayContaining(['.', ...folders]));
  });

  it('W2 sources, tests and the app stay out of the package', () => {
    expect(own.files).toEqual(['dist', 'assets', 'core/schema', 'LICENSE', 'README.md']);
    for (const file of ['LICENSE', 'README.md']) expect(existsSync(join(ROOT, file))).toBe(true);
  });
});

describe('W2 the build', () => {
  const run = promisify(execFile);
  const folder = mkdtempSync(join(tmpdir(), 'agents-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The sources at another place, which the build may write to; others read assets/ of this one meanwhile. */
  function copy(from: string, name: string): string {
    const to = join(folder, name);
    for (const part of [
      'bin',
      'cli',
      'core',
      'images',
      'lambda',
      'lib',
      'runtime',
      'scripts',
      'package.json',
      'tsconfig.json',
    ]) {
      if (existsSync(join(from, part))) cpSync(join(from, part), join(to, part), { recursive: true });
    }
    // What is bundled is copied, since esbuild follows links; the tools are linked.
    const bundled = shipped(Object.keys(own.dependencies ?? {}));
    mkdirSync(join(to, 'node_modules'));
    for (const name of bundled)
      cpSync(join(ROOT, 'node_modules', name), join(to, 'node_modules', name), { recursive: true });
    for (const name of readdirSync(join(ROOT, 'node_modules')).filter((entry) => !bundled.includes(entry))) {
      symlinkSync(join(ROOT, 'node_modules', name), join(to, 'node_modules', name));
    }
    return to;
  }

  /** Exit code and what was said to stderr. */
  function build(at: string, ...args: string[]): Promise<[code: number, said: string]> {
    const tsx = join(ROOT, 'node_modules', '.bin', 'tsx');
    return run(process.execPath, [tsx, 'scripts/build.ts', ...args], { cwd: at }).then(
      ({ stderr }) => [0, stderr],
      ({ code, stderr }) => [code, stderr],
    );
  }

  /** Files under a folder with the hashes of their bytes. */
  function hashes(at: string): Record<string, string> {
    return Object.fromEntries(
      readdirSync(at, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((file) => [file.slice(at.length + 1), createHash('sha256').update(readFileSync(file)).digest('hex')]),
    );
  }

  const near = copy(ROOT, 'near');
  const far = copy(near, 'far/away/below');

  it('W2 core/schema is what the sources say, and --check writes nothing', async () => {
    const before = hashes(join(near, 'core/schema'));
    expect(await build(near, '--check')).toEqual([0, '']);
    expect(hashes(join(near, 'core/schema'))).toEqual(before);
    expect(existsSync(join(near, 'assets'))).toBe(false);
  }, 30_000);

  it('W2 --check fails on a schema that was edited or is missing, names it, and the build mends it', async () => {
    const edited = join(far, 'core/schema/record.json');
    const before = hashes(join(far, 'core/schema'));
    writeFileSync(edited, readFileSync(edited, 'utf8').replace('"type"', '"typo"'));
    rmSync(join(far, 'core/schema/policy.json'));
    const [code, said] = await build(far, '--check');
    expect(code).toBe(1);
    expect(said.trim().split('\n').sort()).toEqual([
      expect.stringContaining('core/schema/policy.json is not what the sources say; run "npm run build"'),
      expect.stringContaining('core/schema/record.json is not what the sources say; run "npm run build"'),
    ]);
    expect(await build(far)).toEqual([0, '']);
    expect(hashes(join(far, 'core/schema'))).toEqual(before);
  }, 30_000);

  it.each(['egress/index.js', 'network/index.js'])('W2 the function %s is small enough to start quickly', (file) => {
    expect(statSync(join(ROOT, 'assets', file)).size).toBeLessThan(150 * 1024);
  });

  it('W2 the same sources give the same bytes, wherever they lie, and no path of the machine is in them', async () => {
    expect(await build(near)).toEqual([0, '']);
    if (!existsSync(join(far, 'assets'))) expect(await build(far)).toEqual([0, '']);
    const built = hashes(join(near, 'assets'));
    expect(built).toEqual(hashes(join(far, 'assets')));
    expect(Object.keys(built)).toEqual(
      expect.arrayContaining([
        'cli/agentctl.js',
        'egress/index.js',
        'images/egress/Dockerfile',
        'images/egress/main.js',
        'network/index.js',
      ]),
    );
    const told = Object.keys(built).flatMap((file) => {
      // An image's program names its modules as every checkout has them, for stack traces: by nothing above the root.
      const modules = file.startsWith('images/') ? '../node_modules/' : 'node_modules/';
      const places = [folder, ROOT, homedir(), modules];
      const text = readFileSync(join(near, 'assets', file), 'utf8');
      return places.filter((place) => place.length > 1 && text.includes(place)).map((place) => `${file}: ${place}`);
    });
    expect(told).toEqual([]);
  }, 30_000);
});
