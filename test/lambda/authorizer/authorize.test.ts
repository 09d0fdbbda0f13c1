import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { TokenSettings } from '../../../core/access/environment';
import { type AuthorizerEvent, authorize, CanNotTell } from '../../../lambda/authorizer/authorize';
import { KeySet } from '../../../lambda/authorizer/key-set';
import { CLAIM_CHECKS, verifyToken } from '../../../lambda/authorizer/verify-token';
import type { RecordDraft } from '../../../runtime/records';
import { ManualClock } from '../../runtime/manual-clock';
import { CLIENT, ISSUER, type Issuer, makeIssuer } from '../access/issuer';
import { MAPPING } from '../access/lab';
import { TOKEN_ATTACKS } from './attacks';

const SETTINGS: TokenSettings = {
  issuer: ISSUER,
  kind: 'cognito',
  audiences: [CLIENT],
  mfa: { claim: 'amr', value: 'mfa' },
};
const ARN = 'arn:aws:execute-api:eu-west-1:111122223333:api/prod/POST/v1/sessions';

let clock: ManualClock;
let issuer: Issuer;
let down: boolean;
let keys: KeySet;
let records: RecordDraft[];

beforeEach(async () => {
  clock = new ManualClock();
  down = false;
  issuer = await makeIssuer(() => clock.wall());
  keys = new KeySet(async () => {
    issuer.asked++;
    if (down) throw new Error('no answer');
    return issuer.jwks as JWK[];
  }, clock);
  records = [];
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => jest.restoreAllMocks());

const GOOD = { claims: { amr: ['pwd', 'mfa'] } };
const good = (more = {}) => issuer.token('alice', ['payments'], { ...GOOD, ...more });
const verify = (token: string, settings = SETTINGS) =>
  verifyToken(`Bearer ${token}`, { settings, keys, now: clock.wall() });

function ask(authorization: readonly string[], change: Partial<AuthorizerEvent> = {}) {
  const event: AuthorizerEvent = {
    methodArn: ARN,
    httpMethod: 'POST',
    path: '/v1/sessions',
    multiValueHeaders: { Authorization: authorization },
    requestContext: { identity: { sourceIp: '198.51.100.7' } },
    ...change,
  };
  const write = async (draft: RecordDraft): Promise<void> => void records.push(draft);
  return authorize(
    { settings: SETTINGS, mapping: MAPPING, keys, clock, records: { write, close: async () => undefined } },
    event,
  );
}

describe('A1 the authorizer lets in', () => {
  it('A1 somebody with an access token of the issuer, for exactly the method that was asked', async () => {
    const answer = await ask([`Bearer ${await good()}`]);
    expect(answer.policyDocument.Statement).toEqual([{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: ARN }]);
    expect(JSON.parse(answer.context.caller ?? '')).toEqual({
      principal: `${ISSUER}|alice`,
      roles: ['submitter'],
      memberships: [{ team: 'payments' }],
    });
    expect(records).toEqual([]);
  });

  it('A1 a token of ES256, and one that ended half a minute ago by our clock', async () => {
    const pair = await generateKeyPair('ES256');
    issuer.jwks.push({ ...(await exportJWK(pair.publicKey)), kid: 'ec' });
    expect(await verify(await good({ key: pair.privateKey, header: { alg: 'ES256', kid: 'ec' } }))).toMatchObject({
      kind: 'ok',
    });
    expect(await verify(await good({ expiresIn: -29 }))).toMatchObject({ kind: 'ok' });
  });

  it('A1 with any OIDC issuer: the API is the audience, and marks of an id token are none of an access token', async () => {
    const settings: TokenSettings = { issuer: ISSUER, kind: 'oidc', audiences: ['agents'] };
    const token = (claims: object) =>
      issuer.token('alice', [], { claims: { token_use: undefined, aud: ['x', 'agents'], ...claims } });
    expect(await verify(await token({}), settings)).toMatchObject({ kind: 'ok' });
    expect(await verify(await token({ aud: 'x' }), settings)).toMatchObject({ reason: 'audience-wrong' });
    for (const mark of ['nonce', 'at_hash', 'c_hash']) {
      expect(await verify(await token({ [mark]: 'a' }), settings)).toMatchObject({ reason: 'no-access-token' });
    }
  });
});

describe('A1 the authorizer refuses and records', () => {
  it.each(TOKEN_ATTACKS.map((attack) => [attack.name, attack] as const))('A1 %s', async (_, attack) => {
    const token = attack.guards === undefined || attack.guards === 'mfa' ? attack.make(issuer) : withMfa(attack);
    const answer = await ask([`Bearer ${await token}`]);
    expect(answer.policyDocument.Statement[0].Effect).toBe('Deny');
    expect(answer.context).toEqual({ reason: attack.expect });
    expect(records).toEqual([
      {
        kind: 'refusal',
        subject: { kind: 'platform' },
        detail: {
          control: 'authorizer',
          reason: attack.expect,
          action: 'start-session',
          sourceAddress: '198.51.100.7',
          status: 401,
          times: 1,
        },
      },
    ]);
  });

  /** Else the second factor that is missing would refuse what another check let pass. */
  const withMfa = (attack: (typeof TOKEN_ATTACKS)[number]) =>
    attack.make({
      ...issuer,
      token: (subject, groups, more = {}) =>
        issuer.token(subject, groups, { ...more, claims: { ...GOOD.claims, ...more.claims } }),
    });

  it.each(TOKEN_ATTACKS.filter(({ guards }) => guards !== undefined).map((attack) => [attack.name, attack] as const))(
    'A1 %s opens the door once its check is gone',
    async (_, attack) => {
      const { guards = '' } = attack;
      const check = CLAIM_CHECKS[guards];
      if (check === undefined) throw new Error(`no check ${guards}`);
      jest.replaceProperty(CLAIM_CHECKS, guards, { ...check, holds: () => true });
      const token = guards === 'mfa' ? attack.make(issuer) : withMfa(attack);
      expect(await verify(await token)).toMatchObject({ kind: 'ok' });
    },
  );

  it('A1 each claim check has an attack', () => {
    expect(new Set(TOKEN_ATTACKS.flatMap(({ guards }) => guards ?? []))).toEqual(new Set(Object.keys(CLAIM_CHECKS)));
  });

  it('A1 somebody whom no group makes anything here, by name', async () => {
    const answer = await ask([`Bearer ${await issuer.token('bob', ['strangers'], GOOD)}`]);
    expect(answer.context).toEqual({ reason: 'no-role' });
    expect(records).toMatchObject([{ detail: { reason: 'no-role', principal: `${ISSUER}|bob` } }]);
  });

  it('A1 two Authorization headers, and a request without headers', async () => {
    const token = await good();
    expect((await ask([`Bearer ${token}`, `Bearer ${token}`])).context).toEqual({ reason: 'token-missing' });
    expect((await ask([], { multiValueHeaders: null })).context).toEqual({ reason: 'token-missing' });
  });

  it('A1 lets nobody in whose refusal it could not write', async () => {
    const write = () => Promise.reject(new Error('pipe'));
    const broken = {
      settings: SETTINGS,
      mapping: MAPPING,
      keys,
      clock,
      records: { write, close: async () => undefined },
    };
    await expect(authorize(broken, { methodArn: ARN })).rejects.toThrow('pipe');
  });
});

describe('A1 keys of the issuer', () => {
  it('A1 a flood of made-up kids asks the issuer once in half a minute, and knows a new key after that', async () => {
    await verify(await good());
    expect(issuer.asked).toBe(1);
    clock.stall(30_000);
    for (let i = 0; i < 50; i++) await verify(await good({ header: { kid: `made-up-${i}` } }));
    expect(issuer.asked).toBe(2);
    const pair = await generateKeyPair('RS256');
    issuer.jwks.push({ ...(await exportJWK(pair.publicKey)), kid: 'new' });
    const token = await good({ key: pair.privateKey, header: { kid: 'new' } });
    expect(await verify(token)).toMatchObject({ reason: 'key-unknown' });
    clock.stall(30_000);
    expect(await verify(token)).toMatchObject({ kind: 'ok' });
  });

  it('A1 a key that the issuer took back is good for ten minutes', async () => {
    const token = await good();
    await verify(token);
    issuer.jwks.pop();
    clock.stall(600_000);
    expect(await verify(token)).toMatchObject({ kind: 'ok' });
    clock.stall(1);
    expect(await verify(token)).toMatchObject({ reason: 'key-unknown' });
  });

  it('A1 while the issuer is silent, what is known is good for an hour; then nobody is let in, nor told no', async () => {
    const token = await good({ expiresIn: 7200 });
    await verify(token);
    down = true;
    clock.stall(3_600_000);
    expect(await verify(token)).toMatchObject({ kind: 'ok' });
    clock.stall(1);
    await expect(ask([`Bearer ${token}`])).rejects.toThrow(CanNotTell);
    expect(records).toMatchObject([{ detail: { reason: 'keys-unreachable' } }]);
  });

  it('A1 a key for encryption, and one for another algorithm, signs nothing', async () => {
    const [jwk] = issuer.jwks;
    for (const change of [{ use: 'enc' }, { alg: 'RS512' }, { alg: 'RSA-OAEP' }]) {
      issuer.jwks.splice(0, 1, { ...jwk, ...change });
      clock.stall(600_001);
      expect(await verify(await good())).toMatchObject({ reason: 'key-unknown' });
    }
  });
});
