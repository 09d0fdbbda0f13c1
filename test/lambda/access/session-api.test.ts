import { createHash } from 'node:crypto';
import { LIFT_KEY } from '../../../core/access/lift-request';
import { readBinding } from '../../../core/session/live';
import { sessionRow } from '../../../core/session/row';
import { fromGateway } from '../../../lambda/access/gateway';
import { ISSUER } from './issuer';
import { type Body, Lab, LIMITS } from './lab';

let lab: Lab;
let alice: string;
let bob: string;
let olga: string;
let oskar: string;
let audrey: string;
let anna: string;

beforeEach(async () => {
  lab = await Lab.start();
  [alice, bob, olga, oskar, audrey, anna] = await Promise.all([
    lab.issuer.token('alice', ['payments']),
    lab.issuer.token('bob', ['site']),
    lab.issuer.token('olga', ['operators']),
    lab.issuer.token('oskar', ['operators']),
    lab.issuer.token('audrey', ['auditors']),
    lab.issuer.token('anna', ['approvers']),
  ]);
});
afterEach(() => lab.close());

const TASK = 'Fix the tests of the shop.\n';
let keys = 0;
const newKey = () => `a-key-of-a-test-${++keys}`;
const start = (token = alice, change: object = {}, key = newKey()) =>
  lab.ask('POST', '/v1/sessions', { token, key, body: { profile: 'coding', task: TASK, ...change } });
async function started(token = alice, change: object = {}): Promise<string> {
  const { status, body } = await start(token, change);
  expect({ status, body }).toMatchObject({ status: 201 });
  return body.session.sessionId;
}

