import type { BrokerAnswer, MintRequest } from '../../core/credentials/messages';
import type { DocumentGrant } from '../../core/egress/document';
import type { EgressRequest } from '../../core/egress/request';
import { BrokerCredentials } from '../../runtime/broker-credentials';
import type { Caller } from '../../runtime/caller';
import { OTHER_SESSION, SESSION } from '../core/session/samples';
import { ManualClock, settle } from './manual-clock';

const MINT = '019a4b1c-0000-7000-8000-000000000001';
const GITHUB: DocumentGrant = {
  kind: 'github-app',
  id: 'github',
  repositories: ['acme/shop', 'acme/site'],
  access: 'write',
};
const JIRA = { kind: 'secret-header', id: 'jira', secretArn: 'x', header: 'authorization', prefix: '' } as const;
const AWS: DocumentGrant = {
  kind: 'aws-role',
  id: 'cloud',
  roleArn: 'arn:aws:iam::111122223333:role/x',
  region: 'eu-west-1',
  services: ['dynamodb'],
  buckets: [],
};

let clock: ManualClock;
let asked: MintRequest[];
let problems: string[];
let answer: (request: MintRequest) => Promise<unknown>;
let credentials: BrokerCredentials;
beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  problems = [];
  answer = async () => headers('token-0123456789', 3600);
  credentials = new BrokerCredentials({
    clock,
    ask: async (request) => {
      asked.push(request);
      await settle();
      return answer(request);
    },
    onProblem: (grant, problem) => problems.push(`${grant}: ${problem}`),
  });
});

const headers = (value: string, seconds: number): BrokerAnswer => ({
  version: 1,
  kind: 'headers',
  mintId: MINT,
  expiresAt: new Date(clock.wallTime + seconds * 1000).toISOString(),
  headers: [{ name: 'authorization', value: `Bearer ${value}` }],
  secrets: [value],
});

const callerOf = (sessionId: string): Caller => ({
  subject: { kind: 'session', sessionId, requester: 'r', team: 't', profile: 'p' },
  key: sessionId,
  opened: [],
});
const request = (host: string, path: string, method: EgressRequest['method'] = 'GET'): EgressRequest => ({
  way: 'connect',
  method,
  scheme: 'https',
  host,
  port: 443,
  path,
  encodedSlash: false,
  query: 'content=of-the-agent',
  parameters: [],
  websocket: false,
});
const get = (grant: DocumentGrant = JIRA, to = request('jira.example.com', '/x'), session = SESSION) =>
  credentials.get(callerOf(session), grant, to);

