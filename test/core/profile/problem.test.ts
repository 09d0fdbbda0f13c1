import { formatPath, formatProblem } from '../../../core/profile/problem';

const problem = { path: ['egress', 'rules', 1, 'host'], expected: 'a host', fix: 'write one' };

describe('W3 a problem in words', () => {
  it('W3 a path reads as one would write it', () => {
    expect(formatPath(problem.path)).toBe('egress.rules[1].host');
    expect(formatPath([0, 'a'])).toBe('[0].a');
    expect(formatPath([])).toBe('');
  });

  it('W3 says what it knows and no more', () => {
    expect(formatProblem(problem)).toBe('egress.rules[1].host: expected a host; write one');
    expect(formatProblem({ ...problem, path: [] })).toBe('expected a host; write one');
    expect(formatProblem({ ...problem, got: '"*"' })).toBe('egress.rules[1].host: got "*", expected a host; write one');
    expect(formatProblem({ ...problem, path: [], file: 'platform.yaml', line: 2, column: 3 })).toBe(
      'platform.yaml:2:3: expected a host; write one',
    );
  });
});
