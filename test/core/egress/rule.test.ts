import { egressRule, isWrite, METHODS, pathPattern } from '../../../core/egress/rule';

const good = {
  id: 'rule.1',
  host: 'api.example.com',
  port: 443,
  methods: ['GET'],
  origin: { kind: 'rule', name: 'api.example.com' },
  reason: 'read only',
};
const accepts = (change: object) => egressRule.safeParse({ ...good, ...change }).success;

describe('N5 path patterns', () => {
  it.each(['/', '/**', '/v1/**', '/*/*/info/refs', '/a*b', '/v1/', '/@scope/x', '/a/.well-known/x', '/a...b'])(
    'N5 %s is a pattern',
    (path) => {
      expect(pathPattern.safeParse(path).success).toBe(true);
    },
  );

  it.each<[string, string]>([
    ['no leading slash', 'v1'],
    ['nothing', ''],
    ['a rest in the middle', '/a/**/b'],
    ['a rest that is part of a segment', '/a**'],
    ['three stars', '/***'],
    ['an empty segment', '/a//b'],
    ['an empty segment in front, which a URL takes for a host', '//evil.test/a'],
    ['a dot segment', '/a/./b'],
    ['a climbing segment', '/a/../b'],
    ['a climbing end', '/a/..'],
    ['a percent escape', '/a%2fb'],
    ['a query', '/a?b'],
    ['a fragment', '/a#b'],
    ['a space', '/a b'],
    ['a line break', '/a\n'],
    ['a backslash', '/a\\b'],
    ['more than 1024 characters', `/${'a'.repeat(1024)}`],
  ])('N5 %s is none', (_, path) => {
    expect(pathPattern.safeParse(path).success).toBe(false);
  });
});

describe('N5 rules of a document', () => {
  it('N5 the good one is accepted, and only GET, HEAD and OPTIONS read', () => {
    expect(accepts({})).toBe(true);
    expect(METHODS.filter((method) => !isWrite([method]))).toEqual(['GET', 'HEAD', 'OPTIONS']);
    expect(isWrite(['GET', 'DELETE'])).toBe(true);
    expect(isWrite(['PURGE'])).toBe(true);
  });

  it.each<[string, object]>([
    ['CONNECT', { methods: ['CONNECT'] }],
    ['TRACE', { methods: ['TRACE'] }],
    ['a lower-case method', { methods: ['get'] }],
    ['no method', { methods: [] }],
    ['an address', { host: '10.0.0.1' }],
    ['another port', { port: 80 }],
    ['no port', { port: undefined }],
    ['no reason', { reason: '' }],
    ['an unknown key', { allow: true }],
    ['an unknown limit', { limits: { timeout: 1 } }],
    ['a body below nothing', { limits: { maxBodyBytes: -1 } }],
    ['no requests at all', { limits: { requestsPerMinute: 0 } }],
    ['a list of no path, which reads as every path or as none', { paths: [] }],
    ['an unnamed parameter', { query: [{ name: '' }] }],
    ['a parameter without a value to have', { query: [{ name: 'q', values: [] }] }],
    ['no GraphQL operation', { graphql: { operations: [] } }],
    ['a GraphQL field that is none', { graphql: { operations: ['query'], fields: ['a b'] } }],
    ['no MCP tool', { mcp: { tools: [] } }],
    ['another service to send it to', { via: 'model-gateway' }],
    ['an origin that is none', { origin: { kind: 'request', name: 'x' } }],
    ['an id with a space', { id: 'a b' }],
  ])('N5 refuses %s', (_, change) => {
    expect(accepts(change)).toBe(false);
  });

  it('N5 no parameter at all is a rule of its own: the query must be empty', () => {
    expect(accepts({ query: [] })).toBe(true);
  });
});
