import * as fc from 'fast-check';
import { type PolicyDocument, parseDocument, policyDocument } from '../../../core/egress/document';
import { formatHostPattern } from '../../../core/egress/host';
import { PRESET_NAMES, PRESETS } from '../../../core/egress/presets';
import { isWrite } from '../../../core/egress/rule';
import { compileProfile, envelopeOf } from '../../../core/profile/compile';
import type { EgressConfig, GrantConfig, ProfileConfig, RuleConfig } from '../../../core/profile/config';
import type { Problem } from '../../../core/profile/problem';

const NO_EGRESS: EgressConfig = { presets: [], rules: [], requestable: [], blocked: [] };
const base: ProfileConfig = {
  image: { build: '.' },
  size: { cpu: 1, memory: 4096, storage: 21 },
  lifetime: 3600,
  idleTimeout: 900,
  egress: NO_EGRESS,
  grants: {},
  models: { allow: [], budget: 0 },
};
type Change = Partial<Omit<ProfileConfig, 'egress'>> & { egress?: Partial<EgressConfig> };

function compiled(change: Change, blocked: readonly string[] = []) {
  const config = { ...base, ...change, egress: { ...NO_EGRESS, ...change.egress } };
  return compileProfile({ name: 'coding', config, image: 'image@sha256:0', blocked });
}
function documentOf(change: Change, blocked: readonly string[] = []): PolicyDocument {
  const result = compiled(change, blocked);
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.document;
}
function problemsOf(change: Change): readonly Problem[] {
  const result = compiled(change);
  return result.kind === 'ok' ? [] : result.problems;
}
const ids = (document: PolicyDocument): string[] => document.rules.map(({ id }) => id);
const hosts = (document: PolicyDocument): string[] => [...new Set(document.rules.map(({ host }) => host))];

const ROLE = 'arn:aws:iam::111122223333:role/agent';
const GRANTS: Record<string, GrantConfig> = {
  reader: { kind: 'github-app', repositories: ['acme/shop'], access: 'read' },
  writer: { kind: 'github-app', repositories: ['acme/site', 'acme/docs'], access: 'write' },
  cloud: { kind: 'aws-role', role: ROLE, region: 'eu-west-1', services: ['dynamodb'], buckets: ['acme-data'] },
  tickets: {
    kind: 'secret-header',
    secret: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:tickets-AbCdEf',
    header: 'Authorization',
    prefix: 'Bearer ',
    host: 'tickets.example.com',
    methods: ['GET', 'POST'],
    paths: ['/v1/**'],
    query: [{ name: 'q' }],
    maxBody: 1024,
    rate: 60,
    ask: true,
  },
  wiki: { kind: 'oauth', provider: 'wiki', scopes: ['read'], host: 'wiki.example.com' },
  store: { kind: 'oidc', audience: 'store', host: 'store.example.com', websocket: true },
};

