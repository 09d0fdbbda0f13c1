import { Names, Validations } from 'aws-cdk-lib';
import {
  CfnPrefixList,
  IpAddresses,
  type ISubnet,
  type SecurityGroup,
  type SubnetConfiguration,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { parseCidr, publicIpv4Ranges } from '../../core/network/cidr';
import { ClosedSecurityGroup } from './closed-security-group';
import { Tier } from './tier';
import type { Zones } from './zones';

export interface EgressVpcProps {
  readonly tier: Tier;
  readonly cidr: string;
  readonly zones: Zones;
}

/**
 * Where the platform's services live, and the only way out. STANDARD and MAXIMUM: service subnets without a default
 * route of their own (the firewall gives them one), firewall subnets that lead to the NAT gateway of their zone, public
 * subnets for the NAT gateways. LEAN: service subnets are public. Both: subnets for interface endpoints, which the
 * peering has no route to.
 *
 * NAT is zonal. The regional NAT gateway has one route table and would break the way back through each zone's firewall.
 *
 * @internal
 */
export class EgressVpc extends Construct {
  readonly vpc: Vpc;
  readonly serviceSubnets: ISubnet[];
  /** Of the egress proxy. Out: 443 to public addresses, nothing private. */
  readonly proxySecurityGroup: SecurityGroup;
  /** Of the model gateway. Out: 443 to public addresses, nothing private. */
  readonly gatewaySecurityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: EgressVpcProps) {
    super(scope, id);
    const lean = props.tier === Tier.LEAN;
    const cidrMask = (parseCidr(props.cidr)?.length ?? 20) + 4;
    // One layout for all tiers, addresses kept where a tier has no use for them: moving to another tier then adds or
    // removes subnets. With two layouts it would make one where another still is, which EC2 refuses.
    const subnets: SubnetConfiguration[] = [
      { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask, mapPublicIpOnLaunch: false },
      { name: 'Firewall', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask, reserved: lean },
      { name: 'Service', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask, reserved: lean },
      { name: 'Endpoint', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask },
    ];
    this.vpc = new Vpc(this, 'Vpc', {
      ...props.zones.vpcProps,
      ipAddresses: IpAddresses.cidr(props.cidr),
      natGateways: lean ? 0 : props.zones.count,
      restrictDefaultSecurityGroup: true,
      subnetConfiguration: subnets,
    });
    this.serviceSubnets = this.vpc.selectSubnets({ subnetGroupName: lean ? 'Public' : 'Service' }).subnets;
    for (const subnet of this.vpc.publicSubnets) {
      Validations.of(subnet).acknowledge({
        id: 'NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW',
        reason: lean
          ? 'tier LEAN has its services in public subnets; they have no inbound rule, and sessions are in another VPC'
          : 'the NAT gateway lives here and nothing else; sessions and services are in other subnets',
      });
    }

    // Security groups have no deny and count a prefix list by its length (60 rules are the default quota).
    const ranges = publicIpv4Ranges();
    const publicIpv4 = new CfnPrefixList(this, 'PublicIpv4', {
      addressFamily: 'IPv4',
      entries: ranges.map((cidr) => ({ cidr })),
      maxEntries: ranges.length,
      prefixListName: Names.uniqueResourceName(this, { maxLength: 200, separator: '-' }),
    });
    const service = (name: string, what: string): SecurityGroup => {
      const description = `${what}: in only from sessions; out 443 to public addresses`;
      const group = new ClosedSecurityGroup(this, name, { vpc: this.vpc, description });
      group.allowToPrefixList('Public', publicIpv4.attrPrefixListId, 443, 'Public addresses only: never a session');
      return group;
    };
    this.proxySecurityGroup = service('ProxySecurityGroup', 'Egress proxy');
    this.gatewaySecurityGroup = service('GatewaySecurityGroup', 'Model gateway');
  }
}
