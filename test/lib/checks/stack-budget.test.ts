import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AgentPlatformChecks, STACK_BUDGET } from '../../../lib/checks';
import { overBudget } from '../../../lib/checks/stack-budget';
import { bigProps, bigStack, bigStage } from '../../checks/big-platform';
import { exampleNames, exampleTemplateFiles, templateFiles, variantNames } from '../../templates';
import { RECOMMENDED_FLAGS } from '../../variants';

/** What CloudFormation takes: AWS CloudFormation User Guide, "Understand CloudFormation quotas". */
const QUOTA = { resources: 500, bytes: 1_000_000 };

const folder = mkdtempSync(join(tmpdir(), 'agents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A template with so many resources, filled up to so many bytes. */
function template(resources: number, bytes = 0): string {
  const names = Array.from({ length: resources }, (_, i) => [`R${i}`, { Type: 'AWS::SNS::Topic' }]);
  const text = JSON.stringify({ Resources: Object.fromEntries(names), Description: '' });
  const path = join(folder, `${resources}-${bytes}.template.json`);
  writeFileSync(
    path,
    text.replace('"Description":""', `"Description":"${'x'.repeat(Math.max(0, bytes - text.length))}"`),
  );
  return path;
}

const big = bigProps(20, 30);

function app(): App {
  return new App({ postCliContext: RECOMMENDED_FLAGS, outdir: mkdtempSync(join(folder, 'big-')) });
}

describe('W3 stack budget', () => {
  it('W3 is four fifths of the resources and half of the bytes that CloudFormation takes', () => {
    expect(STACK_BUDGET).toEqual({ resources: QUOTA.resources * 0.8, bytes: QUOTA.bytes / 2 });
  });

  it('W3 the stacks of a stage stay below half of the resources', () => {
    for (const file of templateFiles('standard')) {
      const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as { Resources: object };
      expect([file, Object.keys(Resources).length <= QUOTA.resources / 2]).toEqual([file, true]);
    }
  });

  it.each([
    ['nothing', template(0), []],
    ['as many resources as it may have', template(400), []],
    ['one resource more', template(401), ['401 resources, at most 400']],
    ['as many bytes as it may have', template(1, 500_000), []],
    ['one byte more', template(1, 500_001), ['500001 bytes, at most 500000']],
    ['both', template(450, 600_000), ['450 resources, at most 400', '600000 bytes, at most 500000']],
  ])('W3 judges a template with %s', (_name, path, problems) => {
    expect(overBudget(path)).toEqual(problems);
  });

  it('W3 counts bytes, not characters, and takes a template without resources', () => {
    const path = join(folder, 'umlauts.template.json');
    writeFileSync(path, JSON.stringify({ Description: 'ü'.repeat(300_000) }));
    expect(overBudget(path)).toEqual(['600018 bytes, at most 500000']);
  });

  it.each([
    ...variantNames().map((name) => [name, templateFiles(name)] as const),
    ...exampleNames().map((name) => [`example ${name}`, exampleTemplateFiles(name)] as const),
  ])('W3 every template of %s keeps within it', (_name, files) => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap((file) => overBudget(file).map((problem) => `${file}: ${problem}`))).toEqual([]);
  });

  it('W3 20 profiles with 30 rules and every preset keep within it in three stacks', () => {
    const root = app();
    Validations.of(root).addPlugins(new AgentPlatformChecks());
    bigStage(root, big);
    expect(() => root.synth()).not.toThrow();
  });

  it('W3 the same in one stack is too much: the check says by how much and what to do, before CloudFormation would', () => {
    const root = app();
    const stack = bigStack(root, big);
    Validations.of(root).addPlugins(new AgentPlatformChecks());
    expect(() => root.synth()).toThrow(
      /\d+ bytes, at most 500000; move profiles to a second platform, or a plane to a stack of its own[\s\S]*AgentPlatform::STACK_BUDGET/,
    );
    const { length } = readFileSync(join(root.outdir, stack.templateFile));
    expect(length).toBeGreaterThan(STACK_BUDGET.bytes);
    expect(length).toBeLessThan(QUOTA.bytes);
  });

  it('W3 an acknowledgement on the stack takes a template up to what CloudFormation takes', () => {
    const root = app();
    const stack = bigStack(root, big);
    Validations.of(root).addPlugins(new AgentPlatformChecks());
    Validations.of(stack).acknowledge({ id: 'AgentPlatform::STACK_BUDGET', reason: 'acknowledged by a test' });
    expect(() => root.synth()).not.toThrow();
  });
});
