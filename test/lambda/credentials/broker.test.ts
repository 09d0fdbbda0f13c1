import { BROKER_CALLERS } from '../../../core/credentials/callers';
import { OTHER_SESSION, openBinding, SESSION } from '../../core/session/samples';
import { ARN, BrokerLab, GRANTS, SECRET } from './broker-lab';
import { GithubServer } from './github-server';

let github: GithubServer;
let lab: BrokerLab;
beforeAll(async () => {
  github = await GithubServer.start();
});
beforeEach(() => {
  lab = new BrokerLab(github);
});
afterAll(() => github.stop());

const JIRA = { host: 'jira.example.com', path: '/rest/api' } as const;
const mint = (alias?: string) => lab.mint('jira', JIRA, alias);
const MINT = { version: 1, op: 'mint', sessionId: SESSION, grantId: 'jira', method: 'GET', ...JIRA };
const CHECK = { version: 1, op: 'check', sessionId: SESSION };
const REVOKE = { version: 1, op: 'revoke', sessionId: SESSION };

describe('C4 a secret in a header', () => {
  it('C4 is given with its prefix, in both forms, for five minutes', async () => {
    expect(await mint()).toMatchObject({
      kind: 'headers',
      headers: [{ name: 'authorization', value: `Bearer ${SECRET}` }],
      secrets: [`Bearer ${SECRET}`, SECRET],
      expiresAt: new Date(lab.clock.wallTime + 300_000).toISOString(),
    });
    expect(JSON.stringify(lab.records)).not.toContain(SECRET);
  });

  it.each([
    ['bytes', undefined],
    ['JSON', '{"key":"12345678"}'],
    ['a line break behind it', `${SECRET}\n`],
    ['a header behind it', `${SECRET}\r\nx-evil: 1`],
    ['too little', 'Qx7'],
  ])('C4 is refused with %s in it', async (_, value) => {
    lab.secrets.set(GRANTS.jira.secretArn, value);
    const answer = await mint();
    expect(answer).toMatchObject({ kind: 'refused', code: 'secret-unusable' });
    if (value) expect(JSON.stringify([answer, lab.records])).not.toContain(value);
  });
});

describe('F16 who asks is read from the alias, and from nothing else', () => {
  it.each([
    ['no alias', ARN],
    ['a version', `${ARN}:7`],
    ['$LATEST', `${ARN}:$LATEST`],
    ['another name', `${ARN}:egress-proxy-2`],
    ['a name behind another', `${ARN}:x:egress-proxy`],
    ['none', ''],
  ])('F16 %s is nobody, and is recorded', async (_, arn) => {
    expect(await lab.broker.answer(MINT, arn)).toMatchObject({ kind: 'refused', code: 'caller-unknown' });
    expect(lab.records).toMatchObject([{ kind: 'refusal', detail: { control: 'credential-broker' } }]);
  });

  it('F16 what the event says of a caller is not read', async () => {
    expect(await lab.ask({ ...MINT, caller: 'egress-proxy' }, 'session-lifecycle')).toMatchObject({
      code: 'message-invalid',
    });
  });

  it.each(BROKER_CALLERS)('F16 %s may ask for its own and no more', async (caller) => {
    const codes = await Promise.all(
      [MINT, CHECK, REVOKE].map(async (event) => {
        const answer = await lab.ask(event, caller);
        return answer.kind === 'refused' && answer.code === 'not-for-caller';
      }),
    );
    const mints = caller !== 'session-lifecycle';
    // The commit broker has no use for anything but GitHub: its mint of a header is refused as well.
    expect(codes).toEqual([caller !== 'egress-proxy', mints, mints]);
  });

  it.each([
    ['nothing', undefined],
    ['text', 'x'],
    ['another version', { ...MINT, version: 2 }],
    ['an id that is none', { ...MINT, sessionId: 'epoch' }],
    ['a path with a line break', { ...MINT, path: '/x\r\n' }],
    ['a host with a port', { ...MINT, host: 'a.example.com:1' }],
    ['a key more', { ...MINT, roleArn: 'x' }],
  ])('F16 %s is no message', async (_, event) => {
    expect(await lab.ask(event)).toMatchObject({ kind: 'refused', code: 'message-invalid' });
  });
});

