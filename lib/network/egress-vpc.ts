import { Validations } from 'aws-cdk-lib';
import { IpAddresses, type ISubnet, type SubnetConfiguration, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { parseCidr } from '../../core/network/cidr';
import type { ClosedSecurityGroup } from './closed-security-group';
import { publicIpv4List, serviceGroup } from './public-ipv4';
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
  private readonly publicIpv4: string;

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

    this.publicIpv4 = publicIpv4List(this, 'PublicIpv4');
  }

  /** A group for a service: in from nobody yet. */
  serviceGroup(id: string): ClosedSecurityGroup {
    return serviceGroup(this, id, this.vpc, this.publicIpv4);
  }
}
