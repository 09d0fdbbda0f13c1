import { interfaceAddress } from '../../core/session/binding';
import { makeSessionId } from '../../core/session/id';
import { DynamoCallers } from '../../runtime/dynamo-callers';
import { liveRow, OTHER_SESSION, openBinding, SESSION, TASK } from '../core/session/samples';
import { ManualClock, settle } from './manual-clock';
import { Tables } from './tables';

const ADDRESS = openBinding.address;
let tables: Tables;
let clock: ManualClock;
let callers: DynamoCallers;
let closed: string[];
let problems: string[];

beforeEach(async () => {
  tables = new Tables();
  clock = new ManualClock();
  await open();
});
afterEach(() => callers.close());

async function open(change: { maxAddresses?: number; maxWatched?: number } = {}): Promise<void> {
  closed = [];
  problems = [];
  callers = new DynamoCallers({
    read: tables.read,
    sessionsTable: 'sessions',
    bindingsTable: 'bindings',
    clock,
    onProblem: (problem) => problems.push(problem),
    ...change,
  });
  callers.onClosed((key) => closed.push(key ?? 'everybody'));
  await callers.ready();
}
const who = async (address = ADDRESS) => {
  const result = await callers.identify(address);
  return result.kind === 'caller' ? result.caller.key : result.code;
};
/** More sessions, each with an address of its own. */
function bind(index: number): string {
  const sessionId = makeSessionId(index, new Uint8Array(10));
  const address = `10.64.9.${index}`;
  expect(interfaceAddress.safeParse(address).success).toBe(true);
  tables.put(address, { ...openBinding, address, sessionId });
  tables.put(sessionId, { ...liveRow, sessionId });
  return address;
}

describe('C1 who is calling, from the tables', () => {
  it('C1 is the session bound to the address, in the spelling of either kind of socket', async () => {
    const { requester, team, profile, repository, generation, state, taskText, lifetimeEndsAt } = liveRow;
    const subject = { kind: 'session', sessionId: SESSION, requester, team, profile, repository };
    const task = { taskArn: TASK, generation, state, taskText, lifetimeEndsAt };
    const caller = { key: SESSION, subject, opened: [], task };
    expect(await callers.identify(ADDRESS)).toEqual({ kind: 'caller', caller });
    expect(await who(`::ffff:${ADDRESS}`)).toBe(SESSION);
    expect(await who(`::FFFF:${ADDRESS}`)).toBe(SESSION);
  });

  it('C1 without repository has none, and not an empty one', async () => {
    const { repository: _, ...row } = liveRow;
    tables.put(SESSION, row);
    const result = await callers.identify(ADDRESS);
    expect(result.kind === 'caller' && Object.keys(result.caller.subject)).not.toContain('repository');
  });

  it.each(['epoch', 'closed', '', '::1', '10.64.3.017', '169.254.170.2', SESSION])(
    'C1 is never looked up by %j, which is no address of a task',
    async (address) => {
      const before = tables.reads.length;
      expect(await who(address)).toBe('unbound-address');
      expect(tables.reads).toHaveLength(before);
    },
  );

  it.each<[string, () => void, string]>([
    ['no binding', () => tables.items.delete(ADDRESS), 'unbound-address'],
    [
      'a closed binding',
      () => tables.put(ADDRESS, { ...openBinding, closedAt: openBinding.openedAt }),
      'session-closed',
    ],
    ['a binding not understood', () => tables.put(ADDRESS, { ...openBinding, version: 9 }), 'feed-stale'],
    ['a binding of an older epoch', () => tables.put(ADDRESS, { ...openBinding, epoch: 1 }), 'session-closed'],
    ['no row', () => tables.items.delete(SESSION), 'unbound-address'],
    ['a session that stops', () => tables.put(SESSION, { ...liveRow, state: 'STOPPING' }), 'session-closed'],
    ['a later task', () => tables.put(SESSION, { ...liveRow, generation: 2 }), 'session-closed'],
    [
      'a lifetime that is over',
      () => tables.put(SESSION, { ...liveRow, lifetimeEndsAt: openBinding.openedAt }),
      'session-closed',
    ],
    ['tables that do not answer', () => tables.failAt(SESSION), 'feed-stale'],
  ])('C1 is refused with %s', async (_, change, code) => {
    change();
    expect(await who()).toBe(code);
  });

  it('C1 everybody is refused before the first look at the feed', async () => {
    await callers.close();
    tables.hold();
    const opened = open();
    expect(await who()).toBe('feed-stale');
    expect(callers.fresh).toBe(false);
    tables.release();
    await opened;
    expect(await who()).toBe(SESSION);
    expect(callers.fresh).toBe(true);
  });
});

