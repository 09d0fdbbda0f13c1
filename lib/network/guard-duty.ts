import { Token } from 'aws-cdk-lib';
import { REGIONS } from '../../core/network/regions';

/** Where the agent that GuardDuty puts beside a Fargate task is pulled from. */
export interface GuardDutyAgent {
  readonly registryHost: string;
  readonly repositoryArn: string;
}

/**
 * A task whose execution role, endpoints or DNS know nothing of this repository starts all the same, without the agent
 * and without a word (Amazon GuardDuty User Guide, "Prerequisites for AWS Fargate (Amazon ECS only) support").
 *
 * @throws where the region is only known at deploy, or the table has no such region
 */
export function guardDutyAgent(stack: {
  readonly partition: string;
  readonly region: string;
  readonly urlSuffix: string;
}): GuardDutyAgent {
  const { partition, region, urlSuffix } = stack;
  const account = Token.isUnresolved(region) ? undefined : REGIONS[region]?.guardDutyAccount;
  if (account === undefined) {
    throw new Error(
      `tier maximum: the account of GuardDuty's agent image in ${Token.isUnresolved(region) ? 'an unnamed region' : region} ` +
        'is not known; set the region of the stack (env: { region }) to one the library knows',
    );
  }
  return {
    registryHost: `${account}.dkr.ecr.${region}.${urlSuffix}`,
    repositoryArn: `arn:${partition}:ecr:${region}:${account}:repository/aws-guardduty-agent-fargate`,
  };
}
