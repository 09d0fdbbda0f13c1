import { Inventory, type Resource } from './inventory';
import { type Templates, targetOf } from './resolver';
import { at, list, text } from './values';

export type SubnetRole = 'service' | 'firewall' | 'nat' | 'isolated';

export interface Subnet {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  readonly cidr: string;
  readonly publicOnLaunch: boolean;
  readonly table: string | undefined;
  readonly role: SubnetRole;
}

/** What a route leads to, or an attachment brings into a VPC. */
export type Way =
  | 'peering'
  | 'firewall endpoint'
  | 'internet gateway'
  | 'nat gateway'
  | 'egress-only internet gateway'
  | 'transit gateway'
  | 'virtual private gateway'
  | 'unknown target';

export interface Route {
  readonly id: string;
  readonly table: string;
  readonly destination: string;
  readonly way: Way;
  /** Resource of the target; of a firewall endpoint the reference itself, which names the firewall and its position. */
  readonly target: string;
}

export interface Endpoint {
  readonly id: string;
  readonly vpc: string;
  /** `ecr.api`, `s3` ... without the region's prefix. */
  readonly service: string;
  readonly kind: 'interface' | 'gateway';
  readonly groups: readonly string[];
  readonly subnets: readonly string[];
  readonly tables: readonly string[];
  readonly resource: Resource;
}

/** The two VPCs and what is in them. Found by what they do, never by a name of ours. */
export class Topology {
  readonly inventory: Inventory;
  readonly sessionsVpc: string;
  readonly egressVpc: string;
  readonly peering: string;
  readonly subnets: readonly Subnet[];
  readonly routes: readonly Route[];
  readonly endpoints: readonly Endpoint[];
  /** True when the templates promise a Network Firewall: any tier but lean. */
  readonly firewallPromised: boolean;

  constructor(templates: Templates) {
    this.inventory = new Inventory(templates);
    this.endpoints = this.inventory.ofType('AWS::EC2::VPCEndpoint').map(endpoint);
    const peering = this.findPeering();
    this.peering = peering.id;
    this.sessionsVpc = targetOf(peering.props.VpcId) ?? text(peering.props.VpcId);
    this.egressVpc = targetOf(peering.props.PeerVpcId) ?? text(peering.props.PeerVpcId);
    this.routes = this.inventory.ofType('AWS::EC2::Route').map((route) => this.route(route));
    this.subnets = this.inventory.ofType('AWS::EC2::Subnet').map((subnet) => this.subnet(subnet));
    this.firewallPromised = !this.inventory.metadata.some((own) => at(own, 'AgentPlatform', 'tier') === 'lean');
  }

  /**
   * Sessions run where a task can pull its image, and ask for the peering: the requester among the VPCs that have an ECR
   * interface endpoint. RunTask's own network configuration is not in a template, so this is the only VPC it can be.
   */
  private findPeering(): Resource {
    const pulls = this.endpoints
      .filter((e) => e.kind === 'interface' && e.service.startsWith('ecr.'))
      .map((e) => e.vpc);
    const all = this.inventory.ofType('AWS::EC2::VPCPeeringConnection');
    const [first] = all.filter((peering) => pulls.includes(targetOf(peering.props.VpcId) ?? ''));
    if (!first) throw new Error('no VPC has an ECR endpoint and asks for a peering: where do sessions run?');
    return first;
  }

  get sessionSubnets(): Subnet[] {
    return this.subnets.filter((subnet) => subnet.vpc === this.sessionsVpc);
  }

  egressSubnets(role: SubnetRole): Subnet[] {
    return this.subnets.filter((subnet) => subnet.vpc === this.egressVpc && subnet.role === role);
  }

  /** Groups of a VPC that no endpoint wears. In the sessions VPC a task can be given any of these: all are judged. */
  workloadGroups(vpc: string): string[] {
    const worn = new Set(this.endpoints.flatMap((e) => e.groups));
    return this.groupsOf(vpc).filter((group) => !worn.has(group));
  }

  groupsOf(vpc: string): string[] {
    return this.inventory
      .ofType('AWS::EC2::SecurityGroup')
      .filter((group) => targetOf(group.props.VpcId) === vpc)
      .map((group) => group.id);
  }

