import { type CfnResource, resourcesOf, variantNames } from '../../templates';

/** What the tiers and switches make of the two VPCs, read from the synthesized variants. */

const ofType = (variant: string, type: string): [string, CfnResource][] =>
  resourcesOf(variant).flatMap(([, id, resource]) => (resource.Type === type ? [[id, resource] as const] : []));
const properties = (variant: string, type: string) =>
  ofType(variant, type).map(([, { Properties }]) => Properties ?? {});
const count = (variant: string, type: string) => ofType(variant, type).length;
const text = (value: unknown) => JSON.stringify(value);

const LEAN = ['lean'];
const MAXIMUM = ['maximum', 'one-stack-maximum'];
const STANDARD = variantNames().filter((name) => ![...LEAN, ...MAXIMUM].includes(name));

/** Subnets of one VPC, as they are called after its group: `Sessions` or `Egress`. */
const subnets = (variant: string, group: string) => {
  // Tier lean has its services in the public subnets.
  const name = group === 'Service' && LEAN.includes(variant) ? 'Public' : group;
  return ofType(variant, 'AWS::EC2::Subnet').filter(([, { Properties }]) =>
    text(Properties?.Tags).includes(`{"Key":"aws-cdk:subnet-name","Value":"${name}"}`),
  );
};

/** Routes of the tables of one group's subnets. */
function routes(variant: string, group: string) {
  const ids = subnets(variant, group).map(([id]) => id);
  const tables = properties(variant, 'AWS::EC2::SubnetRouteTableAssociation')
    .filter(({ SubnetId }) => ids.some((id) => text(SubnetId).includes(`"${id}"`)))
    .map(({ RouteTableId }) => text(RouteTableId));
  expect(new Set(tables).size).toBe(ids.length);
  return properties(variant, 'AWS::EC2::Route').filter(({ RouteTableId }) => tables.includes(text(RouteTableId)));
}

