import { measure } from '../../scripts/bench/harness/measure';
import type { Subject } from '../../scripts/bench/harness/suite';

/** Subjects that count, and write down when they ran. */
function subjects(names: readonly string[], ran: string[]): Subject[] {
  return names.map((name) => {
    let runs = 0;
    return {
      name,
      measure: async () => {
        ran.push(name);
        return { values: { runs: runs++ } };
      },
    };
  });
}

describe('measure', () => {
  it('runs every subject in every round, each round from another one on, and throws the first round away', async () => {
    const ran: string[] = [];
    const progress: string[] = [];
    const rounds = await measure(subjects(['a', 'b', 'c'], ran), {
      rounds: 3,
      progress: (text) => progress.push(text),
      now: () => 0,
    });
    expect(ran.join('')).toBe('abc' + 'bca' + 'cab' + 'abc');
    expect(rounds.map((round) => round.get('b')?.values.runs)).toEqual([1, 2, 3]);
    expect(progress.at(0)).toBe('warm-up: a, 0.0 s');
    expect(progress.at(-1)).toBe('round 3 of 3: c, 0.0 s');
  });

  it('stops at the first subject that fails', async () => {
    const ran: string[] = [];
    const [first, ...others] = subjects(['a', 'b'], ran);
    const failing: Subject = { name: 'broken', measure: () => Promise.reject(new Error('no')) };
    const run = measure([...(first ? [first] : []), failing, ...others], {
      rounds: 5,
      progress: () => {},
      now: () => 0,
    });
    await expect(run).rejects.toThrow('no');
    expect(ran).toEqual(['a']);
  });
});
