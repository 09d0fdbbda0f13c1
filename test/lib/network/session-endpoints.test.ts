import { resourcesOf, templatesOf, variantNames } from '../../templates';

/**
 * The endpoints that a task's own interface reaches, and so the agent does. An agent can bring keys of another account:
 * what their policies let pass without asking who calls is a way out.
 */

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Principal: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

interface Endpoint {
  readonly service: string;
  readonly statements: Statement[];
  readonly properties: Record<string, unknown>;
}

/** `com.amazonaws.eu-west-1.ecr.api` gives `ecr.api`, also where the region is known at deploy only. */
const serviceName = (name: unknown): string =>
  (typeof name === 'string'
    ? name
    : ((name as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1].at(-1) as string)
  ).replace(/^com\.amazonaws\.[a-z0-9-]+\.|^\./, '');

function endpointsOf(variant: string): Map<string, Endpoint> {
  return new Map(
    resourcesOf(variant).flatMap(([, , { Type, Properties = {} }]) => {
      if (Type !== 'AWS::EC2::VPCEndpoint') return [];
      const service = serviceName(Properties.ServiceName);
      const { Statement } = (Properties.PolicyDocument ?? { Statement: [] }) as { Statement: Statement[] };
      return [[service, { service, statements: Statement, properties: Properties }] as const];
    }),
  );
}

const actions = ({ Action }: Statement): string[] => [Action].flat();
const text = (value: unknown): string => JSON.stringify(value);
const always = ['ecr.api', 'ecr.dkr', 'logs', 's3'];
const MAXIMUM = ['maximum', 'one-stack-maximum'];

