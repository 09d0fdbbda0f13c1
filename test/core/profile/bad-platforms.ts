/**
 * A platform.yaml with every key, and what goes wrong in it. The line a problem must name is the one where the edit
 * leaves the mark `#<`.
 */
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const GOOD = `version: 1
name: acme-agents
region: eu-west-1
tier: standard
throwaway: false
deletionProtection: true
network:
  availabilityZones: [eu-west-1a, eu-west-1b]
  sessionsCidr: 10.64.0.0/16
  egressCidr: 10.80.0.0/20
  zone: agents.internal
  s3PrefixList: pl-6da54004
repositories: [coding-agent]
blocked: [gist.github.com]
profiles:
  coding:
    image: { repository: coding-agent, digest: "${DIGEST}" }
    command: [run, fast]
    size:
      cpu: 2
      memory: 8GiB
      storage: 30GiB
    lifetime: 2h
    idleTimeout: 15m
    egress:
      mode: observe
      presets: [npm, pypi]
      rules:
        - host: rule.example.com
          reason: search
      requestable:
        - host: request.example.com
          reason: documentation
      blocked: [x.npmjs.org]
    grants:
      github:
        kind: github-app
        repositories: [acme/shop]
        access: write
      cloud:
        kind: aws-role
        role: arn:aws:iam::111122223333:role/agent
        region: eu-central-1
        services: [dynamodb]
        buckets: [acme-data]
      tickets:
        kind: secret-header
        secret: arn:aws:secretsmanager:eu-west-1:111122223333:secret:tickets-AbCdEf
        header: Authorization
        prefix: "Bearer "
        host: tickets.example.com
      wiki:
        kind: oauth
        provider: wiki
        scopes: [read]
        host: wiki.example.com
      store:
        kind: oidc
        audience: store
        host: store.example.com
    models:
      allow: [claude]
      budget:
        usd: 20
  review:
    image: { build: ./review }
`;

export interface BadPlatform {
  readonly name: string;
  /** Text that stands once in GOOD, and what replaces it. */
  readonly edit: readonly [string, string];
  readonly path: string;
  /** Parts of what the problem says. */
  readonly got: string;
  readonly expected: string;
  readonly fix: string;
  /** A key of the schema that the case is about, where the problem can only name its parent. */
  readonly about?: string;
}

type Row = readonly [name: string, edit: readonly [string, string], path: string, ...said: [string, string, string]];
const bad = ([name, edit, path, got, expected, fix]: Row): BadPlatform => ({ name, edit, path, got, expected, fix });

const CODING = 'profiles.coding';
const SLUG = 'lower-case letters';
const SEE = 'see the schema';

