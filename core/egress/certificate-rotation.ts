import * as z from 'zod/mini';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long a certificate is valid: far longer than it signs, so that months of missed runs close nothing. */
export const AUTHORITY_LIFE_MS = 365 * DAY_MS;
/** After this a successor is made. */
export const ROTATE_AFTER_MS = 30 * DAY_MS;
/**
 * How long a successor's certificate is handed out before it signs, and its predecessor's after it has stopped. Sessions
 * read certificates once, when they start, and live for 8 hours at most; proxies read theirs every few minutes.
 */
export const OVERLAP_MS = DAY_MS;

const pem = (label: string) =>
  z.string().check(z.regex(new RegExp(`^-----BEGIN ${label}-----\\n[A-Za-z0-9+/=\\n]+-----END ${label}-----\\n?$`)));
const time = z.iso.datetime();

const authority = z.strictObject({
  certificate: pem('CERTIFICATE'),
  privateKey: pem('PRIVATE KEY'),
  createdAt: time,
  expiresAt: time,
});
/** A certificate authority of the proxy with its key; lies in one secret and nowhere else. */
export type SigningAuthority = z.infer<typeof authority>;

const authorities = z.strictObject({
  version: z.literal(1),
  current: authority.check(z.describe('signs')),
  next: z.optional(authority.check(z.describe('will sign; its certificate is handed out already'))),
  nextPublishedAt: z.optional(time.check(z.describe('since when the certificate of next is handed out'))),
  previous: z.optional(z.strictObject({ certificate: pem('CERTIFICATE'), retiredAt: time })),
});
/** The content of the secret. */
export type Authorities = z.infer<typeof authorities>;

export type AuthoritiesResult =
  | { readonly kind: 'ok'; readonly authorities: Authorities }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads the secret's text. What is wrong is told without what stands there: it is a key. */
export function parseAuthorities(text: string): AuthoritiesResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'invalid', problems: ['not JSON'] };
  }
  const result = authorities.safeParse(json);
  if (result.success) return { kind: 'ok', authorities: result.data };
  return { kind: 'invalid', problems: result.error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`) };
}

/** What clients trust: one PEM after the other, the signing one first. */
export function certificatesOf({ current, next, previous }: Authorities): string {
  return [current.certificate, next?.certificate, previous?.certificate]
    .filter((certificate) => certificate !== undefined)
    .map((certificate) => `${certificate.trimEnd()}\n`)
    .join('');
}

/**
 * The next step. `create` and `prepare` need a new authority, which only the caller can make; the others are the state
 * to store. `keep` stores nothing.
 */
export type RotationStep =
  | { readonly kind: 'create' }
  | { readonly kind: 'prepare' }
  | { readonly kind: 'announce' | 'promote' | 'retire'; readonly authorities: Authorities }
  | { readonly kind: 'keep' };

/**
 * One step at a time, each safe to repeat: a run that is missed, doubled or cut off half way costs time and nothing else.
 *
 * @param published the certificates that are handed out now, as read back from where they are
 * @param now milliseconds since 1970
 */
export function planRotation(state: Authorities | undefined, published: string, now: number): RotationStep {
  if (state === undefined || Date.parse(state.current.expiresAt) <= now) return { kind: 'create' };
  const { current, next, previous } = state;
  if (next !== undefined) {
    const since = state.nextPublishedAt;
    // Two runs at once may have made two successors and published the other one's certificate: its time starts anew.
    if (since === undefined || !published.includes(next.certificate.trimEnd())) {
      return { kind: 'announce', authorities: { ...state, nextPublishedAt: iso(now) } };
    }
    if (now - Date.parse(since) < OVERLAP_MS) return { kind: 'keep' };
    const retired = { certificate: current.certificate, retiredAt: iso(now) };
    return { kind: 'promote', authorities: { version: 1, current: next, previous: retired } };
  }
  if (previous !== undefined && now - Date.parse(previous.retiredAt) >= OVERLAP_MS) {
    return { kind: 'retire', authorities: { version: 1, current } };
  }
  if (previous === undefined && now - Date.parse(current.createdAt) >= ROTATE_AFTER_MS) return { kind: 'prepare' };
  return { kind: 'keep' };
}

/** The state after `create`: whoever trusted the old one has to start anew, since it is gone or has expired. */
export function created(made: SigningAuthority): Authorities {
  return { version: 1, current: made };
}

/** The state after `prepare`. */
export function prepared(state: Authorities, made: SigningAuthority, now: number): Authorities {
  return { ...state, next: made, nextPublishedAt: iso(now) };
}

/** Whole days until an authority expires; both in milliseconds since 1970. */
export function daysLeft(expiresAt: number, now: number): number {
  return Math.floor((expiresAt - now) / DAY_MS);
}

function iso(now: number): string {
  return new Date(now).toISOString();
}