  routesOf(subnet: Subnet): Route[] {
    return this.routes.filter((route) => route.table === subnet.table);
  }

  /** The firewall of an endpoint that a route names, and the zone of that endpoint. */
  firewallOf(route: Route): { readonly firewall: Resource; readonly zone: string } | undefined {
    const firewall = this.inventory.get(targetOf(route.target));
    const index = Number(/\.Endpoint(\d+)>$/.exec(route.target)?.[1] ?? Number.NaN);
    const subnet = targetOf(at(list(firewall?.props.SubnetMappings)[index], 'SubnetId'));
    const zone = text(this.inventory.get(subnet)?.props.AvailabilityZone);
    return firewall && zone ? { firewall, zone } : undefined;
  }

  private subnet({ id, props }: Resource): Subnet {
    const association = this.inventory
      .ofType('AWS::EC2::SubnetRouteTableAssociation')
      .find((own) => targetOf(own.props.SubnetId) === id);
    const table = targetOf(association?.props.RouteTableId);
    return {
      id,
      vpc: targetOf(props.VpcId) ?? text(props.VpcId),
      zone: text(props.AvailabilityZone),
      cidr: text(props.CidrBlock),
      publicOnLaunch: props.MapPublicIpOnLaunch === true,
      table,
      role: this.role(id, table),
    };
  }

  /** A service subnet is one that can answer a session: its table has a route back through the peering. */
  private role(id: string, table: string | undefined): SubnetRole {
    const firewalls = this.inventory.ofType('AWS::NetworkFirewall::Firewall');
    const mapped = firewalls.flatMap((own) =>
      list(own.props.SubnetMappings).map((one) => targetOf(at(one, 'SubnetId'))),
    );
    if (mapped.includes(id)) return 'firewall';
    const nats = this.inventory.ofType('AWS::EC2::NatGateway');
    if (nats.some((nat) => targetOf(nat.props.SubnetId) === id)) return 'nat';
    return this.routes.some((route) => route.table === table && route.way === 'peering') ? 'service' : 'isolated';
  }

  private route({ id, props }: Resource): Route {
    const destination = props.DestinationCidrBlock ?? props.DestinationIpv6CidrBlock ?? props.DestinationPrefixListId;
    const table = targetOf(props.RouteTableId) ?? text(props.RouteTableId);
    const [way, target] = this.way(props);
    return { id, table, destination: text(destination), way, target };
  }

  private way(props: Resource['props']): readonly [Way, string] {
    if (props.VpcPeeringConnectionId) return ['peering', text(props.VpcPeeringConnectionId)];
    if (props.NatGatewayId) return ['nat gateway', text(props.NatGatewayId)];
    if (props.TransitGatewayId) return ['transit gateway', text(props.TransitGatewayId)];
    if (props.EgressOnlyInternetGatewayId) {
      return ['egress-only internet gateway', text(props.EgressOnlyInternetGatewayId)];
    }
    if (props.GatewayId) {
      const type = this.inventory.get(targetOf(props.GatewayId))?.type;
      if (type === 'AWS::EC2::InternetGateway') return ['internet gateway', text(props.GatewayId)];
      if (type === 'AWS::EC2::VPNGateway') return ['virtual private gateway', text(props.GatewayId)];
    }
    if (/\.Endpoint\d+>$/.test(text(props.VpcEndpointId))) return ['firewall endpoint', text(props.VpcEndpointId)];
    return ['unknown target', JSON.stringify(props)];
  }
}

function endpoint(resource: Resource): Endpoint {
  const { props } = resource;
  const ids = (name: string): string[] => list(props[name]).map((value) => targetOf(value) ?? text(value));
  return {
    id: resource.id,
    vpc: targetOf(props.VpcId) ?? text(props.VpcId),
    service: text(props.ServiceName).replace(/^com\.amazonaws\.[a-z0-9-]+\./, ''),
    kind: props.VpcEndpointType === 'Interface' ? 'interface' : 'gateway',
    groups: ids('SecurityGroupIds'),
    subnets: ids('SubnetIds'),
    tables: ids('RouteTableIds'),
    resource,
  };
}
