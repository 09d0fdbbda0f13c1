import { pendingRow } from '../../core/session/row';
import type { TaskSnapshot } from '../../core/session/task';
import { MemoryItemStore } from '../../runtime/memory-item-store';
import { type LookAtTasks, SessionTable, type TaskWithAddress } from '../../runtime/session-table';
import { liveRow, OTHER_SESSION, OTHER_TASK, SESSION, TASK } from '../core/session/samples';
import { ManualClock } from './manual-clock';

const CLUSTER = 'arn:aws:ecs:eu-central-1:111122223333:cluster/sessions';
const ADDRESS = '10.64.3.17';
const NOBODY: LookAtTasks = async () => new Map();

let clock: ManualClock;
let store: MemoryItemStore;
let table: SessionTable;
beforeEach(async () => {
  clock = new ManualClock();
  store = new MemoryItemStore();
  table = new SessionTable({ store, clock, maxSessions: 1, random: () => 0 });
  await table.panicSwitch.install('platform');
});

const at = () => new Date(clock.wall()).toISOString();
const { profile, documentHash, requester, team, taskText, budgetReservedMicroUsd, lifetimeSeconds } = liveRow;
const row = (sessionId = SESSION) =>
  pendingRow(
    { sessionId, profile, documentHash, requester, team, taskText, budgetReservedMicroUsd, lifetimeSeconds },
    at(),
  );
const task = (change: Partial<TaskSnapshot> = {}): TaskWithAddress => ({
  taskArn: TASK,
  sessionId: SESSION,
  generation: 1,
  version: 2,
  life: 'alive',
  running: false,
  address: ADDRESS,
  exits: {},
  ...change,
});

/** As far as RunTask's answer. */
async function started(sessionId = SESSION, taskArn = TASK): Promise<void> {
  await table.create(row(sessionId));
  await table.apply(sessionId, { kind: 'preflight-started' });
  await table.apply(sessionId, { kind: 'preflight-passed' });
  await table.apply(sessionId, { kind: 'launch', cluster: CLUSTER });
  await table.apply(sessionId, { kind: 'run-task-answered', generation: 1, taskArn });
}
const stateOf = async (sessionId = SESSION) => (await table.get(sessionId))?.state;
const used = () => store.all('sessions').get('slots:all')?.used;

