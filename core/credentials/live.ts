import type { ClosedSession } from '../session/binding';
import { closedItem, epochItem } from '../session/binding';
import { CALLING_STATES } from '../session/live';
import { type SessionRow, sessionRow } from '../session/row';
import { type CredentialRefused, refusedFor } from './refusal';

/** What was read of a session just now, strongly consistent. */
export interface SessionReads {
  readonly row: unknown;
  readonly epoch: unknown;
  readonly closed: unknown;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type LiveResult = { readonly kind: 'live'; readonly row: SessionRow } | CredentialRefused;

/** States in which a session may be looked at before it starts. */
const BEFORE: readonly string[] = ['PENDING', 'QUEUED', 'PREFLIGHT'];

/**
 * Whether a credential may be had for the session. The service that asks knows the caller by its binding; here only the
 * id arrives, so the row has to say by itself that the session lives: whatever closes a binding takes the row out of the
 * calling states in the same transaction. The list of closed sessions and the epoch are read besides, because a panic
 * writes no rows.
 */
export function judgeLive(id: string, reads: SessionReads): LiveResult {
  const judged = judgeReads(id, reads);
  if (judged.kind === 'refused') return judged;
  const { row } = judged;
  if (!(CALLING_STATES as readonly string[]).includes(row.state)) return refusedFor('session-not-live');
  if (row.taskArn === undefined || row.lifetimeEndsAt === undefined) return refusedFor('session-not-live');
  if (!(reads.now < Date.parse(row.lifetimeEndsAt))) return refusedFor('session-not-live', 'its lifetime is over');
  return judged;
}

/** Whether it may be checked what a session could have; it has no task yet, or just got one. */
export function judgeCheckable(id: string, reads: SessionReads): LiveResult {
  const judged = judgeReads(id, reads);
  if (judged.kind === 'refused' || BEFORE.includes(judged.row.state)) return judged;
  return judgeLive(id, reads);
}

function judgeReads(id: string, { row, epoch, closed }: SessionReads): LiveResult {
  const paused = epochItem.safeParse(epoch);
  if (!paused.success) return refusedFor('tables-unreadable', 'epoch item missing or not understood');
  if (!paused.data.open) return refusedFor('platform-paused');
  const list = closed === undefined ? undefined : closedItem.safeParse(closed);
  if (list !== undefined && !list.success) return refusedFor('tables-unreadable', 'closed item not understood');
  if (row === undefined) return refusedFor('session-not-live');
  const parsed = sessionRow.safeParse(row);
  if (!parsed.success || parsed.data.sessionId !== id) return refusedFor('tables-unreadable', 'row not understood');
  const sessions: readonly ClosedSession[] = list?.data.sessions ?? [];
  const over = sessions.some((one) => one.sessionId === id && one.generation >= parsed.data.generation);
  return over ? refusedFor('session-not-live') : { kind: 'live', row: parsed.data };
}