describe('A1 start', () => {
  it('A1 writes a row that waits, its text beside it, a record, and starts the machine', async () => {
    const { status, body } = await start(alice, { repository: 'acme/shop', budgetUsd: 2.5 });
    expect(status).toBe(201);
    const id = body.session.sessionId;
    expect(body).toMatchObject({ repeated: false, session: { state: 'PENDING', ended: false, team: 'payments' } });
    const row = sessionRow.parse(lab.store.all('sessions').get(id));
    expect(row).toMatchObject({
      requester: `${ISSUER}|alice`,
      state: 'PENDING',
      repository: 'acme/shop',
      budgetReservedMicroUsd: 2_500_000,
      lifetimeSeconds: 3600,
      taskText: { bytes: TASK.length, sha256: createHash('sha256').update(TASK).digest('hex') },
    });
    expect(lab.texts.get(id)).toBe(TASK);
    expect(lab.started).toEqual([id]);
    expect(lab.records).toMatchObject([
      { kind: 'human', detail: { actor: `${ISSUER}|alice`, action: 'start', target: id } },
    ]);
  });

  it('A1 once for a key: the same request gives the same session, also past a limit that it met itself', async () => {
    const key = newKey();
    const first = await start(alice, {}, key);
    for (let i = 1; i < LIMITS.liveSessions; i++) await started();
    const again = await start(alice, {}, key);
    expect(again.body).toMatchObject({ repeated: true, session: { sessionId: first.body.session.sessionId } });
    expect(lab.started).toHaveLength(LIMITS.liveSessions);
    expect((await start(alice, { task: 'another' }, key)).body).toMatchObject({ status: 409, code: 'key-reused' });
    // Another person's key of the same name is another key.
    expect((await start(bob, { profile: 'review' }, key)).body.repeated).toBe(false);
  });

  it.each(['putTaskText', 'startMachine', 'records'] as const)(
    'A1 goes on where it stopped, after %s broke',
    async (what) => {
      const key = newKey();
      lab.broken.add(what);
      expect((await start(alice, {}, key)).status).toBe(503);
      expect(lab.started).toEqual([]);
      const { status, body } = await start(alice, {}, key);
      expect(status).toBe(201);
      expect(lab.started).toEqual([body.session.sessionId]);
      expect([...lab.texts.keys()]).toEqual([body.session.sessionId]);
      expect(lab.records).toContainEqual(
        expect.objectContaining({ kind: 'human', detail: expect.objectContaining({ action: 'start' }) }),
      );
    },
  );

  it('A1 A6 goes on only for whoever still may start it', async () => {
    const key = newKey();
    lab.broken.add('startMachine');
    expect((await start(alice, {}, key)).status).toBe(503);
    const moved = await lab.issuer.token('alice', ['site']);
    expect((await start(moved, {}, key)).body).toMatchObject({ status: 403 });
    await lab.ask('POST', '/v1/panic', { token: olga });
    expect((await start(alice, {}, key)).body).toMatchObject({ status: 503, code: 'platform-paused' });
    expect(lab.started).toEqual([]);
  });

  it('A1 two at the same moment with one key make one session', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 8 }, () => start(alice, {}, key)));
    expect(new Set(answers.map(({ body }) => body.session?.sessionId)).size).toBe(1);
    expect(lab.started).toHaveLength(1);
  });

  it.each<[string, () => Promise<{ status: number; body: Body }>, number, string]>([
    [
      'without a key',
      () => lab.ask('POST', '/v1/sessions', { token: alice, body: { profile: 'coding', task: 'x' } }),
      400,
      'request-invalid',
    ],
    ['with a key that is a word', () => start(alice, {}, 'short'), 400, 'request-invalid'],
    ['with a field too many', () => start(alice, { image: 'mine' }), 400, 'request-invalid'],
    ['without a task', () => start(alice, { task: '' }), 400, 'request-invalid'],
    ['with half a surrogate', () => start(alice, { task: 'a\ud800' }), 400, 'request-invalid'],
    ['with more bytes than letters', () => start(alice, { task: 'ä'.repeat(600_000) }), 400, 'request-invalid'],
    ['with too much of everything', () => start(alice, { task: 'a'.repeat(2_200_000) }), 413, 'body-too-large'],
    ['of a profile that is none', () => start(alice, { profile: 'codng' }), 404, 'profile-unknown'],
    ['of a profile not for the team', () => start(bob), 403, 'profile-not-entitled'],
    ['for a team of others', () => start(alice, { team: 'site' }), 403, 'team-unknown'],
    ['on a repository of no grant', () => start(alice, { repository: 'acme/payroll' }), 422, 'repository-unknown'],
    ['with a larger budget than the profile', () => start(alice, { budgetUsd: 10.01 }), 422, 'budget-too-high'],
    ['as an operator', () => start(olga), 403, 'role-missing'],
    ['as an auditor', () => start(audrey), 403, 'role-missing'],
  ])('A1 refuses a start %s, and records it', async (_, request, status, code) => {
    const { body } = await request();
    expect(body).toMatchObject({ status, code });
    expect(body.detail).toMatch(/^(body|header|got|path)/);
    expect(lab.refusals()).toMatchObject([{ control: 'control-api', reason: code, action: 'start-session' }]);
    expect(lab.started).toEqual([]);
    expect([...lab.store.all('sessions').keys()].filter((each) => !each.startsWith('pace:'))).toEqual([]);
  });

  it('A1 refuses more sessions at a time, and more money in a day, than one person may have', async () => {
    for (let i = 0; i < LIMITS.liveSessions; i++) await started();
    expect((await start()).body).toMatchObject({ status: 422, code: 'concurrency-exceeded' });
    for (const id of [...lab.started]) await lab.ask('POST', `/v1/sessions/${id}/stop`, { token: alice });
    await started();
    await started();
    expect((await start(alice, { budgetUsd: 1 })).body).toMatchObject({ code: 'budget-exceeded' });
    lab.clock.stall(86_400_000);
    alice = await lab.issuer.token('alice', ['payments']);
    for (const id of lab.started.slice(-2)) await lab.ask('POST', `/v1/sessions/${id}/stop`, { token: alice });
    await started();
  });

  it('A1 refuses everybody while the platform is stopped', async () => {
    await lab.ask('POST', '/v1/panic', { token: olga });
    expect((await start()).body).toMatchObject({ status: 503, code: 'platform-paused' });
  });
});