describe.each(variantNames())('N2 in %s', (variant) => {
  it('N2 a session has no route but to the service subnets', () => {
    const found = routes(variant, 'Session');
    const services = subnets(variant, 'Service').map(([, { Properties }]) => Properties?.CidrBlock);
    expect(found.length).toBe(services.length * subnets(variant, 'Session').length);
    for (const { DestinationCidrBlock, VpcPeeringConnectionId, ...others } of found) {
      expect(services).toContain(DestinationCidrBlock);
      expect(VpcPeeringConnectionId).toBeDefined();
      expect(Object.keys(others)).toEqual(['RouteTableId']);
    }
  });

  it('N2 the sessions VPC has one tier of isolated subnets and no gateway; the other VPC has the only one', () => {
    const sessionsVpc = text(subnets(variant, 'Session')[0]?.[1].Properties?.VpcId);
    const inIt = ofType(variant, 'AWS::EC2::Subnet').filter(([, r]) => text(r.Properties?.VpcId) === sessionsVpc);
    expect(inIt.map(([id]) => id)).toEqual(subnets(variant, 'Session').map(([id]) => id));
    const attached = properties(variant, 'AWS::EC2::VPCGatewayAttachment').map(({ VpcId }) => text(VpcId));
    expect(attached).toHaveLength(1);
    expect(attached).not.toContain(sessionsVpc);
    for (const [, { Properties }] of inIt) expect(Properties?.MapPublicIpOnLaunch).toBe(false);
  });

  it('N3 no subnet gives addresses away by itself, and no route leads out by IPv6', () => {
    for (const p of properties(variant, 'AWS::EC2::Subnet')) expect(p.MapPublicIpOnLaunch).toBe(false);
    for (const p of properties(variant, 'AWS::EC2::Route')) expect(p.DestinationIpv6CidrBlock).toBeUndefined();
  });

  it('N2 the subnets for endpoints have no way to or from anywhere', () => {
    expect(routes(variant, 'Endpoint')).toEqual([]);
  });

  it('F9 each rule between the two VPCs waits for the peering, which CloudFormation does not know it needs', () => {
    const [[peering] = ['']] = ofType(variant, 'AWS::EC2::VPCPeeringConnection');
    const vpcOf = new Map(
      ofType(variant, 'AWS::EC2::SecurityGroup').map(([id, { Properties }]) => [id, text(Properties?.VpcId)]),
    );
    const groupIn = (value: unknown) => [...vpcOf.keys()].find((id) => text(value ?? null).includes(`"${id}"`)) ?? '';
    const rules = [
      ...ofType(variant, 'AWS::EC2::SecurityGroupEgress'),
      ...ofType(variant, 'AWS::EC2::SecurityGroupIngress'),
    ];
    const across = rules.filter(([, { Properties: p }]) => {
      const [own, other] = [groupIn(p?.GroupId), groupIn(p?.DestinationSecurityGroupId ?? p?.SourceSecurityGroupId)];
      return other !== '' && vpcOf.get(own) !== vpcOf.get(other);
    });
    expect(across.map(([, { Properties: p }]) => [p?.FromPort, p?.ToPort, p?.IpProtocol])).toEqual([
      [3128, 3128, 'tcp'],
      [3128, 3128, 'tcp'],
    ]);
    for (const [, { DependsOn }] of across) expect([DependsOn].flat()).toContain(peering);
  });

  it('N3 security groups open nothing to a range: the proxy dials 443 at public addresses, sessions the image store', () => {
    const rules = [
      ...properties(variant, 'AWS::EC2::SecurityGroupEgress'),
      ...properties(variant, 'AWS::EC2::SecurityGroupIngress'),
      ...properties(variant, 'AWS::EC2::SecurityGroup').flatMap(({ SecurityGroupEgress, SecurityGroupIngress }) =>
        [SecurityGroupEgress ?? [], SecurityGroupIngress ?? []].flat(),
      ),
    ] as Record<string, unknown>[];
    for (const rule of rules) {
      // CDK's way of saying "nothing": an address nobody has.
      if (rule.CidrIp !== undefined) expect(rule).toMatchObject({ CidrIp: '255.255.255.255/32', IpProtocol: 'icmp' });
      expect(rule.CidrIpv6).toBeUndefined();
    }
    const lists = rules.filter(({ DestinationPrefixListId }) => DestinationPrefixListId !== undefined);
    expect(lists).toHaveLength(2);
    for (const rule of lists) expect(rule).toMatchObject({ FromPort: 443, ToPort: 443, IpProtocol: 'tcp' });
  });

  it('N3 the public addresses leave out everything a session or AWS itself lives at', () => {
    const number = (address: string) => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
    const [list] = properties(variant, 'AWS::EC2::PrefixList') as { Entries: { Cidr: string }[]; MaxEntries: number }[];
    const ranges = (list?.Entries ?? []).map(({ Cidr }) => {
      const [address = '', length = ''] = Cidr.split('/');
      return [number(address), number(address) + 2 ** (32 - Number(length)) - 1] as const;
    });
    const has = (address: string) => ranges.some(([a, b]) => number(address) >= a && number(address) <= b);
    expect(['10.64.0.1', '10.65.6.4', '172.16.0.1', '172.31.255.255', '192.168.1.1'].filter(has)).toEqual([]);
    expect(['169.254.169.254', '169.254.170.2', '127.0.0.1', '100.64.0.1', '0.0.0.0', '224.0.0.1'].filter(has)).toEqual(
      [],
    );
    expect(['255.255.255.255'].filter(has)).toEqual([]);
    expect(['1.1.1.1', '9.255.255.255', '11.0.0.0', '172.15.0.1', '172.32.0.1', '223.255.255.255'].every(has)).toBe(
      true,
    );
    expect(list?.MaxEntries).toBe(ranges.length);
  });

  it('N2 N3 DNS Firewall stands before both VPCs and its last word is no', () => {
    const groups = properties(variant, 'AWS::Route53Resolver::FirewallRuleGroup') as {
      FirewallRules: { Priority: number; FirewallDomainListId: { 'Fn::GetAtt': string[] } }[];
    }[];
    const lists = new Map(ofType(variant, 'AWS::Route53Resolver::FirewallDomainList'));
    expect(groups).toHaveLength(2);
    for (const { FirewallRules } of groups) {
      const last = [...FirewallRules].sort((a, b) => a.Priority - b.Priority).at(-1);
      expect(last).toMatchObject({ Action: 'BLOCK', BlockResponse: 'NXDOMAIN' });
      const [id] = last?.FirewallDomainListId['Fn::GetAtt'] ?? [];
      expect(lists.get(id ?? '')?.Properties?.Domains).toEqual(['*']);
    }
    const associated = properties(variant, 'AWS::Route53Resolver::FirewallRuleGroupAssociation');
    const logged = properties(variant, 'AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation');
    const vpcs = ofType(variant, 'AWS::EC2::VPC')
      .map(([id]) => text({ Ref: id }))
      .sort();
    expect(associated.map(({ VpcId }) => text(VpcId)).sort()).toEqual(vpcs);
    expect(logged.map(({ ResourceId }) => text(ResourceId)).sort()).toEqual(vpcs);
  });

  it('F8 the names of services are known in both VPCs', () => {
    const [namespace] = properties(variant, 'AWS::ServiceDiscovery::PrivateDnsNamespace');
    const [second] = properties(variant, 'Custom::ZoneAssociation');
    expect(text(namespace?.Vpc)).toBe(text(subnets(variant, 'Session')[0]?.[1].Properties?.VpcId));
    expect(text(second?.VpcId)).toBe(text(subnets(variant, 'Service')[0]?.[1].Properties?.VpcId));
  });

  it('F8 the function that does so may change this zone and nothing else', () => {
    const [zone] = ofType(variant, 'AWS::ServiceDiscovery::PrivateDnsNamespace').map(([id]) => id);
    const [policy] = properties(variant, 'AWS::IAM::Policy').filter((p) => text(p).includes('route53:'));
    expect(policy?.PolicyDocument).toMatchObject({
      Statement: [
        { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] },
        {
          Action: [
            'route53:AssociateVPCWithHostedZone',
            'route53:DisassociateVPCFromHostedZone',
            'route53:GetHostedZone',
          ],
          Resource: { 'Fn::Join': ['', expect.arrayContaining([{ 'Fn::GetAtt': [zone, 'HostedZoneId'] }])] },
        },
        {
          Action: 'ec2:DescribeVpcs',
          Condition: {
            StringEquals: { 'aws:RequestedRegion': expect.anything(), 'aws:ResourceAccount': expect.anything() },
          },
        },
      ],
    });
  });
});

