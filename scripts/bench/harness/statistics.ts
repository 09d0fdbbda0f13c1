export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws on no value, and on one that is not a number: a figure from half of the runs would look like any other */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const min = sorted.at(0);
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new Error('got no value to take the median of');
  if (!values.every(Number.isFinite)) throw new Error(`got ${values.join(', ')}, expected finite numbers`);
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? min;
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  return { median: (lower + upper) / 2, min, max };
}
