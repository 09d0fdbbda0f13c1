import type { Mutation } from './draft';

/** The second, AWS-operated layer, and the names that it and DNS Firewall must agree on (N14). */
export const FIREWALL: readonly Mutation[] = [
  {
    name: 'firewall policy that is not in the templates',
    edit: (draft) =>
      draft.set(draft.the('AWS::NetworkFirewall::Firewall'), {
        FirewallPolicyArn: 'arn:aws:network-firewall:eu-west-1:999988887777:firewall-policy/theirs',
      }),
    finding: 'firewall-rules-unknown',
  },
  {
    name: 'stateless rules before the stateful ones',
    edit: (draft) =>
      Object.assign(draft.firewallPolicy, { StatelessRuleGroupReferences: [{ Priority: 1, ResourceArn: 'x' }] }),
    finding: 'firewall-stateless',
  },
  {
    name: 'tier standard without its firewall',
    variant: 'lean',
    edit: (draft) => {
      for (const template of Object.values(draft.templates)) {
        if (template.Metadata) Object.assign(template, { Metadata: { AgentPlatform: { tier: 'standard' } } });
      }
    },
    finding: 'firewall-missing',
    also: ['way-out-past-firewall'],
  },
  {
    name: 'firewall policy in default order',
    edit: (draft) =>
      Object.assign(draft.firewallPolicy.StatefulEngineOptions as object, { RuleOrder: 'DEFAULT_ACTION_ORDER' }),
    finding: 'firewall-order',
  },
  {
    name: 'rule group in default order',
    edit: (draft) => {
      const group = draft.raw(draft.the('AWS::NetworkFirewall::RuleGroup')).Properties.RuleGroup as object;
      Object.assign(group, { StatefulRuleOptions: { RuleOrder: 'DEFAULT_ACTION_ORDER' } });
    },
    finding: 'firewall-order',
  },
  ...['StatelessDefaultActions', 'StatelessFragmentDefaultActions'].map(
    (key): Mutation => ({
      name: `${key} aws:pass`,
      edit: (draft) => Object.assign(draft.firewallPolicy, { [key]: ['aws:pass'] }),
      finding: 'firewall-stateless',
    }),
  ),
  {
    name: "a rule group of somebody else's before ours",
    edit: (draft) =>
      (draft.firewallPolicy.StatefulRuleGroupReferences as unknown[]).unshift({
        Priority: 0,
        ResourceArn: 'arn:aws:network-firewall:eu-west-1:999988887777:stateful-rulegroup/theirs',
      }),
    finding: 'firewall-rules-unknown',
  },
  ...[
    'pass ip any any -> any any (flow:to_server; sid:1;)',
    'pass tls $HOME_NET any -> $EXTERNAL_NET any (flow:to_server; tls.sni; content:"github.com"; nocase; startswith; endswith; sid:1;)',
    'pass tls $HOME_NET any -> $EXTERNAL_NET 443 (tls.sni; content:"github.com"; nocase; startswith; endswith; sid:1;)',
    'pass tls $HOME_NET any -> $EXTERNAL_NET 443 (flow:to_server; tls.sni; content:"github.com"; nocase; sid:1;)',
  ].map(
    (rule): Mutation => ({
      name: `firewall rule: ${rule}`,
      edit: (draft) => draft.rules((text) => `${rule}\n${text}`),
      finding: 'firewall-pass',
    }),
  ),
  {
    name: 'one more host at the firewall than in DNS',
    edit: (draft) => draft.rules((text) => text.replaceAll('"github.com"', '"gitlab.com"')),
    finding: 'firewall-and-dns-differ',
  },
  ...[
    'reject tls',
    'reject tcp any any -> any 443',
    'reject tcp any any -> any !443',
    'drop udp',
    'drop icmp',
    'drop ip',
  ].map(
    (start): Mutation => ({
      name: `firewall rules without "${start}"`,
      edit: (draft) =>
        draft.rules((text) =>
          text
            .split('\n')
            .filter((line) => !line.startsWith(start))
            .join('\n'),
        ),
      finding: 'firewall-not-closed',
    }),
  ),
  {
    name: 'HOME_NET is the whole VPC',
    edit: (draft) =>
      Object.assign(draft.firewallPolicy, {
        PolicyVariables: { RuleVariables: { HOME_NET: { Definition: ['10.65.0.0/20'] } } },
      }),
    finding: 'firewall-home',
  },
];
