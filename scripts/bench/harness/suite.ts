import type { Bench } from './bench';

/** What is read of a subject, and in which unit. Smaller or larger being better is for the reader to say. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
}

/** What one run of a subject gave. */
export interface Sample {
  /** By the metric's name; a subject need not have all metrics of its suite. */
  readonly values: Readonly<Record<string, number>>;
  /**
   * CPU time that the load generator took, as a part (0 to 1) of what generator and subject took together. A high one
   * means that the figure is the generator's. Left out where nothing generates load.
   */
  readonly generatorShare?: number;
}

export interface Subject {
  readonly name: string;
  /** One run. Called once in each round, and never while another subject runs. */
  measure(): Promise<Sample>;
}

/** `subject` divided by `against`. */
export interface Comparison {
  readonly metric: string;
  readonly subject: string;
  readonly against: string;
}

export interface Prepared {
  readonly subjects: readonly Subject[];
  readonly comparisons: readonly Comparison[];
}

/** What a file directly in scripts/bench/ exports as `suite`; its name is the file's. */
export interface Suite {
  readonly about: string;
  /** Subjects that are measured only when asked for with `--with`: name, and why not always. */
  readonly options: Readonly<Record<string, string>>;
  readonly metrics: readonly Metric[];
  /** Builds and starts what is measured. What it starts through `bench` ends with the run. */
  prepare(bench: Bench, options: ReadonlySet<string>): Promise<Prepared>;
}
