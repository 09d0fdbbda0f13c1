import { createHash, generateKeyPairSync } from 'node:crypto';
import type { BrokerAnswer } from '../../../core/credentials/messages';
import { liveRow, SESSION } from '../../core/session/samples';
import { BrokerLab } from './broker-lab';
import { GithubServer } from './github-server';

let github: GithubServer;
let lab: BrokerLab;
beforeEach(async () => {
  github = await GithubServer.start();
  lab = new BrokerLab(github);
});
afterEach(() => github.stop());

const PULLS = { method: 'POST', path: '/repos/acme/shop/pulls' } as const;
const PUSH = { method: 'POST', host: 'github.com', path: '/acme/shop.git/git-receive-pack' } as const;
const CLONE = { method: 'POST', host: 'github.com', path: '/acme/shop.git/git-upload-pack' } as const;

function tokenIn(answer: BrokerAnswer): string {
  if (answer.kind !== 'headers') throw new Error(JSON.stringify(answer));
  return answer.secrets[0] ?? '';
}

describe('C1 a token of the GitHub App, made with a key that stays in KMS', () => {
  it('C1 GitHub takes it, for one repository, with the least that reading needs', async () => {
    const answer = await lab.mint('github');
    const token = tokenIn(answer);
    expect(answer).toMatchObject({ kind: 'headers', headers: [{ name: 'authorization', value: `Bearer ${token}` }] });
    expect(github.tokens.get(token)).toMatchObject({
      repositories: ['acme/shop'],
      permissions: { contents: 'read', metadata: 'read', pull_requests: 'read' },
    });
  });

  it('C1 goes to git as Basic, and every form of it is named for redaction', async () => {
    const answer = await lab.mint('github', CLONE);
    const token = tokenIn(answer);
    const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
    expect(answer).toMatchObject({ headers: [{ value: `Basic ${basic}` }], secrets: [token, basic] });
  });

  it('C1 is longer than 40 characters and taken whole', async () => {
    expect(tokenIn(await lab.mint('github')).length).toBeGreaterThan(400);
  });

  it('C1 one signed with another key is refused by the server that verifies', async () => {
    github.publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    expect(await lab.mint('github')).toMatchObject({
      code: 'provider-refused',
      problem: expect.stringContaining('401'),
    });
  });

  it('C1 a name in other letters is the same repository', async () => {
    expect(github.tokens.get(tokenIn(await lab.mint('github', { path: '/repos/ACME/Shop/commits' })))).toMatchObject({
      repositories: ['acme/shop'],
    });
  });

  it.each([
    ['a repository that the grant does not name', { path: '/repos/acme/other' }],
    ['one that starts like it', { path: '/repos/acme/shopping' }],
    ['another host', { host: 'evil.example.com', path: '/repos/acme/shop' }],
    ['a write that is no pull request', { method: 'POST', path: '/repos/acme/shop/issues' }],
    ['a path beside the repositories', { path: '/user' }],
    ['the API on the host of git', { host: 'github.com', path: '/repos/acme/shop' }],
  ] as const)('C1 is not given for %s', async (_, change) => {
    expect(await lab.mint('github', change)).toMatchObject({ kind: 'refused', code: 'target-not-granted' });
    expect(github.tokens.size).toBe(0);
  });

  it('C3 only opening a pull request gets the right to, and no session a right to write content', async () => {
    expect(github.tokens.get(tokenIn(await lab.mint('github', PULLS)))?.permissions).toEqual({
      contents: 'read',
      metadata: 'read',
      pull_requests: 'write',
    });
    const all = [...github.tokens.values()].map(({ permissions }) => permissions.contents);
    expect(all).not.toContain('write');
  });

  it('C9 a token that pushes is for the commit broker alone', async () => {
    expect(await lab.mint('github', PUSH)).toMatchObject({ kind: 'refused', code: 'not-for-caller' });
    const token = tokenIn(await lab.mint('github', PUSH, 'commit-broker'));
    expect(github.tokens.get(token)?.permissions).toEqual({ contents: 'write', metadata: 'read' });
  });

  it('C1 a grant to read gives nothing that writes, whoever asks', async () => {
    github.installed.add('acme/docs');
    const push = { ...PUSH, path: '/acme/docs.git/git-receive-pack' };
    expect(await lab.mint('reader', push, 'commit-broker')).toMatchObject({ code: 'target-not-granted' });
    expect(await lab.mint('reader', { method: 'POST', path: '/repos/acme/docs/pulls' })).toMatchObject({
      code: 'target-not-granted',
    });
  });

  it('C1 a server that gives more than was asked for is not believed, and its token revoked', async () => {
    expect(await lab.mint('github')).toMatchObject({ kind: 'headers' });
    const before = github.tokens.size;
    github.misbehave = { permissions: { contents: 'write', metadata: 'read', administration: 'write' } };
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'provider-refused' });
    github.misbehave = { repositories: ['acme/shop', 'acme/site'] };
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'provider-refused' });
    expect([...github.tokens.keys()].slice(before)).toEqual(github.revoked);
    expect(github.revoked).toHaveLength(2);
  });

  it('C1 something that is no installation token is none', async () => {
    github.misbehave = { token: 'gho_abc\r\nx-evil: 1' };
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'provider-refused' });
  });

  it('C1 one that was not installed, and one that was not connected, say so', async () => {
    github.installed.clear();
    expect(await lab.mint('github')).toMatchObject({ problem: expect.stringContaining('not installed there') });
    const unconnected = new BrokerLab(github);
    unconnected.appId = undefined;
    expect(await unconnected.mint('github')).toMatchObject({ kind: 'refused', code: 'not-configured' });
  });

  it('C1 a server that is down for a moment is asked again, and one that stays down is not waited for', async () => {
    let left = 1;
    github.before = (_, response) => left-- > 0 && Boolean(response.writeHead(502).end());
    const answer = lab.mint('github');
    for (let i = 0; i < 50 && github.requests.length < 2; i++) await lab.clock.advance(100);
    expect(await answer).toMatchObject({ kind: 'headers' });
    left = Number.POSITIVE_INFINITY;
    const asked = github.requests.length;
    const failing = lab.mint('github', { path: '/repos/acme/site' });
    for (let i = 0; i < 50 && github.requests.length < asked + 3; i++) await lab.clock.advance(1000);
    expect(await failing).toMatchObject({ kind: 'refused', code: 'provider-unreachable' });
    expect(github.requests.length - asked).toBe(3);
  });
});

