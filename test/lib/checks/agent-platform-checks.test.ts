import { App, CfnResource, Stack, Validations } from 'aws-cdk-lib';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { AgentPlatformChecks } from '../../../lib/checks';
import { taskOf } from '../../../lib/checks/containers';
import { fargateRefuses } from '../../../lib/checks/fargate-refuses';
import { logModeBlocking } from '../../../lib/checks/log-mode-blocking';
import type { ResourceRule } from '../../../lib/checks/rule';
import { sessionTaskHardened } from '../../../lib/checks/session-task-hardened';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const HEX = '0123456789abcdef'.repeat(4);
const LOGS = { logDriver: 'awslogs', options: { 'awslogs-group': 'g', mode: 'blocking' } };

function stack(): Stack {
  return new Stack(new App(), 'Stack');
}

/** A session's task that every rule is content with, in the properties of the L1. */
function task(scope: Stack, agent = 'agent'): CfnTaskDefinition {
  const container = {
    image: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/agents@${DIGEST}`,
    user: '10001:10001',
    readonlyRootFilesystem: true,
    privileged: false,
    linuxParameters: { capabilities: { drop: ['ALL'] }, initProcessEnabled: true },
  };
  return new CfnTaskDefinition(scope, 'Task', {
    cpu: '1024',
    memory: '4096',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    enableFaultInjection: false,
    volumes: [{ name: 'workspace' }, { name: 'session' }],
    containerDefinitions: [
      {
        ...container,
        name: agent,
        entryPoint: ['/bin/sh', '/session/launch'],
        mountPoints: [{ sourceVolume: 'session', containerPath: '/session', readOnly: true }],
      },
      { ...container, name: 'beside', logConfiguration: LOGS },
    ],
  });
}

/** A path into the template's properties and what an escape hatch puts there. */
type Override = readonly [path: string, value: unknown];

function problems(rule: ResourceRule, overrides: readonly Override[], agent?: string): string[] {
  const definition = task(stack(), agent);
  for (const [path, value] of overrides) definition.addPropertyOverride(path, value);
  return rule.check(definition);
}

const FIRST = 'ContainerDefinitions.0';
const SECOND = 'ContainerDefinitions.1';

interface Case {
  readonly what: string;
  readonly overrides: readonly Override[];
  /** Beginnings of what the rule says, in its order. */
  readonly problems: readonly string[];
  readonly agent?: string;
}

const one = (what: string, path: string, value: unknown, ...said: string[]): Case => ({
  what,
  overrides: [[path, value]],
  problems: said,
});

const FARGATE: readonly Case[] = [
  { what: 'a task as it should be', overrides: [], problems: [] },
  one('privileged', `${FIRST}.Privileged`, true, 'container agent: Privileged'),
  one('privileged, as text', `${FIRST}.Privileged`, 'true', 'container agent: Privileged'),
  one('privileged, by a condition', `${FIRST}.Privileged`, { 'Fn::If': ['c', true, false] }, 'container agent: Priv'),
  one('not privileged, as text', `${FIRST}.Privileged`, 'false'),
  one('privileged beside the agent', `${SECOND}.Privileged`, true, 'container beside: Privileged'),
  one('Docker security options', `${FIRST}.DockerSecurityOptions`, ['no-new-privileges'], 'container agent: DockerSec'),
  one('no Docker security options', `${FIRST}.DockerSecurityOptions`, []),
  one('networking off', `${FIRST}.DisableNetworking`, true, 'container agent: DisableNetworking'),
  one('networking not off', `${FIRST}.DisableNetworking`, false),
  one('DNS servers', `${FIRST}.DnsServers`, ['10.0.0.2'], 'container agent: DnsServers'),
  one('no DNS servers', `${FIRST}.DnsServers`, []),
  one('extra hosts', `${FIRST}.ExtraHosts`, [{ Hostname: 'a', IpAddress: '1.1.1.1' }], 'container agent: ExtraHosts'),
  one('no extra hosts', `${FIRST}.ExtraHosts`, []),
  one('links', `${FIRST}.Links`, ['beside'], 'container agent: Links'),
  one('no links', `${FIRST}.Links`, []),
  one('devices', `${FIRST}.LinuxParameters.Devices`, [{ HostPath: '/dev/fuse' }], 'container agent: Devices'),
  one('no devices', `${FIRST}.LinuxParameters.Devices`, []),
  one('shared memory', `${FIRST}.LinuxParameters.SharedMemorySize`, 64, 'container agent: SharedMemorySize'),
  one('swap', `${FIRST}.LinuxParameters.MaxSwap`, 0, 'container agent: MaxSwap'),
  one('swappiness', `${FIRST}.LinuxParameters.Swappiness`, 60, 'container agent: Swappiness'),
  one('a tmpfs, which Fargate takes', `${FIRST}.LinuxParameters.Tmpfs`, [{ ContainerPath: '/tmp', Size: 64 }]),
  one(
    'added capabilities',
    `${FIRST}.LinuxParameters.Capabilities.Add`,
    ['SYS_PTRACE', 'NET_ADMIN', 'SYS_ADMIN'],
    'container agent: Capabilities.Add NET_ADMIN, SYS_ADMIN',
  ),
  one('SYS_PTRACE, the one Fargate adds', `${FIRST}.LinuxParameters.Capabilities.Add`, ['SYS_PTRACE']),
  one('a folder of the host', 'Volumes.0.Host', { SourcePath: '/var' }, 'volume workspace: Host.SourcePath'),
  one('a folder of the host that is empty text', 'Volumes.0.Host', { SourcePath: '' }, 'volume workspace: Host.Source'),
  one('a volume of the task itself', 'Volumes.0.Host', {}),
  one('a placement constraint', 'PlacementConstraints', [{ Type: 'memberOf' }], 'PlacementConstraints'),
  one('no placement constraints', 'PlacementConstraints', []),
  one("the host's processes", 'PidMode', 'host', 'PidMode host'),
  one("the task's processes, which Fargate takes", 'PidMode', 'task'),
  one('an IPC mode', 'IpcMode', 'task', 'IpcMode'),
  one("the host's IPC", 'IpcMode', 'host', 'IpcMode'),
  one('the bridge network', 'NetworkMode', 'bridge', 'NetworkMode bridge'),
  one("the host's network", 'NetworkMode', 'host', 'NetworkMode host'),
  one('no network mode', 'NetworkMode', undefined, 'NetworkMode not set'),
  {
    what: 'everything at once on EC2, where it is allowed',
    overrides: [
      ['RequiresCompatibilities', ['EC2']],
      ['NetworkMode', 'host'],
      [`${FIRST}.Privileged`, true],
    ],
    problems: [],
  },
  {
    what: 'Fargate beside EC2',
    overrides: [
      ['RequiresCompatibilities', ['EC2', 'FARGATE']],
      [`${FIRST}.Privileged`, true],
    ],
    problems: ['container agent: Privileged'],
  },
  {
    what: 'faults in several places, each of them',
    overrides: [
      [`${FIRST}.Privileged`, true],
      [`${SECOND}.Links`, ['agent']],
      ['IpcMode', 'none'],
    ],
    problems: ['container agent: Privileged', 'container beside: Links', 'IpcMode'],
  },
];

const LOG_MODE: readonly Case[] = [
  { what: 'blocking, and no log driver at all', overrides: [], problems: [] },
  one('no mode', `${SECOND}.LogConfiguration.Options.mode`, undefined, 'container beside: log mode not set'),
  one('no options', `${SECOND}.LogConfiguration.Options`, undefined, 'container beside: log mode not set'),
  one(
    'non-blocking',
    `${SECOND}.LogConfiguration.Options.mode`,
    'non-blocking',
    'container beside: log mode non-block',
  ),
  one(
    'a driver of its own for the agent',
    `${FIRST}.LogConfiguration`,
    { LogDriver: 'splunk', Options: {} },
    'container agent: log mode not set',
  ),
  {
    what: 'a task that is not of Fargate',
    overrides: [
      ['RequiresCompatibilities', ['EC2']],
      [`${SECOND}.LogConfiguration.Options.mode`, undefined],
    ],
    problems: ['container beside: log mode not set'],
  },
];

const SESSION: readonly Case[] = [
  { what: 'a task as it should be', overrides: [], problems: [] },
  one('a task role', 'TaskRoleArn', 'arn:aws:iam::111122223333:role/x', 'TaskRoleArn: '),
  one('a task role that is a reference', 'TaskRoleArn', { 'Fn::GetAtt': ['Role', 'Arn'] }, 'TaskRoleArn: '),
  one(
    'another entry point',
    `${FIRST}.EntryPoint`,
    ['/bin/sh'],
    'container agent: does not start through the launcher',
  ),
  one('a log driver', `${FIRST}.LogConfiguration`, { LogDriver: 'awslogs' }, 'container agent: has a log driver'),
  one('a launcher it may change', `${FIRST}.MountPoints.0.ReadOnly`, false, 'container agent: may write where'),
  one('fault injection', 'EnableFaultInjection', true, 'EnableFaultInjection'),
  one('fault injection, as text', 'EnableFaultInjection', 'true', 'EnableFaultInjection'),
  one('fault injection not set', 'EnableFaultInjection', undefined),
  one('a pid mode', 'PidMode', 'task', 'PidMode: '),
  one('EC2, which refuses nothing', 'RequiresCompatibilities', ['EC2'], 'RequiresCompatibilities: '),
  one('no compatibilities', 'RequiresCompatibilities', undefined, 'RequiresCompatibilities: '),
  one('a writable root', `${FIRST}.ReadonlyRootFilesystem`, false, 'container agent: the root file system'),
  one('a root nothing is said of', `${FIRST}.ReadonlyRootFilesystem`, undefined, 'container agent: the root file sys'),
  one('a writable root beside', `${SECOND}.ReadonlyRootFilesystem`, false, 'container beside: the root file system'),
  one(
    'capabilities kept',
    `${FIRST}.LinuxParameters.Capabilities`,
    undefined,
    'container agent: capabilities are kept',
  ),
  one('no Linux parameters', `${SECOND}.LinuxParameters`, undefined, 'container beside: capabilities are kept'),
  one(
    'one capability dropped',
    `${FIRST}.LinuxParameters.Capabilities.Drop`,
    ['NET_RAW'],
    'container agent: capabilities are kept',
  ),
  one('ALL among others', `${FIRST}.LinuxParameters.Capabilities.Drop`, ['NET_RAW', 'ALL']),
  one(
    'one added again, the one Fargate takes',
    `${FIRST}.LinuxParameters.Capabilities.Add`,
    ['SYS_PTRACE'],
    'container agent: capabilities are added',
  ),
  one('no capability added', `${FIRST}.LinuxParameters.Capabilities.Add`, []),
  ...[
    '0',
    '0:0',
    '00',
    '+0',
    '-0',
    '0:10001',
    'root',
    'root:root',
    'toor',
    'node',
    '1node',
    '',
    ' 0',
    { Ref: 'User' },
  ].map((user) =>
    one(`the user ${JSON.stringify(user)}`, `${FIRST}.User`, user, 'container agent: the user is not a number'),
  ),
  one("the image's own user", `${FIRST}.User`, undefined, 'container agent: the user is not a number'),
  ...['1', '10001', '10001:0', '65534:65534'].map((user) => one(`the user ${user}`, `${FIRST}.User`, user)),
  ...['agents', 'agents:latest', 'agents:1.2.3', `agents@sha256:${HEX.slice(1)}`, `agents:${HEX}-debug`].map((image) =>
    one(`the image ${image}`, `${FIRST}.Image`, image, 'container agent: the image is not pinned'),
  ),
  one('an image from a parameter', `${FIRST}.Image`, { Ref: 'Image' }, 'container agent: the image is not pinned'),
  one('no image', `${FIRST}.Image`, undefined, 'container agent: the image is not pinned'),
  one('a tag and a digest', `${FIRST}.Image`, `agents:latest@${DIGEST}`),
  one('an asset', `${FIRST}.Image`, { 'Fn::Sub': `\${AWS::AccountId}.dkr.ecr/agents:${HEX}` }),
  one('a joined name', `${FIRST}.Image`, { 'Fn::Join': ['', [{ Ref: 'Repository' }, `@${DIGEST}`]] }),
  one('secrets', `${FIRST}.Secrets`, [{ Name: 'TOKEN', ValueFrom: 'arn' }], 'container agent: has secrets'),
  one('secrets beside', `${SECOND}.Secrets`, [{ Name: 'TOKEN', ValueFrom: 'arn' }], 'container beside: has secrets'),
  {
    what: "a task without a container named agent, which is somebody else's",
    agent: 'web',
    overrides: [
      ['TaskRoleArn', 'arn:aws:iam::111122223333:role/x'],
      [`${FIRST}.User`, 'root'],
    ],
    problems: [],
  },
];

describe.each([
  ['FARGATE_REFUSES', fargateRefuses, FARGATE],
  ['LOG_MODE_BLOCKING', logModeBlocking, LOG_MODE],
  ['SESSION_TASK_HARDENED', sessionTaskHardened, SESSION],
] as const)('W3 %s', (name, rule, cases) => {
  it('W3 has its name', () => expect(rule.name).toBe(name));

  it.each(cases)('W3 judges $what', ({ overrides, problems: expected, agent }) => {
    const said = problems(rule, overrides, agent);
    expect(said.map((problem, i) => problem.slice(0, expected[i]?.length))).toEqual(expected);
  });

  it('W3 says nothing of other resources, whatever they are called', () => {
    const other = new CfnResource(stack(), 'Task', {
      type: 'AWS::ECS::Service',
      properties: { RequiresCompatibilities: ['FARGATE'], ContainerDefinitions: [{ Name: 'agent', Privileged: true }] },
    });
    expect(rule.check(other)).toEqual([]);
  });
});

describe('W3 task definitions the checks see', () => {
  it('W3 the properties of the L1, before any escape hatch', () => {
    const definition = task(stack());
    definition.containerDefinitions = [
      { name: 'agent', image: 'agents:latest', privileged: true, logConfiguration: { logDriver: 'awslogs' } },
    ];
    expect(fargateRefuses.check(definition)).toEqual(['container agent: Privileged']);
    expect(logModeBlocking.check(definition)).toEqual(['container agent: log mode not set']);
    expect(sessionTaskHardened.check(definition)).toHaveLength(6);
  });

  it('W3 an escape hatch that mends', () => {
    const definition = task(stack());
    definition.ipcMode = 'host';
    expect(fargateRefuses.check(definition)).toEqual(['IpcMode']);
    definition.addPropertyDeletionOverride('IpcMode');
    expect(fargateRefuses.check(definition)).toEqual([]);
  });

  it('W3 a resource given by type and properties only', () => {
    const raw = new CfnResource(stack(), 'Raw', {
      type: 'AWS::ECS::TaskDefinition',
      properties: {
        RequiresCompatibilities: ['FARGATE'],
        NetworkMode: 'awsvpc',
        ContainerDefinitions: [{ Name: 'x', Image: 'y', Privileged: true }],
      },
    });
    expect(fargateRefuses.check(raw)).toEqual(['container x: Privileged']);
  });

  it('W3 one without containers or compatibilities', () => {
    const bare = new CfnTaskDefinition(stack(), 'Bare', {});
    expect(taskOf(bare)).toEqual({ properties: {}, containers: [], fargate: false });
    for (const rule of [fargateRefuses, logModeBlocking, sessionTaskHardened]) expect(rule.check(bare)).toEqual([]);
  });
});

describe('W3 AgentPlatformChecks in an app', () => {
  function app(weaken: (definition: CfnTaskDefinition) => void): App {
    const root = new App();
    Validations.of(root).addPlugins(new AgentPlatformChecks());
    weaken(task(new Stack(root, 'Stack')));
    return root;
  }

  it('W3 lets a good app pass', () => {
    expect(() => app(() => undefined).synth()).not.toThrow();
  });

  it.each([
    ['FARGATE_REFUSES', 'IpcMode', 'host'],
    ['LOG_MODE_BLOCKING', `${SECOND}.LogConfiguration.Options.mode`, 'non-blocking'],
    ['SESSION_TASK_HARDENED', 'TaskRoleArn', 'arn:aws:iam::111122223333:role/x'],
  ])('W3 %s stops the synth, names the construct and what to acknowledge, and takes that', (rule, path, value) => {
    const weaken = (definition: CfnTaskDefinition) => definition.addPropertyOverride(path, value);
    expect(() => app(weaken).synth()).toThrow(
      new RegExp(`Stack/Task .*\\n.*Acknowledge with 'AgentPlatform::${rule}'`),
    );
    const acknowledged = (id: string) =>
      app((definition) => {
        weaken(definition);
        Validations.of(definition).acknowledge({ id, reason: 'acknowledged by a test' });
      });
    expect(() => acknowledged(`AgentPlatform::${rule}`).synth()).not.toThrow();
    // Without the namespace it would be the id of a construct's own annotation.
    expect(() => acknowledged(rule).synth()).toThrow(/ValidationFailed|Validation failed|Acknowledge with/);
  });

  it('W3 says of a task with several faults all of them, under each rule once', () => {
    const { violations, success } = new AgentPlatformChecks().validate({
      appConstruct: app((definition) => {
        definition.addPropertyOverride(`${FIRST}.Privileged`, true);
        definition.addPropertyOverride('PidMode', 'host');
      }),
      templatePaths: [],
      stackTemplates: [],
    });
    expect(success).toBe(false);
    expect(violations.map(({ ruleName, description }) => [ruleName, description.split(' (')[0]])).toEqual([
      ['FARGATE_REFUSES', 'container agent: Privileged; PidMode host'],
      ['SESSION_TASK_HARDENED', 'PidMode: containers would see each other'],
    ]);
  });

  it('W3 names every rule it has', () => {
    expect(new AgentPlatformChecks().ruleIds).toEqual([
      'FARGATE_REFUSES',
      'LOG_MODE_BLOCKING',
      'SESSION_TASK_HARDENED',
      'SESSION_TASK_MISSING',
      'STACK_BUDGET',
    ]);
  });
});
