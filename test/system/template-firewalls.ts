import type { CfnTemplate } from '../templates';
import type { Firewall } from './lab/protocol';

interface PolicyProperties {
  readonly FirewallPolicy: {
    readonly PolicyVariables: { readonly RuleVariables: { readonly HOME_NET: { readonly Definition: string[] } } };
    readonly StatefulEngineOptions: { readonly StreamExceptionPolicy: string };
    readonly StatefulRuleGroupReferences: {
      readonly ResourceArn: { readonly 'Fn::GetAtt': readonly [string, string] };
    }[];
    readonly StatelessFragmentDefaultActions: string[];
  };
}

interface RuleGroupProperties {
  readonly RuleGroup: { readonly RulesSource: { readonly RulesString: string | Joined } };
}

/** Text in which CloudFormation fills in account, region and URL suffix. */
interface Joined {
  readonly 'Fn::Join': readonly [string, readonly (string | { readonly Ref: string })[]];
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': '111122223333',
  'AWS::Region': 'eu-west-1',
  'AWS::URLSuffix': 'amazonaws.com',
};

/** AWS's names for what happens to streams the engine did not see from the start, and Suricata's. */
const EXCEPTION_POLICIES: Readonly<Record<string, Firewall['exceptionPolicy']>> = {
  REJECT: 'reject',
  DROP: 'drop-flow',
  CONTINUE: 'ignore',
};

/** Every firewall policy of a template with the rules it refers to: what AWS would load. */
export function firewallsOf(template: CfnTemplate): Firewall[] {
  return Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::NetworkFirewall::FirewallPolicy')
    .map((resource) => {
      const policy = (resource.Properties as unknown as PolicyProperties).FirewallPolicy;
      const exceptionPolicy = EXCEPTION_POLICIES[policy.StatefulEngineOptions.StreamExceptionPolicy];
      if (exceptionPolicy === undefined) throw new Error('the policy names no stream exception policy that we know');
      return {
        rules: policy.StatefulRuleGroupReferences.map((reference) =>
          rulesOf(template, reference.ResourceArn['Fn::GetAtt'][0]),
        ).join(''),
        homeNet: policy.PolicyVariables.RuleVariables.HOME_NET.Definition,
        dropsFragments: policy.StatelessFragmentDefaultActions.includes('aws:drop'),
        exceptionPolicy,
      };
    });
}

function rulesOf(template: CfnTemplate, logicalId: string): string {
  const group = template.Resources[logicalId]?.Properties as unknown as RuleGroupProperties | undefined;
  if (group === undefined) throw new Error(`the policy refers to ${logicalId}, which is not in its template`);
  const rules = group.RuleGroup.RulesSource.RulesString;
  if (typeof rules === 'string') return rules;
  const [separator, parts] = rules['Fn::Join'];
  return parts.map((part) => (typeof part === 'string' ? part : deployed(part.Ref))).join(separator);
}

function deployed(name: string): string {
  const value = PSEUDO[name];
  if (value === undefined) throw new Error(`a rule has the deploy-time value ${name}, which could be any text`);
  return value;
}

/** The rules by what they say of themselves, in their order. */
export function ruleLines(rules: string): { message: string; action: string; line: string }[] {
  return rules
    .trim()
    .split('\n')
    .map((line) => {
      const message = /msg:"([^"]*)"/.exec(line)?.[1];
      if (message === undefined) throw new Error(`a rule without a message: ${line}`);
      return { message, action: line.split(' ')[0] ?? '', line };
    });
}
