import * as fc from 'fast-check';
import { Metrics, writeEachMinute } from '../../runtime/metrics';
import { ManualClock, settle } from './manual-clock';

const definitions = {
  Requests: { kind: 'counter', unit: 'Count' },
  Refusals: { kind: 'counter', unit: 'Count', label: { name: 'Code', values: ['no-rule', 'feed-stale'] } },
  Open: { kind: 'gauge', unit: 'Count' },
  Took: { kind: 'histogram', unit: 'Milliseconds' },
} as const;

let clock: ManualClock;
const make = () =>
  new Metrics({ namespace: 'AgentPlatform/Test', dimensions: { Service: 'test' }, definitions, clock });
beforeEach(() => {
  clock = new ManualClock();
});
const read = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));

describe('O12 metrics in memory of fixed size', () => {
  it('O12 say what came since the last line, with its unit, zeros too', () => {
    const metrics = make();
    metrics.count('Requests', undefined, 3);
    metrics.watch('Open', () => 7);
    const [line, ...more] = read(metrics.lines());
    expect(more).toEqual([]);
    expect(line).toEqual({
      _aws: {
        Timestamp: clock.wallTime,
        CloudWatchMetrics: [
          {
            Namespace: 'AgentPlatform/Test',
            Dimensions: [['Service']],
            Metrics: [
              { Name: 'Requests', Unit: 'Count' },
              { Name: 'Refusals', Unit: 'Count' },
              { Name: 'Open', Unit: 'Count' },
            ],
          },
        ],
      },
      Service: 'test',
      Requests: 3,
      Refusals: 0,
      Open: 7,
    });
    expect(read(metrics.lines())[0]).toMatchObject({ Requests: 0, Open: 7 });
    metrics.count('Requests');
    expect(metrics.snapshot()).toEqual({ Requests: 4, Refusals: 0, Open: 7, Took: 0 });
  });

  it('O12 have a line for each value of a label that was counted, and its sum in the first', () => {
    const metrics = make();
    metrics.count('Refusals', 'no-rule');
    metrics.count('Refusals', 'no-rule');
    const [first, second, ...more] = read(metrics.lines());
    expect(first).toMatchObject({ Refusals: 2 });
    expect(second).toMatchObject({ Service: 'test', Code: 'no-rule', Refusals: 2 });
    expect(second._aws.CloudWatchMetrics[0].Dimensions).toEqual([['Service', 'Code']]);
    expect(more).toEqual([]);
    expect(read(metrics.lines())).toHaveLength(1);
    expect(metrics.snapshot()).toMatchObject({ 'Refusals.no-rule': 2 });
  });

  it('O12 text from elsewhere becomes no label, however much of it there is', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 50 }), (words) => {
        const metrics = make();
        for (const word of words) metrics.count('Refusals', word);
        const lines = read(metrics.lines()).slice(1);
        for (const { Code } of lines) expect(['no-rule', 'feed-stale', 'other']).toContain(Code);
        expect(lines.reduce((sum, { Refusals }) => sum + Refusals, 0)).toBe(words.length);
        expect(Object.keys(metrics.snapshot()).length).toBeLessThanOrEqual(7);
      }),
    );
  });

  it('O12 a histogram says in which bucket how many were, whatever they are', () => {
    const metrics = make();
    for (const value of [0, 1, 1.5, 3, 3, 900, Number.NaN, 1e30, -4]) metrics.observe('Took', value);
    const [line] = read(metrics.lines());
    expect(line.Took).toEqual({ Values: [1, 2, 5, 1000, 500_000_000], Counts: [3, 1, 2, 1, 2] });
    expect(line._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: 'Took', Unit: 'Milliseconds' });
    expect(read(metrics.lines())[0]).not.toHaveProperty('Took');
    expect(metrics.snapshot().Took).toBe(9);
  });

  it('O12 a gauge that is no number is 0: the format has no word for it', () => {
    const metrics = make();
    metrics.watch('Open', () => Number.NaN);
    expect(read(metrics.lines())[0].Open).toBe(0);
  });
});

describe('O12 lines go out each minute', () => {
  it('O12 as whole lines, once more at the end, and never twice at a time', async () => {
    const written: string[] = [];
    let release: () => void = () => undefined;
    const sink = {
      write: (bytes: Uint8Array) => {
        written.push(Buffer.from(bytes).toString());
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    };
    let made = 0;
    const stop = writeEachMinute(
      () => [`a${++made}`, 'b'],
      sink,
      clock,
      () => undefined,
    );
    await clock.advance(59_999);
    expect(written).toEqual([]);
    await clock.advance(1);
    await clock.advance(120_000);
    expect(written).toEqual(['a1\nb\n']);
    release();
    await settle();
    const stopped = stop();
    await settle();
    expect(written).toEqual(['a1\nb\n', 'a2\nb\n']);
    release();
    await stopped;
    expect(clock.pending).toBe(0);
  });

  it('O12 a sink that fails is told and stops nothing', async () => {
    const problems: unknown[] = [];
    const sink = { write: () => Promise.reject(new Error('EPIPE')) };
    const stop = writeEachMinute(
      () => ['a'],
      sink,
      clock,
      (error) => problems.push(error),
    );
    await clock.advance(120_000);
    expect(problems).toHaveLength(2);
    await stop();
  });
});
