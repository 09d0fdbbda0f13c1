import * as fc from 'fast-check';
import { CAUSES, type CauseCode, endOf } from '../../../core/session/cause';
import type { SessionEvent } from '../../../core/session/event';
import { findingOf } from '../../../core/session/overdue';
import { reduce } from '../../../core/session/reduce';
import { runTaskToken, type SessionRow, sessionRow } from '../../../core/session/row';
import { isTerminal, TERMINAL_STATES } from '../../../core/session/state';
import { EXITS, readTask, type TaskSnapshot } from '../../../core/session/task';
import { liveRow, OTHER_SESSION, OTHER_TASK, SESSION, TASK, TIME } from './samples';

const ADDRESS = '10.64.3.17';
const CLUSTER = 'arn:aws:ecs:eu-central-1:111122223333:cluster/sessions';
const pending: SessionRow = (() => {
  const { taskArn: _, lifetimeEndsAt: __, ...rest } = liveRow;
  return { ...rest, state: 'PENDING', generation: 0, revision: 1 };
})();
const task = (change: Partial<TaskSnapshot> = {}): TaskSnapshot => ({
  taskArn: TASK,
  sessionId: SESSION,
  generation: 1,
  version: 2,
  life: 'alive',
  running: false,
  exits: {},
  ...change,
});
const following = (from: SessionRow, ...events: SessionEvent[]): SessionRow =>
  events.reduce((row, event) => reduce(row, event, TIME).row, from);
const UP_TO_TASK: SessionEvent[] = [
  { kind: 'preflight-started' },
  { kind: 'preflight-passed' },
  { kind: 'launch', cluster: CLUSTER },
  { kind: 'run-task-answered', generation: 1, taskArn: TASK },
];
const starting = following(pending, ...UP_TO_TASK);
const running = following(
  starting,
  { kind: 'bound', task: { ...task(), address: ADDRESS } },
  { kind: 'task', task: task({ version: 3, running: true, address: ADDRESS, exits: { init: 0 } }) },
);

const snapshots: fc.Arbitrary<TaskSnapshot> = fc.record(
  {
    taskArn: fc.constantFrom(TASK, OTHER_TASK),
    sessionId: fc.constantFrom(SESSION, SESSION, SESSION, OTHER_SESSION),
    generation: fc.integer({ min: 0, max: 3 }),
    version: fc.integer({ min: 1, max: 6 }),
    life: fc.constantFrom('alive', 'alive', 'ending', 'gone'),
    running: fc.boolean(),
    exits: fc.record(
      {
        init: fc.constantFrom(0, EXITS.initEscaped, 71),
        agent: fc.constantFrom(0, 1, 143),
        recorder: fc.constantFrom(0, 80),
      },
      { requiredKeys: [] },
    ),
    address: fc.constantFrom(ADDRESS, '10.64.3.18'),
    stopCode: fc.constantFrom('UserInitiated', 'EssentialContainerExited', 'TaskFailedToStart', 'TerminationNotice'),
  },
  { requiredKeys: ['taskArn', 'sessionId', 'generation', 'version', 'life', 'running', 'exits'] },
);
const codes = Object.keys(CAUSES) as CauseCode[];
const events: fc.Arbitrary<SessionEvent> = fc.oneof(
  { weight: 6, arbitrary: snapshots.map((one): SessionEvent => ({ kind: 'task', task: one })) },
  { weight: 6, arbitrary: fc.constantFrom<SessionEvent>(...UP_TO_TASK) },
  {
    weight: 2,
    arbitrary: snapshots.map((one): SessionEvent => ({ kind: 'bound', task: { ...one, address: ADDRESS } })),
  },
  fc.record({
    kind: fc.constant('run-task-answered' as const),
    generation: fc.integer({ min: 0, max: 3 }),
    taskArn: fc.constantFrom(TASK, OTHER_TASK),
  }),
  fc.record({ kind: fc.constant('run-task-refused' as const), generation: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ kind: fc.constant('stop' as const), cause: fc.constantFrom(...codes) }),
  fc.record({ kind: fc.constant('machine-failed' as const), timedOut: fc.boolean() }),
  fc.record({ kind: fc.constant('finish' as const), force: fc.boolean() }),
  fc.record({
    kind: fc.constant('approvals' as const),
    waiting: fc.boolean(),
    asOf: fc.constantFrom(TIME, '2026-11-03T09:16:00.000Z'),
  }),
  fc.record({
    kind: fc.constant('address-lost' as const),
    generation: fc.integer({ min: 0, max: 3 }),
    cause: fc.constantFrom('address-taken' as const, 'address-conflict' as const),
  }),
  fc.constantFrom<SessionEvent>(
    { kind: 'preflight-refused', cause: 'image-unsigned' },
    { kind: 'launch-gave-up' },
    { kind: 'overdue' },
    { kind: 'task-missing', taskArn: TASK },
  ),
);
const histories = fc.array(fc.tuple(events, fc.integer({ min: 0, max: 400 })), { maxLength: 40 });

