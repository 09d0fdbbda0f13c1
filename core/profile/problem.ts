export type ProblemPath = readonly (string | number)[];

/** Something wrong in a profile, in words a person can act on. */
export interface Problem {
  /** Where, in keys of platform.yaml. */
  readonly path: ProblemPath;
  /** What stands there, as it reads; absent when nothing does. */
  readonly got?: string;
  readonly expected: string;
  /** What to do. */
  readonly fix: string;
}

export interface LocatedProblem extends Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export function formatPath(path: ProblemPath): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('');
}

/** `platform.yaml:14:11: profiles.coding.lifetime: got 7200, expected a duration such as 45m or 2h; write 2h`. */
export function formatProblem(problem: Problem | LocatedProblem): string {
  const where = 'file' in problem ? `${problem.file}:${problem.line}:${problem.column}: ` : '';
  const path = problem.path.length > 0 ? `${formatPath(problem.path)}: ` : '';
  const got = problem.got === undefined ? '' : `got ${problem.got}, `;
  return `${where}${path}${got}expected ${problem.expected}; ${problem.fix}`;
}