describe('C4 egress iff grant', () => {
  it.each(Object.entries(GRANTS))('C4 grant %s yields rules, each injecting it and no other', (id, grant) => {
    const { rules, grants } = documentOf({ grants: { [id]: grant } });
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) expect(rule).toMatchObject({ inject: id, origin: { kind: 'grant', name: id } });
    expect(grants.map((entry) => entry.id)).toEqual([id]);
  });

  it.each(Object.keys(GRANTS))('C4 removing grant %s removes exactly its rules', (id) => {
    const egress = { presets: ['github', 'npm'], rules: [{ host: 'docs.example.com' }] };
    const all = documentOf({ grants: GRANTS, egress });
    const { [id]: removed, ...others } = GRANTS;
    const without = documentOf({ grants: others, egress });
    expect(removed).toBeDefined();
    expect(without.rules).toEqual(all.rules.filter((rule) => rule.inject !== id));
    expect(without.grants).toEqual(all.grants.filter((grant) => grant.id !== id));
  });

  it('C4 no rule of a preset, an own rule or a requestable carries a credential', () => {
    const own = [{ host: 'a.example.com' }];
    const document = documentOf({ egress: { presets: PRESET_NAMES, rules: own, requestable: own }, grants: {} });
    expect([...document.rules, ...document.requestable].filter((rule) => rule.inject !== undefined)).toEqual([]);
  });

  it('C3 a read grant of GitHub reaches one repository and only reads it', () => {
    const { rules } = documentOf({ grants: { reader: GRANTS.reader as GrantConfig } });
    expect(rules.flatMap((rule) => (isWrite(rule.methods) ? rule.paths : []))).toEqual([
      '/acme/shop.git/git-upload-pack',
      '/acme/shop/git-upload-pack',
    ]);
    for (const path of rules.flatMap((rule) => rule.paths ?? ['every path'])) {
      expect(path).toMatch(/^(\/repos)?\/acme\/shop(\.git)?(\/|$)/);
    }
    const references = rules.filter((rule) => rule.paths?.some((path) => path.endsWith('/info/refs')));
    expect(references.map((rule) => rule.query)).toEqual([[{ name: 'service', values: ['git-upload-pack'] }]]);
  });

  it('C9 every push of a write grant goes to the commit broker, and nothing else does', () => {
    const { rules } = documentOf({ grants: { writer: GRANTS.writer as GrantConfig } });
    const pushes = rules.filter(
      (rule) =>
        rule.paths?.some((path) => path.endsWith('/git-receive-pack')) ||
        rule.query?.some((query) => query.values?.includes('git-receive-pack')),
    );
    expect(pushes).toHaveLength(4);
    expect(rules.filter((rule) => rule.via === 'commit-broker')).toEqual(pushes);
  });

  it('C3 besides pushing, a write grant only opens pull requests', () => {
    const { rules } = documentOf({ grants: { writer: GRANTS.writer as GrantConfig } });
    const direct = rules.filter((rule) => isWrite(rule.methods) && rule.via === undefined);
    expect(direct.filter((rule) => rule.host === 'api.github.com').map((rule) => [rule.methods, rule.paths])).toEqual([
      [['POST'], ['/repos/acme/site/pulls']],
      [['POST'], ['/repos/acme/docs/pulls']],
    ]);
    expect(direct.filter((rule) => rule.host !== 'api.github.com').flatMap((rule) => rule.paths ?? ['all'])).toEqual(
      ['site.git', 'site', 'docs.git', 'docs'].map((name) => `/acme/${name}/git-upload-pack`),
    );
  });

  it('C2 an AWS grant reaches the exact endpoint and bucket named, in its region', () => {
    const cloud = documentOf({ grants: { cloud: GRANTS.cloud as GrantConfig } });
    expect(hosts(cloud)).toEqual(['dynamodb.eu-west-1.amazonaws.com', 'acme-data.s3.eu-west-1.amazonaws.com']);
    expect(cloud.grants).toEqual([
      {
        kind: 'aws-role',
        id: 'cloud',
        roleArn: ROLE,
        region: 'eu-west-1',
        services: ['dynamodb'],
        buckets: ['acme-data'],
      },
    ]);
  });

  it('C4 the credential of a header, OAuth or OIDC grant goes only where the grant says', () => {
    const { rules } = documentOf({ grants: { tickets: GRANTS.tickets as GrantConfig } });
    expect(rules).toEqual([
      {
        id: 'grant.tickets.1',
        host: 'tickets.example.com',
        port: 443,
        methods: ['GET', 'POST'],
        paths: ['/v1/**'],
        query: [{ name: 'q' }],
        limits: { maxBodyBytes: 1024, requestsPerMinute: 60 },
        ask: true,
        inject: 'tickets',
        origin: { kind: 'grant', name: 'tickets' },
        reason: expect.stringContaining('tickets'),
      },
    ]);
  });

  it.each<[string, GrantConfig, RegExp]>([
    ['no repository', { kind: 'github-app', repositories: [], access: 'read' }, /^repositories$/],
    ['no service', { kind: 'aws-role', role: ROLE, region: 'eu-west-1' }, /^services or buckets$/],
    ['a service that is a pattern', aws({ services: ['.s3'] }), /exact host/],
    ['a service that is a wildcard', aws({ services: ['*.s3'] }), /exact host/],
    ['a service that is no label', aws({ services: ['.'] }), /exact host/],
    ['a bucket that is a pattern', aws({ buckets: ['.x'] }), /exact host/],
    ['one repository twice', { kind: 'github-app', repositories: ['acme/shop', 'Acme/Shop'], access: 'read' }, /once/],
    ['one service twice', aws({ services: ['sqs', 'sqs'] }), /once/],
    ['one bucket twice', aws({ buckets: ['acme-data', 'acme-data'] }), /once/],
  ])('C4 a grant with %s is refused', (_, grant, expected) => {
    const problems = problemsOf({ grants: { given: grant } });
    expect(problems.map(({ path }) => path.slice(0, 2))).toEqual(problems.map(() => ['grants', 'given']));
    expect(problems.map((problem) => problem.expected).join()).toMatch(expected);
  });
});

