import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { run } from './cli/run';
import { ASSEMBLIES } from './templates';

const ROOT = join(__dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
/** Not in a clone, or made from it. */
const NOT_CLONED = ['node_modules', '.git', '.jest', 'cdk.out', 'dist', 'assets', 'coverage'];
/** What the README's own commands leave in a clone. */
const NEWCOMERS = ['my-platform.yaml', 'agent-image'];

/** Commands of the README, in its order, with what a newcomer should see. */
const RUN: Readonly<Record<string, { readonly says: RegExp; readonly exitCode?: number }>> = {
  'npm run synth': { says: /^idle .*, tier standard,.*\n[\s\S]*^next /m },
  'npx tsx bin/agentctl.ts init --file my-platform.yaml': { says: /my-platform\.yaml written/ },
  'cp -r examples/coding-agents/image agent-image': { says: /^$/ },
  'npx tsx bin/agentctl.ts validate my-platform.yaml': { says: /^agents: 1 profile \(coding\), nothing wrong/m },
  'PLATFORM_YAML=my-platform.yaml npm run synth': { says: /^stacks .*agents-network \d+.*\n[\s\S]*^profile coding$/m },
  'npx tsx bin/agentctl.ts summary': { says: /^stacks .*agents-network \d+.*\n[\s\S]*^profile coding$/m },
  'npx tsx bin/agentctl.ts leftovers': { says: /stay in the account[\s\S]*can't be removed until/, exitCode: 1 },
};

/** Commands of the README that no test can run, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci': 'installs what this test runs on',
  'npm test': 'runs this test',
  'npx cdk bootstrap aws://111122223333/eu-west-1': 'needs an AWS account',
  'npm run deploy': 'needs an AWS account; what it selects is checked below',
  'npm run destroy': 'needs an AWS account; what it selects is checked below',
};

const COMMANDS = blocks(README, 'sh').flatMap((block) => block.split('\n').flatMap((line) => line.split(' && ')));

function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)\n```$/gm)].flatMap(([, name, body]) =>
    name === language && body !== undefined ? [body] : [],
  );
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (NOT_CLONED.includes(entry.name)) return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path, ending) : path.endsWith(ending) ? [path] : [];
    })
    .sort();
}

const PAGES = filesBelow(ROOT, '.md').map((path) => ({
  name: relative(ROOT, path),
  folder: dirname(path),
  text: readFileSync(path, 'utf8'),
}));

describe('W1 a newcomer types the commands of the README into a clone', () => {
  let clone: string;
  beforeAll(() => {
    clone = mkdtempSync(join(tmpdir(), 'readme-'));
    cpSync(ROOT, clone, { recursive: true, filter: (path) => ![...NOT_CLONED, ...NEWCOMERS].includes(basename(path)) });
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  });
  afterAll(() => {
    rmSync(clone, { recursive: true, force: true });
  });

  const sh = (command: string) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
      cwd: clone,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, stdout, stderr };
  };

  it('each is run below, or is one that no test can run, with a reason', () => {
    expect([...new Set(COMMANDS)].sort()).toEqual([...Object.keys(RUN), ...Object.keys(NOT_RUN)].sort());
  });

  it.each([...new Set(COMMANDS)].filter((command) => command in RUN))(
    '%s',
    (command) => {
      const { status, stdout, stderr } = sh(command);
      expect({ status, stderr: status === (RUN[command]?.exitCode ?? 0) ? '' : stderr }).toEqual({
        status: RUN[command]?.exitCode ?? 0,
        stderr: '',
      });
      expect(stdout).toMatch(RUN[command]?.says ?? /^/);
    },
    120_000,
  );

  it('npm run deploy and npm run destroy select every stack, which live in a stage', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const selected = ['deploy', 'destroy'].map((script) => /cdk \w+ ([^&]+)$/.exec(scripts[script])?.[1]);
    expect(selected).toEqual([selected[0], selected[0]]);
    const { stdout } = sh(`npx cdk list --app cdk.out ${selected[0]}`);
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^agents\/network /),
      expect.stringMatching(/^agents\/sessions /),
      expect.stringMatching(/^agents\/egress /),
      expect.stringMatching(/^agents\/lifecycle /),
      expect.stringMatching(/^agents\/access /),
      expect.stringMatching(/^agents\/endpoints /),
    ]);
  }, 60_000);
});

describe('W7 what pages say in numbers is what agentctl summary prints', () => {
  const TIERS = ['lean', 'standard', 'maximum'];
  const printed = async (tier: string): Promise<string | undefined> => {
    const { out } = await run('summary', join(ASSEMBLIES, tier));
    return new RegExp(`^idle +(\\$[0-9.]+) a month, tier ${tier},`, 'm').exec(out)?.[1];
  };

  it.each(['README.md', 'docs/cost.md'])('%s: the idle cost of each tier', async (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    for (const tier of TIERS) {
      const quoted = new RegExp(`^\\| \`?${tier}\`? \\| (\\$[0-9.]+) \\|`, 'm').exec(text)?.[1];
      expect({ page, tier, quoted }).toEqual({ page, tier, quoted: await printed(tier) });
    }
  });

  it.each(['README.md', 'docs/cost.md'])('%s has no other amount of money', async (page) => {
    const amounts = readFileSync(join(ROOT, page), 'utf8').match(/\$\d[\d.]*/g) ?? [];
    expect(new Set(amounts)).toEqual(new Set(await Promise.all(TIERS.map(printed))));
  });
});

