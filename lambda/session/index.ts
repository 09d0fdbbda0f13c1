import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { launchSettings, preflightSettings, sharedSettings } from '../../core/session/lifecycle-environment';
import { taskTextKey } from '../../core/session/self';
import { brokerGrants, NO_GRANTS } from '../../runtime/broker-grants';
import { systemClock } from '../../runtime/clock';
import { type CustomResourceEvent, customResourceHandler } from '../../runtime/custom-resource';
import { DynamoItemStore } from '../../runtime/dynamo-item-store';
import { EcsTasks } from '../../runtime/ecs-tasks';
import { functionRecords } from '../../runtime/function-records';
import { RunTaskRate } from '../../runtime/run-task-rate';
import { SessionTable } from '../../runtime/session-table';
import { Transitions } from '../../runtime/session-transitions';
import { stepFunctions } from '../../runtime/step-functions';
import { Launch, type LaunchMessage } from './launch';
import { preflight as check } from './preflight';
import { reap, sweep } from './reaper';
import { finish as end, stop as halt, type StopInput, run as wait } from './stop';
import { taskEvent as seen, type TaskEvent } from './task-events';

/**
 * The functions of a session's life, one handler each; which of them runs is the function's own setting, and each has
 * only the rights and variables of its work.
 */
const settings = sharedSettings(process.env);
const clock = systemClock;
const store = new DynamoItemStore({
  tables: { sessions: settings.SESSIONS_TABLE, bindings: settings.BINDINGS_TABLE },
});
const table = new SessionTable({ store, clock, maxSessions: settings.MAX_SESSIONS });
const machines = stepFunctions();
const grants = settings.CREDENTIAL_BROKER === undefined ? NO_GRANTS : brokerGrants(settings.CREDENTIAL_BROKER);
const records = functionRecords('session-lifecycle');
const onProblem = (sessionId: string, problem: string): void => console.warn({ message: problem, sessionId });
const transitions = new Transitions({
  table,
  machines,
  records,
  tasks: new EcsTasks({ cluster: settings.CLUSTER_ARN }),
});

/** State `Preflight`. */
export async function preflight({ sessionId }: { readonly sessionId: string }) {
  const { TASK_DEFINITIONS, PAYLOADS_BUCKET } = preflightSettings(process.env);
  const s3 = new S3Client({ maxAttempts: 3 });
  return check(
    {
      transitions,
      grants,
      profiles: new Set(Object.keys(TASK_DEFINITIONS)),
      async hasTaskText(row) {
        try {
          const { ContentLength } = await s3.send(
            new HeadObjectCommand({ Bucket: PAYLOADS_BUCKET, Key: taskTextKey(row.sessionId) }),
          );
          return ContentLength === row.taskText.bytes;
        } catch (error) {
          if (error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey')) return false;
          throw error;
        }
      },
    },
    sessionId,
  );
}

interface SqsEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** Messages of state `Launch`. */
export async function launch({ Records }: SqsEvent) {
  const found = launchSettings(process.env);
  const queue = new SQSClient({ maxAttempts: 5 });
  const tasks = new EcsTasks({
    cluster: settings.CLUSTER_ARN,
    taskDefinitions: new Map(Object.entries(found.TASK_DEFINITIONS)),
    subnets: found.SUBNETS,
    securityGroups: [found.SECURITY_GROUP],
  });
  const launcher = new Launch({
    transitions: new Transitions({ table, machines, records, tasks }),
    machines,
    clock,
    rate: new RunTaskRate({ store, clock, perSecond: found.RUN_TASK_PER_SECOND }),
    async sendLater(message, DelaySeconds) {
      await queue.send(
        new SendMessageCommand({
          QueueUrl: found.LAUNCH_QUEUE_URL,
          MessageBody: JSON.stringify(message),
          DelaySeconds,
        }),
      );
    },
    onProblem,
  });
  const failed = await launcher.handle(Records.map(({ body }) => JSON.parse(body) as LaunchMessage));
  return { batchItemFailures: failed.map((i) => ({ itemIdentifier: Records[i]?.messageId ?? '' })) };
}

/** State `Run`. */
export async function run({ sessionId, token }: { readonly sessionId: string; readonly token: string }): Promise<void> {
  await wait({ transitions, grants }, sessionId, token);
}

/** State `Stop`. */
export async function stop(input: StopInput): Promise<void> {
  await halt({ transitions, grants }, input);
}

/** State `Finish`. */
export async function finish({ sessionId }: { readonly sessionId: string }): Promise<void> {
  await end({ transitions, grants }, sessionId);
}

/** Events of ECS. */
export async function taskEvent(event: TaskEvent): Promise<void> {
  await seen(transitions, event, (problem) => console.warn({ message: problem }));
}

/** Each minute. */
export async function reaper(): Promise<void> {
  const reaped = await reap({ transitions, clock, onProblem });
  console.log({ message: 'reaped', ...reaped });
  if (reaped.failed > 0) throw new Error(`${reaped.failed} sessions could not be looked at`);
}

/** After a panic was raised, by whoever raised it. */
export async function panic(): Promise<void> {
  const swept = await sweep({ transitions, clock, onProblem });
  console.log({ message: 'panic', ...swept });
  if (swept.failed > 0) throw new Error(`${swept.failed} sessions could not be stopped`);
}

const epoch = customResourceHandler(async (event) => {
  // It stays with its table: an epoch that begins anew would bring dead bindings to life.
  if (event.RequestType !== 'Delete') await table.panicSwitch.install('deployment');
  return { physicalId: 'epoch' };
});

/** When the platform is deployed: without the epoch item every service refuses everybody. */
export const installEpoch = (event: CustomResourceEvent): Promise<void> => epoch(event);
