/** However long a credential lives: what was taken from a requester, or from a grant, is gone from use by then. */
const MOST_KEPT_MS = 15 * 60_000;
/** A request that starts now has to end before the credential does. */
const SLACK_MS = 60_000;

/** Until when a credential may be used again, all in milliseconds since 1970; before `now` where it may not. */
export function keepUntil(now: number, expiresAt: number): number {
  const life = Math.min(expiresAt - now, MOST_KEPT_MS);
  // Of one that lives for minutes only, a quarter.
  return now + life - Math.min(SLACK_MS, life / 4);
}