/** Every row of a history, the first one included. */
function rowsOf(history: [SessionEvent, number][]): SessionRow[] {
  let at = Date.parse(TIME);
  const rows = [pending];
  for (const [event, seconds] of history) {
    at += seconds * 1000;
    rows.push(reduce(rows.at(-1) ?? pending, event, new Date(at).toISOString()).row);
  }
  return rows;
}

describe('S5 whatever happens to a session, in whatever order, how often ever', () => {
  const each = (check: (before: SessionRow, row: SessionRow) => void): void => {
    fc.assert(
      fc.property(histories, (history) => {
        const rows = rowsOf(history);
        for (const [i, row] of rows.slice(1).entries()) check(rows[i] ?? pending, row);
      }),
      { numRuns: 1500 },
    );
  };

  it('S5 every row is one that its schema knows', () => {
    each((_, row) => expect(sessionRow.safeParse(row).success).toBe(true));
  });

  it('S5 an end is never left, and says why', () => {
    each((before, row) => {
      if (isTerminal(before.state)) expect(row).toBe(before);
      if (!isTerminal(row.state)) return;
      expect([row.cause !== undefined, row.endedAt !== undefined, row.slot]).toEqual([true, true, undefined]);
      expect(row.state).toBe(endOf(row.cause));
    });
  });

  it('S5 from STOPPING nothing calls again, and the first cause stays', () => {
    each((before, row) => {
      if (before.state !== 'STOPPING') return;
      expect(['STOPPING', ...TERMINAL_STATES]).toContain(row.state);
      if (before.cause !== undefined) expect(row.cause).toBe(before.cause);
    });
  });

  it('S5 a session has at most one task in a generation, one address, and takes its place once', () => {
    each((before, row) => {
      if (before.taskArn !== undefined) expect(row.taskArn).toBe(before.taskArn);
      if (before.address !== undefined) expect(row.address).toBe(before.address);
      if (before.state !== 'QUEUED') expect(Number(row.slot ?? 0)).toBeLessThanOrEqual(Number(before.slot ?? 0));
      expect(row.generation).toBeGreaterThanOrEqual(before.generation);
    });
  });

  it('S5 a row that changes has one more revision, and times that do not run back', () => {
    each((before, row) => {
      expect(row.revision).toBe(row === before ? before.revision : before.revision + 1);
      expect(row.updatedAt >= before.updatedAt).toBe(true);
    });
  });

  it('S5 an event that comes twice changes nothing the second time', () => {
    fc.assert(
      fc.property(histories, events, (history, event) => {
        const row = rowsOf(history).at(-1) ?? pending;
        const once = reduce(row, event, TIME).row;
        // A launch gives a new generation only from the queue; a task twice, stopped once, is the same.
        expect(reduce(once, event, TIME).row.state).toBe(once.state);
        if (event.kind !== 'run-task-refused') expect(reduce(once, event, TIME).row).toEqual(once);
      }),
      { numRuns: 1500 },
    );
  });

  it('S5 snapshots of one task, in any order and with any lost, leave the same end as the last of them', () => {
    const exits = { init: 0, agent: 0 } as const;
    const told = [
      task({ version: 1 }),
      task({ version: 2, address: ADDRESS }),
      task({ version: 3, address: ADDRESS, running: true, exits: { init: 0 } }),
      task({ version: 4, address: ADDRESS, life: 'ending', exits, stopCode: 'EssentialContainerExited' }),
      task({ version: 5, address: ADDRESS, life: 'gone', exits, stopCode: 'EssentialContainerExited' }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray([...told, ...told.slice(0, 4)]), (some) => {
        const row = following(
          starting,
          ...[...some, ...told.slice(4)].map((one): SessionEvent => ({ kind: 'task', task: one })),
        );
        expect([row.state, row.cause, row.taskGone]).toEqual(['STOPPING', 'agent-succeeded', true]);
        expect(following(row, { kind: 'finish', force: false }).state).toBe('SUCCEEDED');
      }),
      { numRuns: 1000 },
    );
  });
});

