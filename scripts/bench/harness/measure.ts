import type { Sample, Subject } from './suite';

/** What one round gave, by the subject's name. */
export type Round = ReadonlyMap<string, Sample>;

export interface MeasureOptions {
  /** How many are kept. One more, the first, fills caches and is thrown away. */
  readonly rounds: number;
  readonly progress: (text: string) => void;
  /** Milliseconds, for the progress alone. */
  readonly now: () => number;
}

/**
 * Runs all subjects in every round, one after the other, so that what the machine does meanwhile meets all of them.
 * Each round begins with another subject: who always runs after the heaviest one would always find its caches gone.
 */
export async function measure(subjects: readonly Subject[], options: MeasureOptions): Promise<readonly Round[]> {
  const { rounds, progress, now } = options;
  const kept: Round[] = [];
  for (let number = 0; number <= rounds; number++) {
    const round = new Map<string, Sample>();
    const first = number % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const begin = now();
      round.set(subject.name, await subject.measure());
      const name = number === 0 ? 'warm-up' : `round ${number} of ${rounds}`;
      progress(`${name}: ${subject.name}, ${((now() - begin) / 1000).toFixed(1)} s`);
    }
    if (number > 0) kept.push(round);
  }
  return kept;
}