describe("C3 a requester's own rights bound the grant", () => {
  it('C3 somebody without an account linked gets nothing', async () => {
    lab.accounts.clear();
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'requester-unknown' });
  });

  it('C3 a reader gets to read, and no pull request; the difference is shown', async () => {
    github.people.set('ada', { id: 1, permission: 'read' });
    expect(await lab.mint('github')).toMatchObject({ kind: 'headers' });
    expect(await lab.mint('github', PULLS)).toMatchObject({
      code: 'requester-rights',
      problem: 'the requester lacks pull_requests:write',
    });
    expect(lab.records.at(-1)).toMatchObject({
      kind: 'grant',
      detail: {
        event: 'refused',
        reason: 'requester-rights',
        rights: {
          asked: ['contents:read', 'metadata:read', 'pull_requests:write'],
          held: ['contents:read', 'metadata:read', 'pull_requests:read'],
          granted: ['contents:read', 'metadata:read'],
        },
      },
    });
  });

  it.each(['none', 'constructor', '', 'owner'])('C3 a permission "%s" is none', async (permission) => {
    github.people.set('ada', { id: 1, permission });
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'requester-rights' });
  });

  it('C3 somebody whom the repository does not know has nothing there', async () => {
    github.people.clear();
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'requester-rights' });
  });

  it('C3 a name that was given to somebody else is not the requester', async () => {
    github.people.set('ada', { id: 2, permission: 'admin' });
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'requester-unknown' });
  });

  it('C3 a right that was taken away is gone within a minute', async () => {
    expect(await lab.mint('github')).toMatchObject({ kind: 'headers' });
    github.people.set('ada', { id: 1, permission: 'none' });
    await lab.clock.advance(60_000);
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'requester-rights' });
  });
});

describe('C3 the default branch has to be protected before anything may write', () => {
  const write = () => lab.mint('github', PULLS);

  it.each([
    ['no rules at all', () => (github.rules = [])],
    ['no review', () => github.rules.shift()],
    ['a review by nobody', () => (github.rules[0] = { type: 'pull_request', ruleset_id: 7, parameters: {} })],
    ['force pushes', () => github.rules.splice(1, 1)],
    ['deletion', () => github.rules.pop()],
    ['a bypass for the App', () => github.bypasses.set(7, 'always')],
    ['a bypass for the App in pull requests', () => github.bypasses.set(7, 'pull_requests_only')],
    ['nobody says whether the App could bypass', () => github.bypasses.set(7, undefined)],
  ])('C3 with %s nothing is given that writes', async (_, change) => {
    change();
    expect(await write()).toMatchObject({ kind: 'refused', code: 'branch-unprotected' });
    expect(await lab.mint('github', PUSH, 'commit-broker')).toMatchObject({ code: 'branch-unprotected' });
    expect(await lab.mint('github')).toMatchObject({ kind: 'headers' });
  });

  it('C3 it is asked with a token that sees metadata only', async () => {
    await write();
    const probes = [...github.tokens.values()].filter(({ permissions }) => !('contents' in permissions));
    expect(probes).toStrictEqual([
      expect.objectContaining({ permissions: { metadata: 'read' }, repositories: ['acme/shop'] }),
    ]);
  });
});