/** At the top, and in the network. */
const platform: Row[] = [
  ['a version of the future', ['version: 1', 'version: 2 #<'], 'version', '2', 'version: 1', 'version 1'],
  ['a version as text', ['version: 1', 'version: "1" #<'], 'version', '"1"', 'version: 1', 'version 1'],
  ['a name in upper case', ['name: acme-agents', 'name: Acme #<'], 'name', '"Acme"', "platform's name", SLUG],
  ['a name of one letter', ['name: acme-agents', 'name: a #<'], 'name', '"a"', "platform's name", SLUG],
  ['a region that is none', ['region: eu-west-1', 'region: Europe #<'], 'region', '"Europe"', 'eu-west-1', 'region'],
  ['an unknown tier', ['tier: standard', 'tier: gold #<'], 'tier', '"gold"', 'lean, standard or maximum', 'README'],
  [
    'a deletion protection in quotes',
    ['deletionProtection: true', 'deletionProtection: "true" #<'],
    'deletionProtection',
    '"true"',
    'true or false',
    'without quotes',
  ],
  ['a yes', ['throwaway: false', 'throwaway: yes #<'], 'throwaway', '"yes"', 'true or false', 'without quotes'],
  [
    'a list of networks',
    [/network:[\s\S]*?6da54004/.exec(GOOD)?.[0] ?? '', 'network: [] #<'],
    'network',
    '[]',
    'keys',
    SEE,
  ],
  zones('four zones', '4', '4', '1 to 3', '2'),
  zones('no zone', '0', '0', '1 to 3', '2'),
  zones('an empty list of zones', '[]', '[]', '1 to 3', '2'),
  zones('half a zone', '1.5', '1.5', '1 to 3', '2'),
  zones('a zone number', '["1"]', '"1"', '1 to 3', '2', '[0]'),
  zones('a zone of another region', '[us-east-1a]', '"us-east-1a"', 'a zone of eu-west-1', 'eu-west-1a', '[0]'),
  zones('one zone twice', '[eu-west-1a, eu-west-1a]', '"eu-west-1a" again', 'once', 'remove', '[1]'),
  cidr('a public range', '52.0.0.0/16', 'private'),
  cidr('a range too small', '10.64.0.0/24', '/16 to /22'),
  cidr('a range too large', '10.0.0.0/8', '/16 to /22'),
  cidr('a range off its boundary', '10.64.1.0/16', 'boundary'),
  cidr('a range beyond 255', '10.256.0.0/16', 'private'),
  cidr('a range without length', '10.64.0.0', 'private'),
  cidr('a range next to a private block', '172.32.0.0/16', 'private'),
  [
    'a public range for egress',
    ['10.80.0.0/20', '8.8.0.0/20 #<'],
    'network.egressCidr',
    '"8.8.0.0/20"',
    'private',
    '10.64.0.0/16',
  ],
  [
    'ranges that overlap',
    ['10.80.0.0/20', '10.64.16.0/20 #<'],
    'network.egressCidr',
    'sessions 10.64.0.0/16, egress 10.64.16.0/20',
    'not overlap',
    'move one',
  ],
  [
    'a range that overlaps the default of the other',
    ['sessionsCidr: 10.64.0.0/16\n  egressCidr: 10.80.0.0/20', 'sessionsCidr: 10.65.0.0/16 #<'],
    'network.sessionsCidr',
    'egress 10.65.0.0/20',
    'not overlap',
    'move one',
  ],
  [
    'a zone of one label',
    ['agents.internal', 'internal #<'],
    'network.zone',
    '"internal"',
    'private DNS name',
    'labels',
  ],
  ['a prefix list by name', ['pl-6da54004', 's3 #<'], 'network.s3PrefixList', '"s3"', 'prefix list', 'pl-'],
  ['a repository with a path', ['[coding-agent]', '[team/x] #<'], 'repositories[0]', '"team/x"', 'repository', SLUG],
  [
    'a repository twice',
    ['[coding-agent]', '[coding-agent, coding-agent] #<'],
    'repositories[1]',
    'again',
    'once',
    'remove',
  ],
  ['repositories as text', ['[coding-agent]', 'coding-agent #<'], 'repositories', '"coding-agent"', 'a list', SEE],
  ['a block of a top level', ['[gist.github.com]', '["*.com"] #<'], 'blocked[0]', '"*.com"', 'a host', 'strangers'],
  ['blocks as text', ['[gist.github.com]', 'gist.github.com #<'], 'blocked', '"gist.github.com"', 'a list', SEE],
  ['no profile', [GOOD.slice(GOOD.indexOf('profiles:')), 'profiles: {} #<'], 'profiles', '{}', 'at least one', 'init'],
  [
    'profiles as text',
    [GOOD.slice(GOOD.indexOf('profiles:')), 'profiles: coding #<'],
    'profiles',
    'coding',
    'by name',
    'one',
  ],
  ['a profile in upper case', ['  review:', '  Review: #<'], 'profiles.Review', '"Review"', 'name of a profile', SLUG],
  ['a profile that is a number', ['  review:', '  7: #<'], '', 'the key 7', 'a key written as text', 'name of the key'],
  ['a profile called __proto__', ['  review:', '  __proto__: #<'], '', '__proto__', 'a key written as text', 'name'],
  [
    'a key that repeats by an alias, so that the last one wins',
    ['throwaway: false', '&t throwaway: false\n*t : true #<'],
    '',
    '*t',
    'a key written as text',
    'name of the key',
  ],
  ['merge keys of an older YAML', ['version: 1', '%YAML 1.1\n---\nversion: 1'], '', '%YAML 1.1', 'YAML 1.2', 'merge'],
  [
    'a line break in what the summary prints',
    ['audience: store', 'audience: "store\\n  money none" #<'],
    'profiles.coding.grants.store.audience',
    'money none',
    'one line',
    'line breaks',
  ],
  [
    'a profile without content',
    ['  review:\n    image: { build: ./review }', '  review: #<'],
    'profiles.review',
    'null',
    'keys',
    SEE,
  ],
  [
    'a profile without image',
    ['  review:\n    image: { build: ./review }', '  review: {} #<'],
    'profiles.review.image',
    'nothing',
    'ECR',
    'digest',
  ],
];