function aws(names: { services?: string[]; buckets?: string[] }): GrantConfig {
  return { kind: 'aws-role', role: ROLE, region: 'eu-west-1', ...names };
}

describe('N4 blocked wins', () => {
  // Apart by method, since what two rules match is refused.
  const rules: RuleConfig[] = [
    { host: 'a.example.com', methods: ['GET'] },
    { host: '*.example.com', methods: ['HEAD'] },
    { host: '.example.org' },
  ];

  it.each<[string, string[], string[]]>([
    ['an exact host closes its rule alone', ['a.example.com'], ['*.example.com', '.example.org']],
    ['a wildcard closes what is below it', ['*.example.com'], ['.example.org']],
    ['a domain closes the apex too', ['.example.com', '.example.org'], []],
    [
      'a wildcard leaves the rule that has the apex in',
      ['*.example.org'],
      ['a.example.com', '*.example.com', '.example.org'],
    ],
    ['spelling does not matter', ['A.EXAMPLE.com.'], ['*.example.com', '.example.org']],
  ])('N4 %s', (_, blocked, expected) => {
    expect(hosts(documentOf({ egress: { rules, blocked } }))).toEqual(expected);
    expect(hosts(documentOf({ egress: { rules } }, blocked))).toEqual(expected);
  });

  it('N4 over presets, grants and what may be asked for, from the profile and from the platform', () => {
    const change: Change = {
      egress: { presets: ['npm', 'pypi'], requestable: [{ host: 'wiki.example.com' }] },
      grants: { wiki: GRANTS.wiki as GrantConfig },
    };
    const blocked = ['.npmjs.org', 'wiki.example.com'];
    for (const document of [
      documentOf({ ...change, egress: { ...change.egress, blocked } }),
      documentOf(change, blocked),
    ]) {
      expect(ids(document)).toEqual(['preset.pypi.1', 'preset.pypi.2']);
      expect(document.requestable).toEqual([]);
      expect(document.blocked).toEqual(['.npmjs.org', 'wiki.example.com']);
    }
  });

  it('N4 a block inside an open wildcard stays in the document, where the proxy asks it first', () => {
    const { blocked, rules } = documentOf({
      egress: { rules: [{ host: '.example.com' }], blocked: ['B.example.com'] },
    });
    expect(blocked).toEqual(['b.example.com']);
    expect(rules).toHaveLength(1);
  });

  it('N4 a block that closes nothing in its profile is a slip and refused; for the whole platform it is not', () => {
    const problems = problemsOf({ egress: { rules, blocked: ['a.example.com', 'a.exmaple.com'] } });
    expect(problems.map(({ path }) => path)).toEqual([['egress', 'blocked', 1]]);
    expect(documentOf({ egress: { rules } }, ['gist.example.net']).blocked).toEqual(['gist.example.net']);
  });

  it('N4 a block of what only may be asked for is none that closes nothing', () => {
    const document = documentOf({ egress: { requestable: [{ host: 'a.example.com' }], blocked: ['a.example.com'] } });
    expect(document.requestable).toEqual([]);
  });

  it('N4 presets are additive: each yields its own rules and changes no other', () => {
    fc.assert(
      fc.property(fc.subarray([...PRESET_NAMES]), (presets) => {
        const document = documentOf({ egress: { presets } });
        expect(document.rules).toEqual(presets.flatMap((name) => documentOf({ egress: { presets: [name] } }).rules));
        expect(document.rules).toHaveLength(presets.reduce((sum, name) => sum + PRESETS[name].length, 0));
      }),
    );
  });

  it('N4 an unknown preset, or one named twice, is refused', () => {
    expect(problemsOf({ egress: { presets: ['npm', 'nmp', 'npm'] } }).map(({ path, got }) => [path, got])).toEqual([
      [['egress', 'presets', 1], '"nmp"'],
      [['egress', 'presets', 2], '"npm" again'],
    ]);
  });
});

