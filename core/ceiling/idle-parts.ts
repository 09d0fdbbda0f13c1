import { STORAGE_GIB } from '../session/size';
import { isIdleFree } from './idle-free';
import { monthly, PRICES, type PriceName } from './prices';
import { fields, type Inventory, isTrue, list, type TemplateResource, text } from './template';

/** What one resource costs a month while nothing runs, or that it can't be told from the template. */
export type IdlePart =
  | { readonly kind: 'priced'; readonly what: string; readonly count: number; readonly usdPerMonth: number }
  | { readonly kind: 'unpriced'; readonly what: string };

type Pricer = (resource: TemplateResource, app: Inventory) => readonly IdlePart[];

/** Empty for a type that is known to cost nothing; `unpriced` for one that is not known at all. */
export function idleParts(resource: TemplateResource, app: Inventory): readonly IdlePart[] {
  const pricer = Object.hasOwn(PRICERS, resource.type) ? PRICERS[resource.type] : undefined;
  if (pricer !== undefined) return pricer(resource, app);
  return isIdleFree(resource.type) ? [] : [unpriced(resource)];
}

/** One endpoint for each zone the firewall stands in. Undefined when the template does not tell. */
export function firewallEndpoints({ properties }: TemplateResource): number | undefined {
  return list(properties.SubnetMappings)?.length ?? list(properties.AvailabilityZoneMappings)?.length;
}

const each =
  (name: PriceName): Pricer =>
  () => [part(name, 1)];

const PRICERS: Readonly<Record<string, Pricer>> = {
  'AWS::ApiGateway::Stage': (resource) =>
    isTrue(resource.properties.CacheClusterEnabled) ? [unpriced(resource, 'its cache')] : [],
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::CompositeAlarm': each('compositeAlarm'),
  'AWS::CloudWatch::Dashboard': each('dashboard'),
  'AWS::DynamoDB::GlobalTable': (resource) =>
    resource.properties.BillingMode === 'PAY_PER_REQUEST' ? [] : [unpriced(resource, 'provisioned')],
  'AWS::DynamoDB::Table': table,
  'AWS::EC2::EIP': each('publicIpv4'),
  'AWS::EC2::NatGateway': (resource) =>
    resource.properties.AvailabilityMode === 'regional'
      ? [unpriced(resource, 'regional, billed for each zone in use')]
      : [part('natGateway', 1)],
  'AWS::EC2::TransitGatewayAttachment': each('transitGatewayAttachment'),
  'AWS::EC2::TransitGatewayVpcAttachment': each('transitGatewayAttachment'),
  'AWS::EC2::VPCEndpoint': vpcEndpoint,
  'AWS::ECS::Cluster': (resource) =>
    (list(resource.properties.ClusterSettings) ?? []).some((setting) => {
      const { Name: name, Value: value } = fields(setting);
      return name === 'containerInsights' && value !== 'disabled';
    })
      ? [unpriced(resource, 'Container Insights, by metric')]
      : [],
  'AWS::ECS::Service': service,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': loadBalancer,
  'AWS::KMS::Key': each('kmsKey'),
  'AWS::KMS::ReplicaKey': each('kmsKey'),
  'AWS::Lambda::Alias': provisionedConcurrency,
  'AWS::Lambda::Version': provisionedConcurrency,
  'AWS::NetworkFirewall::Firewall': (resource) => {
    const endpoints = firewallEndpoints(resource);
    return endpoints === undefined ? [unpriced(resource, 'zones not known')] : [part('firewallEndpoint', endpoints)];
  },
  'AWS::Route53::HostedZone': each('hostedZone'),
  'AWS::Route53Resolver::FirewallDomainList': (resource) => {
    const domains = list(resource.properties.Domains);
    return domains === undefined
      ? [unpriced(resource, 'read from a file')]
      : [part('dnsFirewallDomain', domains.length)];
  },
  'AWS::Route53Resolver::FirewallRuleGroupAssociation': dnsFirewallAssociation,
  'AWS::Route53Resolver::ResolverEndpoint': (resource) => {
    const addresses = list(resource.properties.IpAddresses);
    return addresses === undefined ? [unpriced(resource)] : [part('resolverEndpointAddress', addresses.length)];
  },
  'AWS::SSM::Parameter': ({ properties }) => (properties.Tier === 'Advanced' ? [part('advancedParameter', 1)] : []),
  'AWS::SecretsManager::Secret': ({ properties }) => [
    part('secret', 1 + (list(properties.ReplicaRegions)?.length ?? 0)),
  ],
  'AWS::ServiceDiscovery::PrivateDnsNamespace': each('hostedZone'),
  'AWS::ServiceDiscovery::PublicDnsNamespace': each('hostedZone'),
  'AWS::VpcLattice::Service': each('latticeService'),
  'AWS::WAFv2::WebACL': ({ properties }) => [
    part('webAcl', 1),
    part('webAclRule', list(properties.Rules)?.length ?? 0),
  ],
};

