import type { CfnResource } from 'aws-cdk-lib';

/** A check of one resource. Its name is what an acknowledgement names: `AgentPlatform::NAME`. */
export interface ResourceRule {
  readonly name: string;
  /** What must hold, and why. */
  readonly description: string;
  /** What is wrong with a resource; empty where nothing is or the rule is not about it. */
  check(resource: CfnResource): string[];
}
