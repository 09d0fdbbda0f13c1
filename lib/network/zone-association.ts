import { CustomResource, Duration, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { prebuiltFunction } from '../prebuilt-function';

export interface ZoneAssociationProps {
  readonly hostedZoneId: string;
  readonly vpc: IVpc;
  readonly encryptionKey: IKey;
  readonly removalPolicy: RemovalPolicy;
}

/**
 * Lets a second VPC resolve a private zone that Cloud Map owns. Cloud Map takes one VPC, and CloudFormation has no type
 * for a further association, so this is a custom resource (it disassociates when it is deleted).
 *
 * @internal
 */
export class ZoneAssociation extends Construct {
  constructor(scope: Construct, id: string, props: ZoneAssociationProps) {
    super(scope, id);
    const { partition, region, account } = Stack.of(this);
    const handler = prebuiltFunction(this, 'Function', 'network', {
      description: "Associates the platform's private DNS zone with its second VPC",
      encryptionKey: props.encryptionKey,
      timeout: Duration.minutes(5),
      removalPolicy: props.removalPolicy,
    });
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: [
          'route53:AssociateVPCWithHostedZone',
          'route53:DisassociateVPCFromHostedZone',
          'route53:GetHostedZone',
        ],
        resources: [`arn:${partition}:route53:::hostedzone/${props.hostedZoneId}`],
      }),
    );
    // Route 53 reads the VPC with the caller's rights. The association names the VPC itself, see the statement above.
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['ec2:DescribeVpcs'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:RequestedRegion': region, 'aws:ResourceAccount': account } },
      }),
    );
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'ec2:DescribeVpcs takes no resource; it is bound to this account and region',
    });
    new CustomResource(this, 'Resource', {
      serviceToken: handler.functionArn,
      resourceType: 'Custom::ZoneAssociation',
      properties: { HostedZoneId: props.hostedZoneId, VpcId: props.vpc.vpcId, VpcRegion: region },
    });
  }
}
