const SLOT_MS = 10_000;
/** A minute and one slot more: what lies in the oldest one may still be less than a minute ago. */
const SLOTS = 7;

/** How often one rule was used by one session of late. The same size however often. */
export interface RateState {
  /** Number of the newest slot of ten seconds. */
  readonly slot: number;
  /** Uses in it and in those before it, newest first. */
  readonly counts: readonly number[];
}

export type RateResult =
  | { readonly kind: 'ok'; readonly state: RateState }
  | { readonly kind: 'limited'; readonly retryAfterSeconds: number; readonly state: RateState };

/**
 * Counts one request against `requestsPerMinute`. In no sixty seconds, wherever they begin, are there more than the
 * limit; for that a request may be refused up to ten seconds longer than needed. A bucket that refills would let twice
 * the limit through in the first minute. `now` in milliseconds; a clock that steps back counts on in the newest slot.
 */
export function countRequest(before: RateState | undefined, requestsPerMinute: number, now: number): RateResult {
  const state = advance(before, Math.floor(now / SLOT_MS));
  const used = state.counts.reduce((sum, count) => sum + count, 0);
  if (used < requestsPerMinute) {
    return {
      kind: 'ok',
      state: { slot: state.slot, counts: state.counts.map((count, i) => (i === 0 ? count + 1 : count)) },
    };
  }
  // The oldest used slot leaves the sum first; enough for one request to pass.
  const oldest = state.counts.findLastIndex((count) => count > 0);
  const freeAt = (state.slot - oldest + SLOTS) * SLOT_MS;
  return { kind: 'limited', retryAfterSeconds: Math.max(1, Math.ceil((freeAt - now) / 1000)), state };
}

function advance(before: RateState | undefined, slot: number): RateState {
  if (before === undefined) return { slot, counts: Array.from({ length: SLOTS }, () => 0) };
  const steps = Math.max(0, slot - before.slot);
  if (steps === 0) return before;
  const counts = [...Array.from({ length: Math.min(steps, SLOTS) }, () => 0), ...before.counts].slice(0, SLOTS);
  return { slot, counts };
}