/** Gateway endpoints are free, and what CloudFormation makes when no type is given. */
function vpcEndpoint(resource: TemplateResource): readonly IdlePart[] {
  const { VpcEndpointType: type, SubnetIds: subnetIds } = resource.properties;
  if (type === undefined || type === 'Gateway') return [];
  const subnets = list(subnetIds);
  if (subnets === undefined || (type !== 'Interface' && type !== 'GatewayLoadBalancer')) {
    return [unpriced(resource, type === 'Interface' ? 'subnets not known' : `type ${text(type) ?? 'not known'}`)];
  }
  return [part('interfaceEndpoint', subnets.length)];
}

/** Tasks that a service keeps running, and the public addresses they hold. Sessions are started without a service. */
function service(resource: TemplateResource, app: Inventory): readonly IdlePart[] {
  const { properties } = resource;
  // On instances the task itself is free; the instances are resources of their own.
  if (properties.LaunchType === 'EC2' || properties.LaunchType === 'EXTERNAL') return [];
  const task = app.target(properties.TaskDefinition, resource);
  const tasks = taskCount(resource, app);
  const cpuUnits = task && app.count(task.properties.Cpu, task);
  const memoryMiB = task && app.count(task.properties.Memory, task);
  if (task === undefined || tasks === undefined || cpuUnits === undefined || memoryMiB === undefined) {
    return [unpriced(resource, 'size or count not known')];
  }
  const arm = fields(task.properties.RuntimePlatform).CpuArchitecture === 'ARM64';
  const storageGiB = app.count(fields(task.properties.EphemeralStorage).SizeInGiB, task) ?? STORAGE_GIB.free;
  const vpc = fields(fields(properties.NetworkConfiguration).AwsvpcConfiguration);
  const size = { cpuUnits, memoryMiB, storageGiB };
  return [
    {
      kind: 'priced',
      what: `Fargate task, ${cpuUnits / 1024} vCPU, ${memoryMiB / 1024} GB${arm ? ', ARM' : ''}`,
      count: tasks,
      usdPerMonth: tasks * taskPerMonth(size, arm ? 'ARM64' : 'X86_64'),
    },
    ...(vpc.AssignPublicIp === 'ENABLED' ? [part('publicIpv4', tasks)] : []),
  ];
}

export interface TaskSize {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  readonly storageGiB: number;
}

export type Architecture = 'X86_64' | 'ARM64';

export function taskPerMonth(size: TaskSize, architecture: Architecture): number {
  const [vcpu, gb] =
    architecture === 'ARM64'
      ? [monthly('fargateVcpuArm'), monthly('fargateGbArm')]
      : [monthly('fargateVcpuX86'), monthly('fargateGbX86')];
  const paidStorage = Math.max(0, size.storageGiB - STORAGE_GIB.free);
  return (size.cpuUnits / 1024) * vcpu + (size.memoryMiB / 1024) * gb + paidStorage * monthly('fargateStorageGb');
}

