import { checkGrants } from '../../../core/profile/check-grants';
import type { GrantConfig, ProfileConfig } from '../../../core/profile/config';
import { formatPath } from '../../../core/profile/problem';

const base: ProfileConfig = {
  image: { build: '.' },
  size: { cpu: 1, memory: 4096, storage: 21 },
  lifetime: 3600,
  idleTimeout: 900,
  egress: { presets: [], rules: [], requestable: [], blocked: [] },
  grants: {},
  models: { allow: [], budget: 0 },
};
const problems = (grants: Record<string, GrantConfig>) => checkGrants({ ...base, grants });
const paths = (grants: Record<string, GrantConfig>): string[] => problems(grants).map(({ path }) => formatPath(path));

const host = 'a.example.com';
const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:x-AbCdEf';
const header = (change: { header?: string; prefix?: string; host?: string }): GrantConfig => ({
  kind: 'secret-header',
  secret,
  header: 'Authorization',
  host,
  ...change,
});
const github = (...repositories: string[]): GrantConfig => ({ kind: 'github-app', repositories, access: 'read' });
const aws = (names: { services?: string[]; buckets?: string[] }): GrantConfig => ({
  kind: 'aws-role',
  role: 'arn:aws:iam::111122223333:role/agent',
  region: 'eu-west-1',
  ...names,
});

describe('C4 a credential rides in a header of its own', () => {
  // RFC 9110 and 9112: what frames a message, says where it goes, or belongs to one hop.
  const framing = [
    ...['Connection', 'Content-Length', 'Expect', 'Host', 'Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection'],
    ...['TE', 'Trailer', 'Transfer-Encoding', 'Upgrade'],
  ];

  it.each(framing)('C4 not in %s, in whatever case', (name) => {
    for (const spelled of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(paths({ x: header({ header: spelled }) })).toEqual(['grants.x.header']);
    }
  });

  it.each(['', 'a b', 'a:', ':a', 'a\r', 'é'])('C4 not in %j, which is no name of a header', (name) => {
    expect(paths({ x: header({ header: name }) })).toEqual(['grants.x.header']);
  });

  it.each(['Authorization', 'x-api-key', 'X1'])('C4 in %s', (name) => {
    expect(paths({ x: header({ header: name }) })).toEqual([]);
  });

  it.each(['a\nb', '\ra', 'a\r', '\x1f', '\x7f', 'é'])('C4 not behind the prefix %j', (prefix) => {
    expect(paths({ x: header({ prefix }) })).toEqual(['grants.x.prefix']);
  });

  it.each([undefined, '', 'Bearer ', ' ~'])('C4 behind the prefix %j', (prefix) => {
    expect(paths({ x: header({ prefix }) })).toEqual([]);
  });

  it.each<[string, GrantConfig]>([
    ['a header', header({ host: '*.example.com' })],
    ['a header, apex in', header({ host: '.example.com' })],
    ['OAuth', { kind: 'oauth', provider: 'wiki', host: '*.example.com' }],
    ['OIDC', { kind: 'oidc', audience: 'store', host: '.example.com' }],
  ])('C4 not to a wildcard: %s', (_, grant) => {
    expect(paths({ x: grant })).toEqual(['grants.x.host']);
  });

  it('C4 a host that is wrong anyhow is told where hosts are checked, not here too', () => {
    expect(paths({ x: header({ host: '*.com' }), y: header({ host: '10.0.0.1' }) })).toEqual([]);
  });

  it('C4 a header grant on a body of two kinds is told as on a rule', () => {
    const graphql = { operations: ['query' as const] };
    expect(paths({ x: { kind: 'oidc', audience: 'store', host, graphql } })).toEqual(['grants.x.graphql']);
  });
});

describe('C3 repositories', () => {
  it.each(['*/*', 'acme', 'acme/shop/x', 'acme/..', 'acme/shop.git', 'acme/shop\n'])('C3 %j is none', (name) => {
    expect(paths({ x: github('acme/shop', name) })).toEqual(['grants.x.repositories[1]']);
  });

  it('C3 one repository is in one grant, in whatever case', () => {
    const found = problems({ a: github('acme/site', 'acme/shop'), b: github('acme/docs', 'Acme/Shop') });
    expect(found).toMatchObject([
      { path: ['grants', 'b', 'repositories', 1], got: '"Acme/Shop", which grant "a" names too' },
    ]);
    expect(paths({ a: github('acme/shop'), b: aws({ services: ['sqs'] }), c: github('acme/site') })).toEqual([]);
  });

  it('C3 twice in one grant is told once', () => {
    expect(paths({ x: github('acme/shop', 'ACME/shop') })).toEqual(['grants.x.repositories[1]']);
  });
});

describe('C2 AWS grants', () => {
  it.each(['s3', 's3.dualstack', 'attacker.s3', 's3-website', 's3-fips.dualstack', 'x.s3-control'])(
    'C4 %s is everybody’s buckets',
    (service) => {
      expect(paths({ x: aws({ services: ['sqs', service] }) })).toEqual(['grants.x.services[1]']);
    },
  );

  it.each(['s3tables', 'sts3', 'api.ecr', 'dynamodb'])('C2 %s is not', (service) => {
    expect(paths({ x: aws({ services: [service] }) })).toEqual([]);
  });

  it('C2 each service and bucket is named once', () => {
    expect(paths({ x: aws({ services: ['sqs', 'sqs'], buckets: ['a-b', 'a-b'] }) })).toEqual([
      'grants.x.services[1]',
      'grants.x.buckets[1]',
    ]);
  });

  it('C4 a name that makes a pattern is refused with the host it would make', () => {
    expect(problems({ x: aws({ services: ['.sqs'] }) })).toMatchObject([
      { path: ['grants', 'x'], got: expect.stringContaining('".sqs.eu-west-1.amazonaws.com"') },
    ]);
    expect(paths({ x: aws({ buckets: ['a b'] }) })).toEqual(['grants.x']);
  });

  it.each<[string, GrantConfig, string]>([
    ['no repository', github(), 'repositories'],
    ['no service and no bucket', aws({}), 'services or buckets'],
  ])('C4 a grant with %s is refused', (_, grant, expected) => {
    expect(problems({ x: grant })).toMatchObject([{ path: ['grants', 'x'], expected }]);
  });
});
