import * as z from 'zod/mini';

/**
 * A session's id: `s` and a ULID in lower case, 27 characters.
 *
 * - All have one length, so none is the start of another: an S3 prefix, memory namespace or IAM pattern made for one
 *   session never takes in a second.
 * - Lower-case letters and digits with a letter in front: safe as URL segment, DNS label, branch name, STS session name
 *   and SourceIdentity (at most 64), and with `-<generation>` as RunTask's clientToken (at most 64).
 * - The first ten after the `s` are the time, so lists and S3 listings sort by start.
 * - 80 random bits: nobody finds a session by trying. It is a name all the same and proves nothing; who is calling is
 *   read from the network.
 * - Crockford's alphabet has no i, l, o, u: people read ids to each other.
 */
export const SESSION_ID = /^s[0-7][0-9a-hjkmnp-tv-z]{25}$/;

export const sessionId = z.string().check(z.regex(SESSION_ID), z.describe('`s` and a ULID in lower case'));

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** `random` is 10 bytes from a cryptographic source. */
export function makeSessionId(milliseconds: number, random: Uint8Array): string {
  if (!Number.isInteger(milliseconds) || milliseconds < 0 || milliseconds >= 2 ** 48) {
    throw new RangeError(`a session id's time is whole milliseconds since 1970, below 2^48; got ${milliseconds}`);
  }
  if (random.length !== 10) throw new RangeError(`a session id takes 10 random bytes; got ${random.length}`);
  const entropy = [...random].reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return `s${base32(BigInt(milliseconds), 10)}${base32(entropy, 16)}`;
}

function base32(value: bigint, length: number): string {
  return Array.from({ length }, (_, i) => ALPHABET[Number((value >> BigInt(5 * (length - 1 - i))) & 31n)]).join('');
}
