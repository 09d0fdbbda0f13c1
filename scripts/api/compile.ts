import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api, ApiType, Constant } from './assembly';

const ROOT = join(__dirname, '..', '..');

export type Compiled =
  | { readonly kind: 'api'; readonly api: Api }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/**
 * What jsii makes of a public API. jsii is the judge here and not the compiler: it needs TypeScript 6 and a package.json
 * of its own form, so it works on a copy.
 *
 * @param parts folders to copy, and `entry`, the text of the file that exports everything
 */
export async function compileApi(source: string, parts: readonly string[], entry: string): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), 'agents-api-'));
  try {
    for (const part of parts) cpSync(join(source, part), join(folder, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'api.ts'), entry);
    writeFileSync(join(folder, 'README.md'), 'jsii wants one');
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest()));
    const output = await jsii(folder);
    const problems = output.split('\n').filter((line) => /(error|warning) JSII\d+|error TS\d+/.test(line));
    if (problems.length > 0) return { kind: 'refused', problems };
    if (!existsSync(join(folder, '.jsii'))) return { kind: 'refused', problems: [output] };
    return { kind: 'api', api: apiOf(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function manifest() {
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const peers = ['aws-cdk-lib', 'constructs'].map((peer): [string, string] => [peer, own.peerDependencies[peer]]);
  return {
    name: own.name,
    version: own.version,
    description: own.description,
    license: own.license,
    // jsii wants both and prints them nowhere that we look at.
    author: { name: 'maintainers' },
    repository: { type: 'git', url: 'https://example.com/unknown.git' },
    main: 'dist/api.js',
    types: 'dist/api.d.ts',
    stability: 'experimental',
    jsii: { outdir: 'out', targets: {}, versionFormat: 'short', tsc: { outDir: 'dist', rootDir: '.' } },
    peerDependencies: Object.fromEntries(peers),
    // jsii wants the oldest one users may have. test/checks/package.test.ts has our own rule about what is installed.
    devDependencies: Object.fromEntries(peers.map(([peer, range]) => [peer, range.replace('^', '')])),
    dependencies: own.dependencies,
    bundledDependencies: Object.keys(own.dependencies),
  };
}

function jsii(folder: string): Promise<string> {
  const program = join(ROOT, 'node_modules', 'jsii', 'bin', 'jsii');
  // Names reserved in C# and Java are allowed, as aws-cdk-lib does: it has `namespace` itself.
  const options = ['--silence-warnings=reserved-word', '--fail-on-warnings'];
  return new Promise((resolve) => {
    execFile(process.execPath, [program, folder, ...options], { cwd: folder, maxBuffer: 64 << 20 }, (_, out, err) =>
      resolve(`${out}\n${err}`),
    );
  });
}

/** jsii ignores what has no form in other languages, silently; so what was exported is counted from the declarations. */
function apiOf(folder: string): Api {
  const assembly = JSON.parse(readFileSync(join(folder, '.jsii'), 'utf8')) as { types?: Record<string, ApiType> };
  const types = Object.values(assembly.types ?? {});
  const dist = join(folder, 'dist');
  const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.d.ts'),
  );
  const constants = declarations.flatMap((file) => constantsIn(readFileSync(join(dist, file), 'utf8'), file));
  const exported = declarations
    .filter((file) => /(^|\/)(index|api)\.d\.ts$/.test(file) && !file.startsWith('core/'))
    .flatMap((file) => exportsOf(readFileSync(join(dist, file), 'utf8')));
  const known = new Set([...types, ...constants].map(({ name }) => name));
  return {
    types,
    constants: constants.filter(({ name }) => exported.includes(name)),
    unseen: [...new Set(exported)].filter((name) => !known.has(name)).sort(),
  };
}

function exportsOf(text: string): string[] {
  const listed = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(',').map(
      (name) =>
        name
          .replace(/^\s*type /, '')
          .trim()
          .split(/ as /)
          .pop() ?? '',
    ),
  );
  const declared = [...text.matchAll(/\bexport (?:declare )?(?:const|function|type) (\w+)/g)].map(
    ([, name = '']) => name,
  );
  return [...listed, ...declared].filter((name) => name !== '');
}

function constantsIn(text: string, file: string): Constant[] {
  return [
    ...text.matchAll(
      /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?export declare const (\w+)((?::| =)[^;{]*(?:\{[^}]*\})?;)/g,
    ),
  ].map(([, doc = '', name = '', type = '']) => ({
    name,
    declaration: `${name}${type
      .replace(/\/\*\*[\s\S]*?\*\//g, '')
      .replace(/\s+/g, ' ')
      .replace(/;$/, '')}`,
    doc: doc
      .split('\n')
      .map((line) => line.replace(/^\s*\*? ?/, '').trim())
      .join(' ')
      .trim(),
    filename: file.replace(/\.d\.ts$/, '.ts'),
  }));
}