describe('C1 what was read is believed for a second', () => {
  it('C1 and not longer, counted from when the reading began', async () => {
    tables.hold((key) => key === SESSION);
    const first = who();
    await clock.advance(400);
    tables.release();
    expect(await first).toBe(SESSION);
    tables.put(SESSION, { ...liveRow, state: 'STOPPING' });
    await clock.advance(599);
    expect(await who()).toBe(SESSION);
    await clock.advance(1);
    expect(await who()).toBe('session-closed');
    expect(tables.countOf(ADDRESS)).toBe(2);
  });

  it('C1 a refusal for a quarter of it, so that a session is let in soon', async () => {
    tables.items.delete(ADDRESS);
    expect(await who()).toBe('unbound-address');
    tables.put(ADDRESS, openBinding);
    await clock.advance(249);
    expect(await who()).toBe('unbound-address');
    await clock.advance(1);
    expect(await who()).toBe(SESSION);
  });

  it('C1 a storm is one read at a time, and four a second where the answer is no or there is none', async () => {
    await Promise.all(Array.from({ length: 50 }, () => who()));
    expect(tables.countOf(ADDRESS)).toBe(1);
    tables.fail = (key) => key === '10.64.9.9';
    for (let i = 0; i < 100; i++) {
      expect(await who('10.64.9.9')).toBe('feed-stale');
      await clock.advance(10);
    }
    expect(tables.countOf('10.64.9.9')).toBe(4);
  });

  it('C1 a refusal that took long to read is remembered as long', async () => {
    tables.hold((key) => key === '10.64.9.9');
    const first = who('10.64.9.9');
    await clock.advance(900);
    tables.release();
    await first;
    expect(await who('10.64.9.9')).toBe('unbound-address');
    expect(tables.countOf('10.64.9.9')).toBe(1);
  });

  it('C1 of so many addresses only, and those asked for lately stay', async () => {
    await callers.close();
    await open({ maxAddresses: 2 });
    const [a, b, c] = [bind(1), bind(2), bind(3)];
    for (const address of [a, b, a, c, a]) await who(address);
    expect([a, b, c].map((address) => tables.countOf(address))).toEqual([1, 1, 1]);
    await who(b);
    expect(tables.countOf(b)).toBe(2);
  });

  it('C1 a wall clock set back makes nothing young', async () => {
    await who();
    tables.put(SESSION, { ...liveRow, state: 'STOPPING' });
    clock.wallTime -= 3_600_000;
    await clock.advance(1000);
    expect(await who()).toBe('session-closed');
  });
});

describe('S5 a lifetime ends in every service by itself', () => {
  const HOUR = 3_600_000;

  it('S5 also for an answer that is remembered, and for streams that ask no more, within a second', async () => {
    await clock.advance(HOUR - 700);
    expect(await who()).toBe(SESSION);
    await clock.advance(699);
    expect(await who()).toBe(SESSION);
    await clock.advance(1);
    expect(await who()).toBe('session-closed');
    await clock.advance(500);
    expect(closed).toEqual([SESSION]);
    await clock.advance(5000);
    expect(closed).toEqual([SESSION]);
  });

  it('S5 though the wall clock was set back', async () => {
    expect(await who()).toBe(SESSION);
    await clock.advance(HOUR - 1000);
    clock.wallTime -= HOUR;
    await clock.advance(1000);
    expect(await who()).toBe('session-closed');
    await clock.advance(500);
    expect(closed).toEqual([SESSION]);
  });

  it('S5 more sessions than can be watched: the one that called least lately is told to be over', async () => {
    await callers.close();
    await open({ maxWatched: 2 });
    const [a, b, c] = [bind(1), bind(2), bind(3)];
    for (const address of [a, b, a, c]) await who(address);
    expect(closed).toEqual([makeSessionId(2, new Uint8Array(10))]);
  });
});