describe('W2 snippets of TypeScript', () => {
  const sources = filesBelow(join(ROOT, 'examples'), '.ts').map((path) => readFileSync(path, 'utf8'));

  it('there are some', () => expect(blocks(README, 'ts').length).toBeGreaterThan(0));

  it.each(blocks(README, 'ts'))('stand in an example that is synthesized: %s', (snippet) => {
    expect(sources.some((source) => source.includes(snippet))).toBe(true);
  });
});

/** GitHub's anchor of a heading. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Named in pages as something that is still to come. */
const PLANNED = ['test/system'];

describe.each(PAGES)('W1 $name', ({ folder, text }) => {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');

  it('links to what is there', () => {
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = targets.filter((target) => {
      if (/^(https?|mailto):/.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? undefined : join(folder, file);
      if (path !== undefined && !existsSync(path)) return true;
      return anchor !== undefined && !anchors(path === undefined ? text : readFileSync(path, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names files and folders of the repository that are there', () => {
    const named = [...prose.matchAll(/`((?:bin|cli|core|docs|examples|lambda|lib|runtime|scripts|test)\/[^`\s]*)`/g)];
    const missing = named
      .map(([, path = '']) => path)
      .filter((path) => !/NNNN|NAME/.test(path) && !PLANNED.includes(path))
      .filter((path) => !existsSync(join(ROOT, path.replace(/\*.*$/, ''))));
    expect(missing).toEqual([]);
  });
});

describe('W3 docs/platform-yaml.md', () => {
  const page = readFileSync(join(ROOT, 'docs/platform-yaml.md'), 'utf8');
  const words = new Set(
    [...page.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.match(/[A-Za-z0-9-]+/g) ?? []),
  );
  const schema: unknown = JSON.parse(readFileSync(join(ROOT, 'core/schema/platform.json'), 'utf8'));

  it('explains every key of the schema', () => {
    const keys = collect(schema, ({ properties }) => Object.keys((properties ?? {}) as object));
    expect([...keys].filter((key) => !words.has(key))).toEqual([]);
  });

  it('names every preset, tier and kind of grant', () => {
    const values = collect(schema, (node) => [...((node.enum ?? []) as unknown[]), node.const].filter(isText));
    expect(['npm', 'maximum', 'github-app'].filter((value) => !values.has(value))).toEqual([]);
    const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'query', 'mutation', 'subscription'];
    expect([...values].filter((value) => !words.has(value) && !methods.includes(value))).toEqual([]);
  });
});

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** What `read` finds in every object of a JSON value. */
function collect(json: unknown, read: (node: Record<string, unknown>) => string[]): Set<string> {
  if (typeof json !== 'object' || json === null) return new Set();
  const own = Array.isArray(json) ? [] : read(json as Record<string, unknown>);
  return new Set([...own, ...Object.values(json).flatMap((value) => [...collect(value, read)])]);
}

describe('docs/decisions/dependencies.md', () => {
  it('has a line for every dependency', () => {
    const page = readFileSync(join(ROOT, 'docs/decisions/dependencies.md'), 'utf8');
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const rows = page.split('\n').flatMap((line) => /^\| ([^|]+) \|/.exec(line)?.[1]?.split(/[ ,()`]+/) ?? []);
    const names = Object.keys({ ...dependencies, ...devDependencies });
    expect(names.filter((name) => !rows.includes(name))).toEqual([]);
  });
});

describe('docs/threat-model.md', () => {
  it('names checks that docs/first-deploy.md has', () => {
    const threats = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8');
    const checks = readFileSync(join(ROOT, 'docs/first-deploy.md'), 'utf8');
    const named = [...threats.matchAll(/\| (D\d+) \|$/gm)].map(([, id]) => id);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((id) => !checks.includes(`| ${id} |`))).toEqual([]);
  });
});
