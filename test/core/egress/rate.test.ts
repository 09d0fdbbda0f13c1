import * as fc from 'fast-check';
import { countRequest, type RateState } from '../../../core/egress/rate';

/** Sends at each of the times, in order; the times that passed. */
function passed(times: readonly number[], limit: number): number[] {
  let state: RateState | undefined;
  return times.filter((time) => {
    const result = countRequest(state, limit, time);
    state = result.state;
    return result.kind === 'ok';
  });
}
const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 90_000 })), {
  maxLength: 60,
});
const timesOf = (start: number, steps: readonly number[]): number[] =>
  steps.map((_, i) => steps.slice(0, i + 1).reduce((a, b) => a + b, start));
const limit = fc.integer({ min: 1, max: 8 });
const start = fc.integer({ min: 0, max: 2_000_000_000_000 });

describe('N9 requests a minute', () => {
  it('N9 in no minute, wherever it begins, do more than the limit pass', () => {
    fc.assert(
      fc.property(start, gaps, limit, (at, steps, most) => {
        const times = passed(timesOf(at, steps), most);
        for (const from of times)
          expect(times.filter((time) => time >= from && time < from + 60_000).length).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('N9 none is refused where fewer were asked in the seventy seconds before', () => {
    fc.assert(
      fc.property(start, gaps, limit, (at, steps, most) => {
        const times = timesOf(at, steps);
        const through = new Set(passed(times, most));
        times.forEach((time, i) => {
          const before = times.slice(0, i).filter((each) => each > time - 70_000).length;
          if (before < most) expect(through).toContain(time);
        });
      }),
    );
  });

  it('N9 after the seconds it says one passes, and not a slot earlier', () => {
    fc.assert(
      fc.property(start, gaps, limit, (at, steps, most) => {
        let state: RateState | undefined;
        for (const time of timesOf(at, steps)) {
          const result = countRequest(state, most, time);
          state = result.state;
          if (result.kind === 'ok') continue;
          expect(countRequest(state, most, time + result.retryAfterSeconds * 1000).kind).toBe('ok');
          expect(countRequest(state, most, time + result.retryAfterSeconds * 1000 - 10_000).kind).toBe('limited');
        }
      }),
    );
  });

  it('N9 exactly: three at once, the fourth is told when', () => {
    const now = 1_000_000_005_000;
    expect(passed([now, now, now, now], 3)).toHaveLength(3);
    const first = countRequest(undefined, 1, now);
    expect(countRequest(first.state, 1, now + 1)).toMatchObject({ kind: 'limited', retryAfterSeconds: 65 });
    expect(countRequest(first.state, 1, now + 64_999)).toMatchObject({ kind: 'limited', retryAfterSeconds: 1 });
    expect(countRequest(first.state, 1, now + 65_000).kind).toBe('ok');
  });

  it('N9 the state has one size, however many requests there are', () => {
    let state: RateState | undefined;
    for (let i = 0; i < 1000; i++) state = countRequest(state, 500, i * 7777).state;
    expect(state?.counts).toHaveLength(7);
  });

  it('N9 a clock that steps back gives nothing away', () => {
    const late = countRequest(undefined, 1, 500_000);
    const early = countRequest(late.state, 1, 100_000);
    expect(early.kind).toBe('limited');
    expect(countRequest(early.state, 1, 500_000).kind).toBe('limited');
  });
});
