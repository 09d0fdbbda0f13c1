import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnRoute, type ISubnet, type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { FirewallPolicy, NetworkFirewall, type NetworkFirewallProps } from '../../../lib/network';
import type { CfnResource } from '../../templates';

const REGION = 'eu-west-1';
const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const WORKLOAD = { subnetGroupName: 'Workload' };
const FIREWALL = { subnetGroupName: 'Firewall' };

/** A VPC as somebody who knows nothing of the platform has it: also with subnets that are not behind the firewall. */
function userVpc(stack: Stack, zones: readonly string[]): Vpc {
  return new Vpc(stack, 'Vpc', {
    availabilityZones: [...zones],
    natGateways: zones.length,
    subnetConfiguration: [
      { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24 },
      { name: 'Firewall', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 28 },
      { name: 'Workload', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 22 },
      { name: 'Data', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
    ],
  });
}

function firewallIn(stack: Stack, vpc: IVpc, props: Partial<NetworkFirewallProps> = {}): NetworkFirewall {
  const policy = FirewallPolicy.fromFirewallPolicyArn(
    stack,
    'Policy',
    `arn:aws:network-firewall:${REGION}:111122223333:firewall-policy/central`,
  );
  return new NetworkFirewall(stack, 'Firewall', {
    vpc,
    policy,
    firewallSubnets: FIREWALL,
    protectedSubnets: WORKLOAD,
    ...props,
  });
}

const reversed = (vpc: IVpc, group: { subnetGroupName: string }): { subnets: ISubnet[] } => ({
  subnets: [...vpc.selectSubnets(group).subnets].reverse(),
});

type Props = (vpc: Vpc, stack: Stack) => Partial<NetworkFirewallProps>;
const CASES: Record<string, { zones: number; props?: Props }> = {
  'one zone': { zones: 1 },
  'two zones': { zones: 2 },
  'three zones': { zones: 3 },
  'subnets named in another order': { zones: 3, props: (vpc) => ({ firewallSubnets: reversed(vpc, FIREWALL) }) },
  'two protected subnets a zone': {
    zones: 2,
    props: () => ({ protectedSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED } }),
  },
  'recorded and unprotected': {
    zones: 2,
    props: (_, stack) => ({
      alertLogGroup: new LogGroup(stack, 'Alerts'),
      flowLogGroup: new LogGroup(stack, 'Flows'),
      protection: false,
    }),
  },
};

/** All of them in one app, so that one synthesis answers every question below. */
const app = new App();
const stacks = Object.entries(CASES).map(([name, { zones, props }], i) => {
  const stack = new Stack(app, `Case${i}`, { env: { region: REGION } });
  const vpc = userVpc(stack, ZONES.slice(0, zones));
  firewallIn(stack, vpc, props?.(vpc, stack));
  return [name, stack] as const;
});
const templates = new Map(stacks.map(([name, stack]) => [name, Template.fromStack(stack)]));

function resources(name: string, type: string): [string, Record<string, unknown>][] {
  const found = (templates.get(name)?.findResources(type) ?? {}) as Record<string, CfnResource>;
  return Object.entries(found).map(([id, { Properties }]) => [id, Properties ?? {}]);
}

interface Path {
  readonly subnet: string;
  readonly zone: unknown;
  /** Of the endpoint that each default route leads to. */
  readonly out: unknown[];
  /** Where in the public route table of which zone the same range comes back through which zone's endpoint. */
  readonly back: unknown[];
}

