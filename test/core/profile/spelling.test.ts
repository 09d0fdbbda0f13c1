import { parse } from 'yaml';
import { platformYaml } from '../../../core/profile/yaml-schema';
import { GOOD } from './bad-platforms';

const PROFILE = 'profiles.coding';
const HEX = '0123456789abcdef'.repeat(4);
const ECR = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const ROLE = 'arn:aws:iam::111122223333:role';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret';

/** The good file with one value in place of another; a path's last key may be new. */
function reads(path: string, value: unknown): boolean {
  const root = parse(GOOD) as Record<string, unknown>;
  const keys = path.split('.');
  const parent = keys.slice(0, -1).reduce((node, key) => node[key] as Record<string, unknown>, root);
  const last = keys.at(-1) ?? '';
  if (Array.isArray(parent[last]) && typeof value === 'string') parent[last] = [value];
  else parent[last] = value;
  return platformYaml.safeParse(root).success;
}

type Spelling = readonly [what: string, path: string, right: readonly unknown[], wrong: readonly unknown[]];

const SLUGS = {
  right: ['ab', 'a1', 'a-b', 'a--b', `a${'b'.repeat(31)}`],
  wrong: ['a', '1a', '-ab', 'ab-', 'Ab', 'aB', 'a_b', 'a b', `a${'b'.repeat(32)}`, '', 7],
};
const DURATIONS = {
  right: ['1s', '90s', '45m', '2h', '999999s'],
  wrong: ['2', 'h', '02h', '0h', '-2h', '2H', '2d', '2h ', '2hm', 'x2h', '1.5h', '1000000s', '', 7200],
};
const SIZES = {
  right: ['1MiB', '512MiB', '8GiB', '999999MiB'],
  wrong: ['8', '8GB', '8G', '08GiB', '0GiB', '8gib', 'x8GiB', '8GiBx', '1.5GiB', '1000000MiB', 8],
};
const REGIONS = {
  right: ['eu-west-1', 'ap-southeast-2', 'us-gov-west-1'],
  wrong: [
    'eu-west',
    'eu-1',
    'e-west-1',
    'eur-west-1',
    'EU-west-1',
    'eu-west-12',
    'eu-west-1a',
    'xx eu-west-1',
    'eu--1',
  ],
};
const HOSTS = { right: ['a.example.com', '*.example.com', '.example.com'], wrong: ['*.com', '10.0.0.1', 'a', '', 7] };
const LINES = { right: ['x', 'two words', ' x'], wrong: ['', ' ', 'a\nb', 'a\tb', 'a\u001bb', 'a\u200eb', 7] };
const SWITCHES = { right: [true, false], wrong: ['true', 'yes', 1, null] };
const CIDRS = {
  right: ['10.64.0.0/16', '192.168.100.128/8'],
  wrong: ['10.64.0.0', '10.64.0/16', '10.64.0.0.0/16', '10.64.0.0/160', '1000.6.0.0/16', 'x10.6.0.0/16', 'a.b.c.d/16'],
};
const same = (what: string, path: string, { right, wrong }: { right: readonly unknown[]; wrong: readonly unknown[] }) =>
  [what, path, right, wrong] as const;

