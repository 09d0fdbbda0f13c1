import type { CauseCode, PreflightCause } from './cause';
import type { TaskSnapshot } from './task';

/**
 * What can happen to a session, as whoever saw it says it. Any may come twice, late, in any order, or never.
 */
export type SessionEvent =
  | { readonly kind: 'preflight-started' }
  | { readonly kind: 'preflight-passed' }
  | { readonly kind: 'preflight-refused'; readonly cause: PreflightCause }
  /** It has a place, and RunTask will be asked. Written before it is, so that no task is ever unknown to its row. */
  | { readonly kind: 'launch'; readonly cluster: string }
  | { readonly kind: 'run-task-answered'; readonly generation: number; readonly taskArn: string }
  /** `failures[]`: certainly nothing was started with this token. */
  | { readonly kind: 'run-task-refused'; readonly generation: number }
  /** ECS was asked as often as it is going to be. */
  | { readonly kind: 'launch-gave-up' }
  /** An ECS event, or an answer of DescribeTasks: both are one snapshot. */
  | { readonly kind: 'task'; readonly task: TaskSnapshot }
  /** DescribeTasks knows no such task. */
  | { readonly kind: 'task-missing'; readonly taskArn: string }
  /** Its address is its own; written by the binding transaction and by nobody else. */
  | { readonly kind: 'bound'; readonly task: TaskSnapshot & { readonly address: string } }
  | { readonly kind: 'address-lost'; readonly generation: number; readonly cause: 'address-taken' | 'address-conflict' }
  /** Whether somebody's yes or no is awaited. `asOf` orders these. */
  | { readonly kind: 'approvals'; readonly waiting: boolean; readonly asOf: string }
  | { readonly kind: 'stop'; readonly cause: CauseCode; readonly by?: string; readonly remark?: string }
  /** A state of the machine timed out or failed for good. */
  | { readonly kind: 'machine-failed'; readonly timedOut: boolean }
  /** The reaper found that its time is over, whichever applies to its state. */
  | { readonly kind: 'overdue' }
  /** Nothing is left to be done for it. `force`: whatever ECS has not said. */
  | { readonly kind: 'finish'; readonly force: boolean };

/** What has to be done because of it. Each may be done twice. */
export type SessionEffect =
  | { readonly kind: 'bind'; readonly task: TaskSnapshot & { readonly address: string } }
  | { readonly kind: 'stop-task'; readonly taskArn: string }
  /** The state machine waits for this: that the session is over, or besides that nothing of it runs. */
  | { readonly kind: 'wake'; readonly gone: boolean };
