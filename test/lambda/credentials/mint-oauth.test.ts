import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { OauthProvider } from '../../../core/credentials/environment';
import { refreshSecretName } from '../../../core/credentials/oauth';
import type { DocumentGrant } from '../../../core/egress/document';
import { httpsCall } from '../../../lambda/credentials/http-call';
import type { Lock } from '../../../lambda/credentials/lock';
import { OauthMinter } from '../../../lambda/credentials/mint-oauth';
import { liveRow, SESSION } from '../../core/session/samples';
import { TestAuthority } from '../../images/egress/lab/authority';
import { BrokerLab } from './broker-lab';
import { GithubServer } from './github-server';

const GRANT: DocumentGrant = { kind: 'oauth', id: 'docs', provider: 'acme', scopes: ['docs:read'] };
const NAME = refreshSecretName('p/oauth', 'acme', liveRow.requester);
const CLIENT = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:client';

let github: GithubServer;
let server: Server;
let authority: TestAuthority;
let lab: BrokerLab;
let secrets: Map<string, string>;
/** The one refresh token that the provider takes; one that was used before ends the consent. */
let current: string | undefined;
let asked: { readonly authorization: string | undefined; readonly form: URLSearchParams }[];
let change: Record<string, unknown>;
let provider: OauthProvider;
let failWrites: number;