describe('A2 who may see and stop what', () => {
  it('A2 a submitter sees and stops their own, and learns of no other', async () => {
    const id = await started();
    for (const path of ['', '/logs', '/cost']) {
      expect((await lab.ask('GET', `/v1/sessions/${id}${path}`, { token: alice })).status).toBe(200);
      const theirs = await lab.ask('GET', `/v1/sessions/${id}${path}`, { token: bob });
      const nobodys = await lab.ask('GET', `/v1/sessions/s01k9m3v2zq8f4c7n5t6w1x0ybd${path}`, { token: bob });
      expect(theirs.body).toEqual(nobodys.body);
      expect(theirs.status).toBe(404);
    }
    expect((await lab.ask('POST', `/v1/sessions/${id}/stop`, { token: bob })).status).toBe(404);
    expect(lab.refusals().map(({ reason }) => reason)).toEqual(expect.arrayContaining(['not-own', 'session-unknown']));
    expect((await lab.ask('GET', '/v1/sessions', { token: bob })).body.sessions).toEqual([]);
    expect((await lab.ask('GET', '/v1/sessions', { token: alice })).body.sessions).toHaveLength(1);
  });

  it('A2 an auditor reads all and changes nothing; an approver sees sessions, and not what they wrote', async () => {
    const id = await started();
    for (const path of ['', '/logs', '/cost']) {
      expect((await lab.ask('GET', `/v1/sessions/${id}${path}`, { token: audrey })).status).toBe(200);
    }
    expect((await lab.ask('GET', '/v1/sessions', { token: audrey })).body.sessions).toHaveLength(1);
    expect((await lab.ask('POST', `/v1/sessions/${id}/stop`, { token: audrey })).status).toBe(403);
    expect((await lab.ask('POST', '/v1/panic', { token: audrey })).status).toBe(403);
    expect((await lab.ask('GET', `/v1/sessions/${id}`, { token: anna })).status).toBe(200);
    expect((await lab.ask('GET', `/v1/sessions/${id}/logs`, { token: anna })).status).toBe(403);
    expect((await lab.ask('POST', `/v1/sessions/${id}/stop`, { token: anna })).status).toBe(403);
    expect(lab.actions()).toEqual(['start', 'get-logs']);
  });

  it('A2 lists page by page, and takes no cursor but its own', async () => {
    for (let i = 0; i < 3; i++) {
      await started();
      lab.clock.stall(1000);
    }
    const first = await lab.ask('GET', '/v1/sessions?limit=2', { token: alice });
    expect(first.body.sessions.map((each: { sessionId: string }) => each.sessionId)).toEqual(
      lab.started.slice(1).reverse(),
    );
    const next = await lab.ask('GET', `/v1/sessions?limit=2&cursor=${first.body.cursor}`, { token: alice });
    expect(next.body.sessions).toHaveLength(1);
    expect((await lab.ask('GET', '/v1/sessions?cursor=bm9uZQ', { token: alice })).status).toBe(400);
    expect((await lab.ask('GET', '/v1/sessions?limit=1000', { token: alice })).status).toBe(400);
    expect((await lab.ask('GET', '/v1/sessions?live=true&live=false', { token: alice })).status).toBe(400);
  });
});

describe('S7 stop and panic', () => {
  it('S7 stop closes the binding and wakes the machine, in the same request', async () => {
    const id = await started();
    await lab.run(id);
    await lab.table.wait(id, { token: 'the-token', until: 'over' });
    expect((await lab.ask('GET', `/v1/sessions/${id}`, { token: alice })).body.session.state).toBe('RUNNING');
    const { status, body } = await lab.ask('POST', `/v1/sessions/${id}/stop`, {
      token: alice,
      body: { remark: 'wrong repo' },
    });
    expect(status).toBe(200);
    expect(body.session).toMatchObject({ state: 'STOPPING', stoppedBy: `${ISSUER}|alice`, remark: 'wrong repo' });
    expect(readBinding('10.64.3.17', lab.store.all('bindings').get('10.64.3.17'))).toMatchObject({
      code: 'session-closed',
    });
    expect(lab.tokensSent).toEqual(['the-token']);
    expect((await lab.ask('POST', `/v1/sessions/${id}/stop`, { token: alice })).status).toBe(200);
  });

  it('S7 panic raises the epoch and has everything ended; the epoch is raised also where the rest breaks', async () => {
    const { body } = await lab.ask('POST', '/v1/panic', { token: olga, body: { remark: 'key leaked' } });
    expect(body).toMatchObject({
      sweep: 'started',
      panic: { open: false, epoch: 1, changedBy: `${ISSUER}|olga`, remark: 'key leaked' },
    });
    expect(lab.sweeps).toBe(1);
    lab.broken.add('startSweep');
    expect((await lab.ask('POST', '/v1/panic', { token: olga })).body).toMatchObject({
      sweep: 'not-started',
      panic: { epoch: 2 },
    });
    lab.broken.add('records');
    expect((await lab.ask('POST', '/v1/panic', { token: olga })).status).toBe(503);
    expect((await lab.table.epoch())?.epoch).toBe(3);
  });

  it('S7 a panic is lifted by two people: one asks, another says yes', async () => {
    await lab.ask('POST', '/v1/panic', { token: olga });
    const lift = (token: string) => lab.ask('POST', '/v1/panic/lift', { token, body: { remark: 'settled' } });
    expect((await lift(anna)).body).toMatchObject({ status: 403, code: 'role-missing' });
    expect((await lift(olga)).body).toMatchObject({
      lifted: false,
      panic: { open: false, liftAskedBy: `${ISSUER}|olga` },
    });
    expect((await lift(olga)).body).toMatchObject({ status: 403, code: 'same-person' });
    expect((await lift(alice)).body).toMatchObject({ status: 403, code: 'role-missing' });
    expect((await lift(anna)).body).toMatchObject({
      lifted: true,
      panic: { open: true, confirmedBy: `${ISSUER}|anna` },
    });
    expect((await lift(oskar)).body).toMatchObject({ status: 409, code: 'not-paused' });
    expect(lab.actions()).toEqual(['panic', 'ask-lift-panic', 'lift-panic']);
  });

  it('S7 a panic that is raised while another is being lifted stays', async () => {
    await lab.ask('POST', '/v1/panic', { token: olga });
    await lab.ask('POST', '/v1/panic/lift', { token: olga });
    const read = lab.store.read.bind(lab.store);
    jest.spyOn(lab.store, 'read').mockImplementation(async (table, key) => {
      const item = await read(table, key);
      if (key === LIFT_KEY) await lab.table.panic('somebody', 'meanwhile');
      return item;
    });
    expect((await lab.ask('POST', '/v1/panic/lift', { token: anna })).body).toMatchObject({ status: 409 });
    jest.restoreAllMocks();
    expect(await lab.table.epoch()).toMatchObject({ epoch: 2, open: false });
  });

  it('S7 what was asked of one panic lifts no later one, and is asked for half an hour', async () => {
    await lab.ask('POST', '/v1/panic', { token: olga });
    await lab.ask('POST', '/v1/panic/lift', { token: olga });
    await lab.ask('POST', '/v1/panic', { token: oskar });
    expect((await lab.ask('POST', '/v1/panic/lift', { token: oskar })).body).toMatchObject({ lifted: false });
    lab.clock.stall(1_800_000);
    expect((await lab.ask('POST', '/v1/panic/lift', { token: olga })).body).toMatchObject({
      lifted: false,
      panic: { liftAskedBy: `${ISSUER}|olga` },
    });
  });
});

