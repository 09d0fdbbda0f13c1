import { comparisons, suite } from '../../../scripts/bench/egress';
import {
  expectedFrames,
  METRICS,
  perConnectionKb,
  perCore,
  percentile,
  share,
  sseFigures,
} from '../../../scripts/bench/egress/figures';
import type { StreamStep } from '../../../scripts/bench/egress/job';
import { EGRESS_PROXY, INJECTION, NGINX, RELAY } from '../../../scripts/bench/egress/proxies';

describe('figures', () => {
  it('of a core count CPU time, not time', () => {
    expect(perCore(3000, 1500)).toBe(2000);
    expect(() => perCore(3000, 0)).toThrow(/measure longer/);
  });

  it('have the generator’s part of the CPU time', () => {
    expect(share({ generatorCpuMs: 250, subjectCpuMs: 750 })).toBe(0.25);
  });

  it.each([
    [[5], 0.5, 5],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.5, 2],
    [Array.from({ length: 100 }, (_, i) => i + 1), 0.99, 99],
    [[1, 2], 0.99, 2],
  ])('of %j at %d are values that were measured', (values, part, expected) => {
    expect(percentile(values, part)).toBe(expected);
  });

  it('of no value are refused', () => {
    expect(() => percentile([], 0.5)).toThrow(/^got no value/);
  });

  it('of idle connections are what they added', () => {
    expect(perConnectionKb({ connections: 10, beforeBytes: 1_000_000, afterBytes: 1_000_000 + 10 * 2048 })).toBe(2);
  });
});

describe('event streams', () => {
  const step = (streams: number, part: { late?: number; missing?: number } = {}): StreamStep => {
    const expected = expectedFrames(streams, 2000);
    const frames = expected - (part.missing ?? 0) * expected;
    return {
      streams,
      expected,
      frames,
      late: (part.late ?? 0) * frames,
      generatorCpuMs: 100,
      subjectCpuMs: 300,
    };
  };

  it('of 20 ms make 50 frames a second each', () => {
    expect(expectedFrames(10, 2000)).toBe(1000);
  });

  it.each([
    ['all that were tried', [step(50), step(100)], 100],
    ['none', [step(50, { late: 0.05 })], 0],
    ['those before frames came late', [step(50), step(100), step(200, { late: 0.02 })], 100],
    ['those before frames were missing', [step(50), step(100, { missing: 0.1 })], 50],
    ['those with a few late ones', [step(50, { late: 0.005, missing: 0.01 })], 50],
  ])('are held: %s', (_, steps, held) => {
    expect(sseFigures({ steps }).held).toBe(held);
  });

  it('have lateness and cost of the first step, which every subject has', () => {
    const figures = sseFigures({ steps: [step(50, { late: 0.005 }), step(100, { late: 0.5 })] });
    expect(figures).toMatchObject({ latePercent: 0.5, generatorPercent: 25 });
    expect(figures.framesPerCore).toBeCloseTo(5000 / 0.3);
  });
});

describe('the suite', () => {
  it('compares everything on with each subject that was measured, by name', () => {
    const names = ['direct', NGINX, RELAY, EGRESS_PROXY, INJECTION, 'mitmproxy'];
    const made = comparisons(names);
    const first = made.filter(({ metric, subject }) => metric === 'requests/s per core 1KB' && subject === INJECTION);
    expect(first.map(({ against }) => against)).toEqual([NGINX, RELAY, EGRESS_PROXY, 'mitmproxy']);
    expect(made).toContainEqual({ metric: 'requests/s per core 1KB', subject: EGRESS_PROXY, against: RELAY });
    const known = METRICS.map(({ name }) => name as string);
    expect(made.filter(({ metric }) => !known.includes(metric))).toEqual([]);
  });

  it('lists its metrics once each', () => {
    expect(new Set(suite.metrics.map(({ name }) => name)).size).toBe(suite.metrics.length);
  });
});
