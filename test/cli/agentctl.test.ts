import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run';

const ROOT = join(__dirname, '..', '..');
const TSX = join(ROOT, 'node_modules', '.bin', 'tsx');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agentctl-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const BAD = `version: 1
name: acme
region: eu-west-1
tiers: lean
profiles:
  coding:
    image: node:24
    lifetime: 7200
    egress:
      rules:
        - host: "*.com"
`;

describe('A3 agentctl', () => {
  it('A3 says what it can do, and refuses a verb it does not know with exit code 2', async () => {
    const help = await run('--help');
    expect(help.code).toBe(0);
    for (const verb of ['init', 'validate', 'summary', 'leftovers']) expect(help.out).toContain(`  ${verb} `);
    expect(await run('instal')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('expected one of init'),
    });
    expect((await run()).code).toBe(2);
  });

  it.each(['init', 'validate', 'summary', 'leftovers'])(
    'A3 %s explains itself, and refuses an option it does not know',
    async (verb) => {
      const help = await run(verb, '--help');
      expect(help).toMatchObject({ code: 0, err: '' });
      expect(help.out).toContain(`agentctl ${verb}`);
      const wrong = await run(verb, '--no-such-option');
      expect(wrong).toMatchObject({ code: 2, out: '' });
      expect(wrong.err).toContain('no-such-option');
    },
  );
});

describe('W3 a platform.yaml that is wrong', () => {
  it('W3 is named whole: each line with what was got, expected and to be done; exit code 2', async () => {
    const file = join(folder, 'platform.yaml');
    writeFileSync(file, BAD);
    const { code, out, err } = await run('validate', file);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(
      err
        .trim()
        .split('\n')
        .map((line) => line.slice(0, line.indexOf(': got'))),
    ).toEqual([
      'platform.yaml:4:1: tiers',
      'platform.yaml:7:5: profiles.coding.image',
      'platform.yaml:8:5: profiles.coding.lifetime',
      'platform.yaml:11:11: profiles.coding.egress.rules[0].host',
    ]);
  });

  it('W3 stops the app itself with exit code 2, without a stack trace and with nothing written', () => {
    const file = join(folder, 'platform.yaml');
    const outdir = join(folder, 'cdk.out');
    writeFileSync(file, BAD);
    const app = spawnSync(TSX, [join(ROOT, 'bin', 'agent-platform.ts')], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, PLATFORM_YAML: file, CDK_OUTDIR: outdir },
    });
    expect(app.status).toBe(2);
    expect(app.stderr).toContain('platform.yaml:8:5: profiles.coding.lifetime: got 7200');
    expect(app.stderr).not.toContain('    at ');
    expect(existsSync(outdir)).toBe(false);
  });

  it('W3 names a region the library does not know, and a tier that needs a second zone', async () => {
    const file = join(folder, 'platform.yaml');
    const rest = 'network: { availabilityZones: 1 }\nprofiles: { aa: { image: { build: . } } }\n';
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    writeFileSync(file, `version: 1\nname: acme\nregion: eu-nroth-1\ntier: maximum\n${rest}`);
    const { err } = await run('validate', file);
    expect(err).toContain('platform.yaml:3:1: region: got "eu-nroth-1"');
    expect(err).toContain(
      'platform.yaml:5:12: network.availabilityZones: got 1, expected 2 or 3 zones for tier maximum',
    );
  });

  it('W3 is missing: says how to get one', async () => {
    const { code, err } = await run('validate', join(folder, 'none.yaml'));
    expect(code).toBe(2);
    expect(err).toContain('agentctl init');
  });
});

describe('W12 agentctl init', () => {
  it('W12 writes a file that is valid as it stands, from answers on the command line', async () => {
    const file = join(folder, 'platform.yaml');
    const answers = ['--name', 'acme', '--region', 'us-west-2', '--tier', 'lean', '--presets', 'npm, go'];
    const more = ['--repositories', 'acme/shop,acme/site', '--image', './agent image', '--budget', '12.5'];
    const { code, out } = await run('init', '--file', file, ...answers, ...more);
    expect(code).toBe(0);
    expect(out).toContain('npm run synth');
    expect((await run('validate', file)).err).toContain('profiles.coding.image.build: got "./agent image"');
    mkdirSync(join(folder, 'agent image'));
    writeFileSync(join(folder, 'agent image', 'Dockerfile'), 'FROM scratch\n');
    expect(await run('validate', file)).toMatchObject({ code: 0, out: 'acme: 1 profile (coding), nothing wrong\n' });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('presets: [npm, go]');
    expect(text).toContain('repositories: [acme/shop, acme/site]');
    expect(text).toContain('usd: 12.5');
    expect(text).toContain('us.anthropic.');
    const schema = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)?.[1] ?? '';
    expect(existsSync(join(folder, schema))).toBe(true);
  });

  it('W12 leaves out what nobody wants: no repositories, no models', async () => {
    const file = join(folder, 'platform.yaml');
    expect((await run('init', '--file', file, '--repositories', '', '--budget', '0')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toMatch(/^ {4}(grants|models):/m);
  });

  it.each([
    ['a name', ['--name', 'Acme Corp'], 'name'],
    ['a region', ['--region', 'Ireland'], 'region'],
    ['a preset', ['--presets', 'npmm'], 'presets'],
    ['a repository', ['--repositories', 'acme'], 'repositories'],
    ['a budget', ['--budget', 'ten'], 'budget'],
    ['a budget below zero', ['--budget', '-1'], 'budget'],
    ['YAML in an answer', ['--name', 'a\nregion: us-east-1'], 'name'],
  ])('W12 refuses %s that is wrong, and writes nothing', async (_, args, key) => {
    const file = join(folder, 'platform.yaml');
    const { code, err } = await run('init', '--file', file, ...args);
    expect(code).toBe(2);
    expect(err).toContain(key);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('W12 says so where the folder is not there', async () => {
    const { code, err } = await run('init', '--file', join(folder, 'none', 'platform.yaml'));
    expect(code).toBe(2);
    expect(err).toContain('name a file in a folder that is there');
  });

  it('W12 never touches a file that is there', async () => {
    const file = join(folder, 'platform.yaml');
    writeFileSync(file, 'mine');
    const { code, err } = await run('init', '--file', file);
    expect({ code, kept: readFileSync(file, 'utf8') }).toEqual({ code: 2, kept: 'mine' });
    expect(err).toContain('--file');
  });
});

describe('W2 the shipped CLI', () => {
  it('W2 is one file that runs on its own, without node_modules and without aws-cdk-lib', () => {
    const bundle = join(ROOT, 'assets', 'cli', 'agentctl.js');
    const text = readFileSync(bundle);
    writeFileSync(join(folder, 'agentctl.js'), text);
    expect(
      execFileSync(process.execPath, [join(folder, 'agentctl.js'), '--help'], { cwd: folder, encoding: 'utf8' }),
    ).toContain('init');
    expect(text.includes('CfnResource')).toBe(false);
  });
});