describe('S5 only a live session has credentials', () => {
  const refuses = async (code: string) => {
    expect(await mint()).toMatchObject({ kind: 'refused', code });
    expect(lab.records).toMatchObject([{ kind: 'refusal', detail: { reason: code } }]);
  };

  it('S5 none that nobody knows', async () => {
    lab.items.delete(SESSION);
    await refuses('session-not-live');
  });

  it.each(['PENDING', 'QUEUED', 'PREFLIGHT', 'STOPPING', 'SUCCEEDED', 'EXPIRED'] as const)(
    'S5 none in state %s',
    async (state) => {
      lab.row({ state });
      await refuses('session-not-live');
    },
  );

  it('S5 none after its lifetime, whatever the row says', async () => {
    await lab.clock.advance(3_600_000);
    await refuses('session-not-live');
  });

  it('S5 none without a binding, and none with a closed one', async () => {
    lab.items.set(openBinding.address, { ...openBinding, closedAt: openBinding.openedAt });
    await refuses('session-not-live');
    lab.items.delete(openBinding.address);
    expect(await mint()).toMatchObject({ code: 'session-not-live' });
  });

  it('S5 none whose address is another session by now', async () => {
    lab.items.set(openBinding.address, { ...openBinding, sessionId: OTHER_SESSION });
    expect((await mint()).kind).toBe('refused');
  });

  it('S5 none of a task before', async () => {
    lab.items.set(openBinding.address, { ...openBinding, generation: 0 });
    await refuses('session-not-live');
  });

  it('S5 none bound before a panic, though it was lifted', async () => {
    lab.items.set('epoch', lab.epoch(3, true));
    await refuses('session-not-live');
  });

  it('S5 none in a panic', async () => {
    lab.items.set('epoch', lab.epoch(2, false));
    await refuses('platform-paused');
  });

  it('S5 none in the list of those just closed', async () => {
    lab.closeSession();
    lab.row({ state: 'RUNNING' });
    lab.items.set(openBinding.address, openBinding);
    await refuses('session-not-live');
  });

  it.each([
    ['no epoch item', () => lab.items.delete('epoch')],
    ['an epoch item that is not understood', () => lab.items.set('epoch', { ...lab.epoch(2, true), version: 2 })],
    ['a row that is not understood', () => lab.items.set(SESSION, { ...(lab.items.get(SESSION) as object), extra: 1 })],
    ['a closed item that is not understood', () => lab.items.set('closed', {})],
    ["another session's row", () => lab.row({ sessionId: OTHER_SESSION })],
  ])('S5 with %s nobody is live', async (_, change) => {
    change();
    await refuses('tables-unreadable');
  });
});

describe('C4 a grant is the one that the session was admitted with', () => {
  it('C4 a document that changed since gives nothing', async () => {
    lab.document = {
      ...lab.document,
      grants: [{ ...GRANTS.jira, secretArn: 'arn:aws:secretsmanager:x:1:secret:root' }],
    };
    expect(await mint()).toMatchObject({ kind: 'refused', code: 'document-changed' });
  });

  it('C4 a session that runs keeps what it was admitted with through a deployment, where it still stands', async () => {
    const { document } = lab;
    lab.row({ state: 'PREFLIGHT' });
    await lab.ask(CHECK, 'session-lifecycle');
    lab.row({ state: 'RUNNING' });
    lab.document = {
      ...document,
      blocked: ['x.example.com'],
      grants: [...document.grants, { ...GRANTS.jira, id: 'later' }],
    };
    expect(await mint()).toMatchObject({ kind: 'headers' });
    expect(await lab.mint('later', JIRA)).toMatchObject({ kind: 'refused', code: 'grant-missing' });
    lab.document = { ...lab.document, grants: [{ ...GRANTS.jira, header: 'x-api-key' }] };
    expect(await mint()).toMatchObject({ kind: 'refused', code: 'grant-missing' });
    lab.closeSession();
    await lab.ask(REVOKE, 'session-lifecycle');
    expect(lab.admitted.size).toBe(0);
  });

  it('C4 a grant that the document does not have is refused, and recorded with the session', async () => {
    expect(await lab.mint('admin', JIRA)).toMatchObject({ kind: 'refused', code: 'grant-missing' });
    expect(lab.records).toMatchObject([{ kind: 'refusal', subject: { sessionId: SESSION } }]);
  });

  it('C4 a kind that is not set up says so', async () => {
    lab.setDocument({
      ...lab.document,
      grants: [{ kind: 'oidc', id: 'vault', audience: 'https://vault.example.com' }],
    });
    expect(await lab.mint('vault', JIRA)).toMatchObject({ kind: 'refused', code: 'not-configured' });
    expect(lab.records).toMatchObject([{ kind: 'grant', detail: { target: 'https://vault.example.com' } }]);
  });

  it('C4 a refusal that can not be written down is one all the same', async () => {
    lab.beforeRecord = async () => {
      throw new Error('away');
    };
    expect(await lab.mint('admin', JIRA)).toMatchObject({ kind: 'refused', code: 'record-failed' });
  });
});

describe('S8 before compute is bought it is known whether the grants can be had', () => {
  const check = () => lab.ask(CHECK, 'session-lifecycle');
  beforeEach(() => {
    lab.row({ state: 'PREFLIGHT' });
    github.installed.add('acme/docs');
  });

  it('S8 all of them: nothing is in the way, and no token is made for it that opens content', async () => {
    expect(await check()).toEqual({ version: 1, kind: 'checked', problems: [] });
    expect([...github.tokens.values()].some(({ permissions }) => 'contents' in permissions)).toBe(false);
    expect(lab.records).toStrictEqual([]);
  });

  it('S8 names each grant and what is wrong with it, and records it', async () => {
    lab.accounts.clear();
    lab.secrets.clear();
    const answer = await check();
    expect(answer).toMatchObject({ kind: 'checked' });
    const problems = answer.kind === 'checked' ? answer.problems : [];
    expect(new Set(problems.map(({ grantId, code }) => `${grantId} ${code}`))).toEqual(
      new Set(['github requester-unknown', 'reader requester-unknown', 'jira secret-unusable']),
    );
    expect(lab.records).toHaveLength(problems.length);
  });

  it('S8 a session that ended is not checked', async () => {
    lab.row({ state: 'EXPIRED' });
    expect(await check()).toMatchObject({ kind: 'refused', code: 'session-not-live' });
  });
});
