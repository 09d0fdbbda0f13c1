import { type Mutation, one } from './draft';

/** Ways out of the sessions VPC, and ways into what the peering does not mean to offer. */
export const NETWORK: readonly Mutation[] = [
  {
    name: 'session group may send to 0.0.0.0/0',
    edit: (draft) =>
      draft.add('Open', 'AWS::EC2::SecurityGroupEgress', {
        GroupId: draft.att(draft.sessionGroup, 'GroupId'),
        IpProtocol: '-1',
        CidrIp: '0.0.0.0/0',
      }),
    finding: 'session-egress-by-address',
    also: ['unlisted-reach'],
  },
  {
    name: 'session group may send to ::/0',
    edit: (draft) =>
      draft.add('Open', 'AWS::EC2::SecurityGroupEgress', {
        GroupId: draft.att(draft.sessionGroup, 'GroupId'),
        IpProtocol: 'udp',
        FromPort: 443,
        ToPort: 443,
        CidrIpv6: '::/0',
      }),
    finding: 'session-egress-by-address',
    also: ['unlisted-reach'],
  },
  {
    name: 'session group loses its egress rules, so that EC2 lets it out everywhere',
    edit: (draft) => {
      const group = draft.sessionGroup;
      for (const rule of draft.before.inventory.ofType('AWS::EC2::SecurityGroupEgress')) {
        if (rule.props.GroupId === `<${group}.GroupId>`) draft.remove(rule.id);
      }
      delete draft.raw(group).Properties.SecurityGroupEgress;
    },
    finding: 'session-egress-by-address',
    also: ['unlisted-reach'],
  },
  {
    name: 'session group may send any port to the S3 prefix list',
    edit: (draft) => {
      const rule = draft.the(
        'AWS::EC2::SecurityGroupEgress',
        ({ props }) => props.DestinationPrefixListId === 'pl-6da54004',
      );
      draft.set(rule, { FromPort: 0, ToPort: 65535 });
    },
    finding: 'unlisted-reach',
  },
  {
    name: 'an inline egress rule beside the ones in resources of their own',
    edit: (draft) =>
      draft.set(draft.sessionGroup, { SecurityGroupEgress: [{ IpProtocol: '-1', CidrIp: '10.65.0.0/20' }] }),
    finding: 'session-egress-by-address',
  },
  {
    name: 'sessions reach each other',
    edit: (draft) => {
      const group = draft.att(draft.sessionGroup, 'GroupId');
      const rule = { GroupId: group, IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080 };
      draft.add('SelfIn', 'AWS::EC2::SecurityGroupIngress', { ...rule, SourceSecurityGroupId: group });
      draft.add('SelfOut', 'AWS::EC2::SecurityGroupEgress', { ...rule, DestinationSecurityGroupId: group });
    },
    finding: 'session-ingress',
    also: ['unlisted-reach'],
  },
  {
    name: 'a second, open group in the sessions VPC that a task could be given',
    edit: (draft) =>
      draft.add('Spare', 'AWS::EC2::SecurityGroup', {
        GroupDescription: 'spare',
        VpcId: draft.ref(draft.before.sessionsVpc),
      }),
    finding: 'session-egress-by-address',
    also: ['unlisted-reach'],
  },
  {
    name: 'NAT gateway and default route in the sessions VPC',
    edit: (draft) => {
      const { id, table } = draft.sessionSubnet;
      draft.add('Nat', 'AWS::EC2::NatGateway', { SubnetId: draft.ref(id), ConnectivityType: 'public' });
      draft.add('Out', 'AWS::EC2::Route', {
        RouteTableId: draft.ref(table),
        DestinationCidrBlock: '0.0.0.0/0',
        NatGatewayId: { Ref: 'Nat' },
      });
    },
    finding: 'way-out-of-sessions',
    also: ['unlisted-reach'],
  },
  {
    name: 'internet gateway attached to the sessions VPC',
    edit: (draft) =>
      draft.add('Attachment', 'AWS::EC2::VPCGatewayAttachment', {
        VpcId: draft.ref(draft.before.sessionsVpc),
        InternetGatewayId: draft.ref(draft.the('AWS::EC2::InternetGateway')),
      }),
    finding: 'way-out-of-sessions',
  },
  {
    name: 'egress-only internet gateway and its route',
    edit: (draft) => {
      draft.add('Eigw', 'AWS::EC2::EgressOnlyInternetGateway', { VpcId: draft.ref(draft.before.sessionsVpc) });
      draft.add('Out', 'AWS::EC2::Route', {
        RouteTableId: draft.ref(draft.sessionSubnet.table),
        DestinationIpv6CidrBlock: '::/0',
        EgressOnlyInternetGatewayId: { Ref: 'Eigw' },
      });
    },
    finding: 'way-out-of-sessions',
    also: ['unlisted-reach'],
  },
  {
    name: 'IPv6 addresses for the sessions VPC',
    edit: (draft) =>
      draft.add('Ipv6', 'AWS::EC2::VPCCidrBlock', {
        VpcId: draft.ref(draft.before.sessionsVpc),
        AmazonProvidedIpv6CidrBlock: true,
      }),
    finding: 'way-out-of-sessions',
  },
  {
    name: 'transit gateway attached to the sessions VPC',
    edit: (draft) =>
      draft.add('Attachment', 'AWS::EC2::TransitGatewayAttachment', {
        VpcId: draft.ref(draft.before.sessionsVpc),
        TransitGatewayId: 'tgw-0123456789abcdef0',
        SubnetIds: [draft.ref(draft.sessionSubnet.id)],
      }),
    finding: 'way-out-of-sessions',
  },
  {
    name: 'peering to the company network',
    edit: (draft) =>
      draft.add('Company', 'AWS::EC2::VPCPeeringConnection', {
        VpcId: draft.ref(draft.before.sessionsVpc),
        PeerVpcId: 'vpc-0123456789abcdef0',
      }),
    finding: 'another-peering',
  },
  {
    name: 'route through a peering that is not in the templates',
    edit: (draft) =>
      draft.add('Out', 'AWS::EC2::Route', {
        RouteTableId: draft.ref(draft.sessionSubnet.table),
        DestinationCidrBlock: '0.0.0.0/0',
        VpcPeeringConnectionId: 'pcx-0123456789abcdef0',
      }),
    finding: 'unlisted-reach',
  },
  ...['10.65.0.0/20', '0.0.0.0/0'].map(
    (cidr): Mutation => ({
      name: `peering route widened to ${cidr}`,
      edit: (draft) => {
        const { table } = draft.sessionSubnet;
        const route = one(draft.before.routes.filter((own) => own.table === table && own.way === 'peering'));
        draft.set(route.id, { DestinationCidrBlock: cidr });
      },
      finding: 'peering-route-wide',
      also: ['unlisted-reach'],
    }),
  ),
  {
    name: 'peering route to the endpoint subnets',
    edit: (draft) =>
      draft.add('ToEndpoints', 'AWS::EC2::Route', {
        RouteTableId: draft.ref(draft.sessionSubnet.table),
        DestinationCidrBlock: one(draft.before.egressSubnets('isolated')).cidr,
        VpcPeeringConnectionId: draft.peeringId,
      }),
    finding: 'peering-route-wide',
    also: ['unlisted-reach'],
  },
  {
    name: "an endpoint of the egress VPC in the services' subnet lets sessions in (F10)",
    edit: (draft) => {
      draft.add('Group', 'AWS::EC2::SecurityGroup', {
        GroupDescription: 'endpoint',
        VpcId: draft.ref(draft.before.egressVpc),
        SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' }],
      });
      const endpoint = structuredClone(draft.raw(draft.endpoint('logs'))).Properties;
      draft.add('Kms', 'AWS::EC2::VPCEndpoint', {
        ...endpoint,
        ServiceName: 'com.amazonaws.eu-west-1.kms',
        VpcId: draft.ref(draft.before.egressVpc),
        SubnetIds: [draft.ref(one(draft.before.egressSubnets('service')).id)],
        SecurityGroupIds: [{ 'Fn::GetAtt': ['Group', 'GroupId'] }],
      });
      const rule = draft.the('AWS::EC2::SecurityGroupEgress', ({ props }) => props.FromPort === 3128);
      draft.set(rule, {
        DestinationSecurityGroupId: { 'Fn::GetAtt': ['Group', 'GroupId'] },
        FromPort: 443,
        ToPort: 443,
      });
    },
    finding: 'unlisted-reach',
  },
  {
    name: 'default security group keeps its rules',
    edit: (draft) => draft.remove(draft.the('Custom::VpcRestrictDefaultSG')),
    finding: 'default-group-open',
  },
  {
    name: 'VPC Lattice opens a path that no route shows',
    edit: (draft) =>
      draft.add('Lattice', 'AWS::VpcLattice::ServiceNetworkVpcAssociation', {
        VpcIdentifier: draft.ref(draft.before.sessionsVpc),
      }),
    finding: 'not-understood',
  },
  {
    name: 'a protection that is there under a condition only',
    edit: (draft) => {
      const { association } = draft.dns(draft.before.egressVpc);
      Object.assign(draft.raw(association), { Condition: 'Maybe' });
    },
    finding: 'not-understood',
  },
  {
    name: 'a property that is known at deploy only',
    edit: (draft) =>
      draft.set(draft.the('AWS::EC2::FlowLog'), { MaxAggregationInterval: { 'Fn::If': ['Maybe', 60, 600] } }),
    finding: 'not-understood',
  },
];