describe('N10 what may be asked for is closed, and inside the envelope', () => {
  it('N10 a requestable host is no rule, and the firewalls know it', () => {
    const document = documentOf({
      egress: { rules: [{ host: 'a.example.com' }], requestable: [{ host: '*.docs.example.com' }] },
    });
    expect(hosts(document)).toEqual(['a.example.com']);
    expect(document.requestable).toMatchObject([{ id: 'requestable.1', origin: { kind: 'requestable' } }]);
    expect(envelopeOf([document]).allowed.map(formatHostPattern)).toEqual(['a.example.com', '*.docs.example.com']);
  });

  it('N6 the envelope of several profiles is what any opens, and blocked is what all block', () => {
    const first = documentOf(
      { egress: { presets: ['npm'], rules: [{ host: '.example.com' }], blocked: ['x.example.com'] } },
      ['gist.example.net'],
    );
    const second = documentOf({ egress: { requestable: [{ host: 'x.example.com' }] } }, ['gist.example.net']);
    const { allowed, blocked } = envelopeOf([first, second]);
    expect(allowed.map(formatHostPattern)).toEqual(['.npmjs.org', '.example.com', 'x.example.com']);
    expect(blocked.map(formatHostPattern)).toEqual(['gist.example.net']);
    expect(envelopeOf([second, first]).blocked).toEqual(blocked);
    const third = documentOf({});
    expect(envelopeOf([first, second, third]).blocked).toEqual([]);
    expect(envelopeOf([first, first, second]).blocked).toEqual(blocked);
  });

  it('N1 without profiles nothing is open', () => {
    expect(envelopeOf([])).toEqual({ allowed: [], blocked: [] });
    expect(documentOf({})).toMatchObject({ rules: [], requestable: [], grants: [] });
  });
});

