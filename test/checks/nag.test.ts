import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, Stack, Validations } from 'aws-cdk-lib';
import { CfnSecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { appWith, RECOMMENDED_FLAGS, VARIANTS } from '../variants';
import { acknowledgements, findings, lines, packs, stale, unacknowledged } from './findings';

/** Every variant as a new app has it and as an old app, without a single feature flag, has it. */
const everyApp = (): [string, App][] =>
  Object.entries(VARIANTS).flatMap(([name, make]): [string, App][] => [
    [name, appWith(make, RECOMMENDED_FLAGS)],
    [`${name} without flags`, appWith(make, {})],
  ]);
const APPS = everyApp();

const SHORTEST_REASON = 40;

function standard(): App {
  const { standard: make } = VARIANTS;
  if (make === undefined) throw new Error('there is no variant "standard"');
  return appWith(make);
}

function find<T extends IConstruct>(app: App, is: (construct: IConstruct) => construct is T): T {
  const found = app.node.findAll().find(is);
  if (found === undefined) throw new Error('nothing of the kind in the app');
  return found;
}

const sessionsStack = (app: App): Stack =>
  find(app, (node): node is Stack => Stack.isStack(node) && node.node.id === 'sessions');

describe('W1 cdk-nag and own checks', () => {
  it.each(APPS)('W1 AwsSolutions, NIST 800-53 R5 and AgentPlatformChecks find nothing in %s', (_name, app) => {
    expect(lines(findings(app))).toEqual([]);
  });

  it.each<[string, string, (app: App) => void]>([
    ['a bucket without TLS', 'AwsSolutions-S10', (app) => new Bucket(sessionsStack(app), 'Weak')],
    ['the same bucket', 'NIST.800.53.R5-S3BucketSSLRequestsOnly', (app) => new Bucket(sessionsStack(app), 'Weak')],
    [
      'a log group that lost its key',
      'NIST.800.53.R5-CloudWatchLogGroupEncrypted',
      (app) => {
        find(app, CfnLogGroup.isCfnLogGroup).kmsKeyId = undefined;
      },
    ],
    [
      'a security group open to the world',
      'AwsSolutions-EC23',
      (app) => {
        find(app, CfnSecurityGroup.isCfnSecurityGroup).securityGroupIngress = [
          { ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' },
        ];
      },
    ],
    [
      'a session that got a task role',
      'AgentPlatform::SESSION_TASK_HARDENED',
      (app) =>
        find(app, CfnTaskDefinition.isCfnTaskDefinition).addPropertyOverride('TaskRoleArn', 'arn:aws:iam::1:role/x'),
    ],
  ])('W1 %s is found: %s', (_name, rule, weaken) => {
    const app = standard();
    weaken(app);
    expect(findings(app).map((finding) => finding.rule)).toContain(rule);
  });

  it('W1 what is found below the platform stage stops the synth of the app that has the packs', () => {
    const app = standard();
    const seen: string[] = [];
    Validations.of(app).addPlugins(...packs(app), {
      name: 'Probe',
      validate: ({ stackTemplates }) => {
        seen.push(...stackTemplates.map((stack) => stack.stackConstructPath));
        return { success: true, violations: [] };
      },
    });
    new Bucket(sessionsStack(app), 'Weak');
    expect(() => app.synth()).toThrow(/acme\/sessions\/Weak\/Resource.*\n.*'AwsSolutions::AwsSolutions-S10'/);
    expect(seen.sort()).toEqual([
      'acme/access',
      'acme/credentials',
      'acme/egress',
      'acme/endpoints',
      'acme/lifecycle',
      'acme/network',
      'acme/sessions',
    ]);
  });

  it('W1 the deployable app runs all three packs over itself', () => {
    const folder = mkdtempSync(join(tmpdir(), 'agents-'));
    const addPlugins = jest.spyOn(Validations.prototype, 'addPlugins');
    process.env.CDK_OUTDIR = folder;
    process.env.PLATFORM_YAML = join(__dirname, '..', '..', 'platform.yaml');
    try {
      jest.requireActual('../../bin/agent-platform');
      expect(addPlugins.mock.calls.flat().map((plugin) => plugin.name)).toEqual([
        'AwsSolutions',
        'NIST.800.53.R5',
        'AgentPlatform',
      ]);
    } finally {
      delete process.env.CDK_OUTDIR;
      delete process.env.PLATFORM_YAML;
      addPlugins.mockRestore();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('W1 acknowledgements', () => {
  const acknowledged = APPS.flatMap(([, app]) => acknowledgements(app));
  const found = unacknowledged(everyApp).flatMap(([, app]) => findings(app));

  it('W1 each still matches a finding: cdk-nag never says that one has become pointless', () => {
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(stale(acknowledged, found)).toEqual([]);
  });

  it('W1 each says why it is safe', () => {
    const short = acknowledged.filter(({ reason }) => reason.trim().length < SHORTEST_REASON);
    expect(short.map(({ path, id, reason }) => `${path}: ${id}: "${reason}"`)).toEqual([]);
  });

  it('W1 none hides a rule that could not be evaluated: cdk-nag lets one id acknowledge both', () => {
    expect(lines(found.filter(({ description }) => description.startsWith('Rule threw an error')))).toEqual([]);
  });

  it.each([
    ['for a rule that does not exist', 'AwsSolutions-ECS99'],
    ['for a rule that finds nothing there', 'AwsSolutions-S10'],
    ['for a rule that finds something elsewhere only', 'AwsSolutions-ECS2'],
    ['for one finding of IAM5 that is not made', 'AwsSolutions-IAM5[Action::s3:*]'],
    ['for all findings of IAM5 at once, which cdk-nag does not take', 'AwsSolutions-IAM5'],
    ['for an own rule that finds nothing', 'AgentPlatform::STACK_BUDGET'],
  ])('W1 one %s is reported with its construct and id', (_name, id) => {
    const app = standard();
    const cluster = app.node.findAll().find((construct) => construct.node.path === 'acme/sessions/Sessions/Cluster');
    if (cluster === undefined) throw new Error('there is no cluster');
    Validations.of(cluster).acknowledge({ id, reason: 'planted by a test' });
    expect(stale(acknowledgements(app), found)).toEqual([`acme/sessions/Sessions/Cluster: ${id}`]);
  });

  it('W1 one on a sibling whose path begins alike is reported', () => {
    const ack = { id: 'R', path: 'a/Task', reason: '' };
    expect(stale([ack], [{ rule: 'R', path: 'a/TaskTwo/Resource', description: '' }])).toEqual(['a/Task: R']);
    expect(stale([ack], [{ rule: 'R', path: 'a/Task/Resource', description: '' }])).toEqual([]);
    expect(stale([ack], [{ rule: 'R', path: 'a/Task', description: '' }])).toEqual([]);
  });

  it('W1 nothing in the tree warns', () => {
    const warnings = APPS.flatMap(([name, app]) =>
      app.node
        .findAll()
        .flatMap((construct) =>
          construct.node.metadata
            .filter((entry) => entry.type === 'aws:cdk:warning' || entry.type === 'aws:cdk:error')
            .map((entry) => `${name}: ${construct.node.path}: ${entry.data}`),
        ),
    );
    expect(warnings).toEqual([]);
  });
});