describe("S5 tasks that are not the session's", () => {
  it.each<[string, SessionRow, TaskSnapshot, boolean]>([
    ['of an older try', starting, task({ generation: 0, taskArn: OTHER_TASK }), true],
    ['a second one of the same try', starting, task({ taskArn: OTHER_TASK }), true],
    [
      'of a session that is over',
      following(starting, { kind: 'stop', cause: 'panic' }, { kind: 'finish', force: true }),
      task(),
      true,
    ],
    ['of a session that is being stopped', following(starting, { kind: 'stop', cause: 'panic' }), task(), true],
    ['one that is gone', starting, task({ generation: 0, taskArn: OTHER_TASK, life: 'gone' }), false],
    ['of another session', starting, task({ sessionId: OTHER_SESSION }), false],
  ])('S5 %s is stopped where it runs, and never bound', (_, row, one, stopped) => {
    const { effects } = reduce(row, { kind: 'task', task: { ...one, address: ADDRESS } }, TIME);
    expect(effects.map(({ kind }) => kind)).not.toContain('bind');
    expect(effects).toEqual(stopped ? [{ kind: 'stop-task', taskArn: one.taskArn }] : []);
  });

  it('S5 a start whose answer was lost is found by its event', () => {
    const asked = following(pending, ...UP_TO_TASK.slice(0, 3));
    const { row, effects } = reduce(asked, { kind: 'task', task: task({ address: ADDRESS }) }, TIME);
    expect([row.taskArn, row.lifetimeEndsAt]).toEqual([TASK, '2026-11-03T10:15:00.000Z']);
    expect(effects.map(({ kind }) => kind)).toEqual(['bind']);
  });

  it('S5 a task that answers a try given up is stopped', () => {
    const anew = following(pending, ...UP_TO_TASK.slice(0, 3), { kind: 'run-task-refused', generation: 1 });
    expect(runTaskToken(anew)).toBe(`${SESSION}-2`);
    const { row, effects } = reduce(anew, { kind: 'run-task-answered', generation: 1, taskArn: OTHER_TASK }, TIME);
    expect([row.taskArn, effects]).toEqual([undefined, [{ kind: 'stop-task', taskArn: OTHER_TASK }]]);
  });

  it('S5 a task that DescribeTasks does not know yet is not lost', () => {
    const later = '2026-11-03T09:17:01.000Z';
    expect(following(running, { kind: 'task-missing', taskArn: TASK })).toBe(running);
    expect(reduce(running, { kind: 'task-missing', taskArn: TASK }, later).row.cause).toBe('task-lost');
  });
});

describe('S5 one plain cause an end', () => {
  it.each<[Partial<TaskSnapshot>, CauseCode]>([
    [{ exits: { init: 0, agent: 0 }, stopCode: 'EssentialContainerExited' }, 'agent-succeeded'],
    [{ exits: { init: 0, agent: 2 }, stopCode: 'EssentialContainerExited' }, 'agent-failed'],
    [{ exits: { init: EXITS.initEscaped } }, 'canary-escaped'],
    [{ exits: { init: 73 } }, 'init-failed'],
    [{ exits: { init: 0, agent: EXITS.launcherRefused } }, 'launcher-refused'],
    [{ exits: { init: 0, agent: 143, recorder: EXITS.recorderIdle } }, 'idle'],
    [{ exits: { init: 0, agent: 143, recorder: EXITS.recorderLifetime } }, 'lifetime-over'],
    [{ exits: { init: 0, recorder: 1 } }, 'recorder-failed'],
    [{ exits: { init: 0, agent: 0 }, stopCode: 'UserInitiated' }, 'stopped-in-ecs'],
    [{ exits: { init: 0, agent: 137 }, stopCode: 'TerminationNotice' }, 'host-retired'],
    [{ exits: {}, stopCode: 'TaskFailedToStart' }, 'task-failed-to-start'],
    [{ exits: {} }, 'task-lost'],
  ])('S5 %j is %s', (change, cause) => {
    expect(following(starting, { kind: 'task', task: task({ life: 'gone', ...change }) }).cause).toBe(cause);
  });

  it('S7 whoever stops it, and why, stands in the row', () => {
    const row = following(running, { kind: 'stop', cause: 'stop-requested', by: 'ops', remark: 'wrong repository' });
    expect(row).toMatchObject({
      state: 'STOPPING',
      cause: 'stop-requested',
      stoppedBy: 'ops',
      remark: 'wrong repository',
    });
  });

  it('S5 every end is named by some cause, in words', () => {
    expect(new Set(Object.values(CAUSES).map(({ end }) => end))).toEqual(new Set(TERMINAL_STATES));
    for (const { says } of Object.values(CAUSES)) expect(says.length).toBeGreaterThan(10);
    expect(endOf('invented-later')).toBe('FAILED');
  });
});

