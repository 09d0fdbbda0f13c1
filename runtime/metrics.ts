import type { ByteSink } from './byte-sink';
import type { Clock, Stop } from './clock';

export type MetricUnit = 'Count' | 'Bytes' | 'Milliseconds' | 'None';

/** A metric and the only values its label may have: text of a request never becomes one, and memory has an end. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly unit: MetricUnit;
  /** Counters only: the name of a second dimension and its values. */
  readonly label?: { readonly name: string; readonly values: readonly string[] };
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;
type Named<D extends MetricDefinitions, K extends MetricDefinition['kind']> = {
  [N in keyof D]: D[N]['kind'] extends K ? N : never;
}[keyof D] &
  string;

export interface MetricsOptions<D extends MetricDefinitions> {
  readonly namespace: string;
  /** Of every metric, such as the service; set by whoever deploys it. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly definitions: D;
  readonly clock: Clock;
}

/** What a label's value is counted as that is none of those defined. */
export const OTHER = 'other';

/** 1, 2, 5, 10, 20, 50 ... : 27 buckets, the last takes all above. The embedded metric format takes 100 values. */
const BUCKETS: readonly number[] = Array.from({ length: 9 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();

interface Cell {
  /** Since the last line. */
  now: number;
  before: number;
}

/** Counters, gauges and histograms in memory that is laid out at the start and never grows. */
export class Metrics<D extends MetricDefinitions> {
  private readonly counters = new Map<string, Cell>();
  private readonly labelled = new Map<string, ReadonlyMap<string, Cell>>();
  private readonly gauges = new Map<string, () => number>();
  private readonly histograms = new Map<string, { readonly counts: number[]; total: number }>();

  constructor(private readonly options: MetricsOptions<D>) {
    for (const [name, { kind, label }] of Object.entries(options.definitions)) {
      if (kind === 'counter') this.counters.set(name, { now: 0, before: 0 });
      if (kind === 'gauge') this.gauges.set(name, () => 0);
      if (kind === 'histogram') this.histograms.set(name, { counts: BUCKETS.map(() => 0), total: 0 });
      if (label)
        this.labelled.set(name, new Map([...label.values, OTHER].map((value) => [value, { now: 0, before: 0 }])));
    }
  }

  count(name: Named<D, 'counter'>, label?: string, by = 1): void {
    add(this.counters.get(name), by);
    const cells = this.labelled.get(name);
    if (label !== undefined && cells) add(cells.get(label) ?? cells.get(OTHER), by);
  }

  /** Read whenever values are taken. */
  watch(name: Named<D, 'gauge'>, read: () => number): void {
    this.gauges.set(name, read);
  }

  observe(name: Named<D, 'histogram'>, value: number): void {
    const histogram = this.histograms.get(name);
    if (histogram === undefined) return;
    const found = BUCKETS.findIndex((bucket) => value <= bucket);
    const index = found === -1 ? BUCKETS.length - 1 : found;
    histogram.counts[index] = (histogram.counts[index] ?? 0) + 1;
    histogram.total++;
  }

  /**
   * Lines in CloudWatch's embedded metric format with what came since the last time, zeros too: an alarm can't tell a
   * metric that is not there from a service that is not. CloudWatch Logs makes metrics of them, so whoever writes them
   * needs no right to `cloudwatch:PutMetricData`, which knows no resource. Source: CloudWatch User Guide,
   * "Specification: Embedded metric format".
   */
  lines(): string[] {
    const values: Record<string, number | object> = {};
    for (const [name, cell] of this.counters) values[name] = cell.now;
    for (const [name, read] of this.gauges) values[name] = finite(read());
    for (const [name, histogram] of this.histograms) {
      const used = histogram.counts.flatMap((count, index) =>
        count > 0 ? [[BUCKETS[index] ?? 0, count] as const] : [],
      );
      if (used.length > 0)
        values[name] = { Values: used.map(([value]) => value), Counts: used.map(([, count]) => count) };
      histogram.counts.fill(0);
    }
    const lines = [this.line(values)];
    for (const [name, cells] of this.labelled) {
      const dimension = this.options.definitions[name]?.label?.name ?? '';
      for (const [value, cell] of cells) {
        if (cell.now > 0) lines.push(this.line({ [name]: cell.now }, { [dimension]: value }));
        settle(cell);
      }
    }
    for (const cell of this.counters.values()) settle(cell);
    return lines;
  }

  /** Since the start of the process; of a histogram, how many there were. */
  snapshot(): Readonly<Record<string, number>> {
    const values: Record<string, number> = {};
    for (const [name, { now, before }] of this.counters) values[name] = now + before;
    for (const [name, read] of this.gauges) values[name] = finite(read());
    for (const [name, { total }] of this.histograms) values[name] = total;
    for (const [name, cells] of this.labelled) {
      for (const [value, { now, before }] of cells) if (now + before > 0) values[`${name}.${value}`] = now + before;
    }
    return values;
  }

  private line(
    values: Readonly<Record<string, number | object>>,
    label: Readonly<Record<string, string>> = {},
  ): string {
    const { namespace, definitions, clock } = this.options;
    const dimensions = { ...this.options.dimensions, ...label };
    return JSON.stringify({
      _aws: {
        Timestamp: Math.trunc(clock.wall()),
        CloudWatchMetrics: [
          {
            Namespace: namespace,
            Dimensions: [Object.keys(dimensions)],
            Metrics: Object.keys(values).map((Name) => ({ Name, Unit: definitions[Name]?.unit ?? 'None' })),
          },
        ],
      },
      ...dimensions,
      ...values,
    });
  }
}

/** Writes lines each minute; what is returned stops that and writes what is left. */
export function writeEachMinute(
  lines: () => readonly string[],
  sink: ByteSink,
  clock: Clock,
  onProblem: (error: unknown) => void,
): () => Promise<void> {
  let writing: Promise<void> | undefined;
  const write = (): Promise<void> => {
    // A reader that stalls gets one minute's lines and not all that come meanwhile: memory has an end here too.
    writing ??= sink
      .write(
        Buffer.from(
          lines()
            .map((line) => `${line}\n`)
            .join(''),
        ),
      )
      .catch(onProblem)
      .finally(() => {
        writing = undefined;
      });
    return writing;
  };
  const stop: Stop = clock.every(60_000, () => void write());
  return async () => {
    stop();
    await writing;
    await write();
  };
}

function add(cell: Cell | undefined, by: number): void {
  if (cell !== undefined) cell.now += by;
}

function settle(cell: Cell): void {
  cell.before += cell.now;
  cell.now = 0;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
