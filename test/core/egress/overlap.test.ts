import fc from 'fast-check';
import { couldBothMatch } from '../../../core/egress/overlap';

type Rule = Parameters<typeof couldBothMatch>[0];
const base: Rule = { host: 'a.example.com', methods: ['POST'] };

const both = (a: Partial<Rule>, b: Partial<Rule>): boolean => {
  const [first, second] = [
    { ...base, ...a },
    { ...base, ...b },
  ];
  expect(couldBothMatch(second, first)).toBe(couldBothMatch(first, second));
  return couldBothMatch(first, second);
};

describe('N1 whether one request could match two rules', () => {
  it.each<[string, Partial<Rule>, Partial<Rule>, boolean]>([
    ['the same host', {}, {}, true],
    ['hosts apart', {}, { host: 'b.example.com' }, false],
    ['a host that is none', {}, { host: '*' }, false],
    ['one method in common', { methods: ['GET', 'PUT'] }, { methods: ['PUT', 'HEAD'] }, true],
    ['methods apart', { methods: ['GET', 'PUT'] }, { methods: ['HEAD', 'POST'] }, false],
    ['paths and none', { paths: ['/a'] }, {}, true],
    ['one path of several in common', { paths: ['/a', '/b'] }, { paths: ['/c', '/b'] }, true],
    ['paths apart', { paths: ['/a', '/b'] }, { paths: ['/c', '/d'] }, false],
    [
      'one GraphQL operation in common',
      { graphql: { operations: ['query', 'mutation'] } },
      { graphql: { operations: ['mutation'] } },
      true,
    ],
    [
      'GraphQL operations apart',
      { graphql: { operations: ['query'] } },
      { graphql: { operations: ['mutation', 'subscription'] } },
      false,
    ],
    [
      'GraphQL fields apart',
      { graphql: { operations: ['query'], fields: ['a', 'b'] } },
      { graphql: { operations: ['query'], fields: ['c'] } },
      false,
    ],
    [
      'GraphQL fields and any',
      { graphql: { operations: ['query'], fields: ['a'] } },
      { graphql: { operations: ['query'] } },
      true,
    ],
    ['GraphQL and any body', { graphql: { operations: ['query'] } }, {}, true],
    ['one MCP tool in common', { mcp: { tools: ['a', 'b'] } }, { mcp: { tools: ['b'] } }, true],
    ['MCP tools apart', { mcp: { tools: ['a'] } }, { mcp: { tools: ['b'] } }, false],
    ['MCP and any body', { mcp: { tools: ['a'] } }, {}, true],
    [
      'GraphQL and MCP, which no body is at once',
      { graphql: { operations: ['query'] } },
      { mcp: { tools: ['a'] } },
      false,
    ],
    [
      'a parameter of one value, and of any',
      { query: [{ name: 'q', values: ['x'] }] },
      { query: [{ name: 'q' }] },
      true,
    ],
    [
      'a parameter of one value, and another parameter',
      { query: [{ name: 'q', values: ['x'] }] },
      { query: [{ name: 'r', values: ['y'] }] },
      true,
    ],
    ['a parameter of one value, and no word about any', { query: [{ name: 'q', values: ['x'] }] }, {}, true],
    [
      'values that meet',
      { query: [{ name: 'q', values: ['x', 'y'] }] },
      { query: [{ name: 'q', values: ['y', 'z'] }] },
      true,
    ],
    [
      'values apart of the second parameter',
      { query: [{ name: 'p' }, { name: 'q', values: ['x'] }] },
      { query: [{ name: 'p' }, { name: 'q', values: ['y'] }] },
      false,
    ],
  ])('N1 %s', (_, a, b, expected) => {
    expect(both(a, b)).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['/', '/', true],
    ['/', '/a', false],
    ['/a', '/a/', false],
    ['/a/b', '/a/b', true],
    ['/a/b', '/a/c', false],
    ['/a/b', '/a', false],
    ['/**', '/', true],
    ['/**', '/a/b/c', true],
    ['/a/**', '/a', false],
    ['/a/**', '/a/', true],
    ['/a/**', '/a/b/c', true],
    ['/a/**', '/b/a', false],
    ['/a/**', '/**', true],
    ['/a/b/**', '/a/**', true],
    ['/*', '/a', true],
    ['/*', '/', true],
    ['/*', '/a/b', false],
    ['/*/x', '/a/*', true],
    ['/a*', '/b*', false],
    ['/a*', '/*b', true],
    ['/a*', '/a', true],
    ['/*a', '/b', false],
    ['/a*c', '/abc', true],
    ['/a*c', '/abd', false],
    ['/a*b*c', '/aXbYc', true],
    ['/a*b', '/ab*', true],
    ['/ab', '/a', false],
  ])('N1 %s and %s', (a, b, expected) => {
    expect(both({ paths: [a] }, { paths: [b] })).toBe(expected);
  });

  it('N1 says so of every two patterns that really match one path', () => {
    const segment = fc
      .string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 })
      .map((s) => s.replace(/\*+/g, '*'));
    const pattern = fc
      .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([segments, rest]) => `/${[...segments, ...(rest ? ['**'] : [])].join('/')}`);
    const path = fc
      .array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 }), { minLength: 1, maxLength: 4 })
      .map((segments) => `/${segments.join('/')}`);
    const matches = (text: string, at: string): boolean =>
      new RegExp(
        `^${text
          .replace(/\/\*\*$/, '/.REST')
          .replace(/\*/g, '[^/]*')
          .replace('.REST', '.*')}$`,
      ).test(at);
    fc.assert(
      fc.property(pattern, pattern, path, (a, b, at) => {
        if (matches(a, at) && matches(b, at)) expect(both({ paths: [a] }, { paths: [b] })).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
