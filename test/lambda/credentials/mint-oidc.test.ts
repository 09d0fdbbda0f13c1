import { generateKeyPairSync, sign } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { discovery } from '../../../core/credentials/oidc';
import type { DocumentGrant } from '../../../core/egress/document';
import { OidcMinter } from '../../../lambda/credentials/mint-oidc';
import { publishedKeys } from '../../../lambda/issuer/published-keys';
import { liveRow, SESSION } from '../../core/session/samples';
import { BrokerLab } from './broker-lab';
import { GithubServer } from './github-server';

const ISSUER = 'https://abc123.execute-api.eu-west-1.amazonaws.com/oidc';
const AUDIENCE = 'https://vault.example.com';
const GRANT: DocumentGrant = { kind: 'oidc', id: 'vault', audience: AUDIENCE };
const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });
const DER = KEYS.publicKey.export({ type: 'spki', format: 'der' });

let github: GithubServer;
let lab: BrokerLab;
let failures: number;
beforeAll(async () => {
  github = await GithubServer.start();
});
afterAll(() => github.stop());
beforeEach(() => {
  failures = 0;
  const minter = new OidcMinter({
    issuer: ISSUER,
    sign: async (bytes) => sign('sha256', bytes, KEYS.privateKey),
    publicKey: async () => {
      if (failures-- > 0) throw Object.assign(new Error('x'), { name: 'ThrottlingException' });
      return DER;
    },
    random: (bytes) => new Uint8Array(bytes),
  });
  lab = new BrokerLab(github, { oidc: minter });
  lab.setDocument({ ...lab.document, grants: [GRANT] });
});

const mint = () => lab.mint('vault', { method: 'POST', host: 'vault.example.com', path: '/v1/auth/jwt/login' });
async function token(): Promise<string> {
  const answer = await mint();
  if (answer.kind !== 'headers') throw new Error(JSON.stringify(answer));
  return answer.secrets[0] ?? '';
}
const verify = async (text: string, audience: string) =>
  await jwtVerify(text, createLocalJWKSet(JSON.parse(publishedKeys(DER))), {
    issuer: ISSUER,
    audience,
    algorithms: ['RS256'],
    currentDate: new Date(lab.clock.wallTime),
  });

describe('C7 a token for a system outside', () => {
  it('C7 is verified by what the issuer publishes, and says who, for what and for how long', async () => {
    const { payload, protectedHeader } = await verify(await token(), AUDIENCE);
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: JSON.parse(publishedKeys(DER)).keys[0].kid });
    expect(payload).toEqual({
      iss: ISSUER,
      sub: 'profile:coder:grant:vault',
      aud: AUDIENCE,
      iat: lab.clock.wallTime / 1000,
      nbf: lab.clock.wallTime / 1000,
      exp: lab.clock.wallTime / 1000 + 300,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      requester: liveRow.requester,
      team: 'payments',
      profile: 'coder',
      session: SESSION,
    });
  });

  it.each<[string, DocumentGrant[], string | undefined]>([
    ['granted', [{ kind: 'github-app', id: 'g', repositories: ['acme/x', 'acme/shop'], access: 'read' }], 'acme/shop'],
    ['that no grant has', [{ kind: 'github-app', id: 'g', repositories: ['acme/shop2'], access: 'write' }], undefined],
  ])('C7 a repository %s: its requester alone says nothing in a claim', async (_, others, expected) => {
    lab.setDocument({ ...lab.document, grants: [GRANT, ...others] });
    expect(liveRow.repository).toBe('acme/shop');
    const { payload } = await verify(await token(), AUDIENCE);
    expect(payload.repository).toBe(expected);
  });

  it('C7 is worth nothing to another audience, later, or under another key', async () => {
    const text = await token();
    await expect(verify(text, 'https://other.example.com')).rejects.toThrow(/aud/);
    await lab.clock.advance(301_000);
    await expect(verify(text, AUDIENCE)).rejects.toThrow(/exp/);
    const [head, body] = text.split('.');
    await expect(verify(`${head}.${body}.${Buffer.alloc(256).toString('base64url')}`, AUDIENCE)).rejects.toThrow(
      /signature/,
    );
  });

  it('C7 names only what a verifier needs: one key to verify with, and nowhere to log in', () => {
    expect(JSON.parse(publishedKeys(DER))).toEqual({
      keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: expect.any(String), n: expect.any(String), e: 'AQAB' }],
    });
    expect(discovery(ISSUER)).toMatchObject({ issuer: ISSUER, jwks_uri: `${ISSUER}/.well-known/jwks.json` });
    expect(Object.keys(discovery(ISSUER)).join()).not.toMatch(/authorization_endpoint|token_endpoint/);
  });

  it('C7 one that could not be made is asked for again', async () => {
    failures = 1;
    expect(await mint()).toMatchObject({ kind: 'refused', code: 'provider-unreachable' });
    expect(await mint()).toMatchObject({ kind: 'headers' });
  });
});