const SPELLINGS: readonly Spelling[] = [
  ['version', 'version', [1], [0, 2, '1', null]],
  same('name of the platform', 'name', SLUGS),
  same('region', 'region', REGIONS),
  ['tier', 'tier', ['lean', 'standard', 'maximum'], ['', 'Lean', 'gold', 1]],
  same('throwaway', 'throwaway', SWITCHES),
  same('deletion protection', 'deletionProtection', SWITCHES),
  ['number of zones', 'network.availabilityZones', [1, 2, 3, ['eu-west-1a'], ['us-gov-west-1b']], [0, 4, 1.5, '2', []]],
  [
    'names of zones',
    'network.availabilityZones',
    [['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
    [
      ['eu-west-1'],
      ['eu-west-1ab'],
      ['eu-west-11a'],
      ['x-eu-west-1a'],
      ['EU-west-1a'],
      ['eu-1a'],
      Array(4).fill('eu-west-1a'),
    ],
  ],
  same('range of the sessions', 'network.sessionsCidr', CIDRS),
  same('range of the services', 'network.egressCidr', CIDRS),
  [
    'private zone',
    'network.zone',
    ['agents.internal', 'a-1.b2.internal'],
    ['internal', '.internal', 'agents.', 'a..b', 'Agents.internal', 'agents.Internal', 'a b.internal', 'a_b.internal'],
  ],
  [
    'prefix list',
    'network.s3PrefixList',
    ['pl-6da54004', `pl-${'a'.repeat(17)}`],
    ['pl-6da5400', `pl-${'a'.repeat(18)}`, 'pl-6da5400g', 'xpl-6da54004', 'com.amazonaws.eu-west-1.s3'],
  ],
  same('repositories', 'repositories', SLUGS),
  same('blocked hosts', 'blocked', HOSTS),
  [
    'image by full name',
    `${PROFILE}.image`,
    [`${ECR}/agent@sha256:${HEX}`, `${ECR}/0/te-am_x/a.b@sha256:${HEX}`],
    [
      `${ECR}/agent:latest`,
      `${ECR}/agent@sha256:${HEX}0`,
      `${ECR}/agent@sha256:${HEX.slice(1)}`,
      `${ECR}/agent@sha256:${HEX.slice(1)}g`,
      `${ECR}/agent@sha512:${HEX}`,
      `${ECR}/@sha256:${HEX}`,
      `${ECR}/-agent@sha256:${HEX}`,
      `${ECR}/Agent@sha256:${HEX}`,
      `${ECR}/aGent@sha256:${HEX}`,
      `${ECR}/agent:1@sha256:${HEX}`,
      `${ECR}.evil.test/agent@sha256:${HEX}`,
      `1${ECR}/agent@sha256:${HEX}`,
      `${ECR.slice(1)}/agent@sha256:${HEX}`,
      `evil.test/${ECR}/agent@sha256:${HEX}`,
      `public.ecr.aws/agent@sha256:${HEX}`,
      `a${ECR.slice(1)}/agent@sha256:${HEX}`,
      `111122223333.dkr.ecr..amazonaws.com/agent@sha256:${HEX}`,
      `111122223333.dkr.ecr.EU.amazonaws.com/agent@sha256:${HEX}`,
    ],
  ],
  ['folder of an image', `${PROFILE}.image`, [{ build: '.' }], [{ build: '' }, { build: 1 }, {}]],
  same('repository of an image', `${PROFILE}.image.repository`, SLUGS),
  [
    'digest of an image',
    `${PROFILE}.image.digest`,
    [`sha256:${HEX}`],
    [`sha256:${HEX}0`, `sha256:${HEX.slice(1)}`, `sha256:${HEX.slice(1)}G`, `xsha256:${HEX}`, HEX, 'latest'],
  ],
  ['command', `${PROFILE}.command`, [[], ['run', '-x y']], [[''], ['a\nb'], [1], { run: 1 }]],
  ['vCPUs', `${PROFILE}.size.cpu`, [0.25, 2], ['2', null]],
  same('memory', `${PROFILE}.size.memory`, SIZES),
  same('storage', `${PROFILE}.size.storage`, SIZES),
  same('lifetime', `${PROFILE}.lifetime`, DURATIONS),
  same('idle time', `${PROFILE}.idleTimeout`, DURATIONS),
  ['mode', `${PROFILE}.egress.mode`, ['enforce', 'observe'], ['', 'Observe', 'off', true]],
  ['presets', `${PROFILE}.egress.presets`, [[], ['npm', 'pypi']], [['nmp'], ['']]],
  same('blocked hosts of a profile', `${PROFILE}.egress.blocked`, HOSTS),
  ...['egress.rules.0', 'egress.requestable.0', 'grants.tickets', 'grants.wiki', 'grants.store'].flatMap(
    (at): readonly Spelling[] => {
      const path = `${PROFILE}.${at}`;
      return [
        same(`host of ${at}`, `${path}.host`, HOSTS),
        [`methods of ${at}`, `${path}.methods`, [['GET'], ['POST', 'DELETE']], [[], ['get'], ['CONNECT'], ['TRACE']]],
        [`paths of ${at}`, `${path}.paths`, [['/'], ['/v1/**', '/a*b']], [[], ['v1'], ['/a?b'], ['/a/../b'], [1]]],
        [`query of ${at}`, `${path}.query`, [[], [{ name: 'q' }]], [[{}], [{ name: '' }], { q: 1 }]],
        [`GraphQL of ${at}`, `${path}.graphql`, [{ operations: ['query'] }], [{}, { operations: [] }, 'query']],
        [`MCP of ${at}`, `${path}.mcp`, [{ tools: ['search'] }], [{}, { tools: [] }, 'search']],
        same(`maxBody of ${at}`, `${path}.maxBody`, SIZES),
        [`rate of ${at}`, `${path}.rate`, [1, 60], [0, -1, 1.5, '60']],
        same(`websocket of ${at}`, `${path}.websocket`, SWITCHES),
        [`urls of ${at}`, `${path}.urls`, ['seen'], ['Seen', 'all', true, '']],
        [`maxUrlBytes of ${at}`, `${path}.maxUrlBytes`, [16, 1024], [15, 16.5, '1024', '1KiB', null]],
        [`maxOpaqueBytes of ${at}`, `${path}.maxOpaqueBytes`, [0, 128], [-1, 0.5, '128', null]],
        [`distinctUrls of ${at}`, `${path}.distinctUrls`, [1, 200, 100_000], [0, -1, 1.5, 100_001, '200', null]],
        same(`allowPrivate of ${at}`, `${path}.allowPrivate`, SWITCHES),
        same(`ask of ${at}`, `${path}.ask`, SWITCHES),
      ];
    },
  ),
  same('reason of a rule', `${PROFILE}.egress.rules.0.reason`, LINES),
  same('reason of what may be asked for', `${PROFILE}.egress.requestable.0.reason`, LINES),
  same('name of a grant', `${PROFILE}.grants.wiki.provider`, SLUGS),
  [
    'repositories of a grant',
    `${PROFILE}.grants.github.repositories`,
    ['acme/shop', 'a/b', 'A-1/b.c_d-e', 'acme/.github', `acme/${'a'.repeat(100)}`, `${'a'.repeat(39)}/b`],
    [
      ...['acme', 'acme/', '/shop', 'acme/shop/x', '-a/b', 'a_b/c', 'a b/c', 'acme/.', 'acme/..', 'acme/shop.git'],
      ...[
        'acme/shop.GIT',
        'acme/a*',
        '*/*',
        `acme/${'a'.repeat(101)}`,
        `${'a'.repeat(40)}/b`,
        ' acme/shop',
        'acme/shop ',
      ],
      [],
    ],
  ],
  ['access of a grant', `${PROFILE}.grants.github.access`, ['read', 'write'], ['admin', '', 'Read']],
  [
    'role of a grant',
    `${PROFILE}.grants.cloud.role`,
    [`${ROLE}/agent`, `${ROLE}/a/b_c+=,.@-`, 'arn:aws-us-gov:iam::111122223333:role/agent'],
    [
      ...[`${ROLE}/`, `${ROLE}/a b`, `x${ROLE}/agent`, `${ROLE}/*`, ROLE, 'arn:aws:iam::111122223333:user/agent'],
      ...['arn:aws:iam::1111222233334:role/agent', 'arn:aws:iam::11112222333:role/agent', 'agent'],
      ...['arn:aws:iam::aaaabbbbcccc:role/agent', 'arn:aws1:iam::111122223333:role/agent'],
    ],
  ],
  same('region of a grant', `${PROFILE}.grants.cloud.region`, REGIONS),
  [
    'services of a grant',
    `${PROFILE}.grants.cloud.services`,
    ['dynamodb', 'api.ecr', 'bedrock-runtime', 'a.b.c', 'a1.b2'],
    ['.s3', 's3.', 'a..b', 'SQS', 'a.SQS', 'a b', 'a.b c', '*', 'a_b', ''],
  ],
  [
    'buckets of a grant',
    `${PROFILE}.grants.cloud.buckets`,
    ['abc', '1-2', 'a'.repeat(63)],
    ['ab', '-ab', 'ab-', 'a.b', 'aBc', 'Abc', 'abC', 'a'.repeat(64), '*', ''],
  ],
  [
    'secret of a grant',
    `${PROFILE}.grants.tickets.secret`,
    [`${SECRET}:tickets-AbCdEf`, `${SECRET}:a/b_c+=.@-1`, SECRET.replace('aws', 'aws-cn').concat(':x')],
    [
      ...[`${SECRET}:`, `${SECRET}:a b`, `${SECRET}:*`, `x${SECRET}:a`, `${SECRET}:a\n`, 'ghp_0123456789'],
      ...[
        `${SECRET}:a`.replace('1111', '111'),
        `${SECRET}:a`.replace('1111', '11111'),
        `${SECRET}:a`.replace('1111', 'aaaa'),
      ],
      ...[
        `${SECRET}:a`.replace('eu-west-1', ''),
        `${SECRET}:a`.replace('eu-west-1', 'EU'),
        `${SECRET}:a`.replace('aws', 'aws1'),
      ],
    ],
  ],
  [
    'header of a grant',
    `${PROFILE}.grants.tickets.header`,
    ['Authorization', 'x-api-key', 'X1'],
    ['', 'a b', 'a:', ':a', 'é'],
  ],
  ['prefix of a grant', `${PROFILE}.grants.tickets.prefix`, ['', 'Bearer '], [1, null]],
  ['scopes of a grant', `${PROFILE}.grants.wiki.scopes`, [[], ['read', 'a:b']], [[''], [1], 'x\ny']],
  same('audience of a grant', `${PROFILE}.grants.store.audience`, LINES),
  ['models', `${PROFILE}.models.allow`, [[], ['claude']], [[''], [1], 'a\nb']],
  ['budget', `${PROFILE}.models.budget.usd`, [0, 0.5, 20], [-1, '20', null]],
];

describe('W3 how each value of platform.yaml is spelled', () => {
  it.each(SPELLINGS)('W3 %s (%s)', (_, path, right, wrong) => {
    expect(right.filter((value) => !reads(path, value))).toEqual([]);
    expect(wrong.filter((value) => reads(path, value))).toEqual([]);
  });

  it.each(['profiles', `${PROFILE}.grants`])('W3 names below %s', (path) => {
    const child =
      path === 'profiles' ? { image: { build: '.' } } : { kind: 'oidc', audience: 'x', host: 'a.example.com' };
    expect(SLUGS.right.filter((name) => !reads(path, { [name]: child }))).toEqual([]);
    expect(SLUGS.wrong.filter((name) => reads(path, { [name]: child }))).toEqual([]);
    expect(reads(path, [])).toBe(false);
  });

  it('W3 at least one profile', () => {
    expect(reads('profiles', {})).toBe(false);
  });

  it('W3 only what is needed has to be there', () => {
    const least = { version: 1, name: 'acme', region: 'eu-west-1', profiles: { first: { image: { build: '.' } } } };
    expect(platformYaml.safeParse(least).success).toBe(true);
    for (const key of Object.keys(least)) {
      expect([key, platformYaml.safeParse({ ...least, [key]: undefined }).success]).toEqual([key, false]);
    }
  });
});
