import { compactVerify, decodeProtectedHeader } from 'jose';
import type { TokenSettings } from '../../core/access/environment';
import type { Claims } from '../../core/access/principal';
import type { KeySet } from './key-set';

export type TokenRefusal =
  | 'token-missing'
  | 'token-too-large'
  | 'token-malformed'
  | 'algorithm-refused'
  | 'header-refused'
  | 'key-unknown'
  | 'keys-unreachable'
  | 'signature-wrong'
  | 'issuer-wrong'
  | 'audience-wrong'
  | 'token-expired'
  | 'token-too-early'
  | 'token-lives-too-long'
  | 'no-access-token'
  | 'no-second-factor';

export type TokenResult =
  | { readonly kind: 'ok'; readonly claims: Claims }
  | { readonly kind: 'refused'; readonly reason: TokenRefusal };

/** API Gateway takes 10,240 bytes of headers in all. */
const MOST_CHARACTERS = 8192;
const SKEW_SECONDS = 30;
/** Cognito's longest. What is good for longer can't be taken back by signing somebody out. */
const LONGEST_SECONDS = 24 * 3600;

/** No `none`, nothing with a shared secret: for HS256 an issuer's public key would be the secret. */
export const ALGORITHMS: readonly string[] = ['RS256', 'ES256'];
/** They name keys, or make others read the token in another way. Keys come from the issuer alone. */
export const REFUSED_HEADERS: readonly string[] = ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip'];
const TYPES: readonly unknown[] = [undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt'];

interface Said {
  readonly claims: Claims;
  readonly settings: TokenSettings;
  readonly seconds: number;
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** What must be true of the claims of a token whose signature is right; asked in this order. */
export const CLAIM_CHECKS: Record<string, { readonly reason: TokenRefusal; holds(said: Said): boolean }> = {
  issuer: { reason: 'issuer-wrong', holds: ({ claims, settings }) => claims.iss === settings.issuer },
  audience: {
    reason: 'audience-wrong',
    holds({ claims, settings: { kind, audiences } }) {
      const named: unknown = kind === 'cognito' ? claims.client_id : claims.aud;
      const all: unknown[] = Array.isArray(named) ? named : [named];
      return all.some((each) => typeof each === 'string' && audiences.includes(each));
    },
  },
  expiry: {
    reason: 'token-expired',
    holds: ({ claims, seconds }) => isTime(claims.exp) && seconds < claims.exp + SKEW_SECONDS,
  },
  start: {
    reason: 'token-too-early',
    holds: ({ claims, seconds }) =>
      [claims.nbf, claims.iat].every((time) => time === undefined || (isTime(time) && time <= seconds + SKEW_SECONDS)),
  },
  life: {
    reason: 'token-lives-too-long',
    holds: ({ claims, seconds }) => isTime(claims.exp) && claims.exp - seconds <= LONGEST_SECONDS + SKEW_SECONDS,
  },
  use: {
    reason: 'no-access-token',
    /** An id token says who signed in to some client, and is handed to that client: it opens nothing. */
    holds({ claims, settings: { kind } }) {
      if (kind === 'cognito') return claims.token_use === 'access';
      const marks = ['nonce', 'at_hash', 'c_hash'];
      return (claims.token_use ?? 'access') === 'access' && !marks.some((name) => claims[name] !== undefined);
    },
  },
  mfa: {
    reason: 'no-second-factor',
    holds({ claims, settings: { mfa } }) {
      if (mfa === undefined) return true;
      const said: unknown = claims[mfa.claim];
      return said === mfa.value || (Array.isArray(said) && said.includes(mfa.value));
    },
  },
};

/** Whether an `Authorization` header brings an access token of the issuer for us. */
export async function verifyToken(
  authorization: string | undefined,
  { settings, keys, now }: { readonly settings: TokenSettings; readonly keys: KeySet; readonly now: number },
): Promise<TokenResult> {
  const token = /^Bearer +([^ ]+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return refused('token-missing');
  if (token.length > MOST_CHARACTERS) return refused('token-too-large');
  const header = headerOf(token);
  if (header === undefined) return refused('token-malformed');
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) return refused('algorithm-refused');
  if (REFUSED_HEADERS.some((name) => header[name] !== undefined)) return refused('header-refused');
  if (typeof kid !== 'string' || kid === '' || kid.length > 256 || !TYPES.includes(typ)) {
    return refused('header-refused');
  }
  const found = await keys.find(kid, alg);
  if (found.kind !== 'key') return refused(found.kind === 'unknown' ? 'key-unknown' : 'keys-unreachable');
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(token, found.key, { algorithms: [alg] }));
  } catch {
    return refused('signature-wrong');
  }
  const claims = claimsOf(payload);
  if (claims === undefined) return refused('token-malformed');
  const said = { claims, settings, seconds: Math.floor(now / 1000) };
  const failed = Object.values(CLAIM_CHECKS).find((check) => !check.holds(said));
  return failed === undefined ? { kind: 'ok', claims } : refused(failed.reason);
}

function headerOf(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeProtectedHeader(token) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function claimsOf(payload: Uint8Array): Claims | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Claims) : undefined;
  } catch {
    return undefined;
  }
}

function refused(reason: TokenRefusal): TokenResult {
  return { kind: 'refused', reason };
}
