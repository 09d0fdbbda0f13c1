import { type Mutation, one } from './draft';

/** DNS is a way out that groups, routes and Network Firewall don't see. */
export const NAMES: readonly Mutation[] = [
  {
    name: 'DNS Firewall association of the sessions VPC removed',
    edit: (draft) => draft.remove(draft.dns(draft.before.sessionsVpc).association),
    finding: 'dns-firewall-missing',
    also: ['dns-extra-name'],
  },
  {
    name: 'DNS Firewall association of the egress VPC removed',
    variant: 'lean',
    edit: (draft) => draft.remove(draft.dns(draft.before.egressVpc).association),
    finding: 'dns-firewall-missing',
  },
  {
    name: '* moved to the allowed names',
    edit: (draft) => draft.set(draft.dns(draft.before.sessionsVpc).allowed, { Domains: ['*'] }),
    finding: 'dns-everything-allowed',
    also: ['dns-extra-name'],
  },
  {
    name: '*.com among the names of the egress VPC',
    variant: 'lean',
    edit: (draft) => {
      const { Properties } = draft.raw(draft.dns(draft.before.egressVpc).allowed);
      Properties.Domains = [...(Properties.Domains as string[]), '*.com'];
    },
    finding: 'dns-everything-allowed',
  },
  {
    name: 'ALERT on every name before the last BLOCK',
    edit: (draft) => {
      const { rules } = draft.dns(draft.before.sessionsVpc);
      const last = rules.find((rule) => rule.Action === 'BLOCK');
      rules.push({ ...last, Action: 'ALERT', Priority: 1 });
    },
    finding: 'dns-everything-allowed',
    also: ['dns-extra-name'],
  },
  {
    name: 'an extra public name for sessions',
    edit: (draft) => {
      const { Properties } = draft.raw(draft.dns(draft.before.sessionsVpc).allowed);
      Properties.Domains = [...(Properties.Domains as unknown[]), '*.example.org'];
    },
    finding: 'dns-extra-name',
  },
  {
    name: 'a second rule group, before ours, that allows one more name',
    edit: (draft) => {
      draft.add('List', 'AWS::Route53Resolver::FirewallDomainList', { Domains: ['dns.example.org'] });
      draft.add('Rules', 'AWS::Route53Resolver::FirewallRuleGroup', {
        FirewallRules: [{ Action: 'ALLOW', Priority: 1, FirewallDomainListId: { 'Fn::GetAtt': ['List', 'Id'] } }],
      });
      draft.add('Association', 'AWS::Route53Resolver::FirewallRuleGroupAssociation', {
        FirewallRuleGroupId: { 'Fn::GetAtt': ['Rules', 'Id'] },
        MutationProtection: 'ENABLED',
        Priority: 100.5,
        VpcId: draft.ref(draft.before.sessionsVpc),
      });
    },
    finding: 'dns-extra-name',
  },
  {
    name: 'an allow list that is not in the templates',
    edit: (draft) => {
      const { rules } = draft.dns(draft.before.sessionsVpc);
      rules.push({ Action: 'ALLOW', Priority: 1, FirewallDomainListId: 'rslvr-fdl-0123456789abcdef' });
    },
    finding: 'dns-everything-allowed',
    also: ['dns-extra-name'],
  },
  {
    name: 'the last BLOCK removed',
    edit: (draft) => draft.dns(draft.before.sessionsVpc).rules.pop(),
    finding: 'dns-not-closed',
    also: ['dns-extra-name'],
  },
  {
    name: 'the last BLOCK for one record type only',
    edit: (draft) => {
      const { rules } = draft.dns(draft.before.sessionsVpc);
      Object.assign(rules.find((rule) => rule.Action === 'BLOCK') ?? {}, { Qtype: 'TXT' });
    },
    finding: 'dns-not-closed',
    also: ['dns-extra-name'],
  },
  {
    name: 'a name that tasks need is not answered',
    edit: (draft) => {
      const { Properties } = draft.raw(draft.dns(draft.before.sessionsVpc).allowed);
      Properties.Domains = (Properties.Domains as unknown[]).slice(0, -1);
    },
    finding: 'dns-missing-name',
  },
  {
    name: 'mutation protection off',
    edit: (draft) => draft.set(draft.dns(draft.before.sessionsVpc).association, { MutationProtection: 'DISABLED' }),
    finding: 'dns-mutable',
  },
  {
    name: 'fail open',
    edit: (draft) =>
      draft.add('Config', 'AWS::Route53Resolver::FirewallConfig', {
        ResourceId: draft.ref(draft.before.sessionsVpc),
        FirewallFailOpen: 'ENABLED',
      }),
    finding: 'dns-fail-open',
  },
  {
    name: 'queries forwarded to a resolver outside',
    edit: (draft) =>
      draft.add('Forward', 'AWS::Route53Resolver::ResolverRuleAssociation', {
        VPCId: draft.ref(draft.before.sessionsVpc),
        ResolverRuleId: 'rslvr-rr-0123456789abcdef',
      }),
    finding: 'dns-forwarded',
  },
  {
    name: 'private zone not associated with the egress VPC (F8)',
    edit: (draft) => draft.remove(draft.the('Custom::ZoneAssociation')),
    finding: 'zone-not-shared',
  },
  {
    name: 'private zone associated with the sessions VPC twice, with the egress VPC never',
    edit: (draft) => draft.set(draft.the('Custom::ZoneAssociation'), { VpcId: draft.ref(draft.before.sessionsVpc) }),
    finding: 'zone-not-shared',
  },
  {
    name: 'flow log removed',
    edit: (draft) => draft.remove(one(draft.before.inventory.ofType('AWS::EC2::FlowLog')).id),
    finding: 'flow-log-missing',
  },
  {
    name: 'flow log of refused traffic only',
    edit: (draft) => draft.set(draft.the('AWS::EC2::FlowLog'), { TrafficType: 'REJECT' }),
    finding: 'flow-log-missing',
  },
  {
    name: 'query log removed',
    edit: (draft) => draft.remove(draft.the('AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation')),
    finding: 'query-log-missing',
  },
  {
    name: 'firewall without its alert log',
    edit: (draft) => {
      const { Properties } = draft.raw(draft.the('AWS::NetworkFirewall::LoggingConfiguration'));
      (Properties.LoggingConfiguration as { LogDestinationConfigs: unknown[] }).LogDestinationConfigs.shift();
    },
    finding: 'firewall-log-missing',
  },
];
