import {
  CfnRoute,
  CfnSecurityGroupEgress,
  CfnSecurityGroupIngress,
  CfnVPCPeeringConnection,
  type ISecurityGroup,
  type ISubnet,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export interface VpcPeeringProps {
  readonly from: IVpc;
  readonly fromSubnets: readonly ISubnet[];
  readonly to: IVpc;
  readonly toSubnets: readonly ISubnet[];
}

/**
 * A peering connection with routes between named subnets and nothing wider: what else lives in the two VPCs, interface
 * endpoints above all, stays out of reach. The hop goes subnet to subnet, never through a firewall, which would lose the
 * security group references.
 *
 * @internal
 */
export class VpcPeering extends Construct {
  private readonly connection: CfnVPCPeeringConnection;

  constructor(scope: Construct, id: string, props: VpcPeeringProps) {
    super(scope, id);
    this.connection = new CfnVPCPeeringConnection(this, 'Resource', {
      vpcId: props.from.vpcId,
      peerVpcId: props.to.vpcId,
    });
    this.addRoutes('There', props.fromSubnets, props.toSubnets);
    this.addRoutes('Back', props.toSubnets, props.fromSubnets);
  }

  /**
   * Lets `client` open connections to `server` on one TCP port. EC2 accepts a group of the other VPC only while the
   * peering is active, and CloudFormation does not know that: both rules wait for it.
   */
  allow(id: string, client: ISecurityGroup, server: ISecurityGroup, port: number, description: string): void {
    const tcp = { ipProtocol: 'tcp', fromPort: port, toPort: port, description };
    const out = new CfnSecurityGroupEgress(this, `${id}Out`, {
      groupId: client.securityGroupId,
      destinationSecurityGroupId: server.securityGroupId,
      ...tcp,
    });
    const into = new CfnSecurityGroupIngress(this, `${id}In`, {
      groupId: server.securityGroupId,
      sourceSecurityGroupId: client.securityGroupId,
      ...tcp,
    });
    for (const rule of [out, into]) rule.addResourceDependency(this.connection);
  }

  private addRoutes(direction: string, from: readonly ISubnet[], to: readonly ISubnet[]): void {
    from.forEach((source, i) => {
      to.forEach((target, j) => {
        new CfnRoute(this, `${direction}${i + 1}To${j + 1}`, {
          routeTableId: source.routeTable.routeTableId,
          destinationCidrBlock: target.ipv4CidrBlock,
          vpcPeeringConnectionId: this.connection.attrId,
        });
      });
    });
  }
}