function zones(name: string, value: string, got: string, expected: string, fix: string, at = ''): Row {
  const edit = ['[eu-west-1a, eu-west-1b]', `${value} #<`] as const;
  return [name, edit, `network.availabilityZones${at}`, got, expected, fix];
}

function cidr(name: string, value: string, expected: string): Row {
  return [name, ['10.64.0.0/16', `${value} #<`], 'network.sessionsCidr', `"${value}"`, expected, 'write'];
}

const IMAGE = `{ repository: coding-agent, digest: "${DIGEST}" }`;
function image(name: string, value: string, got: string, at = '', expected = 'an ECR image by digest'): Row {
  return [name, [IMAGE, `${value} #<`], `${CODING}.image${at}`, got, expected, 'digest'];
}

/** Of a profile, without its egress and grants. */
const profile: Row[] = [
  image('by tag', '111122223333.dkr.ecr.eu-west-1.amazonaws.com/agent:latest', ':latest'),
  image('from another registry', `ghcr.io/acme/agent@${DIGEST}`, '"ghcr.io/acme/agent@'),
  image('whose digest is too short', '111122223333.dkr.ecr.eu-west-1.amazonaws.com/agent@sha256:0123', 'sha256:0123'),
  image('as a number', '7', '7'),
  [
    'an image of another region',
    [IMAGE, `111122223333.dkr.ecr.us-east-1.amazonaws.com/agent@${DIGEST} #<`],
    `${CODING}.image`,
    'us-east-1',
    'an image in eu-west-1',
    'replicate',
  ],
  [
    "a repository that is not the platform's",
    [IMAGE, `{ repository: other, digest: "${DIGEST}" } #<`],
    `${CODING}.image.repository`,
    '"other"',
    'a repository of this platform',
    'repositories: [other]',
  ],
  ['a command as text', ['[run, fast]', 'run fast #<'], `${CODING}.command`, '"run fast"', 'a list', '[a, b]'],
  ['a number in a command', ['[run, fast]', '[run, 1] #<'], `${CODING}.command[1]`, '1', 'a word', 'as text'],
  ['3 vCPUs', ['cpu: 2', 'cpu: 3 #<'], `${CODING}.size.cpu`, '3', 'Fargate has', '0.25, 0.5, 1, 2, 4, 8, 16'],
  ['vCPUs with a unit', ['cpu: 2', 'cpu: 2vCPU #<'], `${CODING}.size.cpu`, '"2vCPU"', 'vCPUs', 'without unit'],
  ['memory without unit', ['8GiB', '8 #<'], `${CODING}.size.memory`, '8', 'with its unit', 'MiB or GiB'],
  ['memory in GB', ['8GiB', '8GB #<'], `${CODING}.size.memory`, '"8GB"', 'with its unit', 'MiB or GiB'],
  [
    'memory that goes with other vCPUs',
    ['8GiB', '2GiB #<'],
    `${CODING}.size.memory`,
    '2GiB',
    'for 2 vCPU',
    '4GiB to 16GiB',
  ],
  ['no storage', ['30GiB', '0GiB #<'], `${CODING}.size.storage`, '"0GiB"', 'with its unit', 'GiB'],
  ['too little storage', ['30GiB', '20GiB #<'], `${CODING}.size.storage`, '20GiB', '21GiB to 200GiB', 'bounds'],
  ['too much storage', ['30GiB', '201GiB #<'], `${CODING}.size.storage`, '201GiB', '21GiB to 200GiB', 'bounds'],
  ['storage that is no whole GiB', ['30GiB', '25000MiB #<'], `${CODING}.size.storage`, '24.4', 'whole GiB', 'bounds'],
  [
    'size as text',
    ['size:\n      cpu: 2\n      memory: 8GiB\n      storage: 30GiB', 'size: large #<'],
    `${CODING}.size`,
    '"large"',
    'keys',
    SEE,
  ],
  ['a lifetime without unit', ['2h', '7200 #<'], `${CODING}.lifetime`, '7200', 'with its unit', 'unit'],
  ['a lifetime in days', ['2h', '1d #<'], `${CODING}.lifetime`, '"1d"', 'with its unit', 'unit'],
  ['a lifetime over the limit', ['2h', '9h #<'], `${CODING}.lifetime`, '9h', 'at most 8h', 'several sessions'],
  ['an idle time without unit', ['15m', '15 #<'], `${CODING}.idleTimeout`, '15', 'with its unit', 'unit'],
  ['an idle time over the lifetime', ['15m', '3h #<'], `${CODING}.idleTimeout`, '3h', 'at most the lifetime', 'lower'],
  ['an idle time under a minute', ['15m', '30s #<'], `${CODING}.idleTimeout`, '30s', 'at least 1m', 'lower'],
  [
    'models without keys',
    [/models:[\s\S]*?usd: 20/.exec(GOOD)?.[0] ?? '', 'models: [claude] #<'],
    `${CODING}.models`,
    '["claude"]',
    'keys',
    SEE,
  ],
  ['models as text', ['allow: [claude]', 'allow: claude #<'], `${CODING}.models.allow`, '"claude"', 'a list', '[a, b]'],
  ['an unnamed model', ['allow: [claude]', 'allow: [""] #<'], `${CODING}.models.allow[0]`, '""', 'a model id', 'text'],
  [
    'a budget without a model',
    ['allow: [claude]\n      budget:', 'allow: []\n      budget: #<'],
    `${CODING}.models.budget`,
    '20 USD and no model',
    'a model',
    'models.allow',
  ],
  [
    'a model without a budget',
    ['budget:\n        usd: 20', 'budget: { usd: 0 } #<'],
    `${CODING}.models.budget`,
    '0 USD',
    'more than 0',
    'for example 20',
  ],
  [
    'models and no budget at all',
    ['    models:\n      allow: [claude]\n      budget:\n        usd: 20', '    models: #<\n      allow: [claude]'],
    `${CODING}.models.budget`,
    'nothing',
    'one session may spend',
    'budget: { usd: 20 }',
  ],
  [
    'a budget in euros',
    ['usd: 20', 'usd: 20 EUR #<'],
    `${CODING}.models.budget.usd`,
    '"20 EUR"',
    'USD a session',
    'currency',
  ],
  ['a budget below nothing', ['usd: 20', 'usd: -1 #<'], `${CODING}.models.budget.usd`, '-1', '0 or more', 'sign'],
];

