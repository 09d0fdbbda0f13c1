import { DEFAULT_INSPECTED_BYTES, decide, decideHost } from '../../../core/egress/decide';
import type { Decision } from '../../../core/egress/decision';
import { type PolicyDocument, parseDocument } from '../../../core/egress/document';
import { compilePolicy } from '../../../core/egress/match';
import { normaliseRequest } from '../../../core/egress/normalise';
import type { EgressRequest, Way } from '../../../core/egress/request';
import { ATTACKED, type Attack, wireOf } from './attacks';
import { WEBSOCKET_LINES } from './attacks-on-framing';

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

  it('N9 a refusal of which nothing more is known says so', () => {
    expect(ask({ host: 'evil.test' })).toEqual({ kind: 'deny', code: 'host-not-allowed', operations: [] });
    expect(ask({ host: 'quiet.test', lines: WEBSOCKET_LINES })).toEqual({
      kind: 'deny',
      code: 'websocket-not-allowed',
      rule: expect.objectContaining({ id: 'rule.quiet' }),
      operations: [],
    });
  });

  it.each(['graphql.test', 'mcp.test'])('N9 says what is wrong with a body for %s', (host) => {
    expect(ask({ host, method: 'POST' }, '{')).toMatchObject({ problem: 'a key of the JSON is no string' });
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

  it('N15 a megabyte where the rule says nothing', () => {
    expect(DEFAULT_INSPECTED_BYTES).toBe(1_048_576);
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
    const rules = withRules({ mcp: { tools: ['a'] }, limits: { websocket: true } });
    expect(decide(rules, CLOSED, request({ host: 'a.test', lines: WEBSOCKET_LINES }))).toMatchObject({
      code: 'no-rule',
    });
  });

  it('N5 a match beside a rule whose body is not read yet waits for the body, and two make it ambiguous', () => {
    const rules = withRules({}, { mcp: { tools: ['a'] } });
    const post = request({ host: 'a.test', method: 'POST' });
    expect(decide(rules, CLOSED, post)).toMatchObject({ kind: 'inspect' });
    expect(decide(rules, CLOSED, post, json('{"jsonrpc":"2.0","method":"ping"}'))).toMatchObject({
      code: 'ambiguous-rules',
      operations: ['ping'],
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
    expect(decide(rules, CLOSED, http)).toMatchObject({ kind: 'deny', code: 'plain-http', rule: { id: 'rule.0' } });
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

  it('N6 what stands in the list of what may be requested is closed, whatever origin it claims', () => {
    const rule = { ...ATTACKED.rules[0], id: 'requestable.9', host: 'claims.test' } as Rule;
    const claims = request({ host: 'claims.test' });
    const listed = compilePolicy({ ...ATTACKED, requestable: [rule] });
    expect(decide(listed, CLOSED, claims)).toMatchObject({ code: 'requestable' });
    expect(decide(listed, { opened: ['requestable.9'] }, claims)).toMatchObject({ kind: 'allow' });
    const origin = { kind: 'requestable', name: 'x' } as const;
    expect(decide(withRules({ host: 'claims.test', origin }), CLOSED, claims)).toMatchObject({ code: 'requestable' });
  });

  it('N6 throws on anything else', () => {
    expect(() => withRules({ host: '10.0.0.1' })).toThrow(/10\.0\.0\.1/);
    expect(() => withRules({ inject: 'other' })).toThrow(/other|rule\.0/);
    expect(() => compilePolicy({ ...ATTACKED, blocked: ['*'] })).toThrow();
  });
});
