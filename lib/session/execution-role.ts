import { Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { INLINE_POLICY } from '../acknowledgements';

export interface ExecutionRoleProps {
  readonly repositoryArns: readonly string[];
  readonly logGroup: ILogGroup;
}

/**
 * What Fargate itself uses to start a task: pull exactly these images, write exactly this log group. No container of a
 * task can get at it, and there is no other role: a session is not an IAM principal.
 *
 * @internal
 */
export class ExecutionRole extends Role {
  constructor(scope: Construct, id: string, props: ExecutionRoleProps) {
    const { partition, region, account } = Stack.of(scope);
    super(scope, id, {
      description: 'Pulls the images of sessions and writes the logs of the containers beside the agent',
      // Another account's ECS can't be made to use the role (confused deputy; ECS guide, "Task execution IAM role").
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': `arn:${partition}:ecs:${region}:${account}:*` },
        },
      }),
    });
    this.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
    );
    Validations.of(this).acknowledge(INLINE_POLICY, {
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'ecr:GetAuthorizationToken takes no resource; what may be pulled is named in the statement beside it',
    });
    this.addToPolicy(
      new PolicyStatement({
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        resources: [...props.repositoryArns],
      }),
    );
    this.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [props.logGroup.logGroupArn],
      }),
    );
  }
}