/** Reads the routes as the network would, from the subnet's own table to the zone of the firewall behind the endpoint. */
function paths(name: string): Path[] {
  const subnets = new Map(resources(name, 'AWS::EC2::Subnet'));
  const zoneOfSubnet = (id: string) => subnets.get(id)?.AvailabilityZone;
  const ref = (value: unknown) => (value as { Ref?: string } | undefined)?.Ref ?? '';
  const subnetOfTable = new Map(
    resources(name, 'AWS::EC2::SubnetRouteTableAssociation').map(([, p]) => [ref(p.RouteTableId), ref(p.SubnetId)]),
  );
  const zoneOfFirewall = new Map(
    resources(name, 'AWS::NetworkFirewall::Firewall').map(([id, p]) => {
      const mappings = p.SubnetMappings as { SubnetId: unknown }[];
      // One zone a firewall: the list of endpoints has no order, and with one entry it needs none.
      expect(mappings).toHaveLength(1);
      return [id, zoneOfSubnet(ref(mappings[0]?.SubnetId))];
    }),
  );
  const zoneOfEndpoint = (value: unknown) => {
    const path = value as {
      'Fn::Select': [1, { 'Fn::Split': [':', { 'Fn::Select': [0, { 'Fn::GetAtt': string[] }] }] }];
    };
    const [id = '', attribute] = path['Fn::Select'][1]['Fn::Split'][1]['Fn::Select'][1]['Fn::GetAtt'];
    expect(attribute).toBe('EndpointIds');
    return zoneOfFirewall.get(id);
  };
  const routes = resources(name, 'AWS::EC2::Route').map(([, p]) => ({
    subnet: subnetOfTable.get(ref(p.RouteTableId)) ?? '',
    to: p.DestinationCidrBlock,
    through: p.VpcEndpointId === undefined ? 'elsewhere' : zoneOfEndpoint(p.VpcEndpointId),
  }));
  const isProtected = ({ Tags }: Record<string, unknown>) =>
    (Tags as { Key: string; Value: string }[]).some(
      ({ Key, Value }) =>
        Key === 'aws-cdk:subnet-name' && (Value === 'Workload' || (name.startsWith('two prot') && Value === 'Data')),
    );
  return [...subnets]
    .filter(([, properties]) => isProtected(properties))
    .map(([id, { CidrBlock, AvailabilityZone }]) => ({
      subnet: id,
      zone: AvailabilityZone,
      out: routes.filter((r) => r.subnet === id && r.to === '0.0.0.0/0').map((r) => r.through),
      back: routes.filter((r) => r.to === CidrBlock).map((r) => [zoneOfSubnet(r.subnet), r.through]),
    }));
}

describe('N14 NetworkFirewall in a VPC of yours', () => {
  it.each([
    ['one zone', 1],
    ['two zones', 2],
    ['three zones', 3],
    ['subnets named in another order', 3],
    ['two protected subnets a zone', 4],
  ])('N14 %s: every protected subnet leaves and returns through the endpoint of its own zone', (name, count) => {
    const found = paths(name);
    expect(found).toHaveLength(count);
    for (const { zone, out, back } of found) {
      expect(zone).toMatch(/^eu-west-1[abc]$/);
      expect(out).toEqual([zone]);
      expect(back).toEqual([[zone, zone]]);
    }
  });

  it('N14 adds no route to subnets that are not protected', () => {
    const { length } = resources('three zones', 'AWS::EC2::Route');
    // Three public and three firewall subnets have their own default route; then one out and one back for each zone.
    expect(length).toBe(3 + 3 + 3 + 3);
  });

  it('N14 firewalls of one policy have names of their own', () => {
    const names = resources('three zones', 'AWS::NetworkFirewall::Firewall').map(([, p]) => p.FirewallName);
    expect(new Set(names).size).toBe(3);
  });

  it('N14 an imported policy is used as it is', () => {
    for (const [, p] of resources('one zone', 'AWS::NetworkFirewall::Firewall')) {
      expect(p.FirewallPolicyArn).toBe(`arn:aws:network-firewall:${REGION}:111122223333:firewall-policy/central`);
    }
  });

  it('N14 AWS refuses to delete or re-plug it, until protection is false', () => {
    const protections = (name: string) =>
      resources(name, 'AWS::NetworkFirewall::Firewall').map(([, p]) => [
        p.DeleteProtection,
        p.FirewallPolicyChangeProtection,
        p.SubnetChangeProtection,
      ]);
    expect(protections('two zones')).toEqual([
      [true, true, true],
      [true, true, true],
    ]);
    expect(protections('recorded and unprotected')).toEqual([
      [false, false, false],
      [false, false, false],
    ]);
  });

  it('N14 the firewall of every zone records refusals and connections where log groups are given', () => {
    const name = 'recorded and unprotected';
    const firewalls = resources(name, 'AWS::NetworkFirewall::Firewall').map(([id]) => id);
    const logged = resources(name, 'AWS::NetworkFirewall::LoggingConfiguration').map(([, p]) => p);
    expect(logged.map((p) => p.FirewallArn)).toEqual(firewalls.map((id) => ({ 'Fn::GetAtt': [id, 'FirewallArn'] })));
    for (const { LoggingConfiguration } of logged) {
      const { LogDestinationConfigs } = LoggingConfiguration as { LogDestinationConfigs: Record<string, unknown>[] };
      const destination = (logGroup: RegExp) => ({ logGroup: { Ref: expect.stringMatching(logGroup) } });
      expect(LogDestinationConfigs).toEqual([
        { LogType: 'ALERT', LogDestinationType: 'CloudWatchLogs', LogDestination: destination(/^Alerts/) },
        { LogType: 'FLOW', LogDestinationType: 'CloudWatchLogs', LogDestination: destination(/^Flows/) },
      ]);
    }
    expect(resources('two zones', 'AWS::NetworkFirewall::LoggingConfiguration')).toEqual([]);
  });
});

