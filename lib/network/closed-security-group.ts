import { Token } from 'aws-cdk-lib';
import {
  CfnSecurityGroupEgress,
  type IPeer,
  type ISecurityGroup,
  type IVpc,
  type Port,
  SecurityGroup,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/**
 * A security group that is closed from its first moment. EC2 lets a new group send everything until it has an egress
 * rule; CDK puts a rule that matches nothing into the group itself, and takes it out again as soon as `addEgressRule`
 * is called, also when that rule becomes a resource of its own, which exists only later. So rules are added here as
 * resources, and the closing one stays.
 *
 * @internal
 */
export class ClosedSecurityGroup extends SecurityGroup {
  constructor(scope: Construct, id: string, props: { readonly vpc: IVpc; readonly description: string }) {
    super(scope, id, { ...props, allowAllOutbound: false });
  }

  /** Also what `connections.allowTo` ends in: a resource of its own, never a rule in the group. */
  override addEgressRule(peer: IPeer, connection: Port, description?: string): void {
    const to = Token.isUnresolved(peer.uniqueId) ? 'peer' : peer.uniqueId;
    new CfnSecurityGroupEgress(this, `to ${to}:${connection}`, {
      groupId: this.securityGroupId,
      description: description ?? `to ${to}:${connection}`,
      ...peer.toEgressRuleConfig(),
      ...connection.toRuleJson(),
    });
  }

  /** Lets members open TCP connections to another group of the same VPC. */
  allowTo(id: string, group: ISecurityGroup, port: number, description: string): void {
    this.allow(id, { destinationSecurityGroupId: group.securityGroupId }, port, description);
  }

  /** Lets members open TCP connections to the addresses of a prefix list. */
  allowToPrefixList(id: string, prefixListId: string, port: number, description: string): void {
    this.allow(id, { destinationPrefixListId: prefixListId }, port, description);
  }

  private allow(
    id: string,
    destination: { readonly destinationSecurityGroupId?: string; readonly destinationPrefixListId?: string },
    port: number,
    description: string,
  ): void {
    new CfnSecurityGroupEgress(this, id, {
      groupId: this.securityGroupId,
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
      description,
      ...destination,
    });
  }
}
