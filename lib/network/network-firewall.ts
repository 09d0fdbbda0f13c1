import { Fn, Names, Resource, Token } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnRoute, type ISubnet, type IVpc, type SubnetSelection, SubnetType } from 'aws-cdk-lib/aws-ec2';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnFirewall, CfnLoggingConfiguration } from 'aws-cdk-lib/aws-networkfirewall';
import type { Construct } from 'constructs';
import type { IFirewallPolicy } from './firewall-policy';

export interface NetworkFirewallProps {
  /** The VPC to stand in. Any VPC whose route tables are known: made in the same app, or imported with their ids. */
  readonly vpc: IVpc;
  readonly policy: IFirewallPolicy;
  /**
   * Subnets for the firewall's endpoints, one a zone and nothing else in them. Their own default route must lead on,
   * to a NAT gateway or an internet gateway.
   */
  readonly firewallSubnets: SubnetSelection;
  /**
   * Subnets whose way out leads through the firewall. They must have no default route: the firewall gives them one.
   */
  readonly protectedSubnets: SubnetSelection;
  /**
   * Subnets from which answers come back: those of the NAT gateways, or the protected subnets' own internet gateway
   * side. Each gets a route to the protected subnet of its zone through the same endpoint, else the engine sees half
   * a connection and refuses it.
   *
   * @default the public subnets
   */
  readonly returnSubnets?: SubnetSelection;
  /**
   * Where refusals and alerts go.
   *
   * @default not recorded
   */
  readonly alertLogGroup?: ILogGroup;
  /**
   * Where a line for each connection goes.
   *
   * @default not recorded
   */
  readonly flowLogGroup?: ILogGroup;
  /**
   * Whether AWS refuses to delete the firewall, to swap its policy and to change its subnets until this is false.
   *
   * @default true
   */
  readonly protection?: boolean;
}

/**
 * AWS Network Firewall with routes that stay in their zone: in every zone, protected subnet -> endpoint of that zone ->
 * what follows, and the same way back.
 *
 * It is one firewall a zone. CloudFormation returns a firewall's endpoints as an unordered list of `zone:id`, and a
 * route needs the right one; a firewall with one zone has one entry, so no custom resource has to sort them. AWS
 * charges by endpoint, so the price is the same.
 *
 * @throws where a zone has no firewall subnet, or a route can't be made; the message says what to do.
 */
export class NetworkFirewall extends Resource {
  private readonly endpoints = new Map<string, string>();
  private readonly names = new Map<string, string>();

  constructor(scope: Construct, id: string, props: NetworkFirewallProps) {
    super(scope, id);
    const firewallSubnets = props.vpc.selectSubnets(props.firewallSubnets).subnets;
    const protectedSubnets = props.vpc.selectSubnets(props.protectedSubnets).subnets;
    const returnSubnets = props.vpc.selectSubnets(props.returnSubnets ?? { subnetType: SubnetType.PUBLIC }).subnets;
    firewallSubnets.forEach((subnet, i) => {
      if (this.endpoints.has(subnet.availabilityZone)) {
        throw new Error(
          `${this.node.path}: got two firewall subnets in zone ${subnet.availabilityZone}, expected one; name one a zone ` +
            'in firewallSubnets',
        );
      }
      this.endpoints.set(subnet.availabilityZone, this.addFirewall(i + 1, subnet, props));
    });

    requireOwnRouteTables(protectedSubnets);
    protectedSubnets.forEach((subnet, i) => {
      requireFreeDefaultRoute(subnet);
      const endpoint = this.endpointIn(subnet);
      new CfnRoute(this, `DefaultRoute${i + 1}`, {
        routeTableId: routeTableOf(subnet),
        destinationCidrBlock: '0.0.0.0/0',
        vpcEndpointId: endpoint,
      });
      const back = returnSubnets.filter((candidate) => candidate.availabilityZone === subnet.availabilityZone);
      if (back.length === 0) {
        throw new Error(
          `${this.node.path}: no return subnet in the zone of ${subnet.node.path}; add a public subnet (with its NAT ` +
            'gateway) in that zone, or name the subnets in returnSubnets',
        );
      }
      // Destination is the whole protected subnet and nothing wider: a route more specific than `local` may name one
      // existing subnet (VPC guide, "Middlebox routing").
      back.forEach((candidate, j) => {
        new CfnRoute(this, `ReturnRoute${i + 1}${j === 0 ? '' : j + 1}`, {
          routeTableId: routeTableOf(candidate),
          destinationCidrBlock: rangeOf(subnet),
          vpcEndpointId: endpoint,
        });
      });
    });
  }

  /**
   * The endpoint in a zone, for routes of your own.
   *
   * @throws where the firewall has no subnet there
   */
  endpointId(availabilityZone: string): string {
    const endpoint = this.endpoints.get(availabilityZone);
    if (endpoint === undefined) {
      throw new Error(
        `${this.node.path}: no firewall subnet in zone ${availabilityZone}; got ${[...this.endpoints.keys()].join(', ')}; ` +
          'give every zone that has protected subnets a firewall subnet too',
      );
    }
    return endpoint;
  }

