import { exportJWK, generateKeyPair, type JWTPayload, type KeyLike, SignJWT } from 'jose';

export const ISSUER = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Test12345';
export const CLIENT = '4f1example8client0id';

export interface Issuer {
  readonly privateKey: KeyLike;
  readonly publicKey: KeyLike;
  /** What its key set holds; tests may add to it. */
  readonly jwks: object[];
  /** How often it was asked. */
  asked: number;
  /** An access token as Cognito makes one, for somebody in these groups. */
  token(subject: string, groups: readonly string[], more?: Claims): Promise<string>;
}

export interface Claims {
  readonly claims?: JWTPayload;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: KeyLike | Uint8Array;
  /** Seconds from now. */
  readonly expiresIn?: number;
}

/** An identity provider of the tests' own; `now` in milliseconds. */
export async function makeIssuer(now: () => number, kid = 'key-1'): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwks = [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }];
  return {
    privateKey,
    publicKey,
    jwks,
    asked: 0,
    async token(subject, groups, { claims = {}, header = {}, key = privateKey, expiresIn = 3600 } = {}) {
      const seconds = Math.floor(now() / 1000);
      return new SignJWT({
        iss: ISSUER,
        sub: subject,
        client_id: CLIENT,
        token_use: 'access',
        'cognito:groups': [...groups],
        iat: seconds,
        exp: seconds + expiresIn,
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid, ...header })
        .sign(key);
    },
  };
}
