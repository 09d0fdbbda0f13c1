import { broken, keyOf, type Model, moves, start, TICK_MS, type World } from './binding-model';

/** Every state that can be reached, each once, and the shortest way to one that is broken. */
function explore(from: World, model: Model): { states: number; way?: string[] } {
  const seen = new Map<string, { before: string; move: string }>();
  let edge: [string, World][] = [[keyOf(from), from]];
  seen.set(keyOf(from), { before: '', move: '' });
  const wayTo = (at: string): string[] => {
    const way: string[] = [];
    for (let found = seen.get(at); found !== undefined && found.move !== ''; found = seen.get(found.before)) {
      way.unshift(found.move);
    }
    return way;
  };
  while (edge.length > 0) {
    const next: [string, World][] = [];
    for (const [at, world] of edge) {
      for (const move of moves(world, model)) {
        const to = keyOf(move.world);
        if (seen.has(to)) continue;
        seen.set(to, { before: at, move: move.name });
        const what = broken(move.world, model);
        if (what !== undefined) return { states: seen.size, way: [...wayTo(to), what] };
        next.push([to, move.world]);
      }
    }
    edge = next;
  }
  return { states: seen.size };
}

const TWO_BINDS = [
  { does: 'bind', of: 'old' },
  { does: 'bind', of: 'new' },
] as const;
/** An address changes hands while reports of both tasks are under way, and while the older session is stopped. */
const LATE_STOP = start([
  { does: 'bind', of: 'old' },
  { does: 'bind', of: 'new' },
  { does: 'stop', of: 'old' },
]);
/** The newer one ends while a report of the older is still to come. */
const LATE_REPORT = start([
  { does: 'bind', of: 'old' },
  { does: 'bind', of: 'new' },
  { does: 'stop', of: 'new' },
]);
/** Both end at once. */
const TWO_ENDS = start([...TWO_BINDS, { does: 'stop', of: 'old' }, { does: 'stop', of: 'new' }]);

const model: Model = { until: 4 * TICK_MS, skewMs: 0 };

describe('C1 no address ever answers for another session than its own', () => {
  it.each([
    ['the older session is stopped', LATE_STOP, 4],
    ['the newer session is stopped', LATE_REPORT, 4],
    ['both are', TWO_ENDS, 1],
  ])('C1 in every order of steps, reads, polls, deaths and late reports: %s', (_, from, ticks) => {
    const { states, way } = explore(from, { ...model, until: ticks * TICK_MS });
    expect(way).toBeUndefined();
    expect(states).toBeGreaterThan(10_000);
  });

  it.each([-1000, 1000])('C1 with a service whose clock is %d ms off', (skewMs) => {
    expect(explore(start(TWO_BINDS), { ...model, skewMs }).way).toBeUndefined();
  });

  // Each of these is what the protocol would be without one of its parts; were it not needed, nothing would break.
  it.each<[string, string, string]>([
    ['row as read', 'the row on condition that it is as it was read', 'answered after its end'],
    ['address as read', 'the address on condition that it is as it was read', 'is answered as'],
    ['closed list as read', 'the closed list on condition that it is as it was read', 'missing in the closed list'],
    ['look', 'asking ECS whose the address is', 'is answered as'],
    ['read before look', 'the order of reading and asking', 'is answered as'],
    ['settling', 'a time in which nobody is answered there', 'is answered as'],
  ])('C1 can fail: without "%s" (%s) a way is found', (without, _, what) => {
    const ways = [TWO_ENDS, LATE_STOP, LATE_REPORT].map((from) => {
      // What breaks, breaks early: where time does not matter, it is left out.
      const until = from === TWO_ENDS ? 0 : model.until;
      return () => explore(from, { ...model, until, without }).way?.at(-1) ?? '';
    });
    expect(ways.some((way) => way().includes(what))).toBe(true);
  });

  it('C1 can fail: clocks that are two seconds apart are further than the protocol allows for', () => {
    expect(explore(start(TWO_BINDS), { ...model, skewMs: 2000 }).way?.at(-1)).toContain('is answered as');
  });
});
