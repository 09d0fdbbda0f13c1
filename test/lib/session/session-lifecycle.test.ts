import { App, Stack } from 'aws-cdk-lib';
import { SessionLifecycle } from '../../../lib';
import { lifecycleDefinition } from '../../../lib/session/lifecycle-definition';
import { type CfnResource, resourcesOf, variantNames } from '../../templates';

/** What starts and ends sessions: what stands in the template, and what each of its roles may do. */

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

const text = (value: unknown): string => JSON.stringify(value ?? null);
const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
const resources = (variant: string): [string, CfnResource][] =>
  resourcesOf(variant).map(([, id, resource]) => [id, resource] as [string, CfnResource]);
const ofType = (variant: string, type: string): [string, CfnResource][] =>
  resources(variant).filter(([id, { Type }]) => Type === type && id.includes('Lifecycle'));

/** What the function of a handler may do, from every policy of its role. */
function rightsOf(variant: string, handler: string): Statement[] {
  const [id] =
    ofType(variant, 'AWS::Lambda::Function').find(
      ([, { Properties = {} }]) => Properties.Handler === `index.${handler}`,
    ) ?? [];
  const role = text(resources(variant).find(([name]) => name === id)?.[1].Properties?.Role);
  const roleId = /"Fn::GetAtt":\["([^"]+)"/.exec(role)?.[1] ?? 'none';
  return ofType(variant, 'AWS::IAM::Policy')
    .filter(([, policy]) => text(policy.Properties?.Roles).includes(`"${roleId}"`))
    .flatMap(
      ([, policy]) => (policy.Properties?.PolicyDocument as { Statement: Statement[] } | undefined)?.Statement ?? [],
    );
}
const actionsOf = (variant: string, handler: string): string[] =>
  [...new Set(rightsOf(variant, handler).flatMap(({ Action }) => list(Action)))].sort();
const statement = (variant: string, handler: string, action: string): Statement[] =>
  rightsOf(variant, handler).filter(({ Action }) => list(Action).includes(action));

const ROWS = ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
const KEY = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'];
const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const OWN = [...ROWS, ...KEY, ...LOGS, 'states:SendTaskSuccess'];
const QUEUE = [
  'sqs:ChangeMessageVisibility',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
  'sqs:ReceiveMessage',
  'sqs:SendMessage',
];