describe('S7 a session that was closed', () => {
  it('S7 is told within half a second, and forgotten', async () => {
    await who();
    tables.close(OTHER_SESSION);
    tables.close(SESSION);
    await clock.advance(500);
    expect(closed).toEqual([OTHER_SESSION, SESSION]);
    expect(await who()).toBe('session-closed');
    await clock.advance(5000);
    expect(closed).toEqual([OTHER_SESSION, SESSION]);
  });

  it('S7 is not told again when its lifetime ends', async () => {
    tables.put(SESSION, { ...liveRow, lifetimeEndsAt: new Date(clock.wallTime + 3000).toISOString() });
    await who();
    tables.close(SESSION);
    await clock.advance(5000);
    expect(closed).toEqual([SESSION]);
  });

  it('S7 is refused though its binding was read before and is on its way', async () => {
    tables.hold((key) => key === SESSION);
    const asked = who();
    await settle();
    tables.close(SESSION);
    await clock.advance(500);
    tables.release();
    expect(await asked).toBe('session-closed');
  });

  it('S7 is let in again with a later task', async () => {
    tables.close(SESSION);
    tables.put(ADDRESS, { ...openBinding, generation: 2 });
    tables.put(SESSION, { ...liveRow, generation: 2 });
    await clock.advance(500);
    expect(await who()).toBe(SESSION);
  });

  it('S7 what was closed before this service began is told to nobody', async () => {
    await callers.close();
    tables.close(OTHER_SESSION, 3);
    await open();
    await clock.advance(1000);
    expect(closed).toEqual([]);
  });

  it('S7 where more were closed than the list holds, everybody is over', async () => {
    tables.close(OTHER_SESSION);
    await clock.advance(500);
    tables.close(OTHER_SESSION, 300);
    await clock.advance(500);
    expect(closed).toEqual([OTHER_SESSION, 'everybody']);
    tables.items.delete('closed');
    await clock.advance(500);
    expect(closed).toEqual([OTHER_SESSION, 'everybody', 'everybody']);
    expect(await who()).toBe(SESSION);
  });

  it('S7 a list not understood refuses everybody', async () => {
    tables.put('closed', { version: 2, address: 'closed' });
    await clock.advance(500);
    expect(await who()).toBe('feed-stale');
    expect(closed).toEqual(['everybody']);
    expect(problems).toEqual(['item of closed sessions not understood']);
  });
});

describe('S7 panic', () => {
  it('S7 refuses everybody within half a second, ends all streams once, and outlives its end', async () => {
    await who();
    tables.put('epoch', tables.epoch(3, false));
    await clock.advance(500);
    expect(await who()).toBe('platform-paused');
    expect(callers.fresh).toBe(true);
    await clock.advance(2000);
    expect(closed).toEqual(['everybody']);
    tables.put('epoch', { ...tables.epoch(3), confirmedBy: 'second' });
    await clock.advance(500);
    expect(await who()).toBe('session-closed');
    tables.put(ADDRESS, { ...openBinding, epoch: 3 });
    await clock.advance(1000);
    expect(await who()).toBe(SESSION);
  });

  it('S7 that was begun and lifted between two looks ends all streams just the same', async () => {
    await who();
    tables.put('epoch', tables.epoch(3));
    await clock.advance(500);
    expect(closed).toEqual(['everybody']);
    expect(await who()).toBe('session-closed');
  });

  it('S7 reaches a request whose caller is being read', async () => {
    tables.hold((key) => key === SESSION);
    const asked = who();
    await settle();
    tables.put('epoch', tables.epoch(3, false));
    await clock.advance(500);
    tables.release();
    expect(await asked).toBe('platform-paused');
  });

  it('S7 a session bound in an epoch that is not known here yet is let in', async () => {
    tables.put(ADDRESS, { ...openBinding, epoch: 3 });
    expect(await who()).toBe(SESSION);
  });

  it.each<[string, unknown, string]>([
    ['is gone', undefined, 'no epoch item'],
    ['is not understood', { version: 1, address: 'epoch', epoch: 2, open: 'yes' }, 'epoch item not understood'],
    [
      'ran back',
      { version: 1, address: 'epoch', epoch: 1, open: true, changedAt: openBinding.openedAt, changedBy: 'x' },
      'the epoch ran back',
    ],
  ])('S7 an epoch item that %s refuses everybody at once', async (_, item, problem) => {
    await who();
    tables.put('epoch', item);
    await clock.advance(500);
    expect(await who()).toBe('feed-stale');
    expect(closed).toEqual(['everybody']);
    expect(problems[0]).toBe(problem);
    expect(callers.fresh).toBe(false);
    tables.put('epoch', tables.epoch(2));
    await clock.advance(500);
    expect(await who()).toBe(SESSION);
  });
});

