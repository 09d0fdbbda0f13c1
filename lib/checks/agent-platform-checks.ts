import {
  CfnResource,
  type IPolicyValidationContext,
  type IPolicyValidationPlugin,
  type PolicyValidationPluginReport,
  type PolicyViolation,
} from 'aws-cdk-lib';
import { taskOf } from './containers';
import { fargateRefuses } from './fargate-refuses';
import { logModeBlocking } from './log-mode-blocking';
import type { ResourceRule } from './rule';
import { isSessionTask, sessionTaskHardened } from './session-task-hardened';
import { overBudget } from './stack-budget';

const RULES: readonly ResourceRule[] = [fargateRefuses, logModeBlocking, sessionTaskHardened];

/**
 * Checks of the platform's own, for `Validations.of(app).addPlugins(new AgentPlatformChecks())`: what AWS's validators
 * and cdk-nag have no rule for. A finding makes synth fail.
 */
export class AgentPlatformChecks implements IPolicyValidationPlugin {
  readonly name = 'AgentPlatform';
  readonly ruleIds?: string[] = [...RULES.map((rule) => rule.name), 'SESSION_TASK_MISSING', 'STACK_BUDGET'];

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const resources = context.appConstruct.node.findAll().filter((node) => CfnResource.isCfnResource(node));
    const violations = [
      ...RULES.flatMap((rule) => resources.flatMap((resource) => violationsOf(rule, resource))),
      ...missingTasks(resources),
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

/** A task that no longer looks like a session's would be judged by no rule about sessions. */
function missingTasks(resources: readonly CfnResource[]): PolicyViolation[] {
  const documents = resources.filter((each) => each.cfnResourceType === 'AWS::AppConfig::HostedConfigurationVersion');
  const tasks = resources.filter((each) => isSessionTask(taskOf(each)));
  const ours = documents.filter((each) => each.node.path.includes('/Policy/'));
  if (tasks.length >= ours.length) return [];
  return [
    {
      ruleName: 'SESSION_TASK_MISSING',
      description: `${ours.length} policy documents and ${tasks.length} session tasks: each profile has a task with a container "agent" and a volume "session"`,
      violatingResources: ours.map((each) => ({ constructPath: each.node.path, locations: [] })),
    },
  ];
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