describe('W7 F12 tiers', () => {
  it.each(LEAN)('W7 %s has no Network Firewall and no NAT; services sit in public subnets', (variant) => {
    expect(count(variant, 'AWS::NetworkFirewall::Firewall')).toBe(0);
    expect(count(variant, 'AWS::NetworkFirewall::RuleGroup')).toBe(0);
    expect(count(variant, 'AWS::EC2::NatGateway')).toBe(0);
    expect(subnets(variant, 'Firewall')).toEqual([]);
    const out = routes(variant, 'Service').filter((r) => r.DestinationCidrBlock === '0.0.0.0/0');
    expect(out.map(({ GatewayId }) => GatewayId)).toEqual([expect.anything()]);
  });

  it.each([...STANDARD, ...MAXIMUM])('N14 %s: what leaves a service passes the firewall of its zone', (variant) => {
    const zones = subnets(variant, 'Service').length;
    expect(count(variant, 'AWS::NetworkFirewall::Firewall')).toBe(zones);
    expect(count(variant, 'AWS::EC2::NatGateway')).toBe(zones);
    const out = routes(variant, 'Service').filter((r) => r.DestinationCidrBlock === '0.0.0.0/0');
    expect(out).toHaveLength(zones);
    for (const { VpcEndpointId, GatewayId, NatGatewayId } of out) {
      expect(text(VpcEndpointId)).toMatch(/EndpointIds/);
      expect([GatewayId, NatGatewayId]).toEqual([undefined, undefined]);
    }
    for (const p of properties(variant, 'AWS::EC2::NatGateway')) expect(p.AvailabilityMode).toBeUndefined();
  });

  it.each(MAXIMUM)('W7 %s has two zones of everything', (variant) => {
    for (const group of ['Session', 'Public', 'Firewall', 'Service', 'Endpoint']) {
      expect(subnets(variant, group)).toHaveLength(2);
    }
  });

  it('W7 the zones that were named are the zones there are, in both VPCs', () => {
    for (const group of ['Session', 'Service']) {
      expect(subnets('named-zones', group).map(([, r]) => r.Properties?.AvailabilityZone)).toEqual([
        'eu-west-1a',
        'eu-west-1c',
      ]);
    }
    expect(subnets('three-zones', 'Session')).toHaveLength(3);
    expect(subnets('standard', 'Session')).toHaveLength(1);
  });

  it('W7 what refuses to be deleted, and what stays behind, follows the two switches', () => {
    const protections = (variant: string) => ({
      firewalls: properties(variant, 'AWS::NetworkFirewall::Firewall').map((p) => p.DeleteProtection),
      dns: properties(variant, 'AWS::Route53Resolver::FirewallRuleGroupAssociation').map((p) => p.MutationProtection),
      keys: ofType(variant, 'AWS::KMS::Key').map(([, { DeletionPolicy }]) => DeletionPolicy),
    });
    const on = { firewalls: [true], dns: ['ENABLED', 'ENABLED'] };
    const off = { firewalls: [false], dns: ['DISABLED', 'DISABLED'] };
    expect(protections('standard')).toEqual({ ...on, keys: Array(4).fill('Retain') });
    expect(protections('unprotected')).toEqual({ ...off, keys: Array(4).fill('Retain') });
    expect(protections('throwaway')).toEqual({ ...off, keys: Array(4).fill('Delete') });
  });
});

describe('N14 moving between tiers and zones', () => {
  it('N14 no range ever belongs to two subnets: EC2 refuses the second while the first is still there', () => {
    const owners = new Map<string, Set<string>>();
    for (const variant of ['lean', 'standard', 'maximum', 'three-zones']) {
      for (const [id, { Properties }] of ofType(variant, 'AWS::EC2::Subnet')) {
        const cidr = text(Properties?.CidrBlock);
        owners.set(cidr, (owners.get(cidr) ?? new Set()).add(id));
      }
    }
    expect(owners.size).toBeGreaterThan(8);
    expect([...owners].filter(([, ids]) => ids.size > 1)).toEqual([]);
  });
});
