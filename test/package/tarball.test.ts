import { readdirSync, readFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { INSTALLED, ROOT } from './installed';

/** Paths in the package, as npm unpacked it. */
const files = (): string[] =>
  readdirSync(INSTALLED, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(INSTALLED.length + 1))
    .sort();

const text = (file: string): string => readFileSync(join(INSTALLED, file), 'utf8');

/** Everything that may be in the package. A file of another form is a decision that somebody has to make here. */
const MAY = [
  /^(package\.json|LICENSE|README\.md)$/,
  /^dist\/(lib|core)\/[a-z0-9/-]+\.(js|d\.ts)$/,
  /^assets\/[a-z-]+\/[a-z-]+\.js(\.LEGAL\.txt)?$/,
  /^assets\/images\/[a-z-]+\/(Dockerfile|main\.js(\.LEGAL\.txt)?)$/,
  /^assets\/images\/session\/(launch\.sh|volumes\/(session|workspace\/home)\/\.keep)$/,
  /^core\/schema\/[a-z-]+\.json$/,
];

const SECRETS: readonly (readonly [string, RegExp])[] = [
  ['AWS access key', /\b(AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['GitHub token', /\bgh[pousr]_[A-Za-z0-9]{36}/],
  ['npm token', /\bnpm_[A-Za-z0-9]{36}/],
  ['Anthropic key', /\bsk-ant-[A-Za-z0-9-]{20}/],
  ['JWT', /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}/],
];

function secretsIn(content: string): string[] {
  return SECRETS.filter(([, form]) => form.test(content)).map(([name]) => name);
}

describe('W2 the tarball', () => {
  it('W2 holds what `files` says and nothing of the tests, examples, app or sources', () => {
    expect(files().filter((file) => !MAY.some((form) => form.test(file)))).toEqual([]);
    expect(files()).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'assets/cli/agentctl.js', 'assets/network/index.js']),
    );
  });

  it('W2 has every file that its package.json leads to', () => {
    const { main, types, bin, exports } = JSON.parse(text('package.json'));
    const targets = [
      main,
      types,
      ...Object.values(bin),
      ...Object.values(exports).flatMap((to) => Object.values(to as object)),
    ]
      .filter((target): target is string => typeof target === 'string' && target.length > 1)
      .map((target) => target.replace(/^\.\//, ''));
    expect(targets.filter((target) => !files().includes(target))).toEqual([]);
  });

  it('W2 each module has its declarations, and each declaration its module', () => {
    const dist = files().filter((file) => file.startsWith('dist/'));
    const modules = dist.filter((file) => file.endsWith('.js')).map((file) => file.replace(/\.js$/, ''));
    const declared = dist.filter((file) => file.endsWith('.d.ts')).map((file) => file.replace(/\.d\.ts$/, ''));
    expect(modules).toEqual(declared);
  });

  it('W2 no path of this machine, no name of its user', () => {
    const { username } = userInfo();
    // One called "root" or "node" would be found in every second file.
    const person = username.length > 4 && !['runner', 'ubuntu'].includes(username) ? [`/${username}/`] : [];
    const places = [`${ROOT}/`, `${homedir()}/`, `${tmpdir()}/agents-`, 'file://', ...person];
    expect(
      files().flatMap((file) =>
        places.filter((place) => text(file).includes(place)).map((place) => `${file}: ${place}`),
      ),
    ).toEqual([]);
  });

  it('W2 no secret', () => {
    expect(files().flatMap((file) => secretsIn(text(file)).map((name) => `${file}: ${name}`))).toEqual([]);
  });

  it.each([
    ['AWS access key', `AKIA${'A'.repeat(16)}`],
    ['private key', '-----BEGIN EC PRIVATE KEY-----'],
    ['GitHub token', `ghp_${'a1'.repeat(18)}`],
    ['npm token', `npm_${'a1'.repeat(18)}`],
    ['Anthropic key', `sk-ant-${'a1'.repeat(18)}`],
    ['JWT', `eyJ${'a'.repeat(12)}.eyJ${'b'.repeat(12)}.c`],
  ])('W2 the search finds a planted %s', (name, planted) => {
    expect(secretsIn(`const key = '${planted}';`)).toEqual([name]);
  });

  it('W2 declarations name nothing internal', () => {
    const told = files().filter(
      (file) => file.startsWith('dist/lib/') && file.endsWith('.d.ts') && /@internal/.test(text(file)),
    );
    expect(told).toEqual([]);
  });
});
