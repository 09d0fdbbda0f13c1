import * as z from 'zod/mini';

/**
 * Fields that records and session rows share. Lengths stand in the patterns and not in `maxLength`: JSON Schema counts
 * code points there and zod counts UTF-16 units, so the published schema would accept what we refuse.
 */
export const field = (pattern: RegExp, says: string) => z.string().check(z.regex(pattern), z.describe(says));

/** One form only, so that times sort as text. Knows month lengths and leap years; JavaScript writes no leap second. */
export const time = field(
  z.regexes.datetime({ precision: 3 }),
  'RFC 3339, UTC, milliseconds: 2026-11-03T09:15:00.000Z',
);

export const sha256 = field(/^[0-9a-f]{64}$/, 'SHA-256, lower-case hex');

export const count = z.int().check(z.minimum(0));
export const milliseconds = z.int().check(z.minimum(0), z.describe('milliseconds'));
/** A whole number: fractions of a dollar added up in floating point would drift from the ledger. */
export const microUsd = z.int().check(z.minimum(0), z.describe('millionths of a US dollar'));

/** How a record names bytes that are somebody's content. The bytes lie in the body store under their hash. */
export const body = z.strictObject({ sha256, bytes: count });
export type Body = z.infer<typeof body>;

/** A subject claim is up to 255 ASCII characters (OpenID Connect Core, section 2); the rest is room for the issuer. */
export const principal = field(/^[!-~]{1,320}$/, 'person or system as the identity provider names it, issuer first');
export const slug = field(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits, hyphens');

/** A word from a closed list of the plane that wrote it, never text from a request: attackers write those. */
export const code = field(/^[a-z][a-z0-9-]{0,63}$/, 'a word from the list of the plane that wrote it');

export const repository = field(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, 'owner/name');

/**
 * Text a person typed. No control, format or lone surrogate characters: they forge lines in a terminal and reorder what
 * an auditor reads (CVE-2021-42574). {@link plainText} makes any text fit.
 */
export const text = field(
  /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,256}$/u,
  'one line of at most 256 characters, without control and format characters',
);

/** Replaces what {@link text} refuses and cuts at its limit, so that an odd character never costs a record. */
export function plainText(raw: string): string {
  const clean = raw.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
  const points = [...clean];
  if (points.length === 0) return '-';
  return points.length <= 256 ? clean : `${points.slice(0, 255).join('')}…`;
}

const inner = (pattern: RegExp) => pattern.source.replace(/^\^|\$$/g, '').replaceAll('a-fA-F', 'a-f');
/** Either family: a refused caller or an upstream may have IPv6, a session never does. IPv4 never in its mapped form. */
export const anyAddress = field(
  new RegExp(`^(?:${inner(z.regexes.ipv4)}|${inner(z.regexes.ipv6)})$`),
  'IPv4 address, or IPv6 address in lower case',
);

const REGION_ACCOUNT = '[a-z0-9-]{1,32}:\\d{12}';
const CLUSTER = '[A-Za-z0-9_-]{1,255}';
export const taskArn = field(
  new RegExp(`^arn:aws[a-z-]{0,16}:ecs:${REGION_ACCOUNT}:task/${CLUSTER}/[0-9a-f]{32}$`),
  'ARN of the ECS task, long form (with the cluster)',
);
export const clusterArn = field(
  new RegExp(`^arn:aws[a-z-]{0,16}:ecs:${REGION_ACCOUNT}:cluster/${CLUSTER}$`),
  'ARN of the ECS cluster',
);
