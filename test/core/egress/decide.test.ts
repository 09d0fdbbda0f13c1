import * as fc from 'fast-check';
import { DEFAULT_INSPECTED_BYTES, decide, decideHost } from '../../../core/egress/decide';
import type { Decision } from '../../../core/egress/decision';
import { type PolicyDocument, parseDocument } from '../../../core/egress/document';
import { matchesHost, parseHostPattern } from '../../../core/egress/host';
import { compilePolicy, HostIndex, pathMatcher } from '../../../core/egress/match';
import { normaliseRequest } from '../../../core/egress/normalise';
import type { EgressRequest, Way } from '../../../core/egress/request';
import { pathPattern } from '../../../core/egress/rule';
import { ATTACKED, type Attack, wireOf } from './attacks';

type Rule = PolicyDocument['rules'][number];
const policy = compilePolicy(ATTACKED);
const CLOSED = { opened: [] };

function request(more: Partial<Attack>, way: Way = 'named'): EgressRequest {
  const read = normaliseRequest(wireOf({ name: '', guards: '', expect: 'allow', ...more }, way));
  if (read.kind === 'refused') throw new Error(read.problem);
  return read.request;
}
const json = (text: string) => ({
  bytes: Buffer.from(text),
  contentType: 'application/json',
  contentEncoding: undefined,
});
const ask = (more: Partial<Attack>, body?: string): Decision =>
  decide(policy, CLOSED, request(more), body === undefined ? undefined : json(body));
const withRules = (...rules: Partial<Rule>[]) =>
  compilePolicy({
    ...ATTACKED,
    rules: rules.map((rule, i) => ({
      id: `rule.${i}`,
      host: 'a.test',
      port: 443,
      methods: ['GET', 'POST'],
      origin: { kind: 'rule', name: 'a' },
      reason: 'x',
      ...rule,
    })),
  });

describe('N5 a decision says what it rests on', () => {
  it('N5 the attacked document is one that a service would load', () => {
    expect(parseDocument(JSON.stringify(ATTACKED))).toEqual({ kind: 'ok', document: ATTACKED });
  });

  it('N5 an allowed request: its rule, no grant where none is injected', () => {
    expect(ask({ host: 'paths.test', target: '/v1/x' })).toEqual({
      kind: 'allow',
      rule: expect.objectContaining({ id: 'rule.paths' }),
      operations: [],
    });
  });

  it('N5 a request that a person approves first: its rule and grant', () => {
    expect(ask({ host: 'ask.test', method: 'POST' })).toEqual({
      kind: 'ask',
      rule: expect.objectContaining({ id: 'grant.ask' }),
      grant: ATTACKED.grants[0],
      operations: [],
    });
  });

  it('N15 a body that a grant covers: grant, not the rule after it; the operations for the record', () => {
    expect(ask({ host: 'order.test', target: '/graphql', method: 'POST' }, '{"query":"{ b: a c }"}')).toEqual({
      kind: 'allow',
      rule: expect.objectContaining({ id: 'grant.order' }),
      grant: ATTACKED.grants[0],
      operations: ['query a', 'query c'],
    });
  });

  it('C4 nothing is injected where a rule of a later kind decides', () => {
    const decision = ask({ host: 'order.test', target: '/graphql', method: 'POST' }, '{"query":"mutation{x}"}');
    expect(decision).toEqual({ kind: 'allow', rule: expect.objectContaining({ id: 'rule.shadow' }), operations: [] });
    expect(ask({ host: 'order.test', method: 'DELETE' })).toMatchObject({ rule: { id: 'preset.order' } });
  });

  it('N9 a refusal names the rule that came close, and what was tried', () => {
    expect(ask({ host: 'later.test' })).toMatchObject({ code: 'requestable', rule: { id: 'requestable.1' } });
    expect(ask({ host: 'mcp.test', method: 'POST' }, '[]')).toMatchObject({
      code: 'body-not-understood',
      rule: { id: 'rule.mcp' },
      problem: expect.stringContaining('batch'),
    });
    expect(ask({ target: '/?api_key=x' })).toMatchObject({ code: 'credential-in-url', rule: { id: 'rule.open' } });
    expect(
      ask({ host: 'graphql.test', method: 'POST' }, '[{"query":"{users}"},{"query":"mutation{users createIssue}"}]'),
    ).toEqual({
      kind: 'deny',
      code: 'no-rule',
      operations: ['query users', 'mutation users', 'mutation createIssue'],
    });
    const calls =
      '[{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a\\n\\u00e9b"}},{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","result":1}]';
    expect(ask({ host: 'mcp.test', method: 'POST' }, calls)).toMatchObject({
      code: 'no-rule',
      operations: ['tools/call a b', 'x', 'answer'],
    });
  });

  it.each(['graphql.test', 'mcp.test'])('N9 says what is wrong with a body for %s', (host) => {
    expect(ask({ host, method: 'POST' }, '{')).toMatchObject({ problem: expect.stringContaining('JSON') });
  });

  it('N9 what was tried is cut where it is long', () => {
    const decision = ask({ host: 'mcp.test', method: 'POST' }, `{"jsonrpc":"2.0","method":"${'m'.repeat(300)}"}`);
    expect(decision.kind === 'deny' && decision.operations).toEqual(['m'.repeat(200)]);
  });
});

