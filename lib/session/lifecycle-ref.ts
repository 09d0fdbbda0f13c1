import type { IGrantable } from 'aws-cdk-lib/aws-iam';

/** The life of sessions, as the control API needs it. */
export interface ISessionLifecycle {
  /** Of the state machine; an execution has its session's id as name and `{"sessionId": ...}` as input. */
  readonly stateMachineArn: string;
  /** Of the function that ends every session after the epoch was raised; invoked without waiting for it. */
  readonly panicFunctionArn: string;
  /** How many sessions hold a place at a time. */
  readonly maxSessions: number;
  /** Lets a function start a session whose row it wrote. */
  grantStart(grantee: IGrantable): void;
  /** Lets a function end sessions: close rows and bindings, and have the state machine go on to its stop. */
  grantStop(grantee: IGrantable): void;
  /** Lets a function raise the epoch and lift it, and have every session ended. */
  grantPanic(grantee: IGrantable): void;
}
