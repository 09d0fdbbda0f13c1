/**
 * The state machine of a session's life, as Step Functions reads it. `${...}` stands for what is known at deploy only.
 *
 * Whatever a state fails with leads to `Stop`, and whatever that fails with to `Finish`: no session is left running
 * because something about it broke. No state polls: `Launch`, `Run` and `Stop` wait for a token that the queue's consumer or
 * an event of ECS gives back.
 */
export interface LifecycleTimes {
  /** For a place and its turn at RunTask. */
  readonly queueSeconds: number;
  /** Until a task that was told to stop is gone. */
  readonly stopSeconds: number;
}

export const LIFECYCLE_TIMES: LifecycleTimes = { queueSeconds: 3600, stopSeconds: 240 };

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL';
}

interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string | null;
  readonly Next: string;
}

export interface TaskState {
  readonly Type: 'Task';
  readonly Comment: string;
  readonly Resource: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly ResultSelector?: Readonly<Record<string, string>>;
  readonly ResultPath: string | null;
  readonly TimeoutSeconds?: number;
  readonly TimeoutSecondsPath?: string;
  readonly Retry: readonly Retrier[];
  readonly Catch: readonly Catcher[];
  readonly Next?: string;
  readonly End?: true;
}

export type State =
  | TaskState
  | { readonly Type: 'Pass'; readonly Parameters: Readonly<Record<string, unknown>>; readonly Next: string }
  | { readonly Type: 'Fail'; readonly Error: string; readonly Cause: string };

export interface Definition {
  readonly Comment: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** Functions throttled, services short of breath, connections broken: all of it passes. */
const again = (attempts: number, ...never: string[]): Retrier[] => [
  ...(never.length > 0 ? [{ ErrorEquals: never, MaxAttempts: 0 }] : []),
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 2,
    BackoffRate: 2,
    MaxDelaySeconds: 60,
    MaxAttempts: attempts,
    JitterStrategy: 'FULL',
  },
];

const otherwise = (next: string): Catcher[] => [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failed', Next: next }];

const invoke = 'arn:${Partition}:states:::lambda:invoke';

export function lifecycleDefinition(times: LifecycleTimes = LIFECYCLE_TIMES): Definition {
  return {
    Comment: 'Life of one session; the execution has its id',
    StartAt: 'Begin',
    States: {
      Begin: {
        Type: 'Pass',
        Parameters: { 'sessionId.$': '$.sessionId', failed: { Error: 'none' } },
        Next: 'Preflight',
      },
      Preflight: {
        Type: 'Task',
        Comment: 'Fails before compute is bought',
        Resource: invoke,
        Parameters: { FunctionName: '${Preflight}', Payload: { 'sessionId.$': '$.sessionId' } },
        ResultSelector: { 'lifetimeSeconds.$': '$.Payload.lifetimeSeconds' },
        ResultPath: '$.preflight',
        TimeoutSeconds: 120,
        Retry: again(6, 'SessionOver'),
        Catch: otherwise('Stop'),
        Next: 'Launch',
      },
      Launch: {
        Type: 'Task',
        Comment: 'Waits for a place and its turn; the consumer of the queue asks ECS',
        Resource: 'arn:${Partition}:states:::sqs:sendMessage.waitForTaskToken',
        Parameters: {
          QueueUrl: '${LaunchQueue}',
          MessageBody: { 'sessionId.$': '$.sessionId', 'token.$': '$$.Task.Token' },
        },
        ResultPath: null,
        TimeoutSeconds: times.queueSeconds,
        Retry: again(6, 'States.Timeout'),
        Catch: otherwise('Stop'),
        Next: 'Run',
      },
      Run: {
        Type: 'Task',
        Comment: 'Until ECS says that the task ended, somebody stops it, or its lifetime is over',
        Resource: `${invoke}.waitForTaskToken`,
        Parameters: {
          FunctionName: '${Run}',
          Payload: { 'sessionId.$': '$.sessionId', 'token.$': '$$.Task.Token' },
        },
        ResultPath: null,
        TimeoutSecondsPath: '$.preflight.lifetimeSeconds',
        Retry: again(6, 'States.Timeout'),
        Catch: otherwise('Stop'),
        Next: 'Stop',
      },
      Stop: {
        Type: 'Task',
        Comment: 'No service answers it, its grants are taken back, its task is told to stop; until that is gone',
        Resource: `${invoke}.waitForTaskToken`,
        Parameters: {
          FunctionName: '${Stop}',
          Payload: { 'sessionId.$': '$.sessionId', 'token.$': '$$.Task.Token', 'failed.$': '$.failed' },
        },
        ResultPath: null,
        TimeoutSeconds: times.stopSeconds,
        Retry: again(10, 'States.Timeout'),
        Catch: otherwise('Finish'),
        Next: 'Finish',
      },
      Finish: {
        Type: 'Task',
        Comment: 'Its end is written and its place given back',
        Resource: invoke,
        Parameters: { FunctionName: '${Finish}', Payload: { 'sessionId.$': '$.sessionId' } },
        ResultPath: null,
        TimeoutSeconds: 120,
        Retry: again(12),
        Catch: otherwise('Unfinished'),
        End: true,
      },
      Unfinished: {
        Type: 'Fail',
        Error: 'Unfinished',
        Cause: 'the end could not be written; the reaper writes it',
      },
    },
  };
}
