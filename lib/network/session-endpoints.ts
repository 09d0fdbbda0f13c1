import { Stack } from 'aws-cdk-lib';
import {
  GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { IAgentNetwork } from './agent-network-ref';
import { Tier } from './tier';

export interface SessionEndpointsProps {
  readonly network: IAgentNetwork;
  /** The only role that may use the endpoints: the execution role, which no container of a task can get at. */
  readonly executionRole: IRole;
  /** ARNs of the repositories that agents' images are pulled from. */
  readonly repositoryArns: string[];
  /** Where the platform's containers beside the agent write their logs. */
  readonly logGroup: ILogGroup;
}

/**
 * The endpoints Fargate needs to start a task, which the task's own network interface reaches and so the agent does too.
 * An endpoint without a policy is a way out: an agent can bring the keys of its own AWS account. So each policy names
 * the role and the resources, and what a policy can't name is narrowed to one action on one bucket.
 *
 * Stands in the last stack of several: it refers to repositories and roles, and those to the network.
 */
export class SessionEndpoints extends Construct {
  constructor(scope: Construct, id: string, props: SessionEndpointsProps) {
    super(scope, id);
    const { network, executionRole } = props;
    const { partition, region, account } = Stack.of(this);
    const subnets = network.sessionSubnets;
    const onlyExecutionRole = { ArnEquals: { 'aws:PrincipalArn': executionRole.roleArn } };
    const open = (name: string, service: InterfaceVpcEndpointAwsService, statements: PolicyStatement[]): void => {
      const endpoint = new InterfaceVpcEndpoint(this, name, {
        vpc: network.sessionsVpc,
        service,
        subnets,
        securityGroups: [network.endpointSecurityGroup],
        privateDnsEnabled: true,
        open: false,
      });
      for (const statement of statements) endpoint.addToPolicy(statement);
    };

    const pull = (): PolicyStatement[] => [
      new PolicyStatement({
        sid: 'Login',
        principals: [new AnyPrincipal()],
        // Takes no resource. Both ECR endpoints need it.
        actions: ['ecr:GetAuthorizationToken'],
        resources: ['*'],
        conditions: onlyExecutionRole,
      }),
      new PolicyStatement({
        sid: 'PullTheseImages',
        principals: [new AnyPrincipal()],
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        resources: props.repositoryArns,
        conditions: onlyExecutionRole,
      }),
    ];
    open('EcrApi', InterfaceVpcEndpointAwsService.ECR, pull());
    open('EcrDocker', InterfaceVpcEndpointAwsService.ECR_DOCKER, pull());
    open('Logs', InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS, [
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [props.logGroup.logGroupArn],
        conditions: onlyExecutionRole,
      }),
    ]);

    const s3 = new GatewayVpcEndpoint(this, 'S3', {
      vpc: network.sessionsVpc,
      service: GatewayVpcEndpointAwsService.S3,
      subnets: [subnets],
    });
    // Layers come by URLs that ECR signed for a bucket of AWS's own: neither principal nor resource is of this account,
    // and any condition on them makes every task fail with CannotPullContainerError.
    s3.addToPolicy(
      new PolicyStatement({
        sid: 'ImageLayers',
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject'],
        resources: [`arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`],
      }),
    );

    if (network.tier === Tier.MAXIMUM) {
      // Made here and not by GuardDuty, whose own endpoint has a security group that sessions may not reach, and which
      // would stop the VPC from being deleted.
      open('GuardDuty', InterfaceVpcEndpointAwsService.GUARDDUTY_DATA, [
        new PolicyStatement({
          principals: [new AnyPrincipal()],
          // The one action of this service (service authorization reference of GuardDuty).
          actions: ['guardduty:SendSecurityTelemetry'],
          resources: ['*'],
          conditions: { StringEquals: { 'aws:PrincipalAccount': account } },
        }),
      ]);
    }
  }
}