describe('N14 NetworkFirewall refuses what would not work, and says what to do', () => {
  let stack: Stack;
  beforeEach(() => {
    stack = new Stack(new App(), 'Stack', { env: { region: REGION } });
  });

  const attributes = (zones: number) => ({
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ZONES.slice(0, zones),
    publicSubnetIds: ['subnet-p1', 'subnet-p2'].slice(0, zones),
    privateSubnetIds: ['subnet-f1', 'subnet-f2'].slice(0, zones),
    privateSubnetNames: ['Firewall'],
    isolatedSubnetIds: ['subnet-w1', 'subnet-w2'].slice(0, zones),
    isolatedSubnetNames: ['Workload'],
    isolatedSubnetIpv4CidrBlocks: ['10.0.8.0/22', '10.0.12.0/22'].slice(0, zones),
  });
  const tables = (zones: number) => ({
    publicSubnetRouteTableIds: ['rtb-p1', 'rtb-p2'].slice(0, zones),
    isolatedSubnetRouteTableIds: ['rtb-w1', 'rtb-w2'].slice(0, zones),
  });

  it('N14 works in an imported VPC with the ids of its route tables', () => {
    firewallIn(stack, Vpc.fromVpcAttributes(stack, 'Vpc', { ...attributes(2), ...tables(2) }));
    const routes = Object.values(Template.fromStack(stack).findResources('AWS::EC2::Route'));
    expect(routes.map(({ Properties: p }) => [p.RouteTableId, p.DestinationCidrBlock])).toEqual([
      ['rtb-w1', '0.0.0.0/0'],
      ['rtb-p1', '10.0.8.0/22'],
      ['rtb-w2', '0.0.0.0/0'],
      ['rtb-p2', '10.0.12.0/22'],
    ]);
  });

  it.each([
    ['of any subnet', {}],
    ['of the protected subnets', { publicSubnetRouteTableIds: ['rtb-p1', 'rtb-p2'] }],
    ['of the public subnets', { isolatedSubnetRouteTableIds: ['rtb-w1', 'rtb-w2'] }],
  ])('N14 refuses an imported VPC without the route table ids %s', (_, given) => {
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { ...attributes(2), ...given });
    expect(() => firewallIn(stack, vpc)).toThrow(
      /its route table is not known.*import the VPC with the route table ids.*endpointId\(zone\)/,
    );
  });

  it('N14 refuses an imported VPC whose ranges are not known, since the way back is a route to exactly one range', () => {
    const { isolatedSubnetIpv4CidrBlocks: _, ...given } = attributes(2);
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { ...given, ...tables(2) });
    expect(() => firewallIn(stack, vpc)).toThrow(/its range is not known.*isolatedSubnetIpv4CidrBlocks/);
  });

  it('N14 refuses protected subnets that share a route table: it could lead to one zone only', () => {
    const shared = { ...tables(2), isolatedSubnetRouteTableIds: ['rtb-w', 'rtb-w'] };
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { ...attributes(2), ...shared });
    expect(() => firewallIn(stack, vpc)).toThrow(/shares its route table.*a route table of its own/);
  });

  it.each([
    ['a NAT gateway', FIREWALL],
    ['an internet gateway', { subnetType: SubnetType.PUBLIC }],
  ])(
    'N14 refuses protected subnets whose default route leads to %s: that would be a way past the firewall',
    (_, where) => {
      const vpc = userVpc(stack, ZONES.slice(0, 1));
      expect(() => firewallIn(stack, vpc, { protectedSubnets: where })).toThrow(
        /has a default route already \(.*DefaultRoute.*\).*PRIVATE_ISOLATED/,
      );
    },
  );

  it('N14 refuses protected subnets with an IPv6 default route, which no endpoint of the firewall carries', () => {
    const vpc = userVpc(stack, ZONES.slice(0, 1));
    const [subnet] = vpc.isolatedSubnets;
    if (subnet === undefined) throw new Error('no subnet');
    new CfnRoute(subnet, 'Ipv6', {
      routeTableId: subnet.routeTable.routeTableId,
      destinationIpv6CidrBlock: '::/0',
      egressOnlyInternetGatewayId: 'eigw-1',
    });
    expect(() => firewallIn(stack, vpc)).toThrow(/has a default route already/);
  });

  it('N14 a route to one range beside it is no default route', () => {
    const vpc = userVpc(stack, ZONES.slice(0, 1));
    const [subnet] = vpc.isolatedSubnets;
    if (subnet === undefined) throw new Error('no subnet');
    new CfnRoute(subnet, 'Office', {
      routeTableId: subnet.routeTable.routeTableId,
      destinationCidrBlock: '192.168.0.0/16',
      transitGatewayId: 'tgw-1',
    });
    expect(() => firewallIn(stack, vpc)).not.toThrow();
  });

  it('N14 refuses a zone with protected subnets and no firewall subnet', () => {
    const vpc = userVpc(stack, ZONES.slice(0, 2));
    const [first] = vpc.selectSubnets(FIREWALL).subnets;
    if (first === undefined) throw new Error('no subnet');
    expect(() => firewallIn(stack, vpc, { firewallSubnets: { subnets: [first] } })).toThrow(
      /no firewall subnet in zone eu-west-1b; got eu-west-1a; give every zone/,
    );
  });

  it('N14 refuses two firewall subnets in a zone: one of them would cost and see nothing', () => {
    const vpc = userVpc(stack, ZONES.slice(0, 1));
    const subnets = [...vpc.selectSubnets(FIREWALL).subnets, ...vpc.publicSubnets];
    expect(() => firewallIn(stack, vpc, { firewallSubnets: { subnets } })).toThrow(
      /got two firewall subnets in zone eu-west-1a, expected one; name one a zone/,
    );
  });

  it('N14 refuses a zone without a return subnet: the engine would see half of each connection', () => {
    const vpc = userVpc(stack, ZONES.slice(0, 2));
    expect(() => firewallIn(stack, vpc, { returnSubnets: { subnets: vpc.publicSubnets.slice(0, 1) } })).toThrow(
      /no return subnet in the zone of Stack\/Vpc\/WorkloadSubnet2; add a public subnet.*returnSubnets/,
    );
  });

  it('N14 endpointId names the zones it has when asked for another', () => {
    const firewall = firewallIn(stack, userVpc(stack, ZONES.slice(0, 2)));
    expect(firewall.endpointId('eu-west-1a')).not.toBe(firewall.endpointId('eu-west-1b'));
    expect(() => firewall.endpointId('eu-west-1c')).toThrow(
      /no firewall subnet in zone eu-west-1c; got eu-west-1a, eu-west-1b; give every zone/,
    );
  });
});

describe('O12 metrics of NetworkFirewall', () => {
  it('O12 are those of the firewall of one zone, and refuse a zone without one', () => {
    const stack = new Stack(new App(), 'Stack', { env: { region: REGION } });
    const firewall = firewallIn(stack, userVpc(stack, ZONES.slice(0, 2)));
    const { dimensions, metricName, namespace } = firewall.metricRejectedPackets('eu-west-1b');
    expect([namespace, metricName]).toEqual(['AWS/NetworkFirewall', 'RejectedPackets']);
    const names = Template.fromStack(stack).findResources('AWS::NetworkFirewall::Firewall', {
      Properties: { FirewallName: dimensions?.FirewallName },
    });
    expect(Object.keys(names)).toEqual([expect.stringMatching(/FirewallZone2/)]);
    expect(dimensions).toMatchObject({ AvailabilityZone: 'eu-west-1b', Engine: 'Stateful' });
    expect(() => firewall.metric('DroppedPackets', 'eu-west-1c')).toThrow(/no firewall subnet in zone eu-west-1c/);
  });
});