const EGRESS = `${CODING}.egress`;
const egress: Row[] = [
  ['a mode that is none', ['mode: observe', 'mode: off #<'], `${EGRESS}.mode`, '"off"', 'enforce or observe', 'leave'],
  ['an unknown preset', ['[npm, pypi]', '[npmm] #<'], `${EGRESS}.presets[0]`, '"npmm"', 'a preset', 'github, npm'],
  ['a preset twice', ['[npm, pypi]', '[npm, pypi, npm] #<'], `${EGRESS}.presets[2]`, '"npm" again', 'once', 'remove'],
  ['presets as text', ['[npm, pypi]', 'npm #<'], `${EGRESS}.presets`, '"npm"', 'a list', SEE],
  [
    'rules as a map',
    ['rules:\n        - host: rule.example.com\n          reason: search', 'rules: {} #<'],
    `${EGRESS}.rules`,
    '{}',
    'a list',
    SEE,
  ],
  [
    'a rule that is only a host',
    ['- host: rule.example.com\n          reason: search', '- rule.example.com #<'],
    `${EGRESS}.rules[0]`,
    '"rule.example.com"',
    'keys',
    SEE,
  ],
  [
    'requestable as text',
    ['requestable:\n        - host: request.example.com\n          reason: documentation', 'requestable: all #<'],
    `${EGRESS}.requestable`,
    '"all"',
    'a list',
    SEE,
  ],
  ['an empty reason', ['reason: search', 'reason: "" #<'], `${EGRESS}.rules[0].reason`, '""', 'why', 'sentence'],
  [
    'a reason of spaces',
    ['reason: documentation', 'reason: "  " #<'],
    `${EGRESS}.requestable[0].reason`,
    '"  "',
    'why',
    'sentence',
  ],
  [
    'a host that is only in blocked',
    ['[x.npmjs.org]', '[x.npmjs.com] #<'],
    `${EGRESS}.blocked[0]`,
    '"x.npmjs.com"',
    'would open',
    'spelling',
  ],
  [
    'a blocked address',
    ['[x.npmjs.org]', '[10.0.0.1] #<'],
    `${EGRESS}.blocked[0]`,
    '"10.0.0.1"',
    'a host',
    'IP address',
  ],
  ['blocked as text', ['[x.npmjs.org]', 'x.npmjs.org #<'], `${EGRESS}.blocked`, '"x.npmjs.org"', 'a list', SEE],
  [
    'egress as a list',
    [/egress:\n[\s\S]*?x\.npmjs\.org\]/.exec(GOOD)?.[0] ?? '', 'egress: [npm] #<'],
    EGRESS,
    '["npm"]',
    'keys',
    SEE,
  ],
  ...(['POST', 'PUT', 'PATCH', 'DELETE'] as const).map(
    (method): Row => [
      `${method} without a reason`,
      [
        'host: rule.example.com\n          reason: search',
        `host: rule.example.com\n          methods: [GET, ${method}] #<`,
      ],
      `${EGRESS}.rules[0].methods`,
      method,
      'a reason beside methods that write',
      'add reason',
    ],
  ),
  [
    'a write that may be asked for, without a reason',
    ['request.example.com\n          reason: documentation', 'request.example.com\n          methods: [POST] #<'],
    `${EGRESS}.requestable[0].methods`,
    'POST',
    'a reason beside methods that write',
    'add reason',
  ],
];

