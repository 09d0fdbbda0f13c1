import {
  DescribeTasksCommand,
  ECSClient,
  type ECSClientConfig,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { SESSION_TAG } from '../core/session/tag';
import { readTask } from '../core/session/task';
import type { DescribedTasks, ListedTasks, RunTask, RunTaskAnswer, SessionTasks } from './session-ports';

export interface EcsTasksOptions {
  readonly cluster: string;
  /** By profile; only where tasks are started. */
  readonly taskDefinitions?: ReadonlyMap<string, string>;
  readonly subnets?: readonly string[];
  readonly securityGroups?: readonly string[];
  readonly client?: ECSClientConfig;
}

/**
 * Answers that are about the request and not about the moment. Everything else (throttling, `ServerException`, a
 * connection that broke) leaves open whether a task was started. Source: Amazon ECS API Reference, RunTask, errors.
 */
const INVALID: readonly string[] = [
  'AccessDeniedException',
  'BlockedException',
  'ClientException',
  'ClusterNotFoundException',
  'InvalidParameterException',
  'PlatformTaskDefinitionIncompatibilityException',
  'PlatformUnknownException',
  'UnsupportedFeatureException',
];
/** Of a throttle that ECS gives another name. */
const THROTTLED = /rate exceeded|throttl|capacity|limit/i;

/** ECS. RunTask is never repeated by the client: each call has its turn, and two in one turn would be above the rate. */
export class EcsTasks implements SessionTasks {
  readonly cluster: string;
  private readonly client: ECSClient;
  private readonly starting: ECSClient;

  constructor(private readonly options: EcsTasksOptions) {
    this.cluster = options.cluster;
    const requestHandler = { connectionTimeout: 1000, requestTimeout: 10_000, throwOnRequestTimeout: true };
    this.client = new ECSClient({ maxAttempts: 5, requestHandler, ...options.client });
    this.starting = new ECSClient({ requestHandler, ...options.client, maxAttempts: 1 });
  }

  async run({ profile, sessionId, token }: RunTask): Promise<RunTaskAnswer> {
    const { taskDefinitions, subnets = [], securityGroups = [] } = this.options;
    const taskDefinition = taskDefinitions?.get(profile);
    if (taskDefinition === undefined) return { kind: 'invalid', reason: 'no task definition of this profile' };
    try {
      const { tasks, failures } = await this.starting.send(
        new RunTaskCommand({
          cluster: this.cluster,
          taskDefinition,
          clientToken: token,
          startedBy: token,
          count: 1,
          launchType: 'FARGATE',
          platformVersion: '1.4.0',
          enableExecuteCommand: false,
          enableECSManagedTags: false,
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: [...subnets],
              securityGroups: [...securityGroups],
              assignPublicIp: 'DISABLED',
            },
          },
          // No overrides: they are in DescribeTasks, CloudTrail and events for everybody to read. An id is no secret.
          tags: [{ key: SESSION_TAG, value: sessionId }],
        }),
      );
      const taskArn = tasks?.[0]?.taskArn;
      if (taskArn !== undefined) return { kind: 'started', taskArn };
      return { kind: 'refused', reason: failures?.[0]?.reason ?? 'no task and no reason' };
    } catch (error) {
      return answerOf(error);
    }
  }

  async stop(taskArn: string, reason: string): Promise<'asked' | 'gone'> {
    try {
      const { task } = await this.client.send(
        new StopTaskCommand({ cluster: this.cluster, task: taskArn, reason: reason.slice(0, 255) }),
      );
      return task?.lastStatus === 'STOPPED' ? 'gone' : 'asked';
    } catch (error) {
      if (error instanceof Error && /not found/i.test(error.message)) return 'gone';
      throw error;
    }
  }

  async describe(taskArns: readonly string[]): Promise<DescribedTasks> {
    if (taskArns.length === 0) return { tasks: [], missing: [], strange: [] };
    const { tasks = [], failures = [] } = await this.client.send(
      new DescribeTasksCommand({ cluster: this.cluster, tasks: [...taskArns] }),
    );
    const read = tasks.map((task) => [task.taskArn, readTask(task)] as const);
    return {
      tasks: read.flatMap(([, task]) => task ?? []),
      missing: failures.flatMap(({ arn, reason }) => (reason === 'MISSING' && arn !== undefined ? arn : [])),
      strange: read.flatMap(([arn, task]) => (task === undefined && arn !== undefined ? arn : [])),
    };
  }

  async list({ startedBy, after }: { readonly startedBy?: string; readonly after?: string }): Promise<ListedTasks> {
    const { taskArns = [], nextToken } = await this.client.send(
      new ListTasksCommand({ cluster: this.cluster, startedBy, nextToken: after, desiredStatus: 'RUNNING' }),
    );
    return { taskArns, ...(nextToken !== undefined && { after: nextToken }) };
  }
}

function answerOf(error: unknown): RunTaskAnswer {
  if (!(error instanceof Error)) return { kind: 'unclear', reason: 'unknown' };
  const reason = `${error.name}: ${error.message}`.slice(0, 300);
  // The token with other parameters: the profile was deployed anew between two tries. Only another token can start it.
  if (error.name === 'ConflictException') return { kind: 'refused', reason };
  return { kind: INVALID.includes(error.name) && !THROTTLED.test(error.message) ? 'invalid' : 'unclear', reason };
}
