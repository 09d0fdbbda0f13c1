import * as fc from 'fast-check';
import {
  type EgressFacts,
  egressDetailOf,
  isMadeDetail,
  recordHost,
  recordPath,
} from '../../../core/audit/egress-fields';
import { egressDetail } from '../../../core/audit/kinds';
import { parseHostName } from '../../../core/egress/host';

const facts: EgressFacts = {
  way: 'connect',
  method: 'GET',
  scheme: 'https',
  host: 'api.github.com',
  port: 443,
  verdict: 'allow',
  enforced: true,
  reason: 'rule',
  strippedCredentials: 0,
  redactedValues: 0,
  bytesOut: 0,
  bytesIn: 0,
  durationMs: 1,
};

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 3000 }),
  fc.constantFrom(
    '',
    '/',
    '*',
    '_',
    '\ud800',
    'API.GITHUB.COM',
    '::ffff:10.0.0.1',
    'query:',
    'tool:',
    `/${'é'.repeat(4000)}`,
  ),
);
const path = fc.oneof(
  text,
  text.map((rest) => `/${rest}`),
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY));
const body = fc.record({ sha256: fc.oneof(text, fc.constant('ab'.repeat(32))), bytes: number });
const any = fc.record(
  {
    way: fc.constantFrom('connect', 'named', 'absolute'),
    method: text,
    scheme: fc.constantFrom('https', 'http'),
    host: text,
    port: number,
    path,
    query: text,
    operations: fc.array(
      fc.oneof(
        text,
        text.map((name) => `query:${name}`),
      ),
      { maxLength: 20 },
    ),
    ruleId: text,
    verdict: fc.constantFrom('allow', 'deny', 'ask'),
    enforced: fc.boolean(),
    reason: text,
    approvalId: text,
    grantId: text,
    mintId: text,
    strippedCredentials: number,
    redactedValues: number,
    findings: fc.array(text, { maxLength: 20 }),
    status: number,
    failure: text,
    bytesOut: number,
    bytesIn: number,
    requestBody: body,
    responseBody: body,
    durationMs: number,
    upstreamAddress: fc.oneof(text, fc.ipV4(), fc.ipV6()),
    upstreamRequestId: text,
  },
  { requiredKeys: Object.keys(facts) as (keyof EgressFacts)[] as never },
) as unknown as fc.Arbitrary<EgressFacts>;

