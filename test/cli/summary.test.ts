import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftovers } from '../../cli/leftovers';
import { summary } from '../../cli/summary';
import type { Verb } from '../../cli/verb';
import { codingProfile } from '../core/ceiling/documents';
import { resource, template } from '../core/ceiling/templates';
import { ASSEMBLIES } from '../templates';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assembly-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(verb: Verb, ...args: readonly string[]) {
  const written = { out: '', err: '' };
  const code = verb(args, {
    stdout: (text) => {
      written.out += text;
    },
    stderr: (text) => {
      written.err += text;
    },
  });
  return { code, ...written };
}

function write(path: string, content: unknown): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
}

const stack = (templateFile: string, more: object = {}, dependencies: readonly string[] = []) => ({
  type: 'aws:cloudformation:stack',
  properties: { templateFile, ...more },
  dependencies,
});

const document = resource('AWS::AppConfig::HostedConfigurationVersion', { Content: JSON.stringify(codingProfile()) });

/** A stage in a pipeline app, as `cdk synth` writes it: the stacks are in an assembly of their own. */
function writeStage(): void {
  write('manifest.json', {
    artifacts: {
      Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
      'assembly-acme': { type: 'cdk:cloud-assembly', properties: { directoryName: 'assembly-acme' } },
    },
  });
  write('assembly-acme/manifest.json', {
    artifacts: {
      acmeSessions: stack('sessions.json', { stackName: 'acme-sessions' }, ['acmeSessions.assets', 'acmeNetwork']),
      'acmeSessions.assets': { type: 'cdk:asset-manifest', properties: { file: 'x.json' } },
      acmeNetwork: stack('network.json', { stackName: 'acme-network', terminationProtection: true }),
    },
  });
  write('assembly-acme/sessions.json', template({ Document: document }));
  write('assembly-acme/network.json', template({ Key: resource('AWS::KMS::Key', {}, { DeletionPolicy: 'Retain' }) }));
}

describe('W4 W7 agentctl summary', () => {
  it('reads the stacks of a stage, in the order they are deployed in', () => {
    writeStage();
    const { code, out, err } = run(summary, folder);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('2, 2 resources: acme-network 1, acme-sessions 1');
    expect(out).toContain('profile coding');
    expect(out).toMatch(/^idle {12}\$1\.00 a month/m);
    expect(out.endsWith('npm run deploy\n')).toBe(true);
  });

  it('keeps stacks of one name in two regions apart', () => {
    write('manifest.json', {
      artifacts: { West: stack('a.json', { stackName: 'acme' }), East: stack('a.json', { stackName: 'acme' }) },
    });
    write('a.json', template({ Key: resource('AWS::KMS::Key') }));
    expect(run(summary, folder).out).toContain('2, 2 resources: West 1, East 1');
  });

  it('says what to run when nothing is synthesized', () => {
    const missing = join(folder, 'nowhere');
    for (const verb of [summary, leftovers]) {
      expect(run(verb, missing)).toEqual({
        code: 2,
        out: '',
        err: `${missing}: no synthesized app there; run npm run synth first\n`,
      });
    }
  });

  it.each([
    ['a manifest that is no JSON', '{', /manifest\.json can't be read/],
    ['an app without stacks', { artifacts: {} }, /has no stacks/],
    ['a template that is not there', { artifacts: { A: stack('gone.json') } }, /gone\.json can't be read/],
  ])('names %s', (_, manifest, problem) => {
    write('manifest.json', manifest);
    const { code, out, err } = run(summary, folder);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(problem);
  });

  it('reads a template that is not what it should be as an empty one', () => {
    write('manifest.json', { artifacts: { A: stack('a.json') } });
    write('a.json', 'null');
    expect(run(summary, folder)).toMatchObject({ code: 0, out: expect.stringContaining('1, 0 resources: A 0') });
  });

  it('explains itself, and refuses what it does not know', () => {
    expect(run(summary, '--help')).toMatchObject({ code: 0, out: expect.stringMatching(/^agentctl summary/), err: '' });
    expect(run(leftovers, '--help')).toMatchObject({ code: 0, out: expect.stringMatching(/^agentctl leftovers/) });
    expect(run(summary, '--json')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('got --json') });
    expect(run(summary, folder, 'more')).toMatchObject({ code: 2, out: '' });
  });
});

describe('W7 agentctl leftovers', () => {
  it('lists what stays and the stacks that refuse to go, and stops npm run destroy before it would stop half way', () => {
    writeStage();
    const { code, out } = run(leftovers, folder);
    expect(code).toBe(1);
    expect(out).toContain('1 resource stays in the account, $1.00 a month');
    expect(out).toContain('Stack acme-network has termination protection: switch it off first.\n');
    expect(out).not.toContain('Stack acme-sessions');
  });

  it.each([
    ['standard', 1],
    ['unprotected', 0],
    ['throwaway', 0],
  ])(
    'W7 of the variant %s ends with %i: buckets to empty are told, and only what AWS refuses stops',
    (variant, expected) => {
      const { code, out } = run(leftovers, join(ASSEMBLIES, variant));
      expect(code).toBe(expected);
      expect(out.includes('deletionProtection: false')).toBe(expected === 1);
    },
  );
});
