import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** Where a file is, what it imports, and the rule's words where it may not. */
type Import = readonly [from: string, statement: string, refused?: string];

const imports = (specifier: string): string => `import { x } from '${specifier}';\nconsole.log(x);\n`;

const ONLY_CORE = 'core imports nothing of ours';
const PURE = 'core is pure';
const DOWN = 'imports point down';
const BARREL = "import the service's own module";
const CLI = 'the CLI ships without aws-cdk-lib';

const TABLE: readonly Import[] = [
  ...['lib', 'lambda', 'images', 'runtime', 'cli', 'bin'].flatMap((part): Import[] => [
    ['core/egress', imports(`../../${part}/part/x`), ONLY_CORE],
    ['core', imports(`../${part}`), ONLY_CORE],
  ]),
  ['core/egress', "export * from '../../lib/network';\n", ONLY_CORE],
  ['core/egress', "export const x = await import('../../lib/network');\n", ONLY_CORE],
  ['core/egress', "import type { X } from '../../lib/network';\nexport type Y = X;\n", ONLY_CORE],
  ...[
    'aws-cdk-lib',
    'aws-cdk-lib/aws-ecs',
    'constructs',
    'cdk-nag',
    '@aws-sdk/client-s3',
    'node:fs',
    'node:fs/promises',
    'node:net',
    'node:http',
    'node:https',
    'node:dns',
    'node:child_process',
  ].map((name): Import => ['core/egress', imports(name), PURE]),
  ['core/egress', imports('../network/cidr')],
  ['core/egress', imports('./host')],
  ['core/egress', imports('zod/mini')],
  ['core/egress', imports('node:crypto')],

  ...['lambda', 'images', 'runtime', 'cli', 'bin'].map(
    (part): Import => ['lib/network', imports(`../../${part}/x`), DOWN],
  ),
  ['lib', imports('../runtime'), DOWN],
  ['lib/network', imports('../../core/network/cidr')],
  ['lib/network', imports('../platform-key')],
  ['lib/network', imports('aws-cdk-lib/aws-ecs')],
  ['lib/network', imports('node:fs')],

  ...['lib', 'lambda', 'images', 'cli', 'bin'].map(
    (part): Import => ['runtime/proxy', imports(`../../${part}/x`), DOWN],
  ),
  ['runtime/proxy', imports('../../core/egress/host')],
  ['runtime/proxy', imports('@aws-sdk/client-s3')],

  ...['lib', 'images', 'cli', 'bin'].map((part): Import => ['lambda/network', imports(`../../${part}/x`), DOWN]),
  ['lambda/network', imports('../../runtime/x')],
  ['lambda/network', imports('../../core/egress/host')],

  ...['lib', 'lambda', 'cli', 'bin'].map((part): Import => ['images/proxy', imports(`../../${part}/x`), DOWN]),
  ['images/proxy', imports('../../runtime/x')],

  ...['lib', 'lambda', 'images', 'runtime', 'bin'].map((part): Import => ['cli', imports(`../${part}/x`), CLI]),
  ['cli', imports('aws-cdk-lib'), CLI],
  ['cli', imports('aws-cdk-lib/aws-ecs'), CLI],
  ['cli', imports('../core/egress/host')],
  ['cli', imports('node:fs')],

  ...['core/egress', 'lib/network', 'runtime/proxy', 'lambda/network', 'images/proxy', 'test', 'bin', 'examples/x'].map(
    (from): Import => [
      from,
      "import { aws_ecs } from 'aws-cdk-lib';\nconsole.log(aws_ecs);\n",
      from.startsWith('core') ? PURE : BARREL,
    ],
  ),
  ['lib/network', "import { Stack } from 'aws-cdk-lib';\nconsole.log(Stack);\n"],
  ['bin', imports('../lib')],
  ['test', imports('../lib')],
];