/** Of grants, what only one kind has. */
const GRANTS = `${CODING}.grants`;
const grants: Row[] = [
  [
    'grants as a list',
    [/grants:\n[\s\S]*?store\.example\.com/.exec(GOOD)?.[0] ?? '', 'grants: [] #<'],
    GRANTS,
    '[]',
    'keys',
    SEE,
  ],
  ['a grant in upper case', ['      wiki:', '      Wiki: #<'], `${GRANTS}.Wiki`, '"Wiki"', 'name for the grant', SLUG],
  [
    'a grant of no kind',
    ['        kind: oauth\n', ''],
    `${GRANTS}.wiki.kind`,
    'nothing',
    'github-app, aws-role',
    'kind',
  ],
  [
    'a grant of an unknown kind',
    ['kind: oauth', 'kind: password #<'],
    `${GRANTS}.wiki.kind`,
    '"password"',
    'github-app',
    'kind',
  ],
  github('a wildcard', 'acme/*', 'owner/name'),
  github('an owner alone', 'acme', 'owner/name'),
  github('a URL', 'https://github.com/acme/shop', 'owner/name'),
  github('a clone address', 'acme/shop.git', 'owner/name'),
  github('a climbing name', 'acme/..', 'owner/name'),
  ['no repository', ['[acme/shop]', '[] #<'], `${GRANTS}.github.repositories`, '[]', 'at least one', 'owner/name'],
  [
    'a repository in two spellings',
    ['[acme/shop]', '[acme/shop, Acme/Shop] #<'],
    `${GRANTS}.github.repositories[1]`,
    'again',
    'once',
    'remove',
  ],
  [
    'a repository in two grants',
    [
      '      cloud:\n',
      '      again:\n        kind: github-app\n        access: read\n        repositories: [Acme/shop] #<\n      cloud:\n',
    ],
    `${GRANTS}.again.repositories[0]`,
    '"Acme/shop", which grant "github"',
    'in one grant',
    'write takes in read',
  ],
  [
    'a credential for every sub-domain',
    ['host: tickets.example.com', 'host: "*.tickets.example.com" #<'],
    `${GRANTS}.tickets.host`,
    '"*.tickets.example.com"',
    'one exact host',
    'a grant for each host',
  ],
  [
    'a credential in a header that frames the request',
    ['header: Authorization', 'header: Transfer-Encoding #<'],
    `${GRANTS}.tickets.header`,
    '"Transfer-Encoding"',
    'carries a credential',
    'Authorization',
  ],
  [
    'a line break before the secret',
    ['prefix: "Bearer "', 'prefix: "Bearer \\r\\nX: " #<'],
    `${GRANTS}.tickets.prefix`,
    'Bearer',
    'one line',
    'another header',
  ],
  [
    'admin access',
    ['access: write', 'access: admin #<'],
    `${GRANTS}.github.access`,
    '"admin"',
    'read or write',
    'broker',
  ],
  [
    'a role by name',
    ['arn:aws:iam::111122223333:role/agent', 'agent #<'],
    `${GRANTS}.cloud.role`,
    '"agent"',
    'the ARN',
    'arn:aws',
  ],
  [
    'a user for a role',
    ['arn:aws:iam::111122223333:role/agent', 'arn:aws:iam::111122223333:user/x #<'],
    `${GRANTS}.cloud.role`,
    'user/x',
    'the ARN',
    ':role/',
  ],
  [
    'a zone for a region',
    ['eu-central-1', 'eu-central-1a #<'],
    `${GRANTS}.cloud.region`,
    '"eu-central-1a"',
    'a region',
    'leave it out',
  ],
  [
    'a service with a dot in front',
    ['[dynamodb]', '[.s3] #<'],
    `${GRANTS}.cloud.services[0]`,
    '".s3"',
    'endpoint',
    'dynamodb',
  ],
  [
    'a service that is a wildcard',
    ['[dynamodb]', '["*"] #<'],
    `${GRANTS}.cloud.services[0]`,
    '"*"',
    'endpoint',
    'dynamodb',
  ],
  ['a service twice', ['[dynamodb]', '[sqs, sqs] #<'], `${GRANTS}.cloud.services[1]`, '"sqs" again', 'once', 'remove'],
  ['services as text', ['[dynamodb]', 'dynamodb #<'], `${GRANTS}.cloud.services`, '"dynamodb"', 'a list', SEE],
  [
    'a bucket that is a wildcard',
    ['[acme-data]', '["acme-*"] #<'],
    `${GRANTS}.cloud.buckets[0]`,
    '"acme-*"',
    'bucket',
    'each one',
  ],
  [
    'a bucket with a dot',
    ['[acme-data]', '[acme.data] #<'],
    `${GRANTS}.cloud.buckets[0]`,
    '"acme.data"',
    'bucket',
    'each one',
  ],
  [
    'a bucket twice',
    ['[acme-data]', '[acme-data, acme-data] #<'],
    `${GRANTS}.cloud.buckets[1]`,
    'again',
    'once',
    'remove',
  ],
  [
    'a role for nothing',
    [
      '      cloud:\n        kind: aws-role\n        role: arn:aws:iam::111122223333:role/agent\n        region: eu-central-1\n        services: [dynamodb]\n        buckets: [acme-data]',
      '      cloud: #<\n        kind: aws-role\n        role: arn:aws:iam::111122223333:role/agent',
    ],
    `${GRANTS}.cloud`,
    'reaches no host',
    'services or buckets',
    'remove it',
  ],
  [
    'a secret instead of its ARN',
    ['arn:aws:secretsmanager:eu-west-1:111122223333:secret:tickets-AbCdEf', 'hunter2-hunter2 #<'],
    `${GRANTS}.tickets.secret`,
    'not repeated',
    'the ARN',
    'never stands here',
  ],
  [
    'the ARN of something else',
    [
      'arn:aws:secretsmanager:eu-west-1:111122223333:secret:tickets-AbCdEf',
      'arn:aws:ssm:eu-west-1:111122223333:parameter/x #<',
    ],
    `${GRANTS}.tickets.secret`,
    'not repeated',
    'Secrets Manager',
    'never',
  ],
  [
    'a header with its colon',
    ['header: Authorization', 'header: "Authorization:" #<'],
    `${GRANTS}.tickets.header`,
    'Authorization:',
    'a header',
    'x-api-key',
  ],
  [
    'a prefix that is no text',
    ['prefix: "Bearer "', 'prefix: 1 #<'],
    `${GRANTS}.tickets.prefix`,
    '1',
    'before the secret',
    'Bearer',
  ],
  [
    'a provider by URL',
    ['provider: wiki', 'provider: https://x #<'],
    `${GRANTS}.wiki.provider`,
    'https',
    'provider',
    SLUG,
  ],
  ['scopes as text', ['[read]', 'read #<'], `${GRANTS}.wiki.scopes`, '"read"', 'a list', '[a, b]'],
  ['an empty audience', ['audience: store', 'audience: "" #<'], `${GRANTS}.store.audience`, '""', 'token', 'audience'],
  [
    'a grant without host',
    ['        audience: store\n        host: store.example.com', '        audience: store'],
    `${GRANTS}.store.host`,
    'nothing',
    'a host',
    'text',
  ],
];

