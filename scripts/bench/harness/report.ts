import type { Round } from './measure';
import { spread } from './statistics';
import type { Comparison, Metric } from './suite';

export interface Row {
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  /** The median. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** The median of Sample.generatorShare; null where nothing generates load. */
  readonly generatorShare: number | null;
}

export interface Ratio extends Comparison {
  /** The median of what each round gave, where both ran within seconds; not the quotient of two medians. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

export interface Report {
  readonly suite: string;
  /** ISO 8601, when the run began. */
  readonly date: string;
  readonly machine: string;
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
}

/**
 * A row for each metric and subject, in the order of the metrics.
 *
 * @throws where a subject has a value in some rounds only, or a metric that its suite does not list
 */
export function rowsOf(metrics: readonly Metric[], rounds: readonly Round[]): Row[] {
  const subjects = [...(rounds[0]?.keys() ?? [])].sort();
  for (const [subject, { values }] of rounds[0] ?? []) {
    const unknown = Object.keys(values).find((name) => !metrics.some((metric) => metric.name === name));
    if (unknown !== undefined) throw new Error(`${subject} gave "${unknown}", which is no metric of its suite`);
  }
  return metrics.flatMap(({ name: metric, unit }) =>
    subjects.flatMap((subject): Row[] => {
      const values = rounds.flatMap((round) => round.get(subject)?.values[metric] ?? []);
      if (values.length === 0) return [];
      if (values.length < rounds.length) throw new Error(`${subject} gave "${metric}" in some rounds only`);
      const { median, ...range } = spread(values);
      const shares = rounds.flatMap((round) => round.get(subject)?.generatorShare ?? []);
      const generatorShare = shares.length > 0 ? spread(shares).median : null;
      return [{ subject, metric, unit, value: median, ...range, runs: values.length, generatorShare }];
    }),
  );
}

/** @throws where a comparison names what was not measured, or divides by 0 */
export function ratiosOf(comparisons: readonly Comparison[], rounds: readonly Round[]): Ratio[] {
  return comparisons.map(({ metric, subject, against }) => {
    const read = (round: Round, name: string): number => {
      const value = round.get(name)?.values[metric];
      if (value === undefined) throw new Error(`${name} has no "${metric}" to compare`);
      return value;
    };
    const quotients = rounds.map((round) => {
      const divisor = read(round, against);
      if (divisor === 0) throw new Error(`"${metric}" of ${against} is 0; nothing can be compared with it`);
      return read(round, subject) / divisor;
    });
    const { median, ...range } = spread(quotients);
    return { metric, subject, against, value: median, ...range };
  });
}