describe('S5 what the reaper makes of time', () => {
  const now = Date.parse(TIME);
  it.each<[string, SessionRow, number, string]>([
    ['nobody took it up', pending, 601, 'overdue'],
    ['just accepted', pending, 599, 'fine'],
    ['waits for RunTask', following(pending, ...UP_TO_TASK.slice(0, 3)), 3600, 'fine'],
    ['no agent in twenty minutes', { ...starting, lifetimeSeconds: 9999 }, 1201, 'overdue'],
    ['runs within its lifetime', running, 3599, 'fine'],
    ['lifetime over', running, 3601, 'overdue'],
    ['being stopped', following(running, { kind: 'stop', cause: 'panic' }), 599, 'fine'],
    ['not gone long after', following(running, { kind: 'stop', cause: 'panic' }), 601, 'abandon'],
    ['ended', following(pending, { kind: 'stop', cause: 'panic' }), 1_000_000, 'fine'],
  ])('S5 %s', (_, row, seconds, kind) => {
    expect(findingOf(row, now + seconds * 1000).kind).toBe(kind);
  });
});

describe('S5 what ECS says of a task', () => {
  const said = {
    taskArn: TASK,
    startedBy: `${SESSION}-1`,
    version: 4,
    lastStatus: 'PENDING',
    desiredStatus: 'RUNNING',
    containers: [{ name: 'session-init', exitCode: 0 }, { name: 'agent' }],
    attachments: [
      { type: 'eni', status: 'ATTACHED', details: [{ name: 'privateIPv4Address', value: ADDRESS }] },
      { type: 'Service Connect', status: 'ATTACHED', details: [] },
    ],
    more: 'than is read',
  };

  it('S5 is read the same from an event and from DescribeTasks', () => {
    const read = { ...task({ version: 4, address: ADDRESS, exits: { init: 0 } }) };
    expect(readTask(said)).toEqual(read);
    const described = { ...said, attachments: [{ ...said.attachments[0], type: 'ElasticNetworkInterface' }] };
    expect(readTask(described)).toEqual(read);
  });

  it.each<[string, object]>([
    ['started by somebody else', { startedBy: 'ecs-svc/123' }],
    ['started with a token that is none', { startedBy: `${SESSION}-01` }],
    ['without a version', { version: undefined }],
    ['with a short ARN', { taskArn: 'arn:aws:ecs:eu-central-1:111122223333:task/0a' }],
  ])('S5 is not read %s', (_, change) => {
    expect(readTask({ ...said, ...change })).toBeUndefined();
  });

  const eni = (value: string, status = 'ATTACHED') => ({
    type: 'eni',
    status,
    details: [{ name: 'privateIPv4Address', value }],
  });
  it.each<[string, object[]]>([
    ['of two interfaces', [eni(ADDRESS), eni('10.64.3.18')]],
    ['of an interface that is given back', [eni(ADDRESS, 'DELETED')]],
    ['that is no key of ours', [eni('epoch')]],
    ['of the metadata endpoint', [eni('169.254.170.2')]],
  ])('C1 gives no address %s', (_, attachments) => {
    expect(readTask({ ...said, attachments })?.address).toBeUndefined();
  });
});
