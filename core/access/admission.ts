import type { SessionRow } from '../session/row';
import { isTerminal } from '../session/state';

/** What one person may have at a time, and in a day. */
export interface RequesterLimits {
  readonly liveSessions: number;
  readonly dailyMicroUsd: number;
  /** Also how many rows are read for the other two. */
  readonly dailySessions: number;
}

export type Admission =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'refused';
      readonly reason: 'concurrency-exceeded' | 'daily-sessions-exceeded' | 'budget-exceeded';
      readonly got: number;
      readonly limit: number;
    };

export const DAY_MS = 86_400_000;

/**
 * Whether one more fits. `rows` are the requester's, of the last day and all live ones. What a session reserves counts
 * whole, however little it used: until model calls are settled, a reservation is what may still be spent.
 *
 * Rows are found by an index that is a moment behind, so starts at the same moment may go past a limit by their number;
 * the caller's pace bounds how many that are.
 */
export function admission(
  rows: readonly SessionRow[],
  reserveMicroUsd: number,
  limits: RequesterLimits,
  now: number,
): Admission {
  const live = rows.filter(({ state }) => !isTerminal(state)).length;
  if (live >= limits.liveSessions) {
    return { kind: 'refused', reason: 'concurrency-exceeded', got: live, limit: limits.liveSessions };
  }
  const recent = rows.filter(({ createdAt }) => now - Date.parse(createdAt) < DAY_MS);
  if (recent.length >= limits.dailySessions) {
    return { kind: 'refused', reason: 'daily-sessions-exceeded', got: recent.length, limit: limits.dailySessions };
  }
  const spent = recent
    // A session that was refused did nothing, and could spend nothing.
    .filter(({ state }) => state !== 'REFUSED')
    .reduce((sum, { budgetReservedMicroUsd }) => sum + budgetReservedMicroUsd, 0);
  const after = spent + reserveMicroUsd;
  return after > limits.dailyMicroUsd
    ? { kind: 'refused', reason: 'budget-exceeded', got: after, limit: limits.dailyMicroUsd }
    : { kind: 'ok' };
}
