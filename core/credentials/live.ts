import { type ClosedSession, closedItem, epochItem } from '../session/binding';
import { isLive, readBinding, readBound } from '../session/live';
import { type SessionRow, sessionRow } from '../session/row';
import { type CredentialRefused, refusedFor } from './refusal';

/** What was read of a session just now, strongly consistent. */
export interface SessionReads {
  readonly row: unknown;
  /** Of the address in the row; undefined where the row has none. */
  readonly binding: unknown;
  readonly epoch: unknown;
  readonly closed: unknown;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type LiveResult = { readonly kind: 'live'; readonly row: SessionRow } | CredentialRefused;

/** States in which a session may be looked at before it starts. */
const BEFORE: readonly string[] = ['PENDING', 'QUEUED', 'PREFLIGHT'];

/** The address whose binding has to be read besides; undefined where the row has none, or is none. */
export function addressIn(row: unknown): string | undefined {
  const parsed = sessionRow.safeParse(row);
  return parsed.success ? parsed.data.address : undefined;
}

/**
 * Whether a credential may be had for the session: the same question that every service asks for the caller's address,
 * asked here again, because what a service remembers for a second must not become a token for an hour.
 */
export function judgeLive(id: string, reads: SessionReads): LiveResult {
  const read = readRow(id, reads);
  if (read.kind === 'refused') return read;
  const { row, epoch, closed } = read;
  if (row.address === undefined) return refusedFor('session-not-live');
  const binding = readBinding(row.address, reads.binding);
  if (binding.kind === 'refused') return notLive(binding.code);
  const bound = readBound(binding.binding, reads.row);
  if (bound.kind === 'refused') return notLive(bound.code);
  return isLive(bound.bound, { now: reads.now, epoch, closed })
    ? { kind: 'live', row }
    : refusedFor('session-not-live');
}

/** Whether it may be checked what a session could have; it has no task yet, or just got one. */
export function judgeCheckable(id: string, reads: SessionReads): LiveResult {
  const read = readRow(id, reads);
  if (read.kind === 'refused') return read;
  return BEFORE.includes(read.row.state) ? { kind: 'live', row: read.row } : judgeLive(id, reads);
}

function notLive(code: 'unbound-address' | 'session-closed' | 'feed-stale'): CredentialRefused {
  return refusedFor(code === 'feed-stale' ? 'tables-unreadable' : 'session-not-live');
}

interface RowRead {
  readonly kind: 'read';
  readonly row: SessionRow;
  readonly epoch: number;
  readonly closed: readonly ClosedSession[];
}

function readRow(id: string, { row, epoch, closed }: SessionReads): RowRead | CredentialRefused {
  const now = epochItem.safeParse(epoch);
  if (!now.success) return refusedFor('tables-unreadable', 'the epoch item is missing or not understood');
  if (!now.data.open) return refusedFor('platform-paused');
  const list = closed === undefined ? undefined : closedItem.safeParse(closed);
  if (list !== undefined && !list.success) {
    return refusedFor('tables-unreadable', 'the item of closed sessions is not understood');
  }
  if (row === undefined) return refusedFor('session-not-live');
  const parsed = sessionRow.safeParse(row);
  if (!parsed.success || parsed.data.sessionId !== id)
    return refusedFor('tables-unreadable', 'the row is not understood');
  return { kind: 'read', row: parsed.data, epoch: now.data.epoch, closed: list?.data.sessions ?? [] };
}
