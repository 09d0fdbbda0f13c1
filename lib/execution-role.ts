import { Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { INLINE_POLICY } from './acknowledgements';

export interface ExecutionRoleProps {
  readonly description: string;
  readonly repositoryArns: readonly string[];
  readonly logGroup: ILogGroup;
}

/**
 * Whom a role for tasks trusts: ECS, for tasks of this account only. Another account's ECS can't be made to use it
 * (confused deputy; ECS guide, "Task execution IAM role").
 *
 * @internal
 */
export function tasksOfThisAccount(scope: Construct): ServicePrincipal {
  const { partition, region, account } = Stack.of(scope);
  return new ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: {
      StringEquals: { 'aws:SourceAccount': account },
      ArnLike: { 'aws:SourceArn': `arn:${partition}:ecs:${region}:${account}:*` },
    },
  });
}

/**
 * What Fargate itself uses to start a task: pull exactly these images, write exactly this log group. No container of a
 * task can get at it.
 *
 * @internal
 */
export class ExecutionRole extends Role {
  constructor(scope: Construct, id: string, props: ExecutionRoleProps) {
    super(scope, id, { description: props.description, assumedBy: tasksOfThisAccount(scope) });
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
