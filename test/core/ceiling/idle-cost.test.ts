import * as fc from 'fast-check';
import { idleCost, WAIVED_NAT } from '../../../core/ceiling/idle-cost';
import { egressVpc, firewall, proxyTask, ref, resource, template } from './templates';

/** Lines as `count what usd`, so that a difference reads like a bill. */
function bill(resources: Parameters<typeof template>[0]): string[] {
  return idleCost({ Platform: template(resources) }).lines.map(
    ({ what, count, usdPerMonth }) => `${count} ${what} ${usdPerMonth.toFixed(2)}`,
  );
}

const unpriced = (resources: Parameters<typeof template>[0]) => idleCost({ Platform: template(resources) }).unpriced;

describe('W7 what is not known is never free', () => {
  it('reports a type nobody has thought about', () => {
    const cost = idleCost({ Platform: template({ New: resource('AWS::QuantumLedger::Bridge') }) });
    expect(cost).toEqual({ lines: [], totalUsdPerMonth: 0, unpriced: ['AWS::QuantumLedger::Bridge'] });
  });

  it('does not mistake a name that every object has for a type', () => {
    expect(unpriced({ It: resource('toString') })).toEqual(['toString']);
  });

  it('reports custom resources of others, which can make anything, and takes those of the CDK as free', () => {
    expect(
      unpriced({
        Theirs: resource('Custom::MakeCluster'),
        Generic: resource('AWS::CloudFormation::CustomResource'),
        Sdk: resource('Custom::AWS'),
        Cdk: resource('Custom::VpcRestrictDefaultSG'),
        Ours: resource('Custom::ZoneAssociation'),
      }),
    ).toEqual(['AWS::CloudFormation::CustomResource', 'Custom::AWS', 'Custom::MakeCluster']);
  });

  it('reports a nested stack, whose template it has not seen', () => {
    expect(unpriced({ Nested: resource('AWS::CloudFormation::Stack') })).toEqual(['AWS::CloudFormation::Stack']);
  });

  it('knows every type the platform is made of', () => {
    const types = `EC2::VPC EC2::Subnet EC2::RouteTable EC2::Route EC2::SubnetRouteTableAssociation EC2::SecurityGroup
      EC2::SecurityGroupIngress EC2::SecurityGroupEgress EC2::VPCPeeringConnection EC2::FlowLog EC2::PrefixList
      EC2::InternetGateway EC2::VPCGatewayAttachment NetworkFirewall::FirewallPolicy NetworkFirewall::RuleGroup
      NetworkFirewall::LoggingConfiguration Route53Resolver::FirewallRuleGroup
      Route53Resolver::ResolverQueryLoggingConfig Route53Resolver::ResolverQueryLoggingConfigAssociation
      Logs::LogGroup KMS::Alias IAM::Role IAM::Policy IAM::ManagedPolicy ECS::Cluster ECS::TaskDefinition
      ECR::Repository S3::Bucket S3::BucketPolicy Lambda::Function Lambda::Permission AppConfig::Application
      AppConfig::Environment AppConfig::ConfigurationProfile AppConfig::HostedConfigurationVersion
      AppConfig::Deployment AppConfig::DeploymentStrategy SSM::Parameter CDK::Metadata`.split(/\s+/);
    const resources = Object.fromEntries(types.map((type, i) => [`R${i}`, resource(`AWS::${type}`)]));
    expect(idleCost({ Platform: template(resources) })).toEqual({ lines: [], totalUsdPerMonth: 0, unpriced: [] });
  });

  it.each([
    ['subnets from a parameter', 'AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface', SubnetIds: ref('Subnets') }],
    ['an endpoint of another type', 'AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Resource', SubnetIds: ['a'] }],
    ['a firewall without zones', 'AWS::NetworkFirewall::Firewall', { VpcId: ref('Vpc') }],
    ['a regional NAT gateway', 'AWS::EC2::NatGateway', { AvailabilityMode: 'regional', VpcId: ref('Vpc') }],
    ['a service of an unknown task', 'AWS::ECS::Service', { DesiredCount: 1, TaskDefinition: 'proxy:1' }],
    ['domains in a file', 'AWS::Route53Resolver::FirewallDomainList', { DomainFileUrl: 's3://bucket/list' }],
    ['a table whose capacity is not said', 'AWS::DynamoDB::Table', {}],
    ['provisioned concurrency', 'AWS::Lambda::Alias', { ProvisionedConcurrencyConfig: {} }],
    ['a cache', 'AWS::ApiGateway::Stage', { CacheClusterEnabled: true }],
    ['Container Insights', 'AWS::ECS::Cluster', { ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }] }],
    ['rules it can not see', 'AWS::Route53Resolver::FirewallRuleGroupAssociation', { FirewallRuleGroupId: 'rslvr-1' }],
  ])('says so about %s', (_, type, properties) => {
    const found = unpriced({ It: resource(type, properties) });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(type);
  });

  it('does not fall over whatever the template is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, properties) => {
        const types = ['AWS::ECS::Service', 'AWS::EC2::NatGateway', 'AWS::CloudWatch::Alarm', 'toString'];
        idleCost({ A: { Resources: value, Outputs: value } });
        idleCost({
          A: { Resources: Object.fromEntries(types.map((type) => [type, { Type: type, Properties: properties }])) },
        });
      }),
    );
  });
});