describe('S7 a feed that is older than three seconds', () => {
  it('S7 refuses everybody and ends all streams, once, and recovers', async () => {
    await who();
    tables.fail = (key) => key === 'closed';
    await clock.advance(3000);
    expect(await who()).toBe(SESSION);
    expect(closed).toEqual([]);
    await clock.advance(1);
    expect(await who()).toBe('feed-stale');
    await clock.advance(5000);
    expect(closed).toEqual(['everybody']);
    expect(callers.fresh).toBe(false);
    expect(new Set(problems)).toEqual(new Set(['TimeoutError']));
    tables.fail = undefined;
    await clock.advance(500);
    expect(await who()).toBe(SESSION);
    tables.fail = () => true;
    await clock.advance(4000);
    expect(closed).toEqual(['everybody', 'everybody']);
  });

  it('S7 counts from when the reading began, and one that never ends is no reading', async () => {
    tables.hold((key) => key === 'epoch');
    await clock.advance(3000);
    expect(tables.countOf('epoch')).toBe(2);
    expect(await who()).toBe(SESSION);
    await clock.advance(1);
    expect(await who()).toBe('feed-stale');
    await clock.advance(499);
    expect(closed).toEqual(['everybody']);
    tables.release();
    await settle();
    await clock.advance(500);
    expect(await who()).toBe(SESSION);
  });

  it('S7 what took a second to read is a second old', async () => {
    tables.hold((key) => key === 'epoch');
    await clock.advance(1500);
    tables.release();
    await settle();
    tables.failAt('epoch');
    await clock.advance(2000);
    expect(await who()).toBe(SESSION);
    await clock.advance(1);
    expect(await who()).toBe('feed-stale');
  });

  it('S7 also where nobody looked, since the process was held up: streams end before anything is believed again', async () => {
    await who();
    clock.stall(60_000);
    expect(await who()).toBe('feed-stale');
    await clock.advance(0);
    expect(closed).toEqual(['everybody']);
    expect(await who()).toBe(SESSION);
  });

  it('S7 a look that comes home late ends streams too, though what it brings is good', async () => {
    await who();
    tables.hold((key) => key === 'epoch');
    await clock.advance(500);
    clock.stall(2501);
    tables.release();
    await settle();
    expect(closed).toEqual(['everybody']);
  });

  it('S7 a wall clock set back keeps it no younger', async () => {
    tables.fail = () => true;
    clock.wallTime -= 3_600_000;
    await clock.advance(3001);
    expect(await who()).toBe('feed-stale');
  });

  it('S7 reaches a request whose caller is being read', async () => {
    tables.hold((key) => key === SESSION);
    const asked = who();
    await settle();
    tables.fail = () => true;
    await clock.advance(3001);
    tables.fail = undefined;
    tables.release();
    expect(await asked).toBe('feed-stale');
  });

  it('S7 problems name no values', async () => {
    tables.fail = () => true;
    await clock.advance(1000);
    await who('10.64.9.9');
    expect(problems.join()).not.toContain('secret');
  });

  it('S7 once closed, nothing is read any more', async () => {
    await callers.close();
    const before = tables.reads.length;
    await clock.advance(10_000);
    expect(tables.reads).toHaveLength(before);
    expect(clock.pending).toBe(0);
  });
});