describe.each(variantNames())('S5 the life of sessions in %s', (variant) => {
  it('S5 the state machine is the one that ten thousand sessions were run through', () => {
    const [[, machine] = ['', { Type: '' }]] = ofType(variant, 'AWS::StepFunctions::StateMachine');
    expect(JSON.parse(String(machine.Properties?.DefinitionString))).toEqual(lifecycleDefinition());
    expect(machine.Properties?.StateMachineType).toBe('STANDARD');
    const substitutions = machine.Properties?.DefinitionSubstitutions as Record<string, unknown>;
    const named = [...String(machine.Properties?.DefinitionString).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(Object.keys(substitutions)));
    // A token of a state machine ends a session, for whoever reads it in a log.
    expect(machine.Properties?.LoggingConfiguration).toMatchObject({ IncludeExecutionData: false, Level: 'ALL' });
  });

  it.each<[string, string[]]>([
    ['preflight', [...OWN, 'lambda:InvokeFunction', 's3:GetObject']],
    ['launch', [...OWN, ...QUEUE, 'ecs:RunTask', 'ecs:StopTask', 'ecs:TagResource', 'iam:PassRole']],
    ['run', OWN],
    ['stop', [...OWN, 'ecs:ListTasks', 'ecs:StopTask', 'lambda:InvokeFunction']],
    ['finish', OWN],
    ['taskEvent', [...OWN, 'ecs:DescribeTasks', 'ecs:StopTask']],
    ['reaper', [...OWN, 'dynamodb:Query', 'ecs:DescribeTasks', 'ecs:ListTasks', 'ecs:StopTask']],
    ['panic', [...OWN, 'dynamodb:Query']],
    ['installEpoch', [...KEY, ...LOGS, 'dynamodb:GetItem', 'dynamodb:PutItem']],
  ])('S5 %s may do its work and nothing else', (handler, actions) => {
    expect(actionsOf(variant, handler)).toEqual([...actions].sort());
  });

  it("S4 RunTask starts the profiles' tasks in the one cluster, with the one role, and nothing can be entered", () => {
    const [run, ...more] = statement(variant, 'launch', 'ecs:RunTask');
    expect(more).toEqual([]);
    expect(text(run?.Resource)).toMatch(/Task/);
    expect(text(run?.Resource)).not.toContain('"*"');
    expect(run?.Condition).toMatchObject({
      ArnEquals: { 'ecs:cluster': expect.anything() },
      StringNotEqualsIfExists: { 'ecs:enable-execute-command': 'true' },
    });
    const [pass, ...others] = statement(variant, 'launch', 'iam:PassRole');
    expect(others).toEqual([]);
    expect(text(pass?.Resource)).toMatch(/ExecutionRole/);
    expect(list(pass?.Resource)).toHaveLength(1);
    expect(pass?.Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
    const passing = resources(variant).filter(([, resource]) => text(resource.Properties).includes('iam:PassRole'));
    expect(passing).toHaveLength(1);
  });

  it('C1 the broker is asked by the alias that stands for the life cycle, and by no other name', () => {
    for (const handler of ['preflight', 'stop']) {
      const [invoke, ...more] = statement(variant, handler, 'lambda:InvokeFunction');
      expect(more).toEqual([]);
      expect(text(invoke?.Resource)).toMatch(/alias|lifecycle/i);
      expect(text(invoke?.Resource)).not.toContain('*');
    }
  });

  it('S7 who may write bindings may not write the epoch, and who makes the epoch may write no binding', () => {
    const bindings = (handler: string): Statement[] =>
      statement(variant, handler, 'dynamodb:PutItem').filter(({ Resource }) => text(Resource).includes('Bindings'));
    for (const handler of ['stop', 'finish', 'taskEvent', 'reaper', 'panic']) {
      const [put, ...more] = bindings(handler);
      expect(more).toEqual([]);
      expect(put?.Condition).toEqual({
        'ForAllValues:StringNotEquals': { 'dynamodb:LeadingKeys': ['epoch'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      });
    }
    expect(bindings('installEpoch').map(({ Condition }) => Condition)).toEqual([
      { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['epoch'] }, Null: { 'dynamodb:LeadingKeys': 'false' } },
    ]);
    for (const handler of ['preflight', 'launch', 'run']) expect(bindings(handler)).toEqual([]);
  });

  it('S5 stop, panic and reaper have runs of their own', () => {
    const reserved = ofType(variant, 'AWS::Lambda::Function').flatMap(([, { Properties = {} }]) =>
      Properties.ReservedConcurrentExecutions === undefined
        ? []
        : [[Properties.Handler, Properties.ReservedConcurrentExecutions]],
    );
    expect(Object.fromEntries(reserved)).toEqual({ 'index.stop': 20, 'index.reaper': 1, 'index.panic': 1 });
  });

  it("S4 the task starts in the sessions' subnets and group", () => {
    const launch = ofType(variant, 'AWS::Lambda::Function').find(
      ([, { Properties = {} }]) => Properties.Handler === 'index.launch',
    );
    const { Variables } = (launch?.[1].Properties?.Environment ?? {}) as { Variables: Record<string, unknown> };
    expect(text(Variables.SUBNETS)).toMatch(/SessionSubnet/);
    expect(text(Variables.SUBNETS)).not.toMatch(/Public|Service|Firewall/);
    expect(text(Variables.SECURITY_GROUP)).toMatch(/Session/);
  });

  it("S5 only events of the sessions' own cluster are heard, and what can't be delivered is kept", () => {
    const rules = ofType(variant, 'AWS::Events::Rule');
    const [events] = rules.filter(([, rule]) => rule.Properties?.EventPattern !== undefined);
    expect(events?.[1].Properties?.EventPattern).toEqual({
      source: ['aws.ecs'],
      'detail-type': ['ECS Task State Change'],
      detail: { clusterArn: [expect.anything()] },
    });
    const [target] = (events?.[1].Properties?.Targets ?? []) as { DeadLetterConfig?: unknown }[];
    expect(target?.DeadLetterConfig).toBeDefined();
    expect(rules.map(([, rule]) => rule.Properties?.ScheduleExpression).filter(Boolean)).toEqual(['rate(1 minute)']);
  });

  it('S5 what goes wrong for the platform is an alarm that somebody can hear', () => {
    const alarms = ofType(variant, 'AWS::CloudWatch::Alarm');
    expect(alarms.length).toBe(9);
    for (const [, alarm] of alarms) {
      expect(list(alarm.Properties?.AlarmActions)).toHaveLength(1);
      expect(String(alarm.Properties?.AlarmDescription).length).toBeGreaterThan(40);
    }
  });
});

describe('S5 what is wrong is said', () => {
  it.each<[object, string]>([
    [{ maxSessions: 0 }, 'maxSessions: got 0, expected at least 1'],
    [{ runTaskPerSecond: 0 }, 'runTaskPerSecond: got 0, expected at least 0.1'],
    [{ runTaskPerSecond: Number.NaN }, 'runTaskPerSecond: got NaN, expected at least 0.1'],
  ])('S8 %j', (props, message) => {
    const stack = new Stack(new App(), 'Stack');
    expect(() => new SessionLifecycle(stack, 'Life', { ...props } as never)).toThrow(message);
  });
});
