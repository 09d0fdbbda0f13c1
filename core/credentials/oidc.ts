import { createHash } from 'node:crypto';
import type { DocumentGrant } from '../egress/document';
import type { SessionRow } from '../session/row';
import { grantedRepositories } from './granted-repositories';

export type OidcGrant = Extract<DocumentGrant, { kind: 'oidc' }>;

/** Where a relying party looks, below the issuer. Source: OpenID Connect Discovery 1.0, section 4. */
export const DISCOVERY_PATH = '/.well-known/openid-configuration';
export const JWKS_PATH = '/.well-known/jwks.json';

/** Long enough for one request and a clock that is off; whoever trusts it exchanges it for something of its own. */
export const OIDC_TOKEN_SECONDS = 300;

/** RSA public key as its base64url numbers. */
export interface PublicKey {
  readonly n: string;
  readonly e: string;
}

/** RFC 7638: the same key has the same name everywhere, and nobody has to keep a list. */
export function keyIdOf({ e, n }: PublicKey): string {
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }), 'utf8')
    .digest('base64url');
}

export function jwks(keys: readonly PublicKey[]): object {
  return {
    keys: keys.map((key) => ({ kty: 'RSA', use: 'sig', alg: 'RS256', kid: keyIdOf(key), n: key.n, e: key.e })),
  };
}

/** There is nobody to log in: a relying party verifies tokens and does nothing else. */
export function discovery(issuer: string): object {
  return {
    issuer,
    jwks_uri: `${issuer}${JWKS_PATH}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'jti',
      'requester',
      'team',
      'profile',
      'session',
      'repository',
    ],
  };
}

/**
 * What is said of a session to a system outside. `sub` is what trust policies can compare, AWS's included, which see no
 * claim of ours: profile and grant, and not the session, whose id nobody could know before. Who asked is beside it.
 * The session's repository is what its requester wrote, and is said only where the profile has a grant for it.
 */
export function oidcClaims(
  issuer: string,
  row: SessionRow,
  grants: readonly DocumentGrant[],
  grant: OidcGrant,
  jti: string,
  now: number,
): object {
  const seconds = Math.floor(now / 1000);
  const { sessionId, requester, team, profile, repository } = row;
  const isGranted = repository !== undefined && grantedRepositories(grants).includes(repository);
  return {
    iss: issuer,
    sub: subjectOf(profile, grant.id),
    aud: grant.audience,
    iat: seconds,
    nbf: seconds,
    exp: seconds + OIDC_TOKEN_SECONDS,
    jti,
    ...{ requester, team, profile, session: sessionId },
    ...(isGranted && { repository }),
  };
}

export function subjectOf(profile: string, grantId: string): string {
  return `profile:${profile}:grant:${grantId}`;
}