/** With auto scaling CDK leaves the count out, and the floor is the target's. CloudFormation's own default is one. */
function taskCount(resource: TemplateResource, app: Inventory): number | undefined {
  const { DesiredCount: desired } = resource.properties;
  const floor = app.resources
    .filter(({ type }) => type === 'AWS::ApplicationAutoScaling::ScalableTarget')
    .filter((target) => namesService(target, resource, app))
    .map((target) => app.count(target.properties.MinCapacity, target))[0];
  const stated = desired === undefined ? (floor ?? 1) : app.count(desired, resource);
  return stated === undefined ? undefined : Math.max(stated, floor ?? 0);
}

/** `service/<cluster>/<name>`, where the name is an attribute of the service. */
function namesService(scalable: TemplateResource, service: TemplateResource, app: Inventory): boolean {
  const [, parts] = list(fields(scalable.properties.ResourceId)['Fn::Join']) ?? [];
  return (list(parts) ?? []).some((piece) => app.target(piece, scalable) === service);
}

/** A math alarm is billed for each metric it looks at; a period under a minute makes it a fast one. */
function alarm({ properties }: TemplateResource): readonly IdlePart[] {
  const metrics = (list(properties.Metrics) ?? []).map((metric) => fields(fields(metric).MetricStat));
  const stats = metrics.filter((stat) => stat.Metric !== undefined);
  const periods = [properties.Period, ...stats.map((stat) => stat.Period)];
  const fast = periods.some((period) => Number(period) < 60);
  return [part(fast ? 'alarmMetricFast' : 'alarmMetric', Math.max(1, stats.length))];
}

function table(resource: TemplateResource, app: Inventory): readonly IdlePart[] {
  const { properties } = resource;
  if (properties.BillingMode === 'PAY_PER_REQUEST') return [];
  const throughputs = [properties, ...(list(properties.GlobalSecondaryIndexes) ?? [])].map((owner) =>
    fields(fields(owner).ProvisionedThroughput),
  );
  const parts = throughputs.map((throughput) => ({
    read: app.count(throughput.ReadCapacityUnits, resource),
    write: app.count(throughput.WriteCapacityUnits, resource),
  }));
  return parts.flatMap(({ read, write }) =>
    read === undefined || write === undefined
      ? [unpriced(resource, 'provisioned')]
      : [part('tableReadUnit', read), part('tableWriteUnit', write)],
  );
}

/** An internet-facing balancer holds a public address in each of its subnets. */
function loadBalancer(resource: TemplateResource): readonly IdlePart[] {
  const { Scheme: scheme, Type: type, Subnets: subnets, SubnetMappings: mappings } = resource.properties;
  if (type === 'gateway') return [unpriced(resource, 'type gateway')];
  const addresses = scheme === 'internal' ? [] : (list(subnets) ?? list(mappings));
  if (addresses === undefined) return [part('loadBalancer', 1), unpriced(resource, 'public addresses not known')];
  return [part('loadBalancer', 1), part('publicIpv4', addresses.length)];
}

function provisionedConcurrency(resource: TemplateResource): readonly IdlePart[] {
  return resource.properties.ProvisionedConcurrencyConfig === undefined
    ? []
    : [unpriced(resource, 'provisioned concurrency')];
}

/** Rules that look for tunnels and generated names are billed by the hour for each VPC; those with lists are not. */
function dnsFirewallAssociation(resource: TemplateResource, app: Inventory): readonly IdlePart[] {
  const group = app.target(resource.properties.FirewallRuleGroupId, resource);
  if (group === undefined) return [unpriced(resource, 'rule group not known')];
  const advanced = (list(group.properties.FirewallRules) ?? []).some(
    (rule) => fields(rule).DnsThreatProtection !== undefined,
  );
  return advanced ? [part('dnsFirewallAdvanced', 1)] : [];
}

function part(name: PriceName, count: number): IdlePart {
  return { kind: 'priced', what: PRICES[name].what, count, usdPerMonth: count * monthly(name) };
}

function unpriced({ type }: TemplateResource, why?: string): IdlePart {
  return { kind: 'unpriced', what: why === undefined ? type : `${type} (${why})` };
}
