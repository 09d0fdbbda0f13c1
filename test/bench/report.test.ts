import type { Round } from '../../scripts/bench/harness/measure';
import { type Report, ratiosOf, rowsOf } from '../../scripts/bench/harness/report';
import type { Sample } from '../../scripts/bench/harness/suite';
import { table } from '../../scripts/bench/harness/table';

const METRICS = [
  { name: 'wall', unit: 'ms' },
  { name: 'size', unit: 'bytes' },
];

const round = (samples: Record<string, Sample>): Round => new Map(Object.entries(samples));

/** The machine is twice as slow in the second round, and ten times in the third. */
const ROUNDS = [1, 2, 10].map((slow) =>
  round({
    ours: { values: { wall: 30 * slow, size: 500 } },
    other: { values: { wall: (slow === 2 ? 20 : 10) * slow } },
  }),
);

const report = (rounds: readonly Round[]): Report => ({
  suite: 'demo',
  date: '2026-11-22T18:00:00.000Z',
  machine: 'a machine',
  rows: rowsOf(METRICS, rounds),
  ratios: ratiosOf([{ metric: 'wall', subject: 'ours', against: 'other' }], rounds),
});

describe('rows', () => {
  it('are medians with their spread, a row for each metric a subject has', () => {
    expect(rowsOf(METRICS, ROUNDS)).toEqual([
      { subject: 'other', metric: 'wall', unit: 'ms', value: 40, min: 10, max: 100, runs: 3, generatorShare: null },
      { subject: 'ours', metric: 'wall', unit: 'ms', value: 60, min: 30, max: 300, runs: 3, generatorShare: null },
      { subject: 'ours', metric: 'size', unit: 'bytes', value: 500, min: 500, max: 500, runs: 3, generatorShare: null },
    ]);
  });

  it('have the load generator’s own share where there is one', () => {
    const shares = [0.1, 0.5, 0.2].map((generatorShare) => round({ proxy: { values: { wall: 1 }, generatorShare } }));
    expect(rowsOf(METRICS, shares)).toMatchObject([{ generatorShare: 0.2 }]);
    expect(table(report(ROUNDS))).toContain('load generator: n/a');
    expect(table({ ...report(ROUNDS), rows: rowsOf(METRICS, shares) })).toMatch(/generator\n.*20 %$/m);
  });

  it('are refused where a value is missing or belongs to no metric', () => {
    expect(() => rowsOf(METRICS, [...ROUNDS, round({ ours: { values: { size: 1 } } })])).toThrow(
      /"wall" in some rounds/,
    );
    expect(() => rowsOf(METRICS, [round({ ours: { values: { speed: 1 } } })])).toThrow(/"speed"/);
  });
});

describe('ratios', () => {
  it('are of what ran in the same round, so that a slow minute is in both', () => {
    const [wall] = ratiosOf([{ metric: 'wall', subject: 'ours', against: 'other' }], ROUNDS);
    // The quotient of the medians would be 60 / 40.
    expect(wall).toEqual({ metric: 'wall', subject: 'ours', against: 'other', value: 3, min: 1.5, max: 3 });
  });

  it.each([
    ['a subject that was not measured', { metric: 'wall', subject: 'ours', against: 'none' }, /none has no "wall"/],
    ['a metric that a subject lacks', { metric: 'size', subject: 'ours', against: 'other' }, /other has no "size"/],
  ])('are refused for %s', (_, comparison, message) => {
    expect(() => ratiosOf([comparison], ROUNDS)).toThrow(message);
  });

  it('are refused where they would divide by 0', () => {
    const zero = round({ ours: { values: { wall: 1 } }, other: { values: { wall: 0 } } });
    expect(() => ratiosOf([{ metric: 'wall', subject: 'ours', against: 'other' }], [zero])).toThrow(/is 0/);
  });
});

describe('the report', () => {
  it('as JSON has suite, date, machine, rows and ratios', () => {
    const json = JSON.parse(JSON.stringify(report(ROUNDS)));
    expect(Object.keys(json)).toEqual(['suite', 'date', 'machine', 'rows', 'ratios']);
    for (const row of json.rows) {
      expect(row).toMatchObject({
        subject: expect.any(String),
        metric: expect.any(String),
        unit: expect.any(String),
        value: expect.any(Number),
      });
    }
    for (const ratio of json.ratios) {
      expect(ratio).toMatchObject({
        metric: expect.any(String),
        subject: expect.any(String),
        against: expect.any(String),
        value: expect.any(Number),
      });
    }
  });

  it('as a table has every row and ratio with its spread', () => {
    const text = table(report(ROUNDS));
    expect(text).toMatch(/^wall +ours +60 +30-300 +ms +3$/m);
    expect(text).toMatch(/^size +ours +500 +same +bytes +3$/m);
    expect(text).toMatch(/^wall +ours +other +3\.00 +1\.50-3\.00$/m);
  });
});