describe('N5 rules of a profile', () => {
  it.each(['rules', 'requestable'] as const)('N5 a write in %s needs a reason', (list) => {
    const host = 'api.example.com';
    for (const reason of [undefined, '', '  ']) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
        const problems = problemsOf({ egress: { [list]: [{ host, methods: ['GET', method], reason }] } });
        expect(problems).toMatchObject([{ path: ['egress', list, 0, 'methods'], got: method }]);
      }
    }
    expect(problemsOf({ egress: { [list]: [{ host, methods: ['POST'], reason: 'search' }] } })).toEqual([]);
    expect(problemsOf({ egress: { [list]: [{ host, methods: ['GET', 'HEAD', 'OPTIONS'] }] } })).toEqual([]);
  });

  it('N5 a rule that names no method reads', () => {
    expect(documentOf({ egress: { rules: [{ host: 'a.example.com' }] } }).rules).toMatchObject([
      { methods: ['GET', 'HEAD'], port: 443 },
    ]);
  });

  it('N5 every limit of a rule stands in the document as given', () => {
    const { rules } = documentOf({
      egress: {
        rules: [
          {
            host: 'a.example.com',
            methods: ['POST'],
            paths: ['/graphql'],
            query: [{ name: 'v', values: ['1'] }],
            graphql: { operations: ['query'], fields: ['issue'] },
            maxBody: 0,
            rate: 5,
            websocket: false,
            maxUrlBytes: 1024,
            maxOpaqueBytes: 0,
            distinctUrls: 7,
            allowPrivate: true,
            ask: true,
            reason: 'issues',
          },
        ],
      },
    });
    expect(rules[0]).toMatchObject({
      paths: ['/graphql'],
      query: [{ name: 'v', values: ['1'] }],
      graphql: { operations: ['query'], fields: ['issue'] },
      limits: {
        ...{ maxBodyBytes: 0, requestsPerMinute: 5, websocket: false },
        ...{ maxUrlBytes: 1024, maxOpaqueBytes: 0, distinctUrls: 7, allowPrivate: true },
      },
      ask: true,
      reason: 'issues',
    });
  });

  it('N11 N12 a grant keeps every limit it was given', () => {
    const limits = { urls: 'seen' as const, maxUrlBytes: 99, maxOpaqueBytes: 5, distinctUrls: 3, allowPrivate: true };
    const wiki: GrantConfig = { kind: 'oauth', provider: 'wiki', host: 'wiki.example.com', ...limits };
    expect(documentOf({ grants: { wiki } }).rules.map((rule) => rule.limits)).toEqual([limits]);
  });

  it.each<[string, Change, (string | number)[]]>([
    ['in a rule', own({ urls: 'seen', methods: ['GET', 'PUT'] }), ['egress', 'rules', 0, 'urls']],
    [
      'in what may be asked for',
      { egress: { requestable: [{ host: 'a.example.com', methods: ['POST'], urls: 'seen', reason: 'x' }] } },
      ['egress', 'requestable', 0, 'urls'],
    ],
    [
      'in a grant',
      { grants: { wiki: { kind: 'oidc', audience: 'x', host: 'a.example.com', methods: ['POST'], urls: 'seen' } } },
      ['grants', 'wiki', 'urls'],
    ],
  ])('N11 seen URLs beside a method that writes are a show: %s', (_, change, path) => {
    expect(problemsOf(change)).toMatchObject([{ path, expected: expect.stringContaining('only read') }]);
  });

  it('N11 seen URLs beside methods that read are a rule', () => {
    const { rules } = documentOf(own({ urls: 'seen', methods: ['GET', 'HEAD', 'OPTIONS'] }));
    expect(rules).toMatchObject([{ limits: { urls: 'seen' } }]);
  });

  it.each(['*.example.com', '.example.com'])('N3 only an exact host may be private, not %s', (host) => {
    expect(problemsOf(own({ host, allowPrivate: true }))).toMatchObject([
      { path: ['egress', 'rules', 0, 'allowPrivate'], got: expect.stringContaining(host) },
    ]);
    expect(problemsOf(own({ host, allowPrivate: false }))).toEqual([]);
  });

  it('N8 a document enforces unless its profile says observe', () => {
    expect(documentOf({})).not.toHaveProperty('mode');
    expect(documentOf({ egress: { mode: 'enforce' } })).not.toHaveProperty('mode');
    expect(documentOf({ egress: { mode: 'observe' } }).mode).toBe('observe');
  });

  const graphql = { operations: ['query' as const] };
  const mcp = { tools: ['search'] };
  it.each<[string, Change, (string | number)[]]>([
    ['graphql on a reading rule', own({ graphql }), ['egress', 'rules', 0, 'graphql']],
    ['graphql with more than POST', own({ graphql, methods: ['GET', 'POST'] }), ['egress', 'rules', 0, 'graphql']],
    ['graphql with PUT', own({ graphql, methods: ['PUT'] }), ['egress', 'rules', 0, 'graphql']],
    ['mcp on a reading rule', own({ mcp }), ['egress', 'rules', 0, 'mcp']],
    ['mcp with DELETE', own({ mcp, methods: ['POST', 'DELETE'] }), ['egress', 'rules', 0, 'mcp']],
    [
      'mcp that may be asked for',
      { egress: { requestable: [{ host: 'a.example.com', mcp }] } },
      ['egress', 'requestable', 0, 'mcp'],
    ],
    [
      'mcp of a grant',
      { grants: { wiki: { ...(GRANTS.wiki as typeof GRANTS.wiki & object), mcp } as GrantConfig } },
      ['grants', 'wiki', 'mcp'],
    ],
  ])('N15 %s looks stricter than it is and is refused', (_, change, path) => {
    expect(problemsOf(change)).toMatchObject([{ path, expected: expect.stringContaining('[POST]') }]);
  });

  it('N15 graphql and mcp with POST alone are rules', () => {
    const reason = 'search';
    const document = documentOf({
      egress: {
        rules: [
          { host: 'a.example.com', methods: ['POST'], graphql, reason },
          { host: 'b.example.com', methods: ['POST'], mcp, reason },
        ],
      },
    });
    expect(document.rules).toMatchObject([{ graphql }, { mcp }]);
  });

  it.each(['*.com', '*.github.io', '*.eu-west-1.amazonaws.com', '10.0.0.1', 'https://example.com', 'example.com:443'])(
    'N1 the host %s is refused wherever a profile can name it',
    (host) => {
      const paths = problemsOf({
        egress: { rules: [{ host }], requestable: [{ host }], blocked: [host] },
        grants: { wiki: { kind: 'oauth', provider: 'wiki', host } },
      }).map(({ path }) => path.join('.'));
      expect(paths).toEqual([
        'egress.rules.0.host',
        'egress.requestable.0.host',
        'egress.blocked.0',
        'grants.wiki.host',
      ]);
    },
  );
});

