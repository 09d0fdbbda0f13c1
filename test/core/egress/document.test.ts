import { DOCUMENT_VERSION, parseDocument, policyDocument } from '../../../core/egress/document';

const rule = (id: string, change: object = {}) => ({
  id,
  host: 'api.example.com',
  port: 443,
  methods: ['GET'],
  origin: { kind: 'rule', name: 'api.example.com' },
  reason: 'read only',
  ...change,
});
const good = {
  version: DOCUMENT_VERSION,
  profile: 'coding',
  session: {
    image: 'x@sha256:0',
    cpuUnits: 1024,
    memoryMiB: 4096,
    storageGiB: 21,
    lifetimeSeconds: 3600,
    idleSeconds: 900,
  },
  rules: [rule('rule.1')],
  requestable: [rule('requestable.1')],
  blocked: ['gist.example.com'],
  grants: [{ kind: 'oidc', id: 'cloud', audience: 'x' }],
  models: { allow: [], budgetUsd: 0 },
};
const problems = (change: object): readonly string[] => {
  const result = parseDocument(JSON.stringify({ ...good, ...change }));
  return result.kind === 'ok' ? [] : result.problems;
};

describe('N6 a service refuses a document it does not wholly understand', () => {
  it('N6 reads a good one to the same value', () => {
    expect(parseDocument(JSON.stringify(good))).toEqual({ kind: 'ok', document: good });
  });

  it.each<[string, object, RegExp]>([
    ['an unknown key', { audit: true }, /^: /],
    ['an unknown key of a rule', { rules: [rule('rule.1', { allow: true })] }, /^rules\.0: /],
    ['an unknown key of the session', { session: { ...good.session, privileged: true } }, /^session: /],
    ['an unknown key of a grant', { grants: [{ ...good.grants[0], token: 'x' }] }, /^grants\.0: /],
    ['an unknown kind of grant', { grants: [{ kind: 'password', id: 'cloud' }] }, /^grants\.0/],
    ['a mode that is none', { mode: 'off' }, /^mode: /],
    ['a port 80 that writes', { rules: [rule('rule.1', { port: 80, methods: ['PUT'] })] }, /^rules\.0: .*only reads/],
    ['a newer version', { version: DOCUMENT_VERSION + 1 }, /^version: /],
    ['a version as text', { version: String(DOCUMENT_VERSION) }, /^version: /],
    ['no version', { version: undefined }, /^version: /],
    ['no block list', { blocked: undefined }, /^blocked: /],
    ['a block that is no host', { blocked: ['*'] }, /^blocked\.0: /],
    ['an address as host', { rules: [rule('rule.1', { host: '169.254.169.254' })] }, /^rules\.0\.host: /],
    ['a lifetime under a minute', { session: { ...good.session, lifetimeSeconds: 59 } }, /^session\.lifetimeSeconds: /],
    ['an idle time under a minute', { session: { ...good.session, idleSeconds: 0 } }, /^session\.idleSeconds: /],
    ['a budget below nothing', { models: { allow: ['m'], budgetUsd: -1 } }, /^models\.budgetUsd: /],
    ['an unnamed model', { models: { allow: [''], budgetUsd: 1 } }, /^models\.allow\.0: /],
    ['two rules of one id', { rules: [rule('rule.1'), rule('rule.1')] }, /rule ids repeat/],
    ['a requestable with the id of a rule', { requestable: [rule('rule.1')] }, /rule ids repeat/],
    ['two grants of one id', { grants: [good.grants[0], good.grants[0]] }, /grant ids repeat/],
    ['a rule that injects an unknown grant', { rules: [rule('rule.1', { inject: 'other' })] }, /injects a grant/],
    ['a requestable that does', { requestable: [rule('requestable.1', { inject: 'other' })] }, /injects a grant/],
  ])('N6 refuses %s', (_, change, expected) => {
    const found = problems(change);
    expect(found.filter((problem) => expected.test(problem))).not.toEqual([]);
    expect(found).toHaveLength(1);
  });

  it.each(['enforce', 'observe'])('N8 knows the mode %s, and a document without one', (mode) => {
    expect(problems({ mode })).toEqual([]);
    expect(problems({})).toEqual([]);
  });

  it('N6 a rule may inject a grant that is there', () => {
    expect(problems({ rules: [rule('rule.1', { inject: 'cloud' })] })).toEqual([]);
  });

  it.each(['', '{', 'version: 1', `${JSON.stringify(good)}x`])('N6 what is not JSON is said to be so: %j', (text) => {
    expect(parseDocument(text)).toMatchObject({ kind: 'invalid', problems: [expect.stringMatching(/^not JSON: /)] });
  });

  it.each(['null', '[]', '"x"', '{}'])('N6 JSON that is no document: %s', (text) => {
    expect(parseDocument(text).kind).toBe('invalid');
  });

  it('S4 no kind of grant has a field for the secret itself', () => {
    const grants = policyDocument.def.shape.grants.def.element.def.options.flatMap((kind) =>
      Object.keys(kind.def.shape),
    );
    expect(new Set(grants)).toEqual(
      new Set(
        ['kind', 'id', 'repositories', 'access', 'roleArn', 'services', 'secretArn', 'header', 'prefix'].concat([
          'region',
          'buckets',
          'provider',
          'scopes',
          'audience',
        ]),
      ),
    );
  });
});