describe('N15 the body is read only where a rule looks into it, and only so far', () => {
  it.each<[string, Partial<Rule>[], number]>([
    ['the default', [{ graphql: { operations: ['query'] } }], DEFAULT_INSPECTED_BYTES],
    ["the rule's own limit", [{ mcp: { tools: ['a'] }, limits: { maxBodyBytes: 5 } }], 5],
    [
      'the largest limit of those that could match',
      [
        { mcp: { tools: ['a'] }, limits: { maxBodyBytes: 5 } },
        { mcp: { tools: ['b'] }, limits: { maxBodyBytes: 7 } },
      ],
      7,
    ],
  ])('N15 %s', (_, rules, maxBytes) => {
    expect(decide(withRules(...rules), CLOSED, request({ host: 'a.test', method: 'POST' }))).toEqual({
      kind: 'inspect',
      maxBytes,
    });
  });

  it('N15 not for a rule that does not match anyway', () => {
    const rules = withRules({ mcp: { tools: ['a'] }, paths: ['/mcp'] });
    expect(decide(rules, CLOSED, request({ host: 'a.test', method: 'POST' }))).toMatchObject({ code: 'no-rule' });
  });

  it('N15 not where an earlier kind has decided', () => {
    const rules = withRules({}, { mcp: { tools: ['a'] }, origin: { kind: 'preset', name: 'x' } });
    expect(decide(rules, CLOSED, request({ host: 'a.test', method: 'POST' }))).toMatchObject({
      kind: 'allow',
      rule: { id: 'rule.0' },
    });
  });

  it('N15 not for one that only could be requested', () => {
    const closed = { kind: 'requestable', name: 'x' } as const;
    const rules = withRules({ mcp: { tools: ['a'] }, origin: closed });
    expect(decide(rules, CLOSED, request({ host: 'a.test', method: 'POST' }))).toMatchObject({ code: 'requestable' });
    expect(decide(rules, { opened: ['rule.0'] }, request({ host: 'a.test', method: 'POST' }))).toMatchObject({
      kind: 'inspect',
    });
  });

  it('N15 a rule that wants both GraphQL and MCP matches nothing', () => {
    const rules = withRules({ graphql: { operations: ['query'] }, mcp: { tools: ['a'] } });
    expect(decide(rules, CLOSED, request({ host: 'a.test', method: 'POST' }), json('{"query":"{a}"}'))).toMatchObject({
      code: 'no-rule',
    });
  });

  it('N15 no WebSocket on a rule that looks into bodies', () => {
    const lines = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const rules = withRules({ mcp: { tools: ['a'] }, limits: { websocket: true } });
    expect(decide(rules, CLOSED, request({ host: 'a.test', lines }))).toMatchObject({ code: 'no-rule' });
  });

  it('N5 a match beside a rule whose body is not read yet waits for the body, and two make it ambiguous', () => {
    const rules = withRules({}, { mcp: { tools: ['a'] } });
    const post = request({ host: 'a.test', method: 'POST' });
    expect(decide(rules, CLOSED, post)).toMatchObject({ kind: 'inspect' });
    expect(decide(rules, CLOSED, post, json('{"jsonrpc":"2.0","method":"ping"}'))).toMatchObject({
      code: 'ambiguous-rules',
    });
    expect(decide(rules, CLOSED, post, json('{"jsonrpc":"2.0","method":"x"}'))).toMatchObject({
      kind: 'allow',
      rule: { id: 'rule.0' },
    });
    expect(decide(withRules({}, {}, { mcp: { tools: ['a'] } }), CLOSED, post)).toMatchObject({
      code: 'ambiguous-rules',
      operations: [],
    });
  });
});

describe('N3 plain http', () => {
  const http = request({ host: 'plain.test', scheme: 'http' }, 'absolute');

  it('N3 only by a rule of port 80, and that rule opens no https', () => {
    expect(decide(policy, CLOSED, http)).toMatchObject({ kind: 'allow', rule: { id: 'rule.plain' } });
    expect(ask({ host: 'plain.test' })).toMatchObject({ code: 'no-rule' });
  });

  it('C4 a credential never leaves over it, whatever a document says', () => {
    const rules = withRules({ host: 'plain.test', port: 80, inject: 'api' });
    expect(decide(rules, CLOSED, http)).toMatchObject({ kind: 'deny', code: 'plain-http' });
  });
});

describe('N1 before a tunnel is opened', () => {
  it.each<[string, string | undefined]>([
    ['open.test', undefined],
    ['later.test', undefined],
    ['evil.test', 'host-not-allowed'],
    ['a.blocked.test', 'host-blocked'],
    ['never.domain.test', 'host-blocked'],
  ])('N1 [35] %s: %s', (host, expected) => {
    expect(decideHost(policy, host)).toBe(expected);
  });
});

describe('N6 a policy is compiled from what a reader has passed', () => {
  it('N6 [34] what was decided on one document says nothing about the next', () => {
    const next = compilePolicy({ ...ATTACKED, rules: [] });
    expect(decide(next, CLOSED, request({}))).toMatchObject({ code: 'host-not-allowed' });
    expect(ask({})).toMatchObject({ kind: 'allow' });
  });

  it('N6 throws on anything else', () => {
    expect(() => withRules({ host: '10.0.0.1' })).toThrow(/10\.0\.0\.1/);
    expect(() => withRules({ inject: 'other' })).toThrow(/other|rule\.0/);
    expect(() => compilePolicy({ ...ATTACKED, blocked: ['*'] })).toThrow();
  });
});

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

  it('N5 no pattern makes a path expensive', () => {
    const matches = pathMatcher(`/${'a*'.repeat(400)}b`);
    const start = performance.now();
    expect(matches(['', 'a'.repeat(8000)])).toBe(false);
    expect(performance.now() - start).toBeLessThan(200);
  });
});
