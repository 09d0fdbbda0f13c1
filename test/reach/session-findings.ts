import type { Finding, Resource } from './inventory';
import { targetOf } from './resolver';
import { networkReach } from './session-reach';
import type { Topology } from './topology';
import { texts } from './values';

/** What architecture.md section 3 lists, and nothing beside it. */
const LISTED = [
  /^tcp (3128|443) to service subnets of the egress VPC$/,
  /^tcp 443 to the endpoint (ecr\.api|ecr\.dkr|logs|guardduty-data)$/,
  /^tcp 443 to the gateway endpoint s3$/,
];

/** What joins a VPC to somewhere else, and the property that says which VPC, subnet or table. */
const ATTACHMENTS: Readonly<Record<string, string>> = {
  'AWS::EC2::VPCGatewayAttachment': 'VpcId',
  'AWS::EC2::EgressOnlyInternetGateway': 'VpcId',
  'AWS::EC2::TransitGatewayAttachment': 'VpcId',
  'AWS::EC2::TransitGatewayVpcAttachment': 'VpcId',
  'AWS::EC2::VPCCidrBlock': 'VpcId',
  'AWS::EC2::NatGateway': 'SubnetId',
};

/**
 * Networking types whose meaning is evaluated here. Any other one of these families is a finding of its own: a VPC
 * Lattice association or a resolver endpoint would open a path that none of the checks looks at.
 */
const FAMILIES =
  /^AWS::(EC2|VpcLattice|Route53|Route53Resolver|Route53Profiles|NetworkManager|NetworkFirewall|ElasticL)/;
const UNDERSTOOD = new Set([
  ...Object.keys(ATTACHMENTS),
  'AWS::EC2::EIP',
  'AWS::EC2::FlowLog',
  'AWS::EC2::InternetGateway',
  'AWS::EC2::PrefixList',
  'AWS::EC2::Route',
  'AWS::EC2::RouteTable',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::Subnet',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPC',
  'AWS::EC2::VPCEndpoint',
  'AWS::EC2::VPCPeeringConnection',
  'AWS::NetworkFirewall::Firewall',
  'AWS::NetworkFirewall::FirewallPolicy',
  'AWS::NetworkFirewall::LoggingConfiguration',
  'AWS::NetworkFirewall::RuleGroup',
  'AWS::Route53Resolver::FirewallConfig',
  'AWS::Route53Resolver::FirewallDomainList',
  'AWS::Route53Resolver::FirewallRuleGroup',
  'AWS::Route53Resolver::FirewallRuleGroupAssociation',
  'AWS::Route53Resolver::ResolverQueryLoggingConfig',
  'AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation',
  'AWS::Route53Resolver::ResolverRuleAssociation',
]);

export function* sessionFindings(topology: Topology): Generator<Finding> {
  const { inventory, sessionsVpc } = topology;
  for (const entry of networkReach(topology).filter((own) => !LISTED.some((listed) => listed.test(own)))) {
    yield { id: 'unlisted-reach', where: sessionsVpc, problem: `a session reaches ${entry}` };
  }
  for (const [type, property] of Object.entries(ATTACHMENTS)) {
    for (const own of inventory
      .ofType(type)
      .filter(({ props }) => inSessionsVpc(topology, targetOf(props[property])))) {
      yield { id: 'way-out-of-sessions', where: own.id, problem: `${type} in the VPC that has no way out` };
    }
  }
  for (const peering of inventory.ofType('AWS::EC2::VPCPeeringConnection')) {
    const vpcs = [peering.props.VpcId, peering.props.PeerVpcId].map((vpc) => targetOf(vpc));
    if (peering.id !== topology.peering && vpcs.includes(sessionsVpc)) {
      yield { id: 'another-peering', where: peering.id, problem: 'sessions are joined to a third network' };
    }
  }
  yield* routeFindings(topology);
  yield* notUnderstood(topology);
}

function inSessionsVpc({ sessionsVpc, sessionSubnets }: Topology, id: string | undefined): boolean {
  return id === sessionsVpc || sessionSubnets.some((subnet) => subnet.id === id);
}

/** The only routes of a session's table: to whole service subnets, through the one peering. */
function* routeFindings(topology: Topology): Generator<Finding> {
  const services = topology.egressSubnets('service').map((subnet) => subnet.cidr);
  for (const subnet of topology.sessionSubnets) {
    for (const route of topology.routesOf(subnet)) {
      if (route.way !== 'peering') {
        yield { id: 'way-out-of-sessions', where: route.id, problem: `${route.destination} through ${route.way}` };
      } else if (targetOf(route.target) === topology.peering && !services.includes(route.destination)) {
        yield { id: 'peering-route-wide', where: route.id, problem: `${route.destination} is no service subnet` };
      }
    }
  }
}

function* notUnderstood({ inventory }: Topology): Generator<Finding> {
  for (const own of inventory.all.filter(({ type }) => FAMILIES.test(type))) {
    if (!UNDERSTOOD.has(own.type)) {
      yield { id: 'not-understood', where: own.id, problem: `${own.type} is not evaluated: teach test/reach first` };
    } else if (own.conditional || isUnresolved(own)) {
      yield { id: 'not-understood', where: own.id, problem: 'its properties depend on what the templates do not say' };
    }
  }
}

function isUnresolved({ props }: Resource): boolean {
  return texts(props).some((written) => written.includes('<unresolved '));
}
