import * as fc from 'fast-check';
import { matchesHost, parseHostPattern } from '../../../core/egress/host';
import { HostIndex, pathMatcher } from '../../../core/egress/match';
import { pathPattern } from '../../../core/egress/rule';

describe('N1 the index of hosts finds what a search of all finds', () => {
  it('N1 for any patterns and any name', () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 })
      .map((labels) => [...labels, 'test'].join('.'));
    const text = fc.tuple(fc.constantFrom('', '.', '*.'), name).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), name, (texts, host) => {
        const index = new HostIndex<string>();
        const patterns = texts.map((each) => {
          const parsed = parseHostPattern(each);
          if (parsed.kind === 'invalid') throw new Error(parsed.problem);
          index.add(parsed.value, each);
          return { each, pattern: parsed.value };
        });
        const expected = patterns.filter(({ pattern }) => matchesHost(pattern, host)).map(({ each }) => each);
        expect(index.find(host).sort()).toEqual(expected.sort());
      }),
    );
  });
});

describe('N5 path patterns match as their text says', () => {
  /** The text of rule.ts as a regular expression. */
  const expression = (pattern: string): RegExp => {
    const rest = pattern.endsWith('/**');
    const head = (rest ? pattern.slice(0, -2) : pattern)
      .split('/')
      .map((segment) => (segment === '*' ? '[^/]+' : segment.replace(/[.]/g, '\\.').replace(/\*/g, '[^/]*')))
      .join('/');
    return new RegExp(`^${head}${rest ? '.*' : ''}$`);
  };

  it('N5 for any pattern and any path', () => {
    const text = (unit: readonly string[]) =>
      fc.array(fc.constantFrom(...unit), { maxLength: 7 }).map((parts) => `/${parts.join('')}`);
    const pattern = fc
      .tuple(text(['a', 'b', '.', '*', '/', 'ab']), fc.constantFrom('', '/**'))
      .map((parts) => parts.join('').replace(/\/+/g, '/'))
      .filter((each) => pathPattern.safeParse(each).success);
    fc.assert(
      fc.property(pattern, text(['a', 'b', '.', '/', 'ab']), (each, path) => {
        expect([each, path, pathMatcher(each)(path.split('/'))]).toEqual([each, path, expression(each).test(path)]);
      }),
      { numRuns: 5000 },
    );
  });

  it('N5 no character counts for two pieces', () => {
    const matches = pathMatcher('/a*b*b*c');
    expect([matches(['', 'abc']), matches(['', 'abbc']), matches(['', 'abxbc'])]).toEqual([false, true, true]);
  });

  it('N5 no pattern makes a path expensive', () => {
    const matches = pathMatcher(`/${'a*'.repeat(400)}b`);
    const start = performance.now();
    expect(matches(['', 'a'.repeat(8000)])).toBe(false);
    expect(performance.now() - start).toBeLessThan(200);
  });
});