function own(change: object): Change {
  return { egress: { rules: [{ host: 'a.example.com', reason: 'x', ...change }] } };
}

describe('S5 S6 limits of a session', () => {
  it.each<[string, Change, (string | number)[]]>([
    ['S5 a lifetime over 8 hours', { lifetime: 8 * 3600 + 1 }, ['lifetime']],
    ['S5 a lifetime under a minute', { lifetime: 59, idleTimeout: 59 }, ['lifetime']],
    ['S5 an idle time under a minute', { idleTimeout: 59 }, ['idleTimeout']],
    ['S5 an idle time over the lifetime', { lifetime: 600, idleTimeout: 601 }, ['idleTimeout']],
    ['S6 3 vCPUs', { size: { cpu: 3, memory: 8192, storage: 21 } }, ['size', 'cpu']],
    ['S6 less memory than Fargate has for it', { size: { cpu: 1, memory: 1024, storage: 21 } }, ['size', 'memory']],
    ['S6 more memory than Fargate has for it', { size: { cpu: 1, memory: 9216, storage: 21 } }, ['size', 'memory']],
    ['S6 memory between two steps', { size: { cpu: 8, memory: 18432, storage: 21 } }, ['size', 'memory']],
    ['S6 0.25 vCPU with 1536 MiB', { size: { cpu: 0.25, memory: 1536, storage: 21 } }, ['size', 'memory']],
    ['S6 less storage than can be set', { size: { cpu: 1, memory: 4096, storage: 20 } }, ['size', 'storage']],
    ['S6 more storage than there is', { size: { cpu: 1, memory: 4096, storage: 201 } }, ['size', 'storage']],
    ['S6 a part of a GiB of storage', { size: { cpu: 1, memory: 4096, storage: 24.5 } }, ['size', 'storage']],
    ['O11 a budget and no model', { models: { allow: [], budget: 5 } }, ['models', 'budget']],
    ['O11 a model and no budget', { models: { allow: ['m'], budget: 0 } }, ['models', 'budget']],
  ])('%s is refused', (_, change, path) => {
    expect(problemsOf(change)[0]?.path).toEqual(path);
  });

  it.each<[string, Change]>([
    ['S5 8 hours', { lifetime: 8 * 3600 }],
    ['S5 a minute', { lifetime: 60, idleTimeout: 60 }],
    ['S6 the smallest size', { size: { cpu: 0.25, memory: 512, storage: 21 } }],
    ['S6 the largest size', { size: { cpu: 16, memory: 122880, storage: 200 } }],
    ['O11 a model with a budget', { models: { allow: ['m'], budget: 0.5 } }],
  ])('%s is accepted', (_, change) => {
    expect(problemsOf(change)).toEqual([]);
  });

  it('W3 all problems of a profile are told at once', () => {
    const paths = problemsOf({
      lifetime: 1e6,
      size: { cpu: 3, memory: 1, storage: 1 },
      egress: { rules: [{ host: '*.com' }, { host: 'a.example.com', methods: ['POST'] }] },
      grants: { cloud: { kind: 'aws-role', role: ROLE, region: 'eu-west-1' } },
    }).map(({ path }) => path.join('.'));
    expect(paths).toEqual([
      'size.cpu',
      'size.storage',
      'lifetime',
      'egress.rules.0.host',
      'egress.rules.1.methods',
      'grants.cloud',
    ]);
  });
});