describe('O1 nothing in a request can make its egress record invalid', () => {
  it('O1 whatever the facts are, the detail fits the schema as it stands, and is known to', () => {
    fc.assert(
      fc.property(any, (raw) => {
        const detail = egressDetailOf(raw);
        const result = egressDetail.safeParse(JSON.parse(JSON.stringify(detail)));
        expect(result.error?.issues ?? []).toEqual([]);
        expect(JSON.parse(JSON.stringify(detail))).toEqual(detail);
        expect(isMadeDetail(detail)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('O1 what fits already is not changed', () => {
    const whole: EgressFacts = {
      ...facts,
      path: '/repos/acme/shop%20x;v=1',
      operations: ['mutation:createIssue'],
      ruleId: 'github.api',
      approvalId: '019a4b6e-1c00-7abc-8def-0123456789ab',
      grantId: 'github',
      mintId: '019a4b6e-1c00-7abc-8def-0123456789ab',
      findings: ['high-entropy'],
      status: 204,
      failure: 'upstream-reset',
      requestBody: { sha256: 'ab'.repeat(32), bytes: 7 },
      responseBody: { sha256: 'cd'.repeat(32), bytes: 9 },
      upstreamAddress: '2606:50c0:8000::153',
      upstreamRequestId: 'C0DE:1F2A:3B4C',
    };
    expect(egressDetailOf(whole)).toEqual(whole);
  });

  it('O1 is frozen, so that nobody bends it after', () => {
    const detail = egressDetailOf({
      ...facts,
      operations: ['tool:x'],
      requestBody: { sha256: 'ab'.repeat(32), bytes: 1 },
    });
    expect(Object.isFrozen(detail) && Object.isFrozen(detail.operations) && Object.isFrozen(detail.requestBody)).toBe(
      true,
    );
  });

  it.each([
    ['way', 'tunnel'],
    ['verdict', 'maybe'],
    ['scheme', 'ftp'],
    ['enforced', 'yes'],
    ['method', undefined],
    ['host', undefined],
  ])('O1 is not taken for made where %s is %j against its type', (key, value) => {
    expect(isMadeDetail(egressDetailOf({ ...facts, [key]: value } as unknown as EgressFacts))).toBe(false);
    expect(isMadeDetail({ ...egressDetailOf(facts) })).toBe(false);
  });
});

describe('O1 what was crooked is never recorded as something good', () => {
  it('O1 a host that had to be changed beyond case is none that a rule can name', () => {
    fc.assert(
      fc.property(text, (raw) => {
        const host = recordHost(raw);
        const lower = raw.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
        if (host !== lower) expect(parseHostName(host).kind).toBe('invalid');
      }),
    );
    expect(recordHost('api.github.com')).toBe('api.github.com');
    expect(recordHost('api.git\u212aub.com')).toBe('api.git_ub.com');
    expect(recordHost('')).toBe('_');
    expect(recordHost('a'.repeat(256))).toBe(`${'a'.repeat(254)}_`);
  });

  it.each([
    ['/a b', { path: '/a%20b' }],
    ['/a"#?\\\x7f\0', { path: '/a%22%23%3F%5C%7F%00' }],
    ['/caf\xe9', { path: '/caf%E9' }],
    ['/€', { path: '/%E2%82%AC' }],
    ['*', {}],
    ['', {}],
    ['//x', { path: '//x' }],
  ])('O1 path %j', (raw, recorded) => {
    expect(recordPath(raw)).toEqual(recorded);
  });

  it('O1 a long path keeps its front and the hash of all of it, and no half escape', () => {
    const exact = `/${'a'.repeat(2047)}`;
    expect(recordPath(exact)).toEqual({ path: exact });
    expect(recordPath(`${exact}b`).path).toBe(exact);
    expect(recordPath(`${exact}b`).pathSha256).not.toBe(recordPath(`${exact}c`).pathSha256);
    expect(recordPath(`/${'a'.repeat(2045)} b`).path).toBe(`/${'a'.repeat(2045)}`);
    expect(recordPath(`/${'a'.repeat(2044)} b`)).toEqual({
      path: `/${'a'.repeat(2044)}%20`,
      pathSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('O1 more operations than fit are counted', () => {
    const operations = Array.from({ length: 15 }, (_, i) => `query:f${i}`);
    expect(egressDetailOf({ ...facts, operations }).operations).toEqual([
      ...operations.slice(0, 11),
      'tool:...and-4-more',
    ]);
    expect(egressDetailOf({ ...facts, operations: ['query:a b', 'x'] }).operations).toEqual(['query:a_b', 'tool:x']);
  });

  it('O1 more findings than fit are said to be more, and a word from nowhere is unknown', () => {
    const findings = Array.from({ length: 17 }, (_, i) => `f${i}`);
    expect(egressDetailOf({ ...facts, findings }).findings).toEqual([...findings.slice(0, 15), 'more-findings']);
    expect(egressDetailOf({ ...facts, reason: 'No Good', failure: 'x y' })).toMatchObject({
      reason: 'unknown',
      failure: 'unknown',
    });
  });

  it('O1 an id that is none, or an address, is left out and never half there', () => {
    const detail = egressDetailOf({
      ...facts,
      upstreamRequestId: 'a\nb',
      mintId: 'x',
      upstreamAddress: 'fe80::1%eth0',
    });
    expect(Object.keys(JSON.parse(JSON.stringify(detail)))).toEqual(Object.keys(facts));
    expect(egressDetailOf({ ...facts, upstreamAddress: '::ffff:192.0.2.1' }).upstreamAddress).toBe('192.0.2.1');
  });
});