describe('C4 the proxy has credentials from the broker', () => {
  it('C4 says which session, grant and request, and nothing of its content', async () => {
    expect(await get()).toMatchObject({
      kind: 'ok',
      credential: { headers: [{ value: 'Bearer token-0123456789' }], secrets: ['token-0123456789'], mintId: MINT },
    });
    expect(asked).toStrictEqual([
      {
        version: 1,
        op: 'mint',
        sessionId: SESSION,
        grantId: 'jira',
        method: 'GET',
        host: 'jira.example.com',
        path: '/x',
      },
    ]);
  });

  it('C4 asks once for many requests at a time, and for each session by itself', async () => {
    await Promise.all(Array.from({ length: 50 }, () => get()));
    expect(asked).toHaveLength(1);
    await get(JIRA, undefined, OTHER_SESSION);
    expect(asked.map(({ sessionId }) => sessionId)).toEqual([SESSION, OTHER_SESSION]);
  });

  it('C4 keeps one for less than it lives, and never for more than a quarter of an hour', async () => {
    await get();
    await clock.advance(14 * 60_000 - 1);
    await get();
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await get();
    expect(asked).toHaveLength(2);
    answer = async () => headers('short-0123456789', 100);
    await clock.advance(15 * 60_000);
    await get();
    await clock.advance(75_000);
    await get();
    expect(asked).toHaveLength(4);
  });

  it('C4 setting the clock back keeps nothing alive', async () => {
    await get();
    clock.wallTime -= 86_400_000;
    await clock.advance(15 * 60_000);
    await get();
    expect(asked).toHaveLength(2);
  });

  it('C1 each repository and purpose has a token of its own, shared by what needs the same', async () => {
    const api = (path: string, method?: EgressRequest['method']) =>
      get(GITHUB, request('api.github.com', path, method));
    await api('/repos/acme/shop/commits');
    await api('/repos/acme/shop');
    await api('/repos/ACME/shop/pulls');
    expect(asked).toHaveLength(1);
    await api('/repos/acme/site');
    await api('/repos/acme/shop/pulls', 'POST');
    await get(GITHUB, request('github.com', '/acme/shop.git/git-upload-pack', 'POST'));
    expect(asked).toHaveLength(4);
  });

  it('C4 a grant that was changed is another grant', async () => {
    await get();
    await get({ ...JIRA, secretArn: 'y' });
    expect(asked).toHaveLength(2);
  });

  it('C7 forgets a session that ended, and keeps nothing that arrives after', async () => {
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const given = answer;
    answer = (request) => arrived.then(() => given(request));
    const late = get();
    await settle();
    credentials.forget(SESSION);
    arrive();
    await late;
    await get();
    expect(asked).toHaveLength(2);
    credentials.forget(undefined);
    await get();
    expect(asked).toHaveLength(3);
  });

  it('C2 keys of AWS are to sign with, and stand in no header', async () => {
    const { version, mintId, expiresAt } = headers('x', 900) as Extract<BrokerAnswer, { kind: 'headers' }>;
    const keys = {
      region: 'eu-west-1',
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: 'secret-key-of-the-role',
      sessionToken: 'session-token-of-the-role',
    };
    answer = async () => ({ version, mintId, expiresAt, kind: 'aws-keys', ...keys });
    const got = await get(AWS, request('dynamodb.eu-west-1.amazonaws.com', '/', 'POST'));
    expect(got).toMatchObject({
      credential: { headers: [], secrets: ['secret-key-of-the-role', 'session-token-of-the-role'] },
    });
    expect(got.kind === 'ok' && got.credential.signer).toBeDefined();
  });
});

describe('C4 no credential is no credential', () => {
  it.each<[string, unknown]>([
    ['a refusal', { version: 1, kind: 'refused', code: 'session-not-live', problem: 'over' }],
    ['nothing', undefined],
    ['an answer to something else', { version: 1, kind: 'revoked', revoked: 0, failed: 0 }],
    ['a key more', () => ({ ...headers('token-0123456789', 60), note: 'x' })],
    ['another version', () => ({ ...headers('token-0123456789', 60), version: 2 })],
    ['one that is over', () => headers('token-0123456789', 0)],
  ])('C4 %s: unavailable, and asked again after two seconds at the soonest', async (_, given) => {
    answer = async () => (typeof given === 'function' ? given() : given);
    expect(await get()).toMatchObject({ kind: 'unavailable' });
    await get();
    await clock.advance(1999);
    await get();
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await get();
    expect(asked).toHaveLength(2);
    expect(problems).toHaveLength(2);
  });

  it('C4 a broker that fails: its name is told, and nothing of its message', async () => {
    answer = async () => {
      throw Object.assign(new Error('arn:aws:lambda:... is not authorized'), { name: 'AccessDeniedException' });
    };
    expect(await get()).toMatchObject({ kind: 'unavailable' });
    expect(problems).toEqual(['jira: broker: AccessDeniedException']);
  });

  it('C4 a client without session has none from here', async () => {
    const client: Caller = { subject: { kind: 'client', name: 'ci', profile: 'p' }, key: 'ci', opened: [] };
    expect(await credentials.get(client, JIRA, request('jira.example.com', '/'))).toMatchObject({
      kind: 'unavailable',
    });
    expect(asked).toStrictEqual([]);
  });
});