beforeAll(async () => {
  github = await GithubServer.start();
  authority = await TestAuthority.create('login');
  const pair = await authority.issue(['localhost']);
  server = createServer({ key: pair.privateKey, cert: pair.certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      asked.push({ authorization: request.headers.authorization, form });
      if (current === undefined || form.get('refresh_token') !== current) {
        current = undefined;
        response.writeHead(400).end('{"error":"invalid_grant"}');
        return;
      }
      current = `refresh-token-${asked.length}`;
      const body = { access_token: `access-token-${asked.length}`, token_type: 'Bearer', expires_in: 3600 };
      response.end(JSON.stringify({ ...body, refresh_token: current, scope: 'docs:read', ...change }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await github.stop();
});
beforeEach(() => {
  current = 'refresh-token-0';
  asked = [];
  change = {};
  failWrites = 0;
  const consent = {
    version: 1,
    requester: liveRow.requester,
    refreshToken: current,
    scopes: ['docs:read', 'mail:send'],
  };
  secrets = new Map([
    [NAME, JSON.stringify(consent)],
    [CLIENT, 'client:secret/0123'],
  ]);
  const tokenEndpoint = `https://localhost:${(server.address() as AddressInfo).port}/token`;
  provider = { tokenEndpoint, clientId: 'platform', clientSecretArn: CLIENT, authentication: 'basic' };
  open();
});

function open(grant: DocumentGrant = GRANT): void {
  const minter = new OauthMinter({
    providers: { acme: provider },
    secretPrefix: 'p/oauth',
    read: async (name) => {
      if (secrets.has(name)) return secrets.get(name);
      throw Object.assign(new Error(name), { name: 'ResourceNotFoundException' });
    },
    write: async (name, text) => {
      if (failWrites-- > 0) throw new Error('throttled');
      secrets.set(name, text);
    },
    call: httpsCall([authority.pem.certificate]),
    lock: queue(),
  });
  lab = new BrokerLab(github, { oauth: minter });
  lab.setDocument({ ...lab.document, grants: [grant] });
}
const mint = () => lab.mint('docs', { host: 'docs.example.com', path: '/x' });
const check = () => lab.ask({ version: 1, op: 'check', sessionId: SESSION }, 'session-lifecycle');

describe("C4 the requester's own OAuth token", () => {
  it('C4 is made of a consent that stays outside, for the scopes of the grant', async () => {
    expect(await mint()).toMatchObject({
      kind: 'headers',
      headers: [{ name: 'authorization', value: 'Bearer access-token-1' }],
      secrets: ['access-token-1'],
      expiresAt: new Date(lab.clock.wallTime + 3_600_000).toISOString(),
    });
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-token-0',
      scope: 'docs:read',
    });
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('platform:client%3Asecret%2F0123').toString('base64')}`);
    expect(JSON.stringify(lab.records)).not.toMatch(/access-token|refresh-token|secret\/0123/);
    expect(lab.records).toMatchObject([
      {
        detail: {
          target: 'acme',
          rights: { asked: ['docs:read'], held: ['docs:read', 'mail:send'], granted: ['docs:read'] },
        },
      },
    ]);
  });

  it('C4 a provider that takes the client in the body', async () => {
    provider = { ...provider, authentication: 'body' };
    open();
    await mint();
    expect(asked[0]?.authorization).toBeUndefined();
    expect(asked[0]?.form.get('client_secret')).toBe('client:secret/0123');
  });

  it('C4 a refresh token is used once: what comes for it is stored, also when many ask at a time', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => mint()));
    expect(answers.map(({ kind }) => kind)).toEqual(Array(5).fill('headers'));
    expect(asked.map(({ form }) => form.get('refresh_token'))).toEqual(
      [0, 1, 2, 3, 4].map((n) => `refresh-token-${n}`),
    );
    expect(JSON.parse(secrets.get(NAME) ?? '')).toMatchObject({
      refreshToken: 'refresh-token-5',
      requester: liveRow.requester,
    });
  });

  it('C4 the new one is written with patience, and where it is lost nothing is given', async () => {
    failWrites = 2;
    expect(await mint()).toMatchObject({ kind: 'headers' });
    failWrites = 3;
    expect(await mint()).toMatchObject({ kind: 'refused', code: 'record-failed' });
  });

  it('C4 a consent that was withdrawn says so, and nothing of what the provider said', async () => {
    current = undefined;
    const answer = await mint();
    expect(answer).toMatchObject({
      kind: 'refused',
      code: 'provider-refused',
      problem: expect.stringContaining('consent'),
    });
    expect(JSON.stringify(answer)).not.toContain('invalid_grant');
  });

  it.each<[string, Record<string, unknown>]>([
    ['more scopes than were asked for', { scope: 'docs:read admin' }],
    ['a token of another kind', { token_type: 'mac' }],
    ['a token that is two lines', { access_token: 'abc12345\r\nx-evil: 1' }],
    ['no token', { access_token: undefined }],
  ])('C4 a provider that gives %s is not believed', async (_, wrong) => {
    change = wrong;
    expect(await mint()).toMatchObject({ kind: 'refused', code: 'provider-refused' });
  });

  it('C3 what the requester did not consent to is not asked for', async () => {
    open({ ...GRANT, scopes: ['docs:read', 'docs:write'] } as DocumentGrant);
    expect(await mint()).toMatchObject({
      code: 'requester-rights',
      problem: 'the requester did not consent to docs:write',
    });
    lab.row({ state: 'PREFLIGHT' });
    expect(await check()).toMatchObject({ problems: [{ code: 'requester-rights' }] });
    expect(asked).toStrictEqual([]);
  });

  it('C3 somebody who never consented, and the consent of somebody else', async () => {
    secrets.set(
      NAME,
      JSON.stringify({ ...JSON.parse(secrets.get(NAME) ?? ''), requester: 'https://idp.example.com|eve' }),
    );
    expect(await mint()).toMatchObject({ code: 'secret-unusable' });
    secrets.delete(NAME);
    expect(await mint()).toMatchObject({ code: 'requester-unknown' });
  });

  it('S8 a check uses no refresh token', async () => {
    lab.row({ state: 'PREFLIGHT' });
    expect(await check()).toMatchObject({ problems: [] });
    expect(asked).toStrictEqual([]);
  });
});

/** One after another, as the table's lock has them. */
function queue(): Lock {
  let last: Promise<unknown> = Promise.resolve();
  return {
    withLock: (_name, work) => {
      const mine = last.then(work);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