describe('C8 every mint is written down before its credential is used', () => {
  it('C8 says who, for whom, what, until when, and nothing of the token but its hash', async () => {
    const token = tokenIn(await lab.mint('github'));
    const [record] = lab.records;
    expect(record).toMatchObject({
      kind: 'grant',
      writer: { service: 'credential-broker', sequence: 0 },
      subject: { kind: 'session', sessionId: SESSION, requester: liveRow.requester },
      documentHash: lab.hash,
      detail: {
        event: 'minted',
        caller: 'egress-proxy',
        grantId: 'github',
        grantKind: 'github-app',
        target: 'acme/shop',
        reason: 'granted',
        credentialSha256: createHash('sha256').update(token).digest('hex'),
        upstreamRequestId: 'AB12:34:56',
      },
    });
    expect(JSON.stringify(lab.records)).not.toContain(token.slice(0, 24));
    expect(lab.problems).toStrictEqual([]);
  });

  it('C8 is not given where it could not be written down, and is revoked', async () => {
    lab.beforeRecord = async () => {
      throw new Error('the log is away');
    };
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'record-failed' });
    expect(github.revoked).toHaveLength(1);
    expect(lab.tokens).toStrictEqual([]);
    lab.beforeRecord = async () => undefined;
    expect(await lab.mint('github')).toMatchObject({ kind: 'headers' });
    expect(lab.records.at(-1)).toMatchObject({ detail: { event: 'minted' } });
  });

  it('C8 the answer waits for the log', async () => {
    let store = (): void => undefined;
    lab.beforeRecord = () => new Promise<void>((resolve) => (store = resolve));
    let answered = false;
    const answer = lab.mint('jira', { host: 'jira.example.com', path: '/x' }).finally(() => (answered = true));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    store();
    expect(await answer).toMatchObject({ kind: 'headers' });
  });
});

describe('C7 a session that ends takes its tokens with it', () => {
  const revoke = () => lab.ask({ version: 1, op: 'revoke', sessionId: SESSION }, 'session-lifecycle');

  it('C7 all of them, at GitHub, each recorded', async () => {
    const tokens = [tokenIn(await lab.mint('github')), tokenIn(await lab.mint('github', PULLS))];
    lab.closeSession();
    expect(await revoke()).toEqual({ version: 1, kind: 'revoked', revoked: 2, failed: 0 });
    expect(github.revoked).toEqual(tokens);
    expect(lab.tokens).toStrictEqual([]);
    expect(lab.records.slice(-2)).toMatchObject([{ detail: { event: 'revoked' } }, { detail: { event: 'revoked' } }]);
    expect(await revoke()).toMatchObject({ revoked: 0, failed: 0 });
  });

  it('C7 one that can not be revoked is recorded as living, and tried again', async () => {
    await lab.mint('github');
    lab.closeSession();
    github.before = (path, response) => path === '/installation/token' && Boolean(response.writeHead(400).end());
    expect(await revoke()).toMatchObject({ revoked: 0, failed: 1 });
    expect(lab.records.at(-1)).toMatchObject({ detail: { event: 'revocation-failed' } });
    github.before = () => false;
    expect(await revoke()).toMatchObject({ revoked: 1, failed: 0 });
  });

  it('C7 a stop while a token is made: either the mint sees the stop or the stop the token', async () => {
    // The stop comes before the token is kept: the second look at the session sees it.
    lab.beforeKeep = async () => lab.closeSession();
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'session-not-live' });
    expect(github.revoked).toHaveLength(1);
    expect(await revoke()).toMatchObject({ revoked: 0, failed: 0 });
  });

  it('C7 a panic while a token is made takes it back', async () => {
    lab.beforeRecord = async () => {
      lab.items.set('epoch', lab.epoch(3, false));
    };
    expect(await lab.mint('github')).toMatchObject({ kind: 'refused', code: 'platform-paused' });
    expect(github.revoked).toHaveLength(1);
  });
});