  /**
   * A metric of the firewall of one zone, as CloudWatch has it under AWS/NetworkFirewall: `DroppedPackets`,
   * `RejectedPackets`, `PassedPackets`, `ReceivedPackets` ... of the stateful engine.
   *
   * @throws where the firewall has no subnet in the zone
   */
  metric(metricName: string, availabilityZone: string, options: MetricOptions = {}): Metric {
    this.endpointId(availabilityZone);
    return new Metric({
      namespace: 'AWS/NetworkFirewall',
      metricName,
      dimensionsMap: {
        FirewallName: this.names.get(availabilityZone) ?? '',
        AvailabilityZone: availabilityZone,
        Engine: 'Stateful',
      },
      statistic: 'Sum',
      ...options,
    }).attachTo(this);
  }

  /** Packets answered with a reset: connections to hosts that are not allowed. */
  metricRejectedPackets(availabilityZone: string, options: MetricOptions = {}): Metric {
    return this.metric('RejectedPackets', availabilityZone, options);
  }

  private endpointIn(subnet: ISubnet): string {
    return this.endpointId(subnet.availabilityZone);
  }

  private addFirewall(number: number, subnet: ISubnet, props: NetworkFirewallProps): string {
    const protection = props.protection ?? true;
    const firewallName = `${Names.uniqueResourceName(this, { maxLength: 120 })}-${number}`;
    this.names.set(subnet.availabilityZone, firewallName);
    const firewall = new CfnFirewall(this, `Zone${number}`, {
      firewallName,
      firewallPolicyArn: props.policy.firewallPolicyArn,
      vpcId: props.vpc.vpcId,
      subnetMappings: [{ subnetId: subnet.subnetId }],
      deleteProtection: protection,
      firewallPolicyChangeProtection: protection,
      subnetChangeProtection: protection,
    });
    const destinations = [
      { logType: 'ALERT', group: props.alertLogGroup },
      { logType: 'FLOW', group: props.flowLogGroup },
    ].flatMap(({ logType, group }) =>
      group === undefined
        ? []
        : [{ logType, logDestinationType: 'CloudWatchLogs', logDestination: { logGroup: group.logGroupName } }],
    );
    if (destinations.length > 0) {
      new CfnLoggingConfiguration(this, `Logging${number}`, {
        firewallArn: firewall.attrFirewallArn,
        loggingConfiguration: { logDestinationConfigs: destinations },
      });
    }
    return Fn.select(1, Fn.split(':', Fn.select(0, firewall.attrEndpointIds)));
  }
}

/** The two ways CDK has of not knowing: an imported subnet throws or answers with an empty token. */
function routeTableOf(subnet: ISubnet): string {
  const id = readOrUndefined(() => subnet.routeTable.routeTableId);
  if (id === undefined || id === '') {
    throw new Error(
      `${subnet.node.path}: its route table is not known, so the way through the firewall can't be set; import the VPC ` +
        'with the route table ids of its subnets (Vpc.fromVpcAttributes: publicSubnetRouteTableIds, ' +
        'isolatedSubnetRouteTableIds), or let the owner of the VPC add the routes that endpointId(zone) is for',
    );
  }
  return id;
}

function rangeOf(subnet: ISubnet): string {
  const range = readOrUndefined(() => subnet.ipv4CidrBlock);
  if (range === undefined) {
    throw new Error(
      `${subnet.node.path}: its range is not known, so the way back through the firewall can't be set; import the VPC with ` +
        'the ranges of its subnets (Vpc.fromVpcAttributes: isolatedSubnetIpv4CidrBlocks)',
    );
  }
  return range;
}

function readOrUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Subnets of an imported VPC often share one, which can lead to one zone only; the second route would fail at deploy. */
function requireOwnRouteTables(subnets: readonly ISubnet[]): void {
  const tables = subnets.map(routeTableOf);
  const shared = subnets.find((_, i) => tables.indexOf(tables[i] ?? '') < i);
  if (shared !== undefined) {
    throw new Error(
      `${shared.node.path}: shares its route table with another protected subnet, and one table has one default route; ` +
        'give each protected subnet a route table of its own',
    );
  }
}

/** Vpc gives PUBLIC and PRIVATE_WITH_EGRESS subnets a default route of their own; two of them fail at deploy. */
function requireFreeDefaultRoute(subnet: ISubnet): void {
  const own = subnet.node.findAll().find((child): child is CfnRoute => child instanceof CfnRoute && leadsOut(child));
  if (own !== undefined) {
    throw new Error(
      `${subnet.node.path}: has a default route already (${own.node.path}), which would lead past the firewall; make ` +
        'the protected subnets SubnetType.PRIVATE_ISOLATED, and the firewall gives them their way out',
    );
  }
}

function leadsOut(route: CfnRoute): boolean {
  return [route.destinationCidrBlock, route.destinationIpv6CidrBlock].some(
    (cidr) => cidr !== undefined && !Token.isUnresolved(cidr) && cidr.endsWith('/0'),
  );
}
