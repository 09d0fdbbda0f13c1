import type { SessionRow } from '../../../core/session/row';
import type { TaskSnapshot } from '../../../core/session/task';
import { finish, run, stop } from '../../../lambda/session/stop';
import { MemoryItemStore } from '../../../runtime/memory-item-store';
import type { RecordDraft } from '../../../runtime/records';
import type { SessionTasks } from '../../../runtime/session-ports';
import { SessionTable } from '../../../runtime/session-table';
import { Transitions } from '../../../runtime/session-transitions';
import { liveRow, openBinding, SESSION, TASK } from '../../core/session/samples';
import { ManualClock } from '../../runtime/manual-clock';

const ADDRESS = openBinding.address;
let store: MemoryItemStore;
let transitions: Transitions;
let told: string[];
let done: string[];
let records: RecordDraft[];
let stopAnswer: 'asked' | 'gone';
let listed: string[];

beforeEach(() => {
  store = new MemoryItemStore();
  told = [];
  done = [];
  records = [];
  stopAnswer = 'asked';
  listed = [];
  const tasks: SessionTasks = {
    cluster: 'cluster',
    run: async () => ({ kind: 'invalid', reason: 'none' }),
    stop: async (taskArn) => {
      done.push(`stop ${taskArn}`);
      return stopAnswer;
    },
    describe: async () => ({ tasks: [], missing: [], strange: [] }),
    list: async () => ({ taskArns: listed }),
  };
  transitions = new Transitions({
    table: new SessionTable({ store, clock: new ManualClock(), random: () => 0 }),
    tasks,
    machines: { succeed: async (token) => void told.push(token) },
    records: { write: async (draft) => void records.push(draft), close: async () => {} },
  });
});
const grants = { check: async () => [], revoke: async () => void done.push('revoke') };
const options = () => ({ transitions, grants });
const put = (change: Partial<SessionRow> = {}): void => {
  store.put('sessions', { ...liveRow, startedAt: liveRow.createdAt, address: ADDRESS, slot: true, ...change });
  store.put('bindings', openBinding);
};
const row = () => store.all('sessions').get(SESSION);
const gone: TaskSnapshot = {
  taskArn: TASK,
  sessionId: SESSION,
  generation: 1,
  version: 9,
  life: 'gone',
  running: false,
  exits: { init: 0, agent: 0 },
};
const halt = (error = 'none') => stop(options(), { sessionId: SESSION, token: 'stop-token', failed: { Error: error } });

describe('S5 the state machine is told', () => {
  it('S5 at once, where the session was over before its token was stored', async () => {
    put({ state: 'STOPPING', cause: 'stop-requested' });
    await run(options(), SESSION, 'run-token');
    expect(told).toEqual(['run-token']);
  });

  it('S5 as soon as it is over, and not before', async () => {
    put();
    await run(options(), SESSION, 'run-token');
    expect(told).toEqual([]);
    await transitions.apply(SESSION, { kind: 'stop', cause: 'stop-requested' });
    expect(told).toEqual(['run-token']);
  });

  it('S5 of a stop only when nothing runs any more, however often the stop is asked for', async () => {
    put();
    await halt('States.Timeout');
    await transitions.apply(SESSION, { kind: 'stop', cause: 'stop-requested' });
    expect([told, row()?.cause]).toEqual([[], 'lifetime-over']);
    await transitions.taskSeen(gone);
    expect(told).toEqual(['stop-token']);
  });

  it('S5 of a stop at once, where ECS knows the task no more, or there was none', async () => {
    stopAnswer = 'gone';
    put();
    await halt();
    expect(told).toEqual(['stop-token']);
    put({ state: 'REFUSED', cause: 'image-unsigned', startedAt: undefined });
    await halt();
    expect(told).toEqual(['stop-token', 'stop-token']);
  });
});

describe('S5 a stop', () => {
  it('S5 closes the binding before anything else, then stops the task and takes the grants back', async () => {
    put();
    await halt('Lambda.Unknown');
    expect(store.all('bindings').get(ADDRESS)?.closedAt).toBeDefined();
    expect(store.all('bindings').get('closed')).toMatchObject({ sessions: [{ sessionId: SESSION }] });
    expect(done.sort()).toEqual(['revoke', `stop ${TASK}`]);
    expect(row()).toMatchObject({ state: 'STOPPING', cause: 'platform-error' });
  });

  it('S5 finds a task whose start was answered to nobody', async () => {
    listed = [TASK];
    put({ state: 'STARTING', taskArn: undefined, address: undefined });
    await halt();
    expect(row()).toMatchObject({ state: 'STOPPING', taskArn: TASK });
    expect(done).toContain(`stop ${TASK}`);
    expect(told).toEqual([]);
  });

  it('S5 of a session that never started takes nothing back', async () => {
    put({ state: 'QUEUED', startedAt: undefined, taskArn: undefined, address: undefined, slot: undefined });
    await halt('States.Timeout');
    expect([done, row()?.state, row()?.cause, told]).toEqual([[], 'EXPIRED', 'queue-timeout', ['stop-token']]);
  });

  it('S5 O1 each change of state is told, with its cause', async () => {
    put();
    await transitions.taskSeen(gone);
    await finish(options(), SESSION);
    expect(records.map(({ detail }) => detail)).toEqual([
      { from: 'RUNNING', to: 'STOPPING', reason: 'agent-succeeded', generation: 1, taskArn: TASK, exitCode: 0 },
      { from: 'STOPPING', to: 'SUCCEEDED', reason: 'agent-succeeded', generation: 1, taskArn: TASK, exitCode: 0 },
    ]);
    expect(store.all('sessions').get('slots:all')).toMatchObject({ used: -1 });
  });

  it('S5 a task of a session nobody knows is stopped', async () => {
    await transitions.taskSeen({ ...gone, life: 'alive' });
    expect(done).toEqual([`stop ${TASK}`]);
  });
});
