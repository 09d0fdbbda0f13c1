import { isTerminal } from '../../../core/session/state';
import { type Definition, lifecycleDefinition, type TaskState } from '../../../lib/session/lifecycle-definition';
import { parseOnce } from './world/parse-once';
import type { Random } from './world/virtual-clock';
import { type Story, World } from './world/world';

parseOnce();

/** Of a hundred sessions. */
const STORIES: readonly [Story, number][] = [
  ['fails', 10],
  ['never ends', 4],
  ['escapes', 2],
  ['does not start', 2],
  ['clings', 1],
  ['refused', 2],
  ['no broker', 1],
  ['stopped', 5],
];

function storyOf(_: number, random: Random): Story {
  let left = random() * 100;
  for (const [story, share] of STORIES) {
    left -= share;
    if (left < 0) return story;
  }
  return 'works';
}

const FAULTS = {
  throttled: 0.02,
  answerLost: 0.01,
  refused: 0.01,
  eventLost: 0.05,
  eventTwice: 0.1,
  eventLate: 0.02,
  stopThrottled: 0.05,
  functionThrottled: 0.01,
  storeBroken: 0.001,
  messageTwice: 0.01,
};

/** What of the promises is broken. */
function problems(world: World): string[] {
  const found: string[] = [];
  const rows = world.rows();
  for (const row of rows) {
    if (!isTerminal(row.state)) found.push(`a session is left ${row.state}`);
    else if (row.cause === undefined || row.slot) found.push(`a session ended without a cause, or with its place`);
  }
  for (const ended of world.machines.ended.values()) {
    if (ended.kind === 'failed') found.push(`a state machine failed: ${ended.error}`);
  }
  if (world.machines.running > 0) found.push(`${world.machines.running} state machines still run`);
  const agents = new Map<string, number>();
  for (const task of world.ecs.tasks.values()) {
    if (task.agentStarted) agents.set(task.sessionId, (agents.get(task.sessionId) ?? 0) + 1);
    if (task.lastStatus !== 'STOPPED') found.push('a task still runs');
  }
  for (const [, times] of agents) if (times > 1) found.push(`a session ran ${times} times`);
  if (world.ecs.mistaken.length > 0) found.push(`an agent was taken for another session: ${world.ecs.mistaken[0]}`);
  if (world.ecs.aboveRate > 0) found.push(`RunTask met its limit ${world.ecs.aboveRate} times`);
  if (mostInASecond(world.ecs.calls) > 20)
    found.push(`RunTask was asked ${mostInASecond(world.ecs.calls)} times in a second`);
  const used = world.store.all('sessions').get('slots:all')?.used ?? 0;
  if (used !== 0) found.push(`${used} places are still taken`);
  return [...new Set(found)];
}

function mostInASecond(calls: readonly number[]): number {
  const sorted = [...calls].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, at, to) => {
    while ((sorted[from] ?? 0) <= at - 1000) from++;
    return Math.max(most, to - from + 1);
  }, 0);
}

const started = (world: World): number => (Math.max(...world.ecs.calls) - Math.min(...world.ecs.calls)) / 1000;

describe('S5 S8 ten thousand sessions, from the shipped state machine and handlers', () => {
  const sessions = 10_000;
  const world = new World({ definition: lifecycleDefinition(), sessions, storyOf, faults: FAULTS });
  // The limit of the run is generous: a machine of many is shared.
  beforeAll(() => world.run(7200), 180_000);

  it('S5 each comes to its end, none runs twice, and nothing is left', () => {
    expect(problems(world)).toEqual([]);
    expect(world.rows()).toHaveLength(sessions);
  });

  it('S8 RunTask is asked at its rate: all are started in at most 1.1 times what that takes', () => {
    expect(world.ecs.calls.length).toBeGreaterThan(sessions * 0.9);
    expect(started(world)).toBeLessThan((1.1 * sessions) / 20);
  });

  it('S5 each ends for the reason that it has', () => {
    const ends = (story: Story): string[] => [
      ...new Set(world.rows().flatMap((row) => (world.stories.get(row.sessionId) === story ? (row.cause ?? '') : []))),
    ];
    expect(ends('works')).toEqual(['agent-succeeded']);
    expect(ends('fails')).toEqual(['agent-failed']);
    expect(ends('escapes')).toEqual(['canary-escaped']);
    expect(ends('refused')).toEqual(['grant-beyond-requester']);
    expect(ends('never ends')).toEqual(['lifetime-over']);
    expect(ends('clings')).toEqual(['lifetime-over']);
    expect(ends('does not start')).toEqual(['task-failed-to-start']);
    expect(ends('no broker')).toEqual(['preflight-failed']);
    expect(ends('stopped').sort()).toEqual(['agent-succeeded', 'stop-requested']);
  });

  it('O1 no change of state is told twice, and the last one is the end', () => {
    const told = new Map<string, string[]>();
    for (const record of world.records) {
      if (record.kind !== 'session') continue;
      const { sessionId } = record.subject;
      told.set(sessionId, [...(told.get(sessionId) ?? []), record.detail.to]);
    }
    // A function that fails between writing the row and telling of it tells nothing; the row has it all the same.
    const twice = [...told.values()].filter((states) => new Set(states).size < states.length);
    expect(twice).toEqual([]);
    expect(told.size).toBe(sessions);
  });
});

