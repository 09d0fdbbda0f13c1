import type { SessionRow } from './row';

/** How long a session may be in a state before the reaper ends it, in seconds. */
export interface Patience {
  /** Without a state machine that took it up. */
  readonly pending: number;
  readonly preflight: number;
  /** For a place and its turn. */
  readonly queued: number;
  /** From RunTask to an agent that runs: images are pulled meanwhile. */
  readonly starting: number;
  /** From the stop to a task that is gone: containers have two minutes to end. */
  readonly stopping: number;
}

export const PATIENCE: Patience = { pending: 600, preflight: 1800, queued: 7200, starting: 1200, stopping: 600 };

export type Finding =
  | { readonly kind: 'fine' }
  | { readonly kind: 'overdue' }
  /** Told to stop, and not gone long after: whatever runs is stopped again, and nobody waits for it any more. */
  | { readonly kind: 'abandon' };

/** What the reaper makes of a row, by the time alone. */
export function findingOf(row: SessionRow, now: number, patience: Patience = PATIENCE): Finding {
  const over = (since: string | undefined, seconds: number): boolean =>
    since !== undefined && now > Date.parse(since) + seconds * 1000;
  const overdue = (yes: boolean): Finding => ({ kind: yes ? 'overdue' : 'fine' });
  switch (row.state) {
    case 'PENDING':
      return overdue(over(row.createdAt, patience.pending));
    case 'PREFLIGHT':
      return overdue(over(row.updatedAt, patience.preflight));
    case 'QUEUED':
      return overdue(over(row.updatedAt, patience.queued));
    case 'STARTING':
      // Without a task it is back in the queue: ECS took none, and is asked again.
      if (row.taskArn === undefined) return overdue(over(row.startedAt, patience.queued));
      return overdue(over(row.startedAt, patience.starting) || over(row.lifetimeEndsAt, 0));
    case 'RUNNING':
    case 'AWAITING_APPROVAL':
      return overdue(over(row.lifetimeEndsAt, 0));
    case 'STOPPING':
      return over(row.stoppingAt, patience.stopping) ? { kind: 'abandon' } : { kind: 'fine' };
    default:
      return { kind: 'fine' };
  }
}