function github(name: string, repository: string, expected: string): Row {
  const at = `${GRANTS}.github.repositories[0]`;
  return [`a grant for ${name}`, ['[acme/shop]', `["${repository}"] #<`], at, repository, expected, 'no wildcard'];
}

/** Every place that says which requests to a host: own rules, requestable ones, and three kinds of grants. */
const places = [
  { host: 'rule.example.com', path: `${EGRESS}.rules[0]`, indent: 10 },
  { host: 'request.example.com', path: `${EGRESS}.requestable[0]`, indent: 10 },
  { host: 'tickets.example.com', path: `${GRANTS}.tickets`, indent: 8 },
  { host: 'wiki.example.com', path: `${GRANTS}.wiki`, indent: 8 },
  { host: 'store.example.com', path: `${GRANTS}.store`, indent: 8 },
];

const targets: Row[] = places.flatMap(({ host, path, indent }) => {
  const instead = (name: string, value: string, fix: string): Row => {
    const edit = [`host: ${host}`, `host: "${value}" #<`] as const;
    return [`the host ${name} in ${path}`, edit, `${path}.host`, value, 'a host', fix];
  };
  const beside = (name: string, text: string, at: string, ...said: [string, string, string]): Row => {
    const lines = text.split('\n').map((line) => `\n${' '.repeat(indent)}${line}`);
    return [`${name} in ${path}`, [`host: ${host}`, `host: ${host}${lines.join('')} #<`], `${path}.${at}`, ...said];
  };
  return [
    instead('*.com', '*.com', 'strangers'),
    instead('*.github.io', '*.github.io', 'strangers'),
    instead('of an address', '169.254.169.254', 'IP address'),
    instead('as URL', `https://${host}`, 'URL'),
    instead('with port', `${host}:443`, 'port'),
    instead('with a wildcard inside', 'api.*.example.com', 'at the front'),
    beside('a lower-case method', 'methods: [get]', 'methods[0]', '"get"', 'one of GET', 'upper case'),
    beside('CONNECT', 'methods: [CONNECT]', 'methods[0]', '"CONNECT"', 'one of GET', 'upper case'),
    beside('methods as text', 'methods: GET', 'methods', '"GET"', 'a list', '[GET, HEAD]'),
    beside('no method', 'methods: []', 'methods', '[]', 'at least one', 'leave methods out'),
    beside('a path without slash', 'paths: [v1]', 'paths[0]', '"v1"', 'starts with /', 'on the wire'),
    beside('a climbing path', 'paths: [/a/../b]', 'paths[0]', '/a/../b', 'starts with /', 'dot segments'),
    beside('a path that is no text', 'paths: [1]', 'paths[0]', '1', 'a path', 'as text'),
    beside('paths as text', 'paths: /v1', 'paths', '"/v1"', 'a list', '[/v1/**]'),
    beside('no path', 'paths: []', 'paths', '[]', 'at least one', 'leave paths out'),
    beside('query as text', 'query: q', 'query', '"q"', 'a list', '[{ name: q }]'),
    beside('a query of names', 'query: [q]', 'query[0]', '"q"', 'keys', SEE),
    beside('an unnamed parameter', 'query: [{ name: "" }]', 'query[0].name', '""', 'not empty', 'write'),
    beside('a parameter without values', 'query: [{ name: q, values: [] }]', 'query[0].values', '[]', 'one', 'add'),
    beside('graphql as text', 'graphql: query', 'graphql', '"query"', 'keys', SEE),
    beside(
      'an unknown operation',
      'graphql: { operations: [Query] }',
      'graphql.operations[0]',
      '"Query"',
      'query, mutation',
      'exactly',
    ),
    beside(
      'a field that is none',
      'graphql: { operations: [query], fields: [a-b] }',
      'graphql.fields[0]',
      '"a-b"',
      'text',
      'spelling',
    ),
    beside('graphql on GET', 'graphql: { operations: [query] }', 'graphql', 'GET, HEAD', '[POST]', 'of their own'),
    beside('mcp as text', 'mcp: search', 'mcp', '"search"', 'keys', SEE),
    beside('no tool', 'mcp: { tools: [] }', 'mcp.tools', '[]', 'one', 'add'),
    beside('mcp on more than POST', 'methods: [POST, GET]\nmcp: { tools: [a] }', 'mcp', 'POST, GET', '[POST]', 'own'),
    beside('a body size without unit', 'maxBody: 100', 'maxBody', '100', 'with its unit', 'MiB'),
    beside('a rate of nothing', 'rate: 0', 'rate', '0', 'at least 1', '60'),
    beside('half a request', 'rate: 1.5', 'rate', '1.5', 'whole', '60'),
    beside('a websocket on', 'websocket: on', 'websocket', '"on"', 'true or false', 'without quotes'),
    beside('all URLs', 'urls: all', 'urls', '"all"', 'seen', 'leave it out'),
    beside('a URL size with unit', 'maxUrlBytes: 1KiB', 'maxUrlBytes', '"1KiB"', 'number of bytes', '1024'),
    beside('a URL size of nothing', 'maxUrlBytes: 15', 'maxUrlBytes', '15', 'at least 16', '1024'),
    beside('an opaque size below nothing', 'maxOpaqueBytes: -1', 'maxOpaqueBytes', '-1', 'at least 0', '128'),
    beside('no URL at all', 'distinctUrls: 0', 'distinctUrls', '0', 'at least 1', '200'),
    beside('too many URLs', 'distinctUrls: 100001', 'distinctUrls', '100001', 'at most 100000', 'leave it out'),
    beside('half a URL', 'distinctUrls: 1.5', 'distinctUrls', '1.5', 'whole', '200'),
    beside('a private yes', 'allowPrivate: yes', 'allowPrivate', '"yes"', 'true or false', 'without quotes'),
    beside('an ask in quotes', 'ask: "true"', 'ask', '"true"', 'true or false', 'without quotes'),
    beside('a key nobody knows', 'unknown: 1', 'unknown', '"unknown"', 'methods', 'remove'),
    beside(
      'a key nobody knows of a parameter',
      'query: [{ name: q, unknown: 1 }]',
      'query[0].unknown',
      '"unknown"',
      'values',
      'remove',
    ),
    beside(
      'a key nobody knows of graphql',
      'graphql: { operations: [query], unknown: 1 }',
      'graphql.unknown',
      '"unknown"',
      'operations',
      'remove',
    ),
    beside(
      'a key nobody knows of mcp',
      'mcp: { tools: [a], unknown: 1 }',
      'mcp.unknown',
      '"unknown"',
      'tools',
      'remove',
    ),
  ];
});

