import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { App, CloudFormationValidatePlugin } from 'aws-cdk-lib';
import { exampleNames, exampleTemplateFiles, templateFiles, templatesOf, variantNames } from '../templates';
import { RECOMMENDED_FLAGS } from '../variants';
import { bigProps, bigStage } from './big-platform';

/** A warning to everybody but us: a value outside its enumeration is refused when the stack is deployed. */
const BAD_ENUM = 'W3030';

/**
 * Warnings that are right in general and wrong here. Errors, and {@link BAD_ENUM}, are never dismissed. Acknowledgements
 * in the tree (aws-cdk-lib makes some) change nothing here: templates are judged, not constructs.
 */
const DISMISSED = [
  {
    rule: 'W3010',
    variant: 'named-zones',
    reason:
      'zones are named there because the configuration names them, where a region has some without Network Firewall',
  },
];

interface Judged {
  readonly file: string;
  readonly rule: string;
  readonly fails: boolean;
  readonly text: string;
}

const folder = mkdtempSync(join(tmpdir(), 'agents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const validator = new CloudFormationValidatePlugin();

/** What aws-cdk-lib's own validator says of templates, as `cdk synth` runs it. One engine for all: making it takes long. */
function judge(files: readonly string[]): Judged[] {
  const stackTemplates = files.map((templatePath) => ({
    templatePath,
    stackConstructPath: basename(templatePath),
    accountId: undefined,
    region: 'eu-west-1',
  }));
  const context = { appConstruct: new App(), templatePaths: [...files], stackTemplates };
  return validator.validate(context).violations.flatMap(({ ruleName, severity, description, violatingResources }) =>
    violatingResources.map(({ templatePath = '', resourceLogicalId = '' }) => ({
      file: templatePath,
      rule: ruleName,
      fails: severity === 'error' || severity === 'fatal' || ruleName === BAD_ENUM,
      text: `${ruleName} (${severity}): ${resourceLogicalId}: ${description}`,
    })),
  );
}

/** A variant's template with one change to the first resource of a type, in a file of its own. */
function planted(type: string, change: object): string {
  const [template] = Object.values(templatesOf('one-stack-maximum'));
  const resource = Object.values(template?.Resources ?? {}).find((candidate) => candidate.Type === type);
  if (resource?.Properties === undefined) throw new Error(`there is no ${type} in one-stack-maximum`);
  Object.assign(resource.Properties, change);
  const file = join(folder, `${type.replaceAll('::', '-')}.template.json`);
  writeFileSync(file, JSON.stringify(template));
  return file;
}

describe('W1 the validator of CloudFormation templates', () => {
  const assemblies = new Map([
    ...variantNames().map((variant) => [variant, templateFiles(variant)] as const),
    ...exampleNames().map((example) => [`example ${example}`, exampleTemplateFiles(example)] as const),
  ]);
  const judged = new Map<string, Judged[]>();

  beforeAll(() => {
    const all = judge([...assemblies.values()].flat());
    for (const [name, files] of assemblies) {
      const ours = all.filter(({ file }) => files.includes(file));
      judged.set(name, ours);
    }
    expect([...judged.values()].flat()).toHaveLength(all.length);
  }, 60_000);

  it.each([...assemblies.keys()])('W1 fails nothing of %s, and what it warns of is dismissed with a reason', (name) => {
    const dismissed = DISMISSED.filter(({ variant }) => variant === name).map(({ rule }) => rule);
    const open = judged.get(name)?.filter(({ rule, fails }) => fails || !dismissed.includes(rule));
    expect(open?.map(({ text }) => text)).toEqual([]);
  });

  it('W1 each dismissal still matches a warning', () => {
    const pointless = DISMISSED.filter(
      ({ rule, variant }) => !judged.get(variant)?.some((one) => one.rule === rule && !one.fails),
    );
    expect(pointless).toEqual([]);
  });

  it('W1 fails nothing of 20 profiles with 30 rules and every preset', () => {
    const app = new App({ postCliContext: RECOMMENDED_FLAGS, outdir: join(folder, 'big') });
    bigStage(app, bigProps(20, 30));
    const stage = app.synth().nestedAssemblies[0]?.nestedAssembly;
    const files = stage?.stacks.map((stack) => stack.templateFullPath) ?? [];
    expect(files).toHaveLength(7);
    expect(judge(files).map(({ text }) => text)).toEqual([]);
  });

  it.each([
    ['a value outside an enumeration', BAD_ENUM, 'AWS::ECR::Repository', { ImageTagMutability: 'SOMETIMES' }],
    ['a number outside an enumeration', BAD_ENUM, 'AWS::Logs::LogGroup', { RetentionInDays: 42 }],
    ['a property that does not exist', 'F3002', 'AWS::EC2::VPC', { EnableDnsHostname: true }],
    ['a number above its maximum', 'E3717', 'AWS::Lambda::Function', { Timeout: 1000 }],
    ['a size that Fargate does not have', 'E3048', 'AWS::ECS::TaskDefinition', { Cpu: '3000' }],
  ])('W1 fails %s: %s', (_name, rule, type, change) => {
    const found = judge([planted(type, change)]);
    expect(found.filter(({ fails }) => fails).map((one) => one.rule)).toContain(rule);
  });
});