describe.each(variantNames())('N2 F7 endpoints of %s', (variant) => {
  const endpoints = endpointsOf(variant);
  const all = [...endpoints.values()];

  it('N2 are those a task needs to start, and GuardDuty in MAXIMUM only', () => {
    expect([...endpoints.keys()].sort()).toEqual(
      [...always, ...(MAXIMUM.includes(variant) ? ['guardduty-data'] : [])].sort(),
    );
  });

  it('N2 each has a policy: without one, an endpoint lets everybody do everything', () => {
    for (const { statements } of all) {
      expect(statements.length).toBeGreaterThan(0);
      for (const statement of statements) {
        expect(statement.Effect).toBe('Allow');
        expect(actions(statement).filter((action) => action.includes('*'))).toEqual([]);
        expect(Object.keys(statement)).not.toContain('NotAction');
        expect(Object.keys(statement)).not.toContain('NotResource');
      }
    }
  });

  it('F7 image layers come without a question about the caller: any condition there stops every task', () => {
    const statements = endpoints.get('s3')?.statements ?? [];
    expect(statements).toEqual([
      {
        Sid: 'ImageLayers',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 's3:GetObject',
        Resource: expect.anything(),
      },
    ]);
    const resource = text(statements[0]?.Resource);
    expect(resource).toMatch(/s3:::prod-(eu-west-1|",\{"Ref":"AWS::Region"\},")-starport-layer-bucket\/\*/);
  });

  it.each(['ecr.api', 'ecr.dkr'])('F7 %s lets the execution role log in, which takes no resource', (service) => {
    const login = endpoints.get(service)?.statements.filter((s) => actions(s).includes('ecr:GetAuthorizationToken'));
    expect(login).toMatchObject([{ Action: 'ecr:GetAuthorizationToken', Resource: '*' }]);
  });

  it.each(['ecr.api', 'ecr.dkr'])('F7 %s lets it pull the images of profiles, and nothing be pushed', (service) => {
    const pull = endpoints.get(service)?.statements.filter((s) => !actions(s).includes('ecr:GetAuthorizationToken'));
    expect(pull?.map(actions)).toEqual([
      ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    ]);
    const repositories = [pull?.[0]?.Resource].flat().map(text);
    for (const repository of repositories) expect(repository).not.toMatch(/repository\/?\*|^"\*"$/);
    const guardDuty = repositories.filter((arn) => arn.includes('aws-guardduty-agent-fargate'));
    // Account of GuardDuty's own registry in eu-west-1.
    expect(guardDuty.map((arn) => arn.includes(':694911143906:'))).toEqual(MAXIMUM.includes(variant) ? [true] : []);
  });

  it('F7 everywhere else the caller is the execution role of the tasks', () => {
    const roles = resourcesOf(variant).filter(
      ([, id, r]) =>
        r.Type === 'AWS::IAM::Role' && text(r).includes('ecs-tasks.amazonaws.com') && !id.includes('EgressProxy'),
    );
    expect(roles).toHaveLength(1);
    const [[, roleId] = ['', '']] = roles;
    const others = all.filter(({ service }) => !['s3', 'guardduty-data'].includes(service));
    for (const { statements } of others) {
      for (const { Condition } of statements) {
        expect(Condition).toEqual({ ArnEquals: { 'aws:PrincipalArn': expect.anything() } });
        expect(text(Condition)).toContain(roleId);
      }
    }
  });

  it('N2 logs go to one group, by two actions', () => {
    const statements = endpoints.get('logs')?.statements ?? [];
    expect(statements.map(actions)).toEqual([['logs:CreateLogStream', 'logs:PutLogEvents']]);
    const [[, group] = ['', '']] = resourcesOf(variant).filter(
      ([, id, r]) => r.Type === 'AWS::Logs::LogGroup' && /Sessions(?:Logs)/.test(id),
    );
    expect(text(statements[0]?.Resource)).toContain(group);
  });

  it('O9 telemetry of GuardDuty comes from this account', () => {
    const statements = endpoints.get('guardduty-data')?.statements ?? [];
    for (const statement of statements) {
      expect(statement).toMatchObject({
        Action: 'guardduty:SendSecurityTelemetry',
        Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
      });
    }
    expect(statements).toHaveLength(MAXIMUM.includes(variant) ? 1 : 0);
  });

  it('N2 each stands in the sessions VPC, behind the group that only sessions reach', () => {
    for (const { service, properties } of all) {
      expect(text(properties.VpcId)).toMatch(/SessionsVpc/);
      if (service === 's3') {
        expect(properties.VpcEndpointType).toBe('Gateway');
        expect([properties.RouteTableIds].flat().every((id) => /SessionSubnet/.test(text(id)))).toBe(true);
        continue;
      }
      expect(properties.PrivateDnsEnabled).toBe(true);
      expect([properties.SecurityGroupIds].flat()).toHaveLength(1);
      expect(text(properties.SecurityGroupIds)).toMatch(/EndpointSecurityGroup/);
      expect([properties.SubnetIds].flat().every((id) => /SessionSubnet/.test(text(id)))).toBe(true);
    }
  });

  it('N2 a name that a session resolves is that of the platform or of one of these endpoints', () => {
    const lists = resourcesOf(variant).filter(
      ([, id, r]) => r.Type === 'AWS::Route53Resolver::FirewallDomainList' && /SessionsDnsAllowed/.test(id),
    );
    // What is written out, and what has an account or a suffix in it that is known at deploy.
    expect(lists).toHaveLength(2);
    const names = lists.flatMap(([, , list]) => ((list.Properties?.Domains ?? []) as unknown[]).map(text));
    const known = /agents\.internal|(api|dkr)\.ecr\.|"logs\.|starport-layer-bucket|guardduty-data\./;
    expect(names.filter((name) => !known.test(name))).toEqual([]);
    expect(names.some((name) => name.includes('guardduty-data.'))).toBe(MAXIMUM.includes(variant));
  });
});

describe('F7 endpoints go last', () => {
  it('F7 their stack refers to the two others, and neither refers to it: CDK refuses a circle', () => {
    const stacks = templatesOf('standard');
    const names = ['network', 'sessions', 'credentials', 'egress', 'lifecycle', 'access', 'endpoints'];
    expect(Object.keys(stacks).sort()).toEqual(names.map((name) => `acme-${name}`).sort());
    const refersTo = (from: string, to: string) => text(stacks[from]).includes(`"StackName":"${to}"`);
    expect(refersTo('acme-endpoints', 'acme-network')).toBe(true);
    expect(refersTo('acme-endpoints', 'acme-sessions')).toBe(true);
    expect(refersTo('acme-network', 'acme-sessions') || refersTo('acme-network', 'acme-endpoints')).toBe(false);
    for (const other of ['acme-endpoints', 'acme-egress']) {
      expect([refersTo('acme-network', other), refersTo('acme-sessions', other)]).toEqual([false, false]);
    }
    expect(refersTo('acme-egress', 'acme-endpoints')).toBe(false);
  });
});