/** Limits that contradict the rest of their rule. A rule that writes needs a reason, which two of the hosts have below. */
const contradictions: Row[] = [
  ...places.map(({ host, path, indent }): Row => {
    const lines = ['methods: [GET, POST]', 'urls: seen #<'].map((line) => `\n${' '.repeat(indent)}${line}`).join('');
    const edit = [`host: ${host}`, `host: ${host}${lines}`] as const;
    return [`seen URLs and writing in ${path}`, edit, `${path}.urls`, 'GET, POST', 'only read', 'of their own'];
  }),
  ...places.slice(0, 2).map(({ host, path, indent }): Row => {
    const edit = [`host: ${host}`, `host: "*.${host}"\n${' '.repeat(indent)}allowPrivate: true #<`] as const;
    return [
      `private addresses below a wildcard in ${path}`,
      edit,
      `${path}.allowPrivate`,
      `*.${host}`,
      'exact',
      'each',
    ];
  }),
];

/** A key that nobody knows, at each level that the places above don't have. */
const unknown: Row[] = [
  ['version: 1', '', 'version: 1\nunknown: 1 #<', 'tier'],
  ['  zone: agents.internal', 'network', '  zone: agents.internal\n  unknown: 1 #<', 'sessionsCidr'],
  ['    lifetime: 2h', CODING, '    lifetime: 2h\n    unknown: 1 #<', 'lifetime'],
  ['digest: "', `${CODING}.image`, 'unknown: 1, digest: "', 'build'],
  ['      cpu: 2', `${CODING}.size`, '      cpu: 2\n      unknown: 1 #<', 'memory'],
  ['      presets:', EGRESS, '      unknown: 1 #<\n      presets:', 'mode'],
  ['        access: write', `${GRANTS}.github`, '        access: write\n        unknown: 1 #<', 'repositories'],
  ['        services:', `${GRANTS}.cloud`, '        unknown: 1 #<\n        services:', 'buckets'],
  ['      allow:', `${CODING}.models`, '      unknown: 1 #<\n      allow:', 'budget'],
  ['        usd: 20', `${CODING}.models.budget`, '        usd: 20\n        unknown: 1 #<', 'usd'],
].map(
  ([from = '', at = '', to = '', known = '']): Row => [
    `a key nobody knows in ${at || 'the platform'}`,
    [from, to],
    at === '' ? 'unknown' : `${at}.unknown`,
    '"unknown"',
    known,
    'correct or remove',
  ],
);

/** A problem of the whole image is one sentence, which names all three spellings. */
const parts: BadPlatform[] = [
  { ...bad(image('built from nowhere', '{ build: "" }', '""', '.build')), about: `${CODING}.image.build` },
  {
    ...bad(image('by a short digest', '{ repository: coding-agent, digest: "sha256:0" }', 'sha256:0', '.digest')),
    about: `${CODING}.image.digest`,
  },
];

export const BAD_PLATFORMS: readonly BadPlatform[] = [
  ...[...platform, ...profile, ...egress, ...grants, ...targets, ...contradictions, ...unknown].map(bad),
  ...parts,
];
