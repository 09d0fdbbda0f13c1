import { type App, CloudFormationValidatePlugin, type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import { AgentPlatformChecks } from '../../lib/checks';

export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly description: string;
}

export interface Acknowledgement {
  readonly id: string;
  readonly path: string;
  readonly reason: string;
}

/** As bin/agent-platform.ts has them. */
export function packs(app: App): IPolicyValidationPlugin[] {
  return [new AwsSolutionsChecks(app), new NIST80053R5Checks(app), new AgentPlatformChecks()];
}

/** What the packs find in a tree. Budgets are not among it: there are no templates yet. */
export function findings(app: App): Finding[] {
  const context = { appConstruct: app, templatePaths: [], stackTemplates: [] };
  return packs(app).flatMap((plugin) =>
    plugin.validate(context).violations.flatMap(({ ruleName, description, violatingResources }) =>
      violatingResources.map(({ constructPath = '' }) => ({
        // cdk-nag's rules carry their pack's name already; ours are known by the plugin's, as an acknowledgement is.
        rule: plugin instanceof AgentPlatformChecks ? `${plugin.name}::${ruleName}` : ruleName,
        path: constructPath,
        description,
      })),
    ),
  );
}

/** Findings as lines, so that a failure says all of them. */
export function lines(found: readonly Finding[]): string[] {
  return found.map(({ rule, path, description }) => `${path}: ${rule}: ${description}`);
}

const CDK_OWN = `${CloudFormationValidatePlugin.PLUGIN_NAME.replaceAll(' ', '-')}::`;

/**
 * Every acknowledgement in a tree. Without those of findings of CloudFormation's validator: aws-cdk-lib's own constructs
 * make them, and validator.test.ts reads the templates themselves, where nothing is acknowledged.
 */
export function acknowledgements(app: App): Acknowledgement[] {
  return app.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter((entry) => entry.type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap((entry) => Object.entries(entry.data as Record<string, string>))
      .map(([id, reason]) => ({
        // An id without a namespace is recorded as one of an annotation.
        id: id.replace(/^Annotation::/, ''),
        path: construct.node.path,
        reason,
      }))
      .filter(({ id }) => !id.startsWith(CDK_OWN)),
  );
}

/** What `make` gives, as it would be judged if nothing in it were acknowledged. */
export function unacknowledged<T>(make: () => T): T {
  const acknowledge = jest.spyOn(Validations.prototype, 'acknowledge').mockImplementation(() => undefined);
  try {
    return make();
  } finally {
    acknowledge.mockRestore();
  }
}

/** Acknowledgements that no finding at or below their construct needs, as `path: id`, each once. */
export function stale(acknowledged: readonly Acknowledgement[], found: readonly Finding[]): string[] {
  const needed = ({ id, path }: Acknowledgement): boolean =>
    found.some(
      (finding) =>
        (id === finding.rule || id.endsWith(`::${finding.rule}`)) &&
        (finding.path === path || finding.path.startsWith(`${path}/`)),
    );
  return [...new Set(acknowledged.filter((one) => !needed(one)).map(({ path, id }) => `${path}: ${id}`))];
}
