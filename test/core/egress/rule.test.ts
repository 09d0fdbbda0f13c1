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
    ['another port', { port: 8443 }],
    ['port 80 that writes', { port: 80, methods: ['GET', 'POST'] }],
    ['port 80 with a credential', { port: 80, inject: 'cloud' }],
    ['port 80 by way of a service', { port: 80, via: 'commit-broker' }],
    ['a WebSocket on port 80', { port: 80, limits: { websocket: true } }],
    ['no port', { port: undefined }],
    ['no reason', { reason: '' }],
    ['an unknown key', { allow: true }],
    ['an unknown limit', { limits: { timeout: 1 } }],
    ['a body below nothing', { limits: { maxBodyBytes: -1 } }],
    ['no requests at all', { limits: { requestsPerMinute: 0 } }],
    ['URLs of another kind', { limits: { urls: 'known' } }],
    ['seen URLs with a method that writes', { methods: ['GET', 'POST'], limits: { urls: 'seen' } }],
    ['a URL shorter than one can be', { limits: { maxUrlBytes: 15 } }],
    ['a part of a byte', { limits: { maxUrlBytes: 100.5 } }],
    ['opaque bytes below nothing', { limits: { maxOpaqueBytes: -1 } }],
    ['no URL at all', { limits: { distinctUrls: 0 } }],
    ['more URLs than are remembered', { limits: { distinctUrls: 100_001 } }],
    ['private addresses below a wildcard', { host: '*.example.com', limits: { allowPrivate: true } }],
    ['private addresses of a whole domain', { host: '.example.com', limits: { allowPrivate: true } }],
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

  it('N5 plain http is read without a credential', () => {
    expect(accepts({ port: 80, methods: ['GET', 'HEAD', 'OPTIONS'], limits: { requestsPerMinute: 60 } })).toBe(true);
    expect(accepts({ port: 80, limits: { websocket: false } })).toBe(true);
  });

  it('N11 N12 limits of URLs, and an exact host that may be private', () => {
    const limits = { urls: 'seen', maxUrlBytes: 16, maxOpaqueBytes: 0, distinctUrls: 1, allowPrivate: true };
    expect(accepts({ limits })).toBe(true);
    expect(accepts({ host: '*.example.com', limits: { allowPrivate: false } })).toBe(true);
  });

  it('N5 no parameter at all is a rule of its own: the query must be empty', () => {
    expect(accepts({ query: [] })).toBe(true);
  });
});
