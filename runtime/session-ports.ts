import type { Holder } from '../core/session/binding-plan';
import type { TaskSnapshot } from '../core/session/task';

export interface RunTask {
  readonly profile: string;
  readonly sessionId: string;
  /** Asked with it again, ECS starts nothing new. Also `startedBy`, by which a task says whose it is. */
  readonly token: string;
}

export type RunTaskAnswer =
  | { readonly kind: 'started'; readonly taskArn: string }
  /** `failures[]`: nothing was started. The reason is a word of ECS, such as `Capacity is unavailable at this time`. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Throttled, timed out or broken: it may have been started, and the same token finds out. */
  | { readonly kind: 'unclear'; readonly reason: string }
  /** What is asked for can't be had, however often. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** ECS, as far as sessions need it. What it throws is worth another try. */
export interface SessionTasks {
  readonly cluster: string;
  run(request: RunTask): Promise<RunTaskAnswer>;
  /** `gone`: ECS knows no such task. */
  stop(taskArn: string, reason: string): Promise<'asked' | 'gone'>;
  /** At most 100. */
  describe(taskArns: readonly string[]): Promise<DescribedTasks>;
  /** Of tasks that are not stopped; `startedBy` a token where only its own are wanted. */
  list(options: { readonly startedBy?: string; readonly after?: string }): Promise<ListedTasks>;
}

export interface DescribedTasks {
  readonly tasks: readonly TaskSnapshot[];
  /** ECS does not know these. */
  readonly missing: readonly string[];
  /** Tasks that no session can have: `startedBy` is no token of ours. */
  readonly strange: readonly string[];
}

export interface ListedTasks {
  readonly taskArns: readonly string[];
  readonly after?: string;
}

/** The state machines that wait. */
export interface Machines {
  /** A token whose wait is over already is as good as one that was used. */
  succeed(token: string): Promise<void>;
}

/** What becomes of the credentials of a session. */
export interface SessionGrants {
  /** Codes of what could not be had now; none: it may start. */
  check(sessionId: string): Promise<readonly string[]>;
  revoke(sessionId: string): Promise<void>;
}

export function holderOf(described: DescribedTasks, taskArns: readonly string[]): ReadonlyMap<string, Holder> {
  return new Map(
    taskArns.map((taskArn) => {
      const life = described.tasks.find((task) => task.taskArn === taskArn)?.life;
      // Of one that is being stopped the interface is still there: only what is gone has given its address back.
      return [taskArn, life === undefined || life === 'gone' ? 'gone' : 'alive'];
    }),
  );
}
