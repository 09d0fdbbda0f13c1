import { Duration, type RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import { Effect, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { LIFECYCLE_VARIABLES as NAMES } from '../../core/session/lifecycle-environment';
import { INLINE_POLICY } from '../acknowledgements';
import { type KnownValue, knownValue } from '../known-output';
import type { IAgentNetwork } from '../network/agent-network-ref';
import { grantUseThrough } from '../platform-key';
import { prebuiltFunction } from '../prebuilt-function';
import type { ISessions } from './sessions-ref';

/** The credential broker, asked whether a session's grants can be had and told when it is over. */
export interface IGrantBroker {
  /** ARN of the alias by which the broker knows that the life cycle asks. */
  readonly lifecycleAliasArn: string;
}

export interface LifecycleFunctionsProps {
  readonly network: IAgentNetwork;
  readonly sessions: ISessions;
  readonly profiles: readonly string[];
  readonly queue: IQueue;
  readonly maxSessions: number;
  readonly runTaskPerSecond: number;
  readonly broker?: IGrantBroker;
  readonly reserveConcurrency: boolean;
  readonly removalPolicy: RemovalPolicy;
}

interface Shape {
  readonly handler: string;
  readonly description: string;
  readonly timeout: Duration;
  /** Runs kept free, where they are. */
  readonly reserved?: number;
}

const POOL =
  'the state machine tries again whatever was throttled, and what has to come through in any case has runs of its own';
const LETTERS =
  'whoever invokes it waits for the answer and tries again, or is a queue or rule with a dead-letter queue of its own';

/**
 * The functions of a session's life: one asset, a role each. What each may do is what its part of the work takes.
 *
 * @internal
 */
export class LifecycleFunctions extends Construct {
  readonly preflight: LambdaFunction;
  readonly launch: LambdaFunction;
  readonly run: LambdaFunction;
  readonly stop: LambdaFunction;
  readonly finish: LambdaFunction;
  readonly taskEvent: LambdaFunction;
  readonly reaper: LambdaFunction;
  readonly panic: LambdaFunction;
  readonly installEpoch: LambdaFunction;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: LifecycleFunctionsProps,
  ) {
    super(scope, id);
    const { sessions, queue } = props;
    this.preflight = this.add('Preflight', {
      handler: 'preflight',
      description: 'Refuses sessions that can not start, before compute is bought',
      timeout: Duration.seconds(100),
    });
    this.setTaskDefinitions(this.preflight);
    this.preflight.addEnvironment(NAMES.payloads, sessions.payloadsBucketName);
    sessions.grantReadTaskTexts(this.preflight);
    sessions.grantReadBindings(this.preflight);

    this.launch = this.add('Launch', {
      handler: 'launch',
      description: 'Starts tasks of sessions, at the rate that ECS takes them',
      timeout: Duration.seconds(60),
    });
    this.setTaskDefinitions(this.launch);
    this.setPlace(this.launch);
    this.launch.addEnvironment(NAMES.launchQueue, queue.queueUrl);
    this.launch.addEnvironment(NAMES.runTaskPerSecond, String(props.runTaskPerSecond));
    this.allow(this.launch, { actions: ['sqs:SendMessage'], resources: [queue.queueArn] });
    grantUseThrough(this.launch, sessions.encryptionKey, 'sqs', ['kms:Decrypt', 'kms:GenerateDataKey']);
    this.allowRunTask(this.launch);

    this.run = this.add('Run', {
      handler: 'run',
      description: 'Keeps the token with which the state machine of a session goes on',
      timeout: Duration.seconds(30),
    });
    this.stop = this.add('Stop', {
      handler: 'stop',
      description: 'Ends sessions: no service answers them, their grants are taken back, their tasks are stopped',
      timeout: Duration.seconds(60),
      reserved: 20,
    });
    this.finish = this.add('Finish', {
      handler: 'finish',
      description: 'Writes the end of sessions and gives their places back',
      timeout: Duration.seconds(30),
    });
    this.taskEvent = this.add('TaskEvent', {
      handler: 'taskEvent',
      description: 'Binds addresses to sessions and closes them, as ECS tells of tasks',
      timeout: Duration.seconds(30),
    });
    this.reaper = this.add('Reaper', {
      handler: 'reaper',
      description: "Each minute: what ECS did not tell, whose time is over, and what runs and is nobody's",
      timeout: Duration.minutes(5),
      reserved: 1,
    });
    this.panic = this.add('Panic', {
      handler: 'panic',
      description: 'Ends every session after a panic was raised',
      timeout: Duration.minutes(15),
      reserved: 1,
    });
    for (const handler of [this.stop, this.finish, this.taskEvent, this.reaper, this.panic]) {
      sessions.grantWriteBindings(handler);
    }
    for (const handler of [this.reaper, this.panic]) sessions.grantListRows(handler);
    for (const handler of [this.launch, this.stop, this.taskEvent, this.reaper]) this.allowStopTask(handler);
    for (const handler of [this.taskEvent, this.reaper]) this.allowDescribeTasks(handler);
    for (const handler of [this.stop, this.reaper]) this.allowListTasks(handler);
    for (const handler of [this.preflight, this.stop]) this.allowBroker(handler);
    for (const { role } of [this.launch, this.stop, this.taskEvent, this.reaper]) {
      Validations.of(role ?? this).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${this.tasks().inFindings}]`,
        reason: 'tasks of the one cluster that has none but those of sessions, which are there at run time only',
      });
    }

    // Without rights on rows: it makes one item of the other table.
    this.installEpoch = this.add(
      'InstallEpoch',
      {
        handler: 'installEpoch',
        description: 'Makes the epoch item, without which every service refuses everybody',
        timeout: Duration.minutes(1),
      },
      false,
    );
    sessions.grantWriteEpoch(this.installEpoch);
  }

  /**
   * Lets functions send the machine's tokens back. In policies beside their roles: a function waits for its role and what
   * is below it, and the machine waits for the function, so there it would be a circle.
   */
  allowTokens(stateMachineArn: string): void {
    const { preflight, launch, run, stop, finish, taskEvent, reaper, panic } = this;
    for (const [name, handler] of Object.entries({ preflight, launch, run, stop, finish, taskEvent, reaper, panic })) {
      allowToken(this, `${name}Token`, handler, stateMachineArn);
    }
  }

  private add(name: string, shape: Shape, rows = true): LambdaFunction {
    const { sessions, reserveConcurrency, removalPolicy, maxSessions, broker } = this.props;
    const handler = prebuiltFunction(this, name, 'session', {
      handler: shape.handler,
      description: shape.description,
      timeout: shape.timeout,
      encryptionKey: sessions.encryptionKey,
      removalPolicy,
      ...(reserveConcurrency && shape.reserved !== undefined && { reservedConcurrency: shape.reserved }),
      sharesPoolBecause: POOL,
      noDeadLettersBecause: LETTERS,
      environment: {
        [NAMES.sessionsTable]: sessions.rowsTableName,
        [NAMES.bindingsTable]: sessions.bindingsTableName,
        [NAMES.cluster]: sessions.cluster.clusterArn,
        [NAMES.maxSessions]: String(maxSessions),
        ...(broker && { [NAMES.broker]: broker.lifecycleAliasArn }),
      },
    });
    if (rows) sessions.grantWriteRows(handler);
    return handler;
  }

  private setTaskDefinitions(handler: LambdaFunction): void {
    const { sessions, profiles } = this.props;
    const arns = Object.fromEntries(profiles.map((profile) => [profile, sessions.taskDefinitionArn(profile)]));
    handler.addEnvironment(NAMES.taskDefinitions, Stack.of(this).toJsonString(arns));
  }

  /** IAM can't bind RunTask to a subnet or to no public address: what is asked for is fixed here. */
  private setPlace(handler: LambdaFunction): void {
    const { sessionsVpc, sessionSubnets, sessionSecurityGroup } = this.props.network;
    handler.addEnvironment(NAMES.subnets, sessionsVpc.selectSubnets(sessionSubnets).subnetIds.join(','));
    handler.addEnvironment(NAMES.securityGroup, sessionSecurityGroup.securityGroupId);
  }

  private allowRunTask(handler: LambdaFunction): void {
    const { sessions, profiles } = this.props;
    const { clusterArn } = sessions.cluster;
    this.allow(handler, {
      actions: ['ecs:RunTask'],
      resources: profiles.map((profile) => sessions.taskDefinitionArn(profile)),
      // No task of a session can be entered, whoever changes the function.
      conditions: {
        ArnEquals: { 'ecs:cluster': clusterArn },
        StringNotEqualsIfExists: { 'ecs:enable-execute-command': 'true' },
      },
    });
    this.allow(handler, {
      actions: ['ecs:TagResource'],
      resources: [this.tasks().value],
      conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
    });
    // No other role can be given to a task: with a role of its own it would hold AWS keys.
    this.allow(handler, {
      actions: ['iam:PassRole'],
      resources: [sessions.executionRole.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    });
  }

  private allowStopTask(handler: LambdaFunction): void {
    this.allow(handler, { actions: ['ecs:StopTask'], resources: [this.tasks().value], conditions: this.inCluster() });
  }

  private allowDescribeTasks(handler: LambdaFunction): void {
    this.allow(handler, {
      actions: ['ecs:DescribeTasks'],
      resources: [this.tasks().value],
      conditions: this.inCluster(),
    });
  }

  private allowListTasks(handler: LambdaFunction): void {
    this.allow(handler, { actions: ['ecs:ListTasks'], resources: ['*'], conditions: this.inCluster() });
    Validations.of(handler.role ?? this).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'ecs:ListTasks takes no resource that a task is; it is bound to the cluster of sessions',
    });
  }

  private allowBroker(handler: LambdaFunction): void {
    const { broker } = this.props;
    if (broker) this.allow(handler, { actions: ['lambda:InvokeFunction'], resources: [broker.lifecycleAliasArn] });
  }

  private allow(handler: LambdaFunction, statement: ConstructorParameters<typeof PolicyStatement>[0]): void {
    handler.addToRolePolicy(new PolicyStatement({ effect: Effect.ALLOW, ...statement }));
  }

  private inCluster() {
    return { ArnEquals: { 'ecs:cluster': this.props.sessions.cluster.clusterArn } };
  }

  /** Tasks of the cluster; there is no other task in it than sessions'. */
  private tasks(): KnownValue {
    const { partition, region, account } = Stack.of(this);
    const { cluster } = this.props.sessions;
    const name = knownValue(cluster, 'Name', cluster.clusterName, this);
    const arn = (of: string, at: string, by: string): string => `arn:${of}:ecs:${at}:${by}:task`;
    return {
      value: `${arn(partition, region, account)}/${name.value}/*`,
      inFindings: `${arn(spelled(partition, 'Partition'), spelled(region, 'Region'), spelled(account, 'AccountId'))}/${name.inFindings}/*`,
    };
  }
}

function allowToken(scope: Construct, id: string, handler: LambdaFunction, stateMachineArn: string): void {
  const policy = new Policy(scope, id, {
    statements: [new PolicyStatement({ actions: ['states:SendTaskSuccess'], resources: [stateMachineArn] })],
    ...(handler.role && { roles: [handler.role] }),
  });
  Validations.of(policy).acknowledge(INLINE_POLICY);
}

/** As cdk-nag writes what is known at deploy only. */
function spelled(value: string, pseudo: string): string {
  return Token.isUnresolved(value) ? `<AWS::${pseudo}>` : value;
}
