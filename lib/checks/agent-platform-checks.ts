import {
  CfnResource,
  type IPolicyValidationContext,
  type IPolicyValidationPlugin,
  type PolicyValidationPluginReport,
  type PolicyViolation,
} from 'aws-cdk-lib';
import { fargateRefuses } from './fargate-refuses';
import { logModeBlocking } from './log-mode-blocking';
import type { ResourceRule } from './rule';
import { sessionTaskHardened } from './session-task-hardened';
import { overBudget } from './stack-budget';

const RULES: readonly ResourceRule[] = [fargateRefuses, logModeBlocking, sessionTaskHardened];

/**
 * Checks of the platform's own, for `Validations.of(app).addPlugins(new AgentPlatformChecks())`: what AWS's validators
 * and cdk-nag have no rule for. A finding makes synth fail.
 */
export class AgentPlatformChecks implements IPolicyValidationPlugin {
  readonly name = 'AgentPlatform';
  readonly ruleIds?: string[] = [...RULES.map((rule) => rule.name), 'STACK_BUDGET'];

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const resources = context.appConstruct.node.findAll().filter((node) => CfnResource.isCfnResource(node));
    const violations = [
      ...RULES.flatMap((rule) => resources.flatMap((resource) => violationsOf(rule, resource))),
      ...context.stackTemplates.flatMap(({ templatePath, stackConstructPath }): PolicyViolation[] =>
        overBudget(templatePath).map((problem) => ({
          ruleName: 'STACK_BUDGET',
          description: `${problem}; move profiles to a second platform, or a plane to a stack of its own (AgentPlatformStage)`,
          violatingResources: [{ constructPath: stackConstructPath, templatePath, locations: [] }],
        })),
      ),
    ];
    return { success: violations.length === 0, violations };
  }
}

function violationsOf(rule: ResourceRule, resource: CfnResource): PolicyViolation[] {
  const problems = rule.check(resource);
  if (problems.length === 0) return [];
  return [
    {
      ruleName: rule.name,
      description: `${problems.join('; ')} (${rule.description})`,
      violatingResources: [{ constructPath: resource.node.path, locations: [] }],
    },
  ];
}
