import { targetOf } from '../resolver';
import { type Mutation, one } from './draft';

const ANY = '0.0.0.0/0';

/** Groups, routes and firewall of the egress VPC (N14, F9, F12). */
export const SERVICES: readonly Mutation[] = [
  {
    name: 'service open to the internet',
    variant: 'lean',
    edit: (draft) =>
      draft.add('Open', 'AWS::EC2::SecurityGroupIngress', {
        GroupId: draft.att(draft.serviceGroup, 'GroupId'),
        IpProtocol: 'tcp',
        FromPort: 443,
        ToPort: 443,
        CidrIp: ANY,
      }),
    finding: 'service-ingress',
  },
  {
    name: 'another port of a service for sessions',
    edit: (draft) => {
      const port = { IpProtocol: 'tcp', FromPort: 9901, ToPort: 9901 };
      draft.add(
        'Admin',
        'AWS::EC2::SecurityGroupIngress',
        {
          ...port,
          GroupId: draft.att(draft.serviceGroup, 'GroupId'),
          SourceSecurityGroupId: draft.att(draft.sessionGroup, 'GroupId'),
        },
        { DependsOn: draft.before.peering.split('/')[1] },
      );
    },
    finding: 'service-ingress',
  },
  {
    name: 'service may dial every address, sessions among them',
    edit: (draft) =>
      draft.add('Open', 'AWS::EC2::SecurityGroupEgress', {
        GroupId: draft.att(draft.serviceGroup, 'GroupId'),
        IpProtocol: 'tcp',
        FromPort: 443,
        ToPort: 443,
        CidrIp: ANY,
      }),
    finding: 'service-egress-private',
  },
  {
    name: 'service may dial the session group',
    edit: (draft) =>
      draft.add(
        'ToSession',
        'AWS::EC2::SecurityGroupEgress',
        {
          GroupId: draft.att(draft.serviceGroup, 'GroupId'),
          IpProtocol: 'tcp',
          FromPort: 443,
          ToPort: 443,
          DestinationSecurityGroupId: draft.att(draft.sessionGroup, 'GroupId'),
        },
        { DependsOn: [draft.before.peering.split('/')[1]] },
      ),
    finding: 'service-egress-private',
  },
  {
    name: 'prefix list of public addresses widened with 10.0.0.0/8',
    edit: (draft) => {
      const { Properties } = draft.raw(draft.the('AWS::EC2::PrefixList'));
      Properties.Entries = [...(Properties.Entries as unknown[]), { Cidr: '10.0.0.0/8' }];
    },
    finding: 'service-egress-private',
  },
  {
    name: 'service may dial port 22',
    edit: (draft) => {
      const rule = draft.the(
        'AWS::EC2::SecurityGroupEgress',
        ({ props }) => targetOf(props.DestinationPrefixListId) !== undefined,
      );
      draft.set(rule, { FromPort: 22, ToPort: 22 });
    },
    finding: 'service-egress-port',
  },
  ...(['AWS::EC2::SecurityGroupEgress', 'AWS::EC2::SecurityGroupIngress'] as const).map(
    (type): Mutation => ({
      name: `${type} across the peering without DependsOn (F9)`,
      edit: (draft) => {
        const rule = draft.the(type, ({ props }) => props.FromPort === 3128);
        delete draft.raw(rule).DependsOn;
      },
      finding: 'rule-races-peering',
    }),
  ),
  {
    name: 'default route of services to the NAT gateway, past the firewall',
    edit: (draft) => {
      const { Properties } = draft.raw(draft.route('service', 'firewall endpoint'));
      delete Properties.VpcEndpointId;
      Properties.NatGatewayId = draft.ref(draft.the('AWS::EC2::NatGateway'));
    },
    finding: 'way-out-past-firewall',
  },
  {
    name: 'half of the internet past the firewall, by a more specific route',
    edit: (draft) =>
      draft.add('Half', 'AWS::EC2::Route', {
        RouteTableId: draft.ref(one(draft.before.egressSubnets('service')).table ?? ''),
        DestinationCidrBlock: '128.0.0.0/1',
        NatGatewayId: draft.ref(draft.the('AWS::EC2::NatGateway')),
      }),
    finding: 'way-out-past-firewall',
  },
  {
    name: "route to another zone's firewall endpoint",
    variant: 'maximum',
    edit: (draft) => {
      const other = draft.raw(draft.route('service', 'firewall endpoint', 1)).Properties.VpcEndpointId;
      draft.set(draft.route('service', 'firewall endpoint'), { VpcEndpointId: other });
    },
    finding: 'way-out-in-other-zone',
  },
  {
    name: 'services without a default route',
    edit: (draft) => draft.remove(draft.route('service', 'firewall endpoint')),
    finding: 'way-out-missing',
  },
  {
    name: 'return route missing',
    edit: (draft) => draft.remove(draft.route('nat', 'firewall endpoint')),
    finding: 'return-route',
  },
  {
    name: 'return route for the whole VPC',
    edit: (draft) => draft.set(draft.route('nat', 'firewall endpoint'), { DestinationCidrBlock: '10.65.0.0/20' }),
    finding: 'return-route',
  },
  {
    name: "return route through another zone's endpoint",
    variant: 'maximum',
    edit: (draft) => {
      const other = draft.raw(draft.route('nat', 'firewall endpoint', 1)).Properties.VpcEndpointId;
      draft.set(draft.route('nat', 'firewall endpoint'), { VpcEndpointId: other });
    },
    finding: 'return-route',
  },
  {
    name: "firewall subnet leaves through another zone's NAT gateway",
    variant: 'maximum',
    edit: (draft) => {
      const other = draft.raw(draft.route('firewall', 'nat gateway', 1)).Properties.NatGatewayId;
      draft.set(draft.route('firewall', 'nat gateway'), { NatGatewayId: other });
    },
    finding: 'firewall-to-nat',
  },
  {
    name: 'regional NAT gateway',
    edit: (draft) => draft.set(draft.the('AWS::EC2::NatGateway'), { AvailabilityMode: 'regional' }),
    finding: 'nat-not-zonal',
  },
  {
    name: 'one firewall over two zones',
    variant: 'maximum',
    edit: (draft) => {
      const [, second] = draft.before.egressSubnets('firewall');
      const { Properties } = draft.raw(draft.the('AWS::NetworkFirewall::Firewall'));
      Properties.SubnetMappings = [
        ...(Properties.SubnetMappings as unknown[]),
        { SubnetId: draft.ref(second?.id ?? '') },
      ];
    },
    finding: 'firewall-not-zonal',
  },
  {
    name: 'sessions in a zone without services',
    edit: (draft) => draft.set(draft.sessionSubnet.id, { AvailabilityZone: 'eu-west-1c' }),
    finding: 'zones-differ',
  },
  {
    name: 'endpoint subnets with a way to the internet',
    edit: (draft) =>
      draft.add('Out', 'AWS::EC2::Route', {
        RouteTableId: draft.ref(one(draft.before.egressSubnets('isolated')).table ?? ''),
        DestinationCidrBlock: ANY,
        GatewayId: draft.ref(draft.the('AWS::EC2::InternetGateway')),
      }),
    finding: 'route-of-isolated',
  },
  {
    name: 'NAT gateway without an internet gateway behind it',
    edit: (draft) => draft.remove(draft.route('nat', 'internet gateway')),
    finding: 'way-out-missing',
  },
  {
    name: 'two zones of NAT gateways share a route table',
    variant: 'maximum',
    edit: (draft) => {
      const [first, second] = draft.before.egressSubnets('nat');
      const association = draft.the(
        'AWS::EC2::SubnetRouteTableAssociation',
        ({ props }) => targetOf(props.SubnetId) === second?.id,
      );
      draft.set(association, { RouteTableId: draft.ref(first?.table ?? '') });
    },
    finding: 'nat-not-zonal',
    also: ['return-route'],
  },
  {
    name: 'services route more than the session subnets through the peering',
    edit: (draft) => draft.set(draft.route('service', 'peering'), { DestinationCidrBlock: '10.0.0.0/8' }),
    finding: 'peering-route-wide',
  },
  {
    name: 'services in public subnets with a route to somewhere else',
    variant: 'lean',
    edit: (draft) =>
      draft.add('Elsewhere', 'AWS::EC2::Route', {
        RouteTableId: draft.ref(one(draft.before.egressSubnets('service')).table ?? ''),
        DestinationCidrBlock: '172.16.0.0/12',
        TransitGatewayId: 'tgw-0123456789abcdef0',
      }),
    finding: 'way-out-past-firewall',
  },
];