describe('W7 idle cost of the network', () => {
  it('counts a firewall for each of its zones', () => {
    expect(bill({ Vpc: resource('AWS::EC2::VPC'), Firewall: firewall(ref('Vpc'), ['a', 'b']) })).toEqual([
      '2 Network Firewall endpoint 576.70',
    ]);
  });

  it('waives the NAT gateway behind a firewall endpoint, and not its address', () => {
    expect(bill({ ...egressVpc(), Firewall: firewall(ref('Vpc')) })).toEqual([
      '1 Network Firewall endpoint 288.35',
      '1 public IPv4 address 3.65',
      `1 ${WAIVED_NAT} 0.00`,
    ]);
  });

  it('waives one for each endpoint and counts the rest', () => {
    expect(bill({ ...egressVpc(['1', '2', '3']), One: firewall(ref('Vpc')), Two: firewall(ref('Vpc')) })).toEqual([
      '2 Network Firewall endpoint 576.70',
      '1 NAT gateway 32.85',
      '3 public IPv4 address 10.95',
      `2 ${WAIVED_NAT} 0.00`,
    ]);
  });

  it('counts a NAT gateway in full where the firewall is in another VPC, or in one that is not known', () => {
    const other = { ...egressVpc(), Other: resource('AWS::EC2::VPC'), Firewall: firewall(ref('Other')) };
    expect(bill(other)).toContain('1 NAT gateway 32.85');
    expect(bill({ ...egressVpc(), Firewall: firewall('vpc-0123') })).toContain('1 NAT gateway 32.85');
  });

  it.each([
    ['a weak reference', { 'Fn::GetStackOutput': { StackName: 'Network', OutputName: 'VpcOut' } }],
    ['an export', { 'Fn::ImportValue': 'Network:Vpc' }],
  ])('finds the VPC in another stack through %s', (_, reference) => {
    const cost = idleCost({
      Firewall: template({ Firewall: firewall(reference) }),
      Network: template(egressVpc(), { Outputs: { VpcOut: { Value: ref('Vpc'), Export: { Name: 'Network:Vpc' } } } }),
    });
    expect(cost.lines.map(({ what }) => what)).toContain(WAIVED_NAT);
  });

  it('counts interface endpoints in each zone, and gateway endpoints not at all', () => {
    const type = 'AWS::EC2::VPCEndpoint';
    const logs = { VpcEndpointType: 'Interface', SubnetIds: [ref('A'), ref('B')] };
    expect(bill({ Logs: resource(type, logs), Ecr: resource(type, { ...logs, SubnetIds: [ref('A')] }) })).toEqual([
      '3 interface endpoint in one zone 21.90',
    ]);
    const free = {
      S3: resource(type, { VpcEndpointType: 'Gateway', RouteTableIds: [ref('R')] }),
      Untyped: resource(type, { RouteTableIds: [ref('R')] }),
    };
    expect(idleCost({ Platform: template(free) })).toEqual({ lines: [], totalUsdPerMonth: 0, unpriced: [] });
  });

  it('counts names in DNS Firewall lists, the zone of a namespace, and rules that look for tunnels', () => {
    const plain = { FirewallRules: [{ Action: 'BLOCK', FirewallDomainListId: ref('List') }] };
    const advanced = { FirewallRules: [{ Action: 'BLOCK', DnsThreatProtection: 'DNS_TUNNELING' }] };
    const association = (group: string) =>
      resource('AWS::Route53Resolver::FirewallRuleGroupAssociation', {
        FirewallRuleGroupId: { 'Fn::GetAtt': [group, 'Id'] },
      });
    expect(
      bill({
        List: resource('AWS::Route53Resolver::FirewallDomainList', { Domains: Array(40).fill('a.example.com') }),
        Plain: resource('AWS::Route53Resolver::FirewallRuleGroup', plain),
        Tunnels: resource('AWS::Route53Resolver::FirewallRuleGroup', advanced),
        PlainAssociation: association('Plain'),
        TunnelsAssociation: association('Tunnels'),
        Zone: resource('AWS::ServiceDiscovery::PrivateDnsNamespace', { Name: 'agents.internal' }),
      }),
    ).toEqual([
      '1 DNS Firewall Advanced rule group on a VPC 116.80',
      '1 hosted zone 0.50',
      '40 DNS Firewall domain name 0.02',
    ]);
  });

  it('counts a load balancer and the addresses it shows to the internet', () => {
    const type = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
    expect(bill({ Inside: resource(type, { Scheme: 'internal', Subnets: ['a', 'b'] }) })).toEqual([
      '1 load balancer (application or network) 16.43',
    ]);
    expect(bill({ Outside: resource(type, { Scheme: 'internet-facing', Subnets: ['a', 'b'] }) })).toContain(
      '2 public IPv4 address 7.30',
    );
  });
});