/** Lints the table in a folder of its own, each entry a file, and gives the rule's messages for each. */
function linted(): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'agents-'));
  try {
    copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    const files = TABLE.map(([from, statement], i) => {
      mkdirSync(join(folder, from), { recursive: true });
      writeFileSync(join(folder, from, `entry-${i}.ts`), statement);
      return join(from, `entry-${i}.ts`);
    });
    const biome = join(ROOT, 'node_modules', '.bin', 'biome');
    const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.'];
    const report = run(biome, args, folder);
    const { diagnostics } = JSON.parse(report) as {
      diagnostics: { category: string; message: string; location: { path: string } }[];
    };
    return files.map((file) =>
      diagnostics
        .filter(
          ({ category, location }) => category.endsWith('noRestrictedImports') && normalize(location.path) === file,
        )
        .map(({ message }) => message),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What it prints; findings are exit code 1 to it. */
function run(program: string, args: string[], cwd: string): string {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

describe('W2 the import rule', () => {
  const messages = linted();

  it.each(TABLE.map(([from, statement, refused], i) => ({ from, statement: statement.split('\n')[0], refused, i })))(
    'W2 in $from: $statement',
    ({ refused, i }) => {
      if (refused === undefined) expect(messages[i]).toEqual([]);
      else expect(messages[i]).toContainEqual(expect.stringContaining(refused));
    },
  );

  it('W2 names every barrel that is refused only while aws-cdk-lib has it', () => {
    const barrel = readFileSync(join(ROOT, 'node_modules', 'aws-cdk-lib', 'index.d.ts'), 'utf8');
    const named = [...readFileSync(join(ROOT, 'biome.json'), 'utf8').matchAll(/"(aws_\w+)"/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(0);
    expect([...new Set(named)].filter((name) => !barrel.includes(`export * as ${name} `))).toEqual([]);
  });
});

/** Specifiers of every import, export-from, dynamic import and require of a part's sources, with their file. */
function specifiers(part: string): [file: string, specifier: string][] {
  return readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(part, file))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return [...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*'([^']+)'/g)].map(
        ([, specifier = '']): [string, string] => [file, specifier],
      );
    });
}

/** The files of a part, and those of others that they load, directly or not. */
function loadedFrom(part: string): ReadonlySet<string> {
  const all = new Map<string, string[]>();
  for (const [file, specifier] of [...specifiers(part), ...specifiers('core')]) {
    all.set(file, [...(all.get(file) ?? []), specifier]);
  }
  const found = new Set<string>();
  const waiting = [...all.keys()].filter((file) => file.startsWith(`${part}/`));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const specifier of (all.get(file) ?? []).filter((own) => own.startsWith('.'))) {
      const path = normalize(join(dirname(file), specifier));
      waiting.push(`${path}.ts`, join(path, 'index.ts'));
    }
  }
  return found;
}

describe('W2 what the sources import', () => {
  it('W2 core: itself, four parsers, hashes and URLs. A list of what is open, since the linter can only name what is not', () => {
    const open = ['graphql/language', 'node:crypto', 'node:url', 'tldts', 'yaml', 'zod/mini'];
    const found = specifiers('core');
    expect(found.length).toBeGreaterThan(0);
    const strange = found.filter(([file, specifier]) =>
      specifier.startsWith('.')
        ? !normalize(join(dirname(file), specifier)).startsWith('core/')
        : !open.includes(specifier),
    );
    expect(strange).toEqual([]);
    expect(open.filter((name) => !found.some(([, specifier]) => specifier === name))).toEqual([]);
  });

  it('W2 what users install imports nothing that does not come with it or is a peer', () => {
    const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const there = Object.keys({ ...own.dependencies, ...own.peerDependencies });
    const loaded = loadedFrom('lib');
    expect([loaded.has('core/egress/document.ts'), loaded.has('core/egress/decide.ts')]).toEqual([true, false]);
    const missing = [...specifiers('lib'), ...specifiers('core')].filter(
      ([file, specifier]) =>
        // What of core only the images load is bundled into them, with what it needs.
        loaded.has(file) &&
        !/^(?:\.|node:)/.test(specifier) &&
        !there.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
    );
    expect(missing).toEqual([]);
  });

  it('W2 no part of aws-cdk-lib is imported whole', () => {
    const whole = [...specifiers('lib'), ...specifiers('bin')].filter(([file, specifier]) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return (
        specifier === 'aws-cdk-lib' &&
        /import (?:\w+|\* as \w+) from 'aws-cdk-lib'|\{[^}]*\baws_\w+[^}]*\} from 'aws-cdk-lib'/.test(text)
      );
    });
    expect(whole).toEqual([]);
  });
});
