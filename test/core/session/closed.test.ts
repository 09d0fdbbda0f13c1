import * as fc from 'fast-check';
import {
  type ClosedItem,
  type ClosedSession,
  closedItem,
  closedSince,
  epochItem,
  MAX_CLOSED,
  withClosed,
} from '../../../core/session/binding';
import { makeSessionId } from '../../../core/session/id';
import { agreement, openEnds, parts, published } from '../audit/agreement';
import { bend } from '../audit/bend';

const START = Date.parse('2026-11-03T09:15:00.000Z');
const entry = (index: number, afterMs = 0): ClosedSession => ({
  sessionId: makeSessionId(START + index, new Uint8Array(10)),
  generation: 1,
  closedAt: new Date(START + afterMs).toISOString(),
});
const item: ClosedItem = { version: 1, address: 'closed', closings: 7, sessions: [entry(0), entry(1)] };

describe('C1 the item of closed sessions', () => {
  it.each<[string, (string | number)[], never]>([
    ['another version', ['version'], 2 as never],
    ['another key', ['address'], 'epoch' as never],
    ['a count below zero', ['closings'], -1 as never],
    ['a session without generation', ['sessions', 0, 'generation'], undefined as never],
    ['a session with more', ['sessions', 0, 'token'], 'x' as never],
    ['more sessions than it may have', ['sessions'], Array(MAX_CLOSED + 1).fill(entry(0)) as never],
  ])('C1 is not read with %s', (_, path, value) => {
    expect(closedItem.safeParse(bend(item, path, value)).success).toBe(false);
  });

  it('C1 is read as it is, at its largest too, and is no epoch item', () => {
    expect(closedItem.safeParse(item).success).toBe(true);
    expect(closedItem.safeParse(bend(item, ['sessions'], Array(MAX_CLOSED).fill(entry(0)) as never)).success).toBe(
      true,
    );
    expect(epochItem.safeParse(item).success).toBe(false);
  });

  it('O1 has a published form that is closed, ends everywhere and agrees with zod', () => {
    expect(published(closedItem)(item)).toBe(true);
    expect(openEnds(closedItem)).toEqual([]);
    expect(parts(closedItem).length).toBeGreaterThan(5);
    agreement(closedItem, [item]);
  });

  it('C1 is far below what an item may hold (400 KB)', () => {
    const full = {
      ...item,
      closings: Number.MAX_SAFE_INTEGER,
      sessions: Array(MAX_CLOSED).fill({ ...entry(0), generation: 9999 }),
    };
    expect(JSON.stringify(full).length).toBeLessThan(32_000);
  });
});

describe('C1 one more closed session', () => {
  it('C1 makes the item where there is none, and counts', () => {
    const first = withClosed(undefined, entry(0));
    expect(first).toEqual({ version: 1, address: 'closed', closings: 1, sessions: [entry(0)] });
    expect(withClosed(first, entry(1))).toEqual({ ...first, closings: 2, sessions: [entry(0), entry(1)] });
  });

  it('C1 leaves out what is older than a minute, and the oldest of too many', () => {
    expect(withClosed({ ...item, sessions: [entry(0, 0), entry(1, 1)] }, entry(2, 60_001)).sessions).toEqual([
      entry(1, 1),
      entry(2, 60_001),
    ]);
    expect(withClosed({ ...item, sessions: [entry(0, 0)] }, entry(2, 60_000)).sessions).toHaveLength(2);
    const full = { ...item, sessions: Array.from({ length: MAX_CLOSED }, (_, i) => entry(i)) };
    const next = withClosed(full, entry(999));
    expect(next.sessions).toHaveLength(MAX_CLOSED);
    expect([next.sessions[0], next.sessions.at(-1)]).toEqual([entry(1), entry(999)]);
  });

  it('C1 whoever reads at any pace hears of every session, or that some were missed', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
        { weight: 1, arbitrary: fc.constant('read' as const) },
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 400 }), (made, burst) => {
        let now: ClosedItem | undefined;
        let seen: ClosedItem | undefined;
        let time = 0;
        let count = 0;
        let unread: string[] = [];
        for (const step of made) {
          if (step === 'read') {
            const since = closedSince(seen, now);
            if (since.kind === 'known') expect(since.sessions.map(({ sessionId }) => sessionId)).toEqual(unread);
            else expect(unread.length).toBeGreaterThan(0);
            if (unread.length <= 1) expect(since.kind).toBe('known');
            seen = now;
            unread = [];
            continue;
          }
          time += step;
          for (let i = 0; i < (step % 7 === 0 ? burst : 1); i++) {
            const one = entry(++count, time);
            now = withClosed(now, one);
            unread.push(one.sessionId);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('C1 a count that ran back, or an item that is gone, was missed', () => {
    expect(closedSince(item, { ...item, closings: 6 })).toEqual({ kind: 'missed' });
    expect(closedSince(item, undefined)).toEqual({ kind: 'missed' });
    expect(closedSince(undefined, undefined)).toEqual({ kind: 'known', sessions: [] });
    expect(closedSince(item, item)).toEqual({ kind: 'known', sessions: [] });
    expect(closedSince(item, { ...item, closings: 10 })).toEqual({ kind: 'missed' });
  });
});