describe('W7 idle cost of services', () => {
  const service = (more = {}) =>
    resource('AWS::ECS::Service', { TaskDefinition: ref('Task'), DesiredCount: 1, ...more });

  it('counts the tasks a service keeps at the size of its task definition', () => {
    expect(bill({ Task: proxyTask(), Proxy: service() })).toEqual(['1 Fargate task, 0.5 vCPU, 1 GB, ARM 14.42']);
    expect(bill({ Task: proxyTask({ RuntimePlatform: {} }), Proxy: service({ DesiredCount: 2 }) })).toEqual([
      '2 Fargate task, 0.5 vCPU, 1 GB 36.04',
    ]);
  });

  it('does not count a task definition that nothing keeps running: that is a session', () => {
    expect(bill({ Task: proxyTask() })).toEqual([]);
    expect(bill({ Task: proxyTask(), Off: service({ DesiredCount: 0 }) })).toEqual([]);
  });

  it('counts the public address of each task in tier LEAN', () => {
    const network = { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED', Subnets: ['a'] } };
    expect(bill({ Task: proxyTask(), Proxy: service({ DesiredCount: 2, NetworkConfiguration: network }) })).toContain(
      '2 public IPv4 address 7.30',
    );
  });

  it('takes one task where no count is given, and the floor of auto scaling where there is one', () => {
    const scaled = resource('AWS::ApplicationAutoScaling::ScalableTarget', {
      MinCapacity: 3,
      ResourceId: { 'Fn::Join': ['', ['service/', ref('Cluster'), '/', { 'Fn::GetAtt': ['Proxy', 'Name'] }]] },
    });
    const proxy = service({ DesiredCount: undefined });
    expect(bill({ Task: proxyTask(), Proxy: proxy })).toEqual(['1 Fargate task, 0.5 vCPU, 1 GB, ARM 14.42']);
    expect(bill({ Task: proxyTask(), Proxy: proxy, Scaled: scaled })).toEqual([
      '3 Fargate task, 0.5 vCPU, 1 GB, ARM 43.25',
    ]);
    expect(bill({ Task: proxyTask(), Proxy: service({ DesiredCount: 1 }), Scaled: scaled })[0]).toMatch(/^3 /);
    expect(bill({ Task: proxyTask(), Proxy: service({ DesiredCount: 4 }), Scaled: scaled })[0]).toMatch(/^4 /);
  });

  it('leaves tasks on instances to the instances, which it reports', () => {
    const app = { Task: proxyTask(), Proxy: service({ LaunchType: 'EC2' }), Host: resource('AWS::EC2::Instance') };
    expect(bill(app)).toEqual([]);
    expect(unpriced(app)).toEqual(['AWS::EC2::Instance']);
  });

  it('reads a count from the default of a parameter', () => {
    const cost = idleCost({
      Platform: template(
        { Task: proxyTask(), Proxy: service({ DesiredCount: ref('Count') }) },
        { Parameters: { Count: { Type: 'Number', Default: 2 } } },
      ),
    });
    expect(cost.lines[0]?.count).toBe(2);
  });

  it('counts storage above the 20 GiB that come with a task', () => {
    const cost = (gib: number) =>
      bill({ Task: proxyTask({ EphemeralStorage: { SizeInGiB: gib } }), Proxy: service() })[0];
    expect(cost(20)).toBe('1 Fargate task, 0.5 vCPU, 1 GB, ARM 14.42');
    expect(cost(120)).toBe('1 Fargate task, 0.5 vCPU, 1 GB, ARM 22.52');
  });
});

describe('W7 idle cost of the rest', () => {
  it('counts keys, secrets with their replicas, alarms and web ACLs', () => {
    expect(
      bill({
        KeyA: resource('AWS::KMS::Key'),
        KeyB: resource('AWS::KMS::Key'),
        Secret: resource('AWS::SecretsManager::Secret', { ReplicaRegions: [{ Region: 'eu-west-2' }] }),
        Alarm: resource('AWS::CloudWatch::Alarm', { Period: 60 }),
        Fast: resource('AWS::CloudWatch::Alarm', { Period: 10 }),
        Math: resource('AWS::CloudWatch::Alarm', {
          Metrics: [
            { Id: 'e', Expression: 'a/b' },
            { Id: 'a', MetricStat: { Metric: {}, Period: 60 } },
            { Id: 'b', MetricStat: { Metric: {}, Period: 60 } },
          ],
        }),
        Acl: resource('AWS::WAFv2::WebACL', { Rules: [{}, {}] }),
      }),
    ).toEqual(
      [
        '1 WAF web ACL 5.00',
        '2 KMS key 2.00',
        '2 WAF rule 2.00',
        '2 secret 0.80',
        '3 CloudWatch alarm metric 0.30',
        '1 CloudWatch alarm metric under 60 s 0.30',
      ].sort((a, b) => Number(b.split(' ').at(-1)) - Number(a.split(' ').at(-1))),
    );
  });

  it('takes a table on demand as free and counts a provisioned one with its indexes', () => {
    const throughput = { ProvisionedThroughput: { ReadCapacityUnits: 10, WriteCapacityUnits: 10 } };
    expect(bill({ T: resource('AWS::DynamoDB::Table', { BillingMode: 'PAY_PER_REQUEST' }) })).toEqual([]);
    expect(
      bill({ T: resource('AWS::DynamoDB::Table', { ...throughput, GlobalSecondaryIndexes: [throughput] }) }),
    ).toEqual(['20 DynamoDB provisioned write unit 9.49', '20 DynamoDB provisioned read unit 1.90']);
  });

  it('adds up over stacks, dearest first, and rounds only at the end', () => {
    const key = resource('AWS::KMS::Key');
    const list = resource('AWS::Route53Resolver::FirewallDomainList', { Domains: ['a.example.com'] });
    const cost = idleCost({ A: template({ key, list }), B: template({ key, nat: resource('AWS::EC2::NatGateway') }) });
    expect(cost.lines.map(({ what }) => what)).toEqual(['NAT gateway', 'KMS key', 'DNS Firewall domain name']);
    expect(cost.totalUsdPerMonth).toBe(34.85);
  });
});
