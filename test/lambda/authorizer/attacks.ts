import { createHmac } from 'node:crypto';
import { exportSPKI, generateKeyPair } from 'jose';
import type { CLAIM_CHECKS, TokenRefusal } from '../../../lambda/authorizer/verify-token';
import { type Claims, ISSUER, type Issuer } from '../access/issuer';

/** What somebody may send instead of an access token of the issuer, as data. */
export interface TokenAttack {
  readonly name: string;
  readonly expect: TokenRefusal;
  /** The claim check it guards; taken away, the token opens the door. Absent: a check before the claims. */
  readonly guards?: keyof typeof CLAIM_CHECKS;
  make(issuer: Issuer): Promise<string>;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const with_ = (more: Claims) => (issuer: Issuer) => issuer.token('mallory', ['operators'], more);
const claims = (change: Record<string, unknown>) => with_({ claims: change });
const header = (change: Record<string, unknown>) => with_({ header: change });

async function resigned(issuer: Issuer, change: Record<string, unknown>, sign: (input: string) => string) {
  const [, payload] = (await issuer.token('mallory', ['operators'])).split('.');
  const input = `${encode({ kid: 'key-1', ...change })}.${payload}`;
  return `${input}.${sign(input)}`;
}

export const TOKEN_ATTACKS: readonly TokenAttack[] = [
  {
    name: 'alg none, without a signature',
    expect: 'algorithm-refused',
    make: (issuer) => resigned(issuer, { alg: 'none' }, () => ''),
  },
  {
    name: 'alg None, spelled otherwise',
    expect: 'algorithm-refused',
    make: (issuer) => resigned(issuer, { alg: 'nOnE' }, () => ''),
  },
  {
    name: 'HS256 with the public key as secret',
    expect: 'algorithm-refused',
    make: async (issuer) => {
      const secret = await exportSPKI(issuer.publicKey);
      return resigned(issuer, { alg: 'HS256' }, (input) =>
        createHmac('sha256', secret).update(input).digest('base64url'),
      );
    },
  },
  { name: 'RS1', expect: 'algorithm-refused', make: (issuer) => resigned(issuer, { alg: 'RS1' }, () => 'AAAA') },
  { name: 'no alg', expect: 'algorithm-refused', make: (issuer) => resigned(issuer, {}, () => 'AAAA') },
  {
    name: 'a list as alg',
    expect: 'algorithm-refused',
    make: (issuer) => resigned(issuer, { alg: ['RS256'] }, () => 'AAAA'),
  },
  { name: 'keys at jku', expect: 'header-refused', make: header({ jku: 'https://evil.example.com/keys' }) },
  { name: 'keys at x5u', expect: 'header-refused', make: header({ x5u: 'https://evil.example.com/cert' }) },
  { name: 'a key in the header', expect: 'header-refused', make: header({ jwk: { kty: 'RSA' } }) },
  { name: 'a certificate in the header', expect: 'header-refused', make: header({ x5c: ['AAAA'] }) },
  {
    name: 'an unknown critical header',
    expect: 'header-refused',
    make: (issuer) => resigned(issuer, { alg: 'RS256', crit: ['x'] }, () => 'AAAA'),
  },
  { name: 'another type', expect: 'header-refused', make: header({ typ: 'secevent+jwt' }) },
  {
    name: 'no kid',
    expect: 'header-refused',
    make: (issuer) => resigned(issuer, { alg: 'RS256', kid: undefined }, () => 'AAAA'),
  },
  { name: 'a kid that is a path', expect: 'key-unknown', make: header({ kid: '../../../dev/null' }) },
  { name: 'a kid that nobody has', expect: 'key-unknown', make: header({ kid: 'key-2' }) },
  {
    name: "RSA's key named for ES256",
    expect: 'key-unknown',
    make: (issuer) => resigned(issuer, { alg: 'ES256' }, () => 'AAAA'),
  },
  {
    name: 'signed with a key of their own',
    expect: 'signature-wrong',
    make: async (issuer) => with_({ key: (await generateKeyPair('RS256')).privateKey })(issuer),
  },
  {
    name: 'claims changed after signing',
    expect: 'signature-wrong',
    make: async (issuer) => {
      const [head, payload = '', signature] = (await issuer.token('mallory', ['payments'])).split('.');
      const said = JSON.parse(Buffer.from(payload, 'base64url').toString());
      return `${head}.${encode({ ...said, 'cognito:groups': ['operators'] })}.${signature}`;
    },
  },
  { name: 'no signature', expect: 'signature-wrong', make: (issuer) => resigned(issuer, { alg: 'RS256' }, () => '') },
  {
    name: 'another issuer',
    expect: 'issuer-wrong',
    guards: 'issuer',
    make: claims({ iss: 'https://evil.example.com' }),
  },
  { name: 'the issuer with a slash', expect: 'issuer-wrong', guards: 'issuer', make: claims({ iss: `${ISSUER}/` }) },
  { name: 'another client', expect: 'audience-wrong', guards: 'audience', make: claims({ client_id: 'other' }) },
  { name: 'no client', expect: 'audience-wrong', guards: 'audience', make: claims({ client_id: undefined }) },
  {
    name: 'our client as audience only',
    expect: 'audience-wrong',
    guards: 'audience',
    make: claims({ client_id: 'other', aud: '4f1example8client0id' }),
  },
  { name: 'expired', expect: 'token-expired', guards: 'expiry', make: with_({ expiresIn: -31 }) },
  { name: 'not valid yet', expect: 'token-too-early', guards: 'start', make: claims({ nbf: 4_000_000_000 }) },
  { name: 'issued in the future', expect: 'token-too-early', guards: 'start', make: claims({ iat: 4_000_000_000 }) },
  { name: 'good for a year', expect: 'token-lives-too-long', guards: 'life', make: with_({ expiresIn: 365 * 86_400 }) },
  { name: 'an id token', expect: 'no-access-token', guards: 'use', make: claims({ token_use: 'id' }) },
  { name: 'neither kind of token', expect: 'no-access-token', guards: 'use', make: claims({ token_use: undefined }) },
  {
    name: 'signed in without a second factor, where one is asked for',
    expect: 'no-second-factor',
    guards: 'mfa',
    make: claims({ amr: ['pwd'] }),
  },
  { name: 'never expires', expect: 'token-expired', make: claims({ exp: undefined }) },
  { name: 'expires at a text', expect: 'token-expired', make: claims({ exp: '9999999999' as never }) },
  { name: 'too long', expect: 'token-too-large', make: claims({ padding: 'a'.repeat(9000) }) },
  { name: 'no token', expect: 'token-missing', make: async () => '' },
  { name: 'two tokens', expect: 'token-missing', make: async () => 'a.b.c d.e.f' },
  { name: 'no JWT', expect: 'token-malformed', make: async () => 'hello' },
  { name: 'a header that is no JSON', expect: 'token-malformed', make: async () => 'aGVsbG8.e30.AAAA' },
];