describe('N6 the document', () => {
  const full: Change = {
    command: ['run', '--once'],
    egress: {
      presets: PRESET_NAMES,
      rules: [{ host: 'A.Example.com.', methods: ['POST'], reason: 'search' }],
      requestable: [{ host: '*.docs.example.com' }],
      blocked: ['x.npmjs.org', 'raw.githubusercontent.com'],
    },
    grants: GRANTS,
    models: { allow: ['m'], budget: 20 },
  };

  it('N6 passes the schema its readers use, and says the same after the journey', () => {
    const document = documentOf(full, ['gist.example.net']);
    expect(policyDocument.safeParse(document).error).toBeUndefined();
    expect(parseDocument(JSON.stringify(document))).toEqual({ kind: 'ok', document });
  });

  it('N6 has the session in the units its fields name', () => {
    expect(documentOf({ ...full, size: { cpu: 0.5, memory: 2048, storage: 30 } }).session).toEqual({
      image: 'image@sha256:0',
      command: ['run', '--once'],
      cpuUnits: 512,
      memoryMiB: 2048,
      storageGiB: 30,
      lifetimeSeconds: 3600,
      idleSeconds: 900,
    });
    expect(documentOf({}).session).not.toHaveProperty('command');
  });

  it('N6 is the same bytes for the same profile, whatever the order and repetition of blocks', () => {
    const again = documentOf({
      ...full,
      egress: { ...full.egress, blocked: [...(full.egress?.blocked ?? [])].reverse() },
    });
    const blocks = [...(full.egress?.blocked ?? [])];
    expect(JSON.stringify(again)).toBe(JSON.stringify(documentOf(full)));
    expect(JSON.stringify(documentOf(full, blocks))).toBe(JSON.stringify(documentOf(full)));
  });

  it('N6 every rule says who made it, under an id of its own', () => {
    const { rules, requestable } = documentOf(full);
    const all = [...rules, ...requestable];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { id, origin } of all) expect(id.startsWith(`${origin.kind}.`)).toBe(true);
    expect(rules.find(({ id }) => id === 'rule.1')).toMatchObject({ host: 'a.example.com', reason: 'search' });
  });

  it('N4 %2f stays allowed to npm after compiling', () => {
    expect(documentOf({ egress: { presets: ['npm'] } }).rules[0]?.limits).toEqual({ encodedSlash: true });
  });
});

