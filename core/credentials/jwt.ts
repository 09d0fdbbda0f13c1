/** A JSON Web Token before it is signed (RFC 7515): what is signed is this text, and the token is it with a signature. */
export function signingInput(header: object, claims: object): string {
  return `${encode(header)}.${encode(claims)}`;
}

export function signedToken(input: string, signature: Uint8Array): string {
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}

/** GitHub refuses more than ten minutes; a minute less, since clocks differ. */
const APP_TOKEN_SECONDS = 9 * 60;
const SKEW_SECONDS = 60;

/**
 * What a GitHub App says of itself. `iss` is its client id or its number; issued a minute ago, as GitHub advises, for
 * clocks that run ahead. Source: "Generating a JSON Web Token (JWT) for a GitHub App".
 */
export function appClaims(
  appId: string,
  now: number,
): { readonly iss: string; readonly iat: number; readonly exp: number } {
  const seconds = Math.floor(now / 1000);
  return { iss: appId, iat: seconds - SKEW_SECONDS, exp: seconds + APP_TOKEN_SECONDS };
}
