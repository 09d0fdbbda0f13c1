/**
 * How fast one caller may ask. What ends things has a measure of its own, so that a script that lists too eagerly does not
 * keep its owner from stopping a session. API Gateway's own limits are for everybody together.
 */
export const PACES = {
  ordinary: { perSecond: 5, burst: 20 },
  urgent: { perSecond: 10, burst: 100 },
} as const;
export type Pace = keyof typeof PACES;

/** Key beside the rows; with a colon, as no session's id has. */
export const callerRateKey = (pace: Pace, principalHash: string): string => `pace:${pace}:${principalHash}`;

export type Paced =
  | { readonly kind: 'ok'; readonly nextAt: number }
  | { readonly kind: 'too-fast'; readonly waitSeconds: number };

/**
 * A bucket in one number: when the caller would have used up nothing (generic cell rate algorithm). It is moved on by each
 * request, and a request comes too fast where it is further ahead than a full bucket is deep.
 */
export function pace(of: Pace, storedAt: number | undefined, now: number): Paced {
  const { perSecond, burst } = PACES[of];
  const spacing = 1000 / perSecond;
  const nextAt = Math.max(now, storedAt ?? 0) + spacing;
  const ahead = nextAt - now - burst * spacing;
  if (ahead > 0) return { kind: 'too-fast', waitSeconds: Math.ceil(ahead / 1000) };
  return { kind: 'ok', nextAt: Math.ceil(nextAt) };
}
