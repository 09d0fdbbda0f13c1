import { endOf } from './cause';
import type { SessionEffect } from './event';
import { CALLING_STATES } from './live';
import type { SessionRow } from './row';
import { isTerminal, type SessionState } from './state';

export interface Reduced {
  /** The same object where nothing changed. */
  readonly row: SessionRow;
  readonly effects: readonly SessionEffect[];
}

/** Rows are looked up for so long after the end; records are kept elsewhere, and longer. */
export const ROW_KEPT_DAYS = 90;

const WITHOUT_TASK: readonly SessionState[] = ['PENDING', 'PREFLIGHT', 'QUEUED'];

/** A row that goes on; every change is one more revision. */
export function to(row: SessionRow, at: string, change: Partial<SessionRow>, effects: SessionEffect[] = []): Reduced {
  return { row: { ...row, ...change, revision: row.revision + 1, updatedAt: later(row.updatedAt, at) }, effects };
}

export function same(row: SessionRow, effects: SessionEffect[] = []): Reduced {
  return { row, effects };
}

export function isCalling({ state }: SessionRow): boolean {
  return (CALLING_STATES as readonly string[]).includes(state);
}

/**
 * From here on nothing it does has an effect. Where no task can exist, this is the end; else the end comes when the task
 * is gone, and the row says meanwhile that it is not over. `cause` is undefined where ECS has not said yet what happened.
 */
export function stopping(
  row: SessionRow,
  at: string,
  cause: string | undefined,
  change: Partial<SessionRow> = {},
): Reduced {
  if (isTerminal(row.state)) return same(row);
  // What was asked for twice was perhaps not done the first time.
  if (row.state === 'STOPPING') return same(row, [wake(row)]);
  const caused = { ...change, ...(cause !== undefined && { cause }) };
  if (WITHOUT_TASK.includes(row.state)) return { ...ended(row, at, caused), effects: [{ kind: 'wake', gone: true }] };
  const next = { ...caused, state: 'STOPPING', stoppingAt: later(row.updatedAt, at) } as const;
  return to(row, at, next, [wake(next)]);
}

export function wake({ taskGone }: Pick<SessionRow, 'taskGone'>): SessionEffect {
  return { kind: 'wake', gone: taskGone === true };
}

/** The session has its task, and from now on its lifetime. Waiting for it took none. */
export function adopted(row: SessionRow, at: string, taskArn: string): Partial<SessionRow> {
  const lifetimeEndsAt = new Date(Date.parse(at) + row.lifetimeSeconds * 1000).toISOString();
  return { taskArn, startedAt: at, lifetimeEndsAt };
}

/** ECS says that nothing of the task runs. */
export function gone(row: SessionRow, at: string, cause: string, change: Partial<SessionRow> = {}): Reduced {
  if (row.state !== 'STOPPING') return stopping(row, at, cause, { ...change, taskGone: true });
  return to(row, at, { ...change, taskGone: true, cause: row.cause ?? cause }, [{ kind: 'wake', gone: true }]);
}

export function ended(row: SessionRow, at: string, change: Partial<SessionRow> = {}): Reduced {
  const cause = change.cause ?? row.cause ?? 'platform-error';
  const { slot: _, ...rest } = row;
  const endedAt = later(row.updatedAt, at);
  return to(rest, at, {
    ...change,
    cause,
    state: endOf(cause),
    endedAt,
    ttl: Math.floor(Date.parse(endedAt) / 1000) + ROW_KEPT_DAYS * 86_400,
  });
}

/** Two functions' clocks differ; a row's own times never run back. */
function later(one: string, other: string): string {
  return one > other ? one : other;
}