describe('S5 the table of sessions', () => {
  it('S5 takes a session from the request to its end, and gives its place and address back', async () => {
    await started();
    expect([await stateOf(), used()]).toEqual(['STARTING', 1]);
    const { effects } = (await table.apply(SESSION, { kind: 'task', task: task() })) as { effects: unknown };
    expect(effects).toEqual([{ kind: 'bind', task: task() }]);
    expect((await table.bind(task(), NOBODY)).kind).toBe('bound');
    await table.apply(SESSION, { kind: 'task', task: task({ version: 3, running: true, exits: { init: 0 } }) });
    expect(await stateOf()).toBe('RUNNING');
    const gone = task({ version: 5, life: 'gone', exits: { init: 0, agent: 0 } });
    await table.apply(SESSION, { kind: 'task', task: gone });
    expect([await stateOf(), store.all('bindings').get(ADDRESS)?.closedAt]).toEqual(['STOPPING', at()]);
    expect(store.all('bindings').get('closed')).toMatchObject({ closings: 1, sessions: [{ sessionId: SESSION }] });
    await table.apply(SESSION, { kind: 'finish', force: false });
    await table.apply(SESSION, { kind: 'finish', force: true });
    expect(await table.get(SESSION)).toMatchObject({ state: 'SUCCEEDED', cause: 'agent-succeeded' });
    expect(used()).toBe(0);
  });

  it('S8 takes no more sessions than there are places, and the next as soon as one is free', async () => {
    await started();
    await table.create(row(OTHER_SESSION));
    await table.apply(OTHER_SESSION, { kind: 'preflight-started' });
    await table.apply(OTHER_SESSION, { kind: 'preflight-passed' });
    expect(await table.apply(OTHER_SESSION, { kind: 'launch', cluster: CLUSTER })).toEqual({ kind: 'full' });
    expect(await stateOf(OTHER_SESSION)).toBe('QUEUED');
    await table.apply(SESSION, { kind: 'stop', cause: 'stop-requested', by: 'ops' });
    await table.apply(SESSION, { kind: 'finish', force: true });
    expect(await table.apply(OTHER_SESSION, { kind: 'launch', cluster: CLUSTER })).toMatchObject({ kind: 'applied' });
    expect(used()).toBe(1);
  });

  it('A2 a request that comes twice is one session, and another request with its key is none', async () => {
    const idempotency = { key: 'ab'.repeat(32), request: 'cd'.repeat(32) };
    expect((await table.create(row(), idempotency)).kind).toBe('created');
    expect(await table.create(row(OTHER_SESSION), idempotency)).toEqual({
      kind: 'repeated',
      sessionId: SESSION,
      same: true,
    });
    const other = { ...idempotency, request: 'ef'.repeat(32) };
    expect(await table.create(row(OTHER_SESSION), other)).toMatchObject({ kind: 'repeated', same: false });
    expect(await stateOf(OTHER_SESSION)).toBeUndefined();
    expect(await table.create(row())).toEqual({ kind: 'id-taken' });
    clock.wallTime += 86_401_000;
    expect((await table.create(row(OTHER_SESSION), idempotency)).kind).toBe('created');
  });

  it('C1 a newer task takes the address of one that is gone, whose session is told at once', async () => {
    table = new SessionTable({ store, clock, random: () => 0 });
    await started();
    await table.apply(SESSION, { kind: 'task', task: task() });
    await table.bind(task(), NOBODY);
    await started(OTHER_SESSION, OTHER_TASK);
    const other = task({ sessionId: OTHER_SESSION, taskArn: OTHER_TASK });
    await table.apply(OTHER_SESSION, { kind: 'task', task: other });
    const look: LookAtTasks = async () =>
      new Map([
        [TASK, 'gone'],
        [OTHER_TASK, 'alive'],
      ]);
    expect(await table.bind(other, look)).toMatchObject({
      kind: 'bound',
      superseded: { sessionId: SESSION, generation: 1 },
    });
    expect(store.all('bindings').get(ADDRESS)).toMatchObject({ sessionId: OTHER_SESSION, supersedes: SESSION });
    expect(store.all('bindings').get('closed')).toMatchObject({ sessions: [{ sessionId: SESSION, generation: 1 }] });
    // The end of the older one closes nothing of the newer.
    await table.apply(SESSION, { kind: 'address-lost', generation: 1, cause: 'address-taken' });
    expect(store.all('bindings').get(ADDRESS)?.closedAt).toBeUndefined();
  });

  it('S7 nobody is bound while a panic lasts, and two people lift it', async () => {
    await started();
    await table.apply(SESSION, { kind: 'task', task: task() });
    expect(await table.panic('ops', 'drill')).toMatchObject({ epoch: 1, open: false, changedBy: 'ops' });
    expect(await table.bind(task(), NOBODY)).toEqual({ kind: 'paused' });
    await expect(table.lift('ops', 'ops', 'over')).rejects.toThrow('two people');
    expect(await table.lift('ops', 'boss', 'over')).toMatchObject({ epoch: 1, open: true, confirmedBy: 'boss' });
    expect((await table.bind(task(), NOBODY)).kind).toBe('bound');
    expect(store.all('bindings').get(ADDRESS)).toMatchObject({ epoch: 1 });
  });

  it('S5 a token that is stored meanwhile is not taken away with the one that was used', async () => {
    await table.wait(SESSION, { token: 'one', until: 'over' });
    const one = await table.waiting(SESSION);
    await table.wait(SESSION, { token: 'two', until: 'gone' });
    await table.waited(SESSION, one?.token ?? '');
    expect(await table.waiting(SESSION)).toMatchObject({ token: 'two', until: 'gone' });
    await table.waited(SESSION, 'two');
    expect(await table.waiting(SESSION)).toBeUndefined();
  });

  it('A3 lists the newest first, page by page, and never an item that is no row', async () => {
    table = new SessionTable({ store, clock });
    await table.wait(SESSION, { token: 'token', until: 'over' });
    for (let i = 0; i < 5; i++) {
      clock.wallTime += 1000;
      await table.create(row(`${SESSION.slice(0, -1)}${i}`), { key: `${i}`.repeat(64), request: 'cd'.repeat(32) });
    }
    await table.apply(`${SESSION.slice(0, -1)}1`, { kind: 'stop', cause: 'stop-requested' });
    const seen: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
      const page = await table.list({ requester, limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.rows.map(({ sessionId }) => sessionId.slice(-1)));
      cursor = page.cursor;
    }
    expect(seen).toEqual(['4', '3', '2', '1', '0']);
    const live: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
      const page = await table.list({ live: true, limit: 3, ...(cursor !== undefined && { cursor }) });
      live.push(...page.rows.map(({ sessionId }) => sessionId.slice(-1)));
      cursor = page.cursor;
    }
    expect(live).toEqual(['4', '3', '2', '0']);
    await expect(table.list({ cursor: 'x' })).rejects.toThrow('start again');
  });
});