describe('N15 bodies', () => {
  it('N15 a rule on GraphQL and MCP at once is refused: a body is one of them', () => {
    const rule = { host: 'a.example.com', methods: ['POST' as const], reason: 'search' };
    const both = { ...rule, graphql: { operations: ['query' as const] }, mcp: { tools: ['search'] } };
    const problems = problemsOf({ egress: { presets: [], rules: [both], requestable: [], blocked: [] } });
    expect(problems).toMatchObject([{ path: ['egress', 'rules', 0, 'mcp'], expected: 'one of the two' }]);
  });
});

describe('N1 exactly one rule', () => {
  const egress = (rules: RuleConfig[]) => ({ egress: { presets: [], rules, requestable: [], blocked: [] } });

  it.each<[string, RuleConfig, RuleConfig]>([
    ['one host twice', { host: 'a.example.com' }, { host: 'a.example.com' }],
    ['a host below a wildcard', { host: '.example.com' }, { host: 'a.example.com' }],
    ['paths that meet', { host: 'a.example.com', paths: ['/v1/**'] }, { host: 'a.example.com', paths: ['/*/x'] }],
    ['a part of a segment', { host: 'a.example.com', paths: ['/a*c'] }, { host: 'a.example.com', paths: ['/*bc'] }],
  ])('N1 refuses rules that one request could match: %s', (_, first, second) => {
    const problems = problemsOf(egress([first, second]));
    expect(problems.map(({ path }) => path)).toEqual([['egress', 'rules', 1]]);
    expect(problems[0]?.got).toContain('egress.rules[0]');
  });

  it.each<[string, RuleConfig, RuleConfig]>([
    ['by host', { host: 'a.example.com' }, { host: 'b.example.com' }],
    ['by method', { host: 'a.example.com', methods: ['GET'] }, { host: 'a.example.com', methods: ['HEAD'] }],
    ['by path', { host: 'a.example.com', paths: ['/v1/**'] }, { host: 'a.example.com', paths: ['/v2/**', '/v1'] }],
    [
      'by a parameter that has to be there',
      { host: 'a.example.com', query: [{ name: 's', values: ['x'] }] },
      { host: 'a.example.com', query: [{ name: 's', values: ['y'] }] },
    ],
  ])('N1 takes rules that are apart %s', (_, first, second) => {
    expect(problemsOf(egress([first, second]))).toEqual([]);
  });

  it('C4 refuses two grants that would both add a credential to one request', () => {
    const secret = (name: string): GrantConfig => ({
      kind: 'secret-header',
      secret: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${name}`,
      header: 'Authorization',
      host: 'a.example.com',
    });
    expect(problemsOf({ grants: { one: secret('one'), two: secret('two') } })).toMatchObject([
      { path: ['grants', 'two'] },
    ]);
  });

  it('C4 refuses S3 as a service: below its endpoint are the buckets of everybody', () => {
    for (const services of [['s3'], ['s3.dualstack'], ['attacker.s3'], ['s3-website']]) {
      expect(problemsOf({ grants: { given: aws({ services }) } })[0]?.fix).toContain('buckets: [NAME]');
    }
  });

  it('C3 refuses a wildcard in a repository, whoever wrote the grant', () => {
    const grant: GrantConfig = { kind: 'github-app', repositories: ['*/*', 'acme/shop/contents'], access: 'write' };
    expect(problemsOf({ grants: { given: grant } })).toMatchObject([{ got: '"*/*"' }, { got: '"acme/shop/contents"' }]);
  });

  it('N5 wants a reason for a WebSocket, through which anything goes', () => {
    expect(problemsOf(egress([{ host: 'a.example.com', websocket: true }]))).toMatchObject([{ got: 'a WebSocket' }]);
  });
});
