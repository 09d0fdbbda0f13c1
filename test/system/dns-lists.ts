import type { CfnTemplate } from '../templates';
import type { DnsRule } from './lab/resolver-protocol';

interface RuleGroupProperties {
  readonly FirewallRules: readonly {
    readonly Action: 'ALLOW' | 'BLOCK';
    readonly Priority: number;
    readonly FirewallDomainListId: { readonly 'Fn::GetAtt': readonly [string, string] };
  }[];
}

/** What CloudFormation would put in; any account and partition do. */
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::AccountId': '111122223333',
  'AWS::Region': 'eu-west-1',
  'AWS::URLSuffix': 'amazonaws.com',
};

/** Every DNS Firewall rule group of a template by its logical id, as rules in the order of their priority. */
export function dnsRuleGroupsOf(template: CfnTemplate): [logicalId: string, rules: DnsRule[]][] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::Route53Resolver::FirewallRuleGroup')
    .map(([logicalId, resource]) => {
      const { FirewallRules } = resource.Properties as unknown as RuleGroupProperties;
      const rules = [...FirewallRules]
        .sort((a, b) => a.Priority - b.Priority)
        .map(({ Action, FirewallDomainListId }) => {
          const list = template.Resources[FirewallDomainListId['Fn::GetAtt'][0]]?.Properties?.Domains;
          if (!Array.isArray(list)) throw new Error(`${logicalId} refers to a list that is not in its template`);
          return { action: Action, domains: list.map(resolved) };
        });
      return [logicalId, rules];
    });
}

function resolved(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
  if (join !== undefined) return join[1].map(resolved).join(join[0]);
  const text = Ref === undefined ? undefined : PSEUDO_PARAMETERS[Ref];
  if (text === undefined) throw new Error(`a domain that this test can't resolve: ${JSON.stringify(value)}`);
  return text;
}