describe('S5 every fault at ten times its rate', () => {
  it.each([2, 3])(
    'S5 each of 300 sessions comes to its end all the same (seed %d)',
    async (seed) => {
      const faults = Object.fromEntries(
        Object.entries(FAULTS).map(([name, share]) => [name, Math.min(share * 10, 0.3)]),
      ) as typeof FAULTS;
      const world = new World({ definition: lifecycleDefinition(), sessions: 300, storyOf, faults, seed });
      await world.run(20_000);
      // Where so much fails, a machine may give up on writing the end; the reaper does it.
      expect(problems(world).filter((problem) => !problem.includes('state machine failed: Unfinished'))).toEqual([]);
    },
    60_000,
  );

  it('S8 no more than so many at a time hold a place', async () => {
    const world = new World({
      definition: lifecycleDefinition(),
      sessions: 120,
      storyOf: () => 'works',
      maxSessions: 20,
    });
    let most = 0;
    world.clock.every(1000, () => {
      most = Math.max(most, world.ecs.running);
    });
    await world.run(7200);
    expect(problems(world)).toEqual([]);
    expect(most).toBe(20);
  }, 60_000);
});

describe('S5 what the state machine catches', () => {
  const KINDS: readonly Story[] = ['works', 'no broker', 'poison', 'never ends', 'clings', 'stopped'];
  /** Nothing is lost here and no reaper makes good: what is left undone is the definition's. */
  const alone = async (definition: Definition): Promise<string[]> => {
    const world = new World({
      definition,
      sessions: 24,
      storyOf: (index) => KINDS[index % KINDS.length] ?? 'works',
      reaper: false,
    });
    await world.run(7200);
    return problems(world);
  };
  const shipped = lifecycleDefinition();
  const bent = (name: string, change: Partial<TaskState>): Definition => ({
    ...shipped,
    States: { ...shipped.States, [name]: { ...(shipped.States[name] as TaskState), ...change } },
  });

  it('S5 ends every session without the reaper, while nothing is lost', async () => {
    expect(await alone(shipped)).toEqual([]);
  }, 60_000);

  it.each(['Preflight', 'Launch', 'Run', 'Stop'])(
    'S5 can fail: %s without its Catch',
    async (name) => {
      expect(await alone(bent(name, { Catch: [] }))).not.toEqual([]);
    },
    60_000,
  );

  it.each(['Launch', 'Run', 'Stop'])(
    'S5 can fail: %s with a Catch that lets timeouts pass',
    async (name) => {
      const Catch = (shipped.States[name] as TaskState).Catch.map((one) => ({
        ...one,
        ErrorEquals: ['States.TaskFailed'],
      }));
      expect(await alone(bent(name, { Catch }))).not.toEqual([]);
    },
    60_000,
  );

  it('S5 can fail: a timeout of Run that leads past Stop leaves a task running', async () => {
    const Catch = (shipped.States.Run as TaskState).Catch.map((one) => ({ ...one, Next: 'Finish' }));
    expect(await alone(bent('Run', { Catch }))).toContain('a task still runs');
  }, 60_000);

  it('S5 tries again and catches in every state that does anything', () => {
    const tasks = Object.values(shipped.States).filter((state): state is TaskState => state.Type === 'Task');
    expect(tasks).toHaveLength(5);
    for (const task of tasks) {
      expect(task.Retry.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
      expect(task.Catch.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
      expect(task.TimeoutSeconds ?? task.TimeoutSecondsPath).toBeDefined();
    }
  });
});
