import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONSUMER, hasNamespaces, INSTALLED, type Ran, ROOT, run, runAlone } from './installed';

const EXAMPLES = join(ROOT, 'examples', 'library-import');
const FIXTURES = join(__dirname, 'fixtures');
const sources = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'));

/** Blocks of README.md that say they are TypeScript. */
function snippets(): string[] {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
}

const outdir = (name: string): string => join(CONSUMER, 'cdk.out', name);

function templates(folder: string): Record<string, { Resources: Record<string, { Type: string }> }> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.template\.json$/.test(name),
  );
  return Object.fromEntries(files.map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8'))]));
}

function typesIn(folder: string): Set<string> {
  return new Set(
    Object.values(templates(folder)).flatMap(({ Resources }) => Object.values(Resources).map((r) => r.Type)),
  );
}

const synth = (file: string, name: string): Promise<Ran> => runAlone([file], { CDK_OUTDIR: outdir(name) });

describe('W2 a machine with Node alone', () => {
  it('W2 the guard refuses to start a program', async () => {
    const { code, stderr } = await runAlone(['-e', "require('node:child_process').spawnSync('docker', ['version'])"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('refused by the test: starting a program');
  });

  it('W2 the guard refuses a connection', async () => {
    const { code, stderr } = await runAlone(['-e', "require('node:http').get('http://127.0.0.1:9')"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('refused by the test: opening a connection');
  });

  it('W2 where the kernel permits, there is no network interface that is up', async () => {
    const { stdout } = await runAlone(['-p', "Object.keys(require('node:os').networkInterfaces()).length"]);
    if (await hasNamespaces()) expect(stdout.trim()).toBe('0');
    else expect(Number(stdout)).toBeGreaterThanOrEqual(0);
  });
});

describe('W2 a consumer in TypeScript', () => {
  const app = join(CONSUMER, 'typescript');
  let compiled: Ran;

  beforeAll(async () => {
    mkdirSync(app, { recursive: true });
    for (const name of sources) copyFileSync(join(EXAMPLES, name), join(app, name));
    const compilerOptions = {
      target: 'ES2022',
      module: 'Node16',
      moduleResolution: 'Node16',
      strict: true,
      // Ours are checked as well; a library that needs it true makes its users blind to all others.
      skipLibCheck: false,
      types: ['node'],
      rootDir: '.',
      outDir: 'out',
    };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const tsc = join(CONSUMER, 'node_modules', 'typescript', 'bin', 'tsc');
    compiled = await run(process.execPath, [tsc, '-p', app], {});
  });

  it('W2 its types check, those of our declarations included', () => {
    expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('W2 every snippet of the README is part of an example that is synthesized here', () => {
    const all = sources.map((name) => readFileSync(join(EXAMPLES, name), 'utf8'));
    expect(snippets().length).toBeGreaterThan(0);
    expect(snippets().filter((snippet) => !all.some((text) => text.includes(snippet.trim())))).toEqual([]);
  });

  it.each(sources)('W2 %s synthesizes without Docker, esbuild or network', async (name) => {
    const result = await synth(join(app, 'out', name.replace('.ts', '.js')), name);
    expect(result).toMatchObject({ code: 0 });
    expect(typesIn(outdir(name))).toContain('AWS::NetworkFirewall::FirewallPolicy');
  });

  it('W2 what the examples give does not depend on the checkout: assets come out of the package', () => {
    const code = readdirSync(outdir('platform.ts')).filter((name) => /^asset\./.test(name));
    const bundles = code.flatMap((name) =>
      readdirSync(join(outdir('platform.ts'), name)).map((file) => join(name, file)),
    );
    const texts = bundles.map((file) => readFileSync(join(outdir('platform.ts'), file), 'utf8'));
    expect(texts).toContain(readFileSync(join(INSTALLED, 'assets', 'network', 'index.js'), 'utf8'));
  });
});

describe('W2 a consumer in plain JavaScript', () => {
  it.each(['plain.js', 'module.mjs'])('W2 %s synthesizes without Docker, esbuild or network', async (name) => {
    const file = join(CONSUMER, name);
    copyFileSync(join(FIXTURES, name), file);
    expect(await synth(file, name)).toMatchObject({ code: 0 });
    expect(typesIn(outdir(name))).toContain('AWS::ECS::TaskDefinition');
  });

  it('W2 wrong input is an error that says what to do', async () => {
    const { code, stderr } = await runAlone([
      '-e',
      "require('cdk-agent-platform').AgentImage.fromUri('docker.io/library/node:24')",
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('push the image to ECR and pin its digest');
  });

  it('W2 the CLI is in the package and runs without aws-cdk-lib', async () => {
    const { code, stdout } = await runAlone([join(INSTALLED, 'assets', 'cli', 'agentctl.js'), '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('agentctl');
  });
});
