import { type MetricName, metricLine } from '../../core/egress/metrics';
import { REFUSALS, type RefusalCode } from '../../core/egress/refusal';
import type { Clock } from '../../runtime/clock';

type Counter = Extract<
  MetricName,
  'Requests' | 'Refusals' | 'StaleFeed' | 'PolicyProblems' | 'CredentialFailures' | 'RecordFailures'
>;
type Gauge = Exclude<MetricName, Counter>;

const COUNTERS: readonly Counter[] = [
  'Requests',
  'Refusals',
  'StaleFeed',
  'PolicyProblems',
  'CredentialFailures',
  'RecordFailures',
];

/** Counts in memory of fixed size: names and codes are ours, nothing of a request becomes one. */
export class EgressMetrics {
  private readonly counters = new Map<Counter, number>();
  private readonly codes = new Map<RefusalCode, number>();
  private readonly gauges = new Map<Gauge, () => number>();
  private readonly totals = new Map<string, number>();

  constructor(
    private readonly proxy: string,
    private readonly clock: Clock,
  ) {}

  add(name: Counter): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + 1);
  }

  refused(code: RefusalCode): void {
    this.add('Refusals');
    if (code === 'feed-stale') this.add('StaleFeed');
    if (code === 'credential-unavailable') this.add('CredentialFailures');
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }

  /** Read whenever values are taken. */
  watch(name: Gauge, read: () => number): void {
    this.gauges.set(name, read);
  }

  /** Lines for CloudWatch with what was counted since the last time; zeros too, since an alarm can't see silence. */
  take(): string[] {
    const at = this.clock.wall();
    const values: Partial<Record<MetricName, number>> = {};
    for (const name of COUNTERS) values[name] = this.counters.get(name) ?? 0;
    for (const [name, read] of this.gauges) values[name] = read();
    const lines = [metricLine({ proxy: this.proxy, at, values })];
    for (const [code, count] of this.codes) {
      lines.push(metricLine({ proxy: this.proxy, at, values: { Refusals: count }, code }));
      this.totals.set(code, (this.totals.get(code) ?? 0) + count);
    }
    for (const [name, count] of this.counters) this.totals.set(name, (this.totals.get(name) ?? 0) + count);
    this.counters.clear();
    this.codes.clear();
    return lines;
  }

  /** Since the start of the process. */
  snapshot(): Record<string, number> {
    const sum = (name: string, now: number): number => (this.totals.get(name) ?? 0) + now;
    return {
      ...Object.fromEntries(COUNTERS.map((name) => [name, sum(name, this.counters.get(name) ?? 0)])),
      ...Object.fromEntries([...this.gauges].map(([name, read]) => [name, read()])),
      ...Object.fromEntries(
        (Object.keys(REFUSALS) as RefusalCode[]).flatMap((code) => {
          const total = sum(code, this.codes.get(code) ?? 0);
          return total > 0 ? [[code, total]] : [];
        }),
      ),
    };
  }
}
