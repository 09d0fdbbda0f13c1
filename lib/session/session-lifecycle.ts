import { CustomResource, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { INLINE_POLICY } from '../acknowledgements';
import { alarmTopic } from '../egress/alarm-topic';
import type { IAgentNetwork } from '../network/agent-network-ref';
import { grantUseThrough } from '../platform-key';
import { LifecycleAlarms } from './lifecycle-alarms';
import { lifecycleDefinition } from './lifecycle-definition';
import { type IGrantBroker, LifecycleFunctions } from './lifecycle-functions';
import type { ISessionLifecycle } from './lifecycle-ref';
import type { ISessions } from './sessions-ref';

export interface SessionLifecycleProps {
  readonly network: IAgentNetwork;
  readonly sessions: ISessions;
  /**
   * Asked before a start whether the grants can be had, and told of each end.
   *
   * @default none: no session has a credential that could be asked for or taken back
   */
  readonly broker?: IGrantBroker;
  /** Sessions that hold a place at a time; more wait. @default 1000 */
  readonly maxSessions?: number;
  /**
   * Tasks started in a second. ECS takes 20 calls a second of an account, which others in it share.
   *
   * @default 20
   */
  readonly runTaskPerSecond?: number;
  /**
   * Whether stop, panic and reaper have runs reserved, so that nothing else in the account keeps them from working. The
   * deployment fails where fewer than 100 runs would be left for the rest; new accounts have 10 in all.
   *
   * @default true
   */
  readonly reserveConcurrency?: boolean;
  /** Deletes logs and the alarm topic with the stack. @default false */
  readonly throwaway?: boolean;
}

/** Starts sessions at the rate ECS takes them, sees them through their lives, and ends every one, whatever is lost. */
export class SessionLifecycle extends Construct implements ISessionLifecycle {
  readonly stateMachineArn: string;
  readonly panicFunctionArn: string;
  readonly maxSessions: number;
  /** Where its alarms go. */
  readonly alarmTopic: ITopic;

  private readonly sessions: ISessions;
  private readonly removalPolicy: RemovalPolicy;

  /** @throws where a rate or a limit is not above 0 */
  constructor(scope: Construct, id: string, props: SessionLifecycleProps) {
    super(scope, id);
    const { sessions } = props;
    this.sessions = sessions;
    this.removalPolicy = props.throwaway ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.maxSessions = atLeast(1, 'maxSessions', props.maxSessions ?? 1000);
    const perSecond = atLeast(0.1, 'runTaskPerSecond', props.runTaskPerSecond ?? 20);

    const lost = this.queue('LaunchLost');
    const launches = this.queue('Launches', { queue: lost, maxReceiveCount: 5 });
    const functions = new LifecycleFunctions(this, 'Functions', {
      network: props.network,
      sessions,
      profiles: sessions.policies.map(({ profile }) => profile),
      queue: launches,
      maxSessions: this.maxSessions,
      runTaskPerSecond: perSecond,
      broker: props.broker,
      reserveConcurrency: props.reserveConcurrency ?? true,
      removalPolicy: this.removalPolicy,
    });
    functions.launch.addEventSource(
      // Few at a time: they wait for each other's turn anyway, and a function that waits is paid for.
      new SqsEventSource(launches, { batchSize: 10, maxConcurrency: 10, reportBatchItemFailures: true }),
    );
    const machine = this.machine(functions, launches);
    this.stateMachineArn = machine.stateMachineArn;
    this.panicFunctionArn = functions.panic.functionArn;
    functions.allowTokens(machine.stateMachineArn);

    // Under the key of SQS itself: for another, EventBridge had to be let at the key of all tables.
    const eventsLost = new Queue(this, 'EventsLost', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(eventsLost).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'is itself where a rule of EventBridge leaves what it could not deliver, which the check does not see',
    });
    this.events(functions, eventsLost);
    new CustomResource(this, 'Epoch', {
      serviceToken: functions.installEpoch.functionArn,
      resourceType: 'Custom::SessionEpoch',
    });

    const topic = alarmTopic(this, 'Alarms', sessions.encryptionKey);
    this.alarmTopic = topic;
    const action: IAlarmAction = new SnsAction(topic);
    new LifecycleAlarms(this, 'Watch', { functions, machine, launches, lost, eventsLost, action });
  }

  grantStart(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [this.stateMachineArn] }),
    );
  }

  grantStop(grantee: IGrantable): void {
    this.sessions.grantWriteRows(grantee);
    this.sessions.grantWriteBindings(grantee);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['states:SendTaskSuccess'], resources: [this.stateMachineArn] }),
    );
  }

  grantPanic(grantee: IGrantable): void {
    this.sessions.grantWriteEpoch(grantee);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [this.panicFunctionArn] }),
    );
  }

  /** Messages of launches have tokens of state machines in them. */
  private queue(id: string, deadLetterQueue?: { readonly queue: Queue; readonly maxReceiveCount: number }): Queue {
    return new Queue(this, id, {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: this.sessions.encryptionKey,
      enforceSSL: true,
      retentionPeriod: Duration.days(deadLetterQueue ? 1 : 14),
      // Six times the function's timeout, as Lambda asks for.
      visibilityTimeout: Duration.seconds(360),
      ...(deadLetterQueue && { deadLetterQueue }),
    });
  }

  private machine(functions: LifecycleFunctions, launches: Queue): StateMachine {
    const role = new Role(this, 'MachineRole', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    Validations.of(role).acknowledge(INLINE_POLICY);
    const { preflight, run, stop, finish } = functions;
    const invoked: Record<string, IFunction> = { Preflight: preflight, Run: run, Stop: stop, Finish: finish };
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: Object.values(invoked).map(({ functionArn }) => functionArn),
      }),
    );
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [launches.queueArn] }));
    grantUseThrough(role, this.sessions.encryptionKey, 'sqs', ['kms:Decrypt', 'kms:GenerateDataKey']);
    const logs = new LogGroup(this, 'MachineLogs', {
      encryptionKey: this.sessions.encryptionKey,
      retention: RetentionDays.ONE_YEAR,
      removalPolicy: this.removalPolicy,
    });
    const machine = new StateMachine(this, 'Machine', {
      stateMachineType: StateMachineType.STANDARD,
      comment: 'Life of a session',
      role,
      definitionBody: DefinitionBody.fromString(JSON.stringify(lifecycleDefinition())),
      definitionSubstitutions: {
        Partition: Stack.of(this).partition,
        LaunchQueue: launches.queueUrl,
        ...Object.fromEntries(Object.entries(invoked).map(([name, { functionArn }]) => [name, functionArn])),
      },
      tracingEnabled: true,
      // Without data: that of two states is a token, and who has it can end a session.
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
    });
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'delivery of logs to CloudWatch and traces to X-Ray take no resource',
    });
    return machine;
  }

  private events(functions: LifecycleFunctions, deadLetterQueue: Queue): void {
    const delivered = { deadLetterQueue, retryAttempts: 8, maxEventAge: Duration.hours(2) };
    new Rule(this, 'TaskEvents', {
      description: 'What ECS says of tasks of sessions',
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: { clusterArn: [this.sessions.cluster.clusterArn] },
      },
    }).addTarget(new FunctionTarget(functions.taskEvent, delivered));
    functions.taskEvent.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(1) });
    new Rule(this, 'EachMinute', {
      description: 'The reaper of sessions',
      schedule: Schedule.rate(Duration.minutes(1)),
    }).addTarget(new FunctionTarget(functions.reaper, { retryAttempts: 0, maxEventAge: Duration.minutes(1) }));
    // The next minute's run is the retry.
    functions.reaper.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    functions.panic.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(1) });
  }
}

function atLeast(least: number, name: string, value: number): number {
  if (!(value >= least)) throw new Error(`${name}: got ${value}, expected at least ${least}`);
  return value;
}