describe('A1 the API as a whole', () => {
  it('A1 nobody without a token gets past the authorizer, which records it', async () => {
    expect((await lab.ask('GET', '/v1/whoami')).status).toBe(401);
    expect(lab.refusals()).toMatchObject([{ control: 'authorizer', reason: 'token-missing', action: 'who-am-i' }]);
  });

  it('A1 says who you are and what you may', async () => {
    const { body } = await lab.ask('GET', '/v1/whoami', { token: audrey });
    expect(body).toMatchObject({ principal: `${ISSUER}|audrey`, roles: ['auditor'] });
    expect(body.may).not.toContain('stopSession');
    expect(body.may).toContain('getLogs');
  });

  it('A1 shows a profile as the services read it, and for whom each is', async () => {
    const policy = await lab.ask('GET', '/v1/profiles/coding/policy', { token: audrey });
    expect(policy.body.document).toMatchObject({ profile: 'coding', rules: [] });
    const { body } = await lab.ask('GET', '/v1/profiles', { token: bob });
    expect(body.profiles).toEqual([
      { profile: 'coding', teams: [] },
      { profile: 'review', teams: ['site'] },
    ]);
  });

  it.each([
    ['GET', '/v1/nothing', 404],
    ['DELETE', '/v1/sessions', 405],
    ['GET', '/v1/sessions/..%2fpanic', 400],
    ['GET', '/v1/sessions/S01K9M3V2ZQ8F4C7N5T6W1X0YBD', 400],
    ['GET', '/v1/profiles/coding/policy?debug=1', 400],
  ])('A1 answers %s %s with %i as a problem', async (method, path, status) => {
    const answer = await lab.ask(method, path, { token: alice });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status, type: `urn:agent-platform:problem:${answer.body.code}` });
  });

  it('A1 one caller too fast waits, others do not, and stopping has a pace of its own', async () => {
    const id = await started();
    const answers = [];
    for (let i = 0; i < 30; i++) answers.push(await lab.ask('GET', '/v1/whoami', { token: alice }));
    const slowed = answers.filter(({ status }) => status === 429);
    expect(slowed).toHaveLength(11);
    expect(slowed[0]?.headers.get('retry-after')).toBe('1');
    expect((await lab.ask('GET', '/v1/whoami', { token: bob })).status).toBe(200);
    expect((await lab.ask('POST', `/v1/sessions/${id}/stop`, { token: alice })).status).toBe(200);
    lab.clock.stall(1000);
    expect((await lab.ask('GET', '/v1/whoami', { token: alice })).status).toBe(200);
  });

  it('A1 no record holds a token or the text of a task', async () => {
    await started();
    await start(alice, { image: 'x' });
    await lab.ask('GET', '/v1/whoami', { token: `${alice}x` });
    const told = JSON.stringify(lab.records);
    for (const secret of [alice, TASK.trim()]) expect(told).not.toContain(secret);
  });
});

it.each(['constructor', '__proto__', 'toString'])(
  'A6 a parameter or header named %s is refused, and breaks nothing',
  (name) => {
    const lists = JSON.parse(`{"${name}": ["x"]}`);
    const request = fromGateway({
      httpMethod: 'GET',
      path: '/v1/sessions',
      multiValueQueryStringParameters: lists,
      multiValueHeaders: lists,
      requestContext: {},
    });
    expect(Object.keys(request.query)).toEqual([name]);
    expect(Object.entries(request.headers)).toEqual([[name.toLowerCase(), ['x']]]);
  },
);
