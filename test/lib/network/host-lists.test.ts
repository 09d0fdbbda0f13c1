import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { FIREWALL_POLICY_SETTINGS } from '../../../core/network/firewall-rules';
import { DnsFirewall, type DnsFirewallProps, FirewallPolicy, type FirewallPolicyProps } from '../../../lib/network';

/** What one and the same list of hosts becomes in the two firewalls. */

const HOME = ['10.0.8.0/22', '10.0.12.0/22'];
const manyHosts = (count: number) => Array.from({ length: count }, (_, i) => `h${i}.example.com`);
const deployTime = () => Lazy.string({ produce: () => 'late.example.com' });
/** Of which a part is known at synth. */
const named = () => `${Lazy.string({ produce: () => 'late' })}.example.com`;

const emptyStack = () => new Stack(new App(), 'Stack', { env: { region: 'eu-west-1' } });
const vpcIn = (stack: Stack): IVpc =>
  Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['eu-west-1a'] });

function policyIn(stack: Stack, props: Partial<FirewallPolicyProps>): FirewallPolicy {
  return new FirewallPolicy(stack, 'Policy', { homeNet: HOME, ...props });
}
const policyTemplate = (props: Partial<FirewallPolicyProps>): Template => {
  const stack = emptyStack();
  policyIn(stack, props);
  return Template.fromStack(stack);
};

type Resources = Record<string, { Properties: Record<string, unknown> }>;
const the = (template: Template, type: string): [string, Record<string, unknown>] => {
  const [[id, resource] = ['', { Properties: {} }], ...more] = Object.entries(
    template.findResources(type) as Resources,
  );
  expect(more).toEqual([]);
  return [id, resource.Properties];
};
const ruleText = (template: Template): string => {
  const [, { RuleGroup }] = the(template, 'AWS::NetworkFirewall::RuleGroup');
  return (RuleGroup as { RulesSource: { RulesString: string } }).RulesSource.RulesString;
};

describe('N14 FirewallPolicy', () => {
  const template = policyTemplate({
    allowedHosts: ['a.example.com', '.example.org', '*.example.net'],
    blockedHosts: ['b.example.org'],
    tcpIdleTimeoutSeconds: 600,
  });
  const [, { FirewallPolicy: policy }] = the(template, 'AWS::NetworkFirewall::FirewallPolicy');
  const [ruleGroupId, ruleGroup] = the(template, 'AWS::NetworkFirewall::RuleGroup');

  it('N14 is in strict order, with its own rules as the only ones and no default action beside them', () => {
    expect(policy).toEqual({
      PolicyVariables: { RuleVariables: { HOME_NET: { Definition: HOME } } },
      StatelessDefaultActions: ['aws:forward_to_sfe'],
      StatelessFragmentDefaultActions: [...FIREWALL_POLICY_SETTINGS.statelessFragmentDefaultActions],
      StatefulEngineOptions: {
        RuleOrder: 'STRICT_ORDER',
        StreamExceptionPolicy: 'REJECT',
        FlowTimeouts: { TcpIdleTimeoutSeconds: 600 },
      },
      StatefulRuleGroupReferences: [{ Priority: 1, ResourceArn: { 'Fn::GetAtt': [ruleGroupId, 'RuleGroupArn'] } }],
    });
    expect(ruleGroup).toMatchObject({
      Type: 'STATEFUL',
      RuleGroup: { StatefulRuleOptions: { RuleOrder: 'STRICT_ORDER' } },
    });
  });

  it('N14 HOME_NET is a variable of the policy, so that AWS keeps EXTERNAL_NET as its negation', () => {
    expect(JSON.stringify(ruleGroup)).not.toMatch(/RuleVariables|ReferenceSets|10\.0\./);
  });

  it('N1 the rules pass the hosts by name on 443, and end in a default deny', () => {
    const lines = ruleText(template).trim().split('\n');
    const passes = lines.filter((line) => line.startsWith('pass '));
    expect(passes.map((line) => /msg:"([^"]*)"/.exec(line)?.[1])).toEqual([
      'allow a.example.com',
      'allow *.example.net',
      'allow .example.org',
    ]);
    for (const line of passes) expect(line).toMatch(/^pass tls \$HOME_NET any -> \$EXTERNAL_NET 443 /);
    expect(passes[2]).toContain('content:!".b.example.org"');
    expect(lines.at(-1)).toMatch(/^drop ip any any -> any any /);
  });

  it('N1 without hosts nothing passes', () => {
    expect(ruleText(policyTemplate({}))).not.toMatch(/^pass/m);
  });

  it('N14 a silent TCP connection is kept for 350 seconds, as AWS does, where nobody says otherwise', () => {
    expect(the(policyTemplate({}), 'AWS::NetworkFirewall::FirewallPolicy')[1].FirewallPolicy).toMatchObject({
      StatefulEngineOptions: { FlowTimeouts: { TcpIdleTimeoutSeconds: 350 } },
    });
  });

  it('N14 more hosts below the head-room change the text alone; above it a group of another name takes over', () => {
    const group = (hosts: number) => {
      const [id, { Capacity, RuleGroupName }] = the(
        policyTemplate({ allowedHosts: manyHosts(hosts) }),
        'AWS::NetworkFirewall::RuleGroup',
      );
      return { id, capacity: Capacity, name: RuleGroupName };
    };
    const [few, more, most] = [group(3), group(400), group(600)];
    expect(few).toMatchObject({ capacity: 1000, name: expect.stringMatching(/-1000$/) });
    expect(more).toEqual(few);
    expect(most).toMatchObject({ id: few.id, capacity: 2000, name: expect.stringMatching(/-2000$/) });
    // CloudFormation makes the new one before it removes the old one: two of one name can't be.
    expect(most.name).not.toBe(few.name);
  });

  it('N14 two policies of one stack have names of their own', () => {
    const stack = emptyStack();
    policyIn(stack, {});
    new FirewallPolicy(stack, 'Other', { homeNet: HOME });
    const two = Template.fromStack(stack);
    for (const [type, key] of [
      ['AWS::NetworkFirewall::RuleGroup', 'RuleGroupName'],
      ['AWS::NetworkFirewall::FirewallPolicy', 'FirewallPolicyName'],
    ] as const) {
      const names = Object.values(two.findResources(type) as Resources).map(({ Properties }) => Properties[key]);
      expect(new Set(names).size).toBe(2);
    }
  });

  it('N14 an imported policy is its ARN', () => {
    const arn = 'arn:aws:network-firewall:eu-west-1:111122223333:firewall-policy/central';
    expect(FirewallPolicy.fromFirewallPolicyArn(emptyStack(), 'Policy', arn).firewallPolicyArn).toBe(arn);
  });

  it.each<[string, Partial<FirewallPolicyProps>, RegExp]>([
    ['no range of its own', { homeNet: [] }, /Stack\/Policy: homeNet: got 0 ranges, expected 1 to 5/],
    ['six ranges', { homeNet: manyHosts(6) }, /Stack\/Policy: homeNet: got 6 ranges, expected 1 to 5/],
    ['a host that is none', { allowedHosts: ['10.0.0.1'] }, /allowedHosts: got "10\.0\.0\.1", expected a host; an IP/],
    ['a wildcard over a suffix', { blockedHosts: ['*.com'] }, /blockedHosts: got "\*\.com", expected a host/],
    ['a URL', { allowedHosts: ['https://a.example.com'] }, /expected a host; a URL is not a host/],
    [
      'a rule AWS would not take',
      { allowedHosts: ['.example.com'], blockedHosts: manyHosts(400) },
      /Stack\/Policy: got \d+ characters in the rule "allow \.example\.com", at most 8192; block a wildcard/,
    ],
  ])('N14 refuses %s', (_, props, expected) => {
    expect(() => policyIn(emptyStack(), props)).toThrow(expected);
  });

  it.each(['allowedHosts', 'blockedHosts'] as const)('N14 refuses a deploy-time value in %s', (list) => {
    expect(() => policyIn(emptyStack(), { [list]: ['a.example.com', deployTime()] })).toThrow(
      `${list}: got a deploy-time value, expected a host known at synth`,
    );
  });
});

describe('N2 DnsFirewall', () => {
  const dnsIn = (stack: Stack, props: Partial<DnsFirewallProps>) =>
    new DnsFirewall(stack, 'Dns', { vpc: vpcIn(stack), ...props });
  const dnsTemplate = (make: (stack: Stack) => Partial<DnsFirewallProps>): Template => {
    const stack = emptyStack();
    dnsIn(stack, make(stack));
    return Template.fromStack(stack);
  };
  interface Rule {
    readonly Priority: number;
    readonly FirewallDomainListId: { 'Fn::GetAtt': [string, 'Id'] };
    readonly [key: string]: unknown;
  }
  /** The rules in the order DNS Firewall asks them, each with its list in place of the list's id. */
  const rulesOf = (template: Template): unknown[] => {
    const lists = template.findResources('AWS::Route53Resolver::FirewallDomainList') as Resources;
    const [, { FirewallRules }] = the(template, 'AWS::Route53Resolver::FirewallRuleGroup');
    return [...(FirewallRules as Rule[])]
      .sort((a, b) => a.Priority - b.Priority)
      .map(({ Priority, FirewallDomainListId, ...rule }) => ({
        ...rule,
        domains: lists[FirewallDomainListId['Fn::GetAtt'][0]]?.Properties.Domains,
      }));
  };
  const everything = { Action: 'BLOCK', BlockResponse: 'NXDOMAIN', domains: ['*'] };

  const template = dnsTemplate((stack) => ({
    allowedHosts: ['.example.org', '*.example.net', 'a.example.com', named()],
    blockedHosts: ['b.example.org'],
    queryLogGroup: new LogGroup(stack, 'Queries'),
  }));

  it('N2 N4 asks the blocked names first, then the allowed ones, and refuses everything else as not existing', () => {
    expect(rulesOf(template)).toEqual([
      { Action: 'BLOCK', BlockResponse: 'NXDOMAIN', domains: ['b.example.org'] },
      {
        Action: 'ALLOW',
        // An alias that leads to a delivery network is followed without naming the network.
        FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN',
        // `*.x` has the apex out here, whereas `.x` has it in: two names for one pattern.
        domains: ['*.example.net', '*.example.org', 'a.example.com', 'example.org'],
      },
      // Apart: AWS refuses a list with one name twice, and what two of these will be is not known yet.
      { Action: 'ALLOW', FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN', domains: ['late.example.com'] },
      everything,
    ]);
  });

  it('N1 without hosts nothing resolves', () => {
    expect(rulesOf(dnsTemplate(() => ({})))).toEqual([everything]);
  });

  it('N2 stands before the VPC, and may be moved among other groups', () => {
    const association = (props: Partial<DnsFirewallProps>) =>
      the(
        dnsTemplate(() => props),
        'AWS::Route53Resolver::FirewallRuleGroupAssociation',
      )[1];
    const [group] = the(template, 'AWS::Route53Resolver::FirewallRuleGroup');
    expect(the(template, 'AWS::Route53Resolver::FirewallRuleGroupAssociation')[1]).toEqual({
      FirewallRuleGroupId: { 'Fn::GetAtt': [group, 'Id'] },
      VpcId: 'vpc-1',
      Priority: 101,
      MutationProtection: 'ENABLED',
    });
    expect(association({ priority: 500, protection: false })).toMatchObject({
      Priority: 500,
      MutationProtection: 'DISABLED',
    });
    expect(association({ protection: true })).toMatchObject({ MutationProtection: 'ENABLED' });
  });

  it('N2 records every query of the VPC where a log group is given', () => {
    const [config, { DestinationArn }] = the(template, 'AWS::Route53Resolver::ResolverQueryLoggingConfig');
    expect(DestinationArn).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^Queries/), 'Arn'] });
    expect(the(template, 'AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation')[1]).toEqual({
      ResolverQueryLogConfigId: { 'Fn::GetAtt': [config, 'Id'] },
      ResourceId: 'vpc-1',
    });
    dnsTemplate(() => ({})).resourceCountIs('AWS::Route53Resolver::ResolverQueryLoggingConfig', 0);
  });

  it.each<[string, Partial<DnsFirewallProps>, RegExp]>([
    ['an address as a host', { allowedHosts: ['10.0.0.1'] }, /allowedHosts: got "10\.0\.0\.1", expected a host/],
    [
      'a name of which nothing is known at synth: as a parameter it could be *',
      { allowedHosts: [deployTime()] },
      /allowedHosts: got a deploy-time value for a whole name/,
    ],
    [
      'a wildcard over hosts of strangers',
      { allowedHosts: ['*.github.io'] },
      /got "\*\.github\.io", expected hosts of one owner/,
    ],
    [
      'a deploy-time value among the blocked names, which could not be compared',
      { blockedHosts: [deployTime()] },
      /blockedHosts: got a deploy-time value, expected a host known at synth/,
    ],
    [
      'more names than fit into a template',
      { allowedHosts: manyHosts(1001) },
      /Stack\/Dns: the allowed DNS list has 1001 domains, at most 1000 in a template; import it/,
    ],
  ])('N2 refuses %s', (_, props, expected) => {
    expect(() => dnsIn(emptyStack(), props)).toThrow(expected);
  });
});

describe('N2 both firewalls say the same of an apex', () => {
  it.each([
    ['a.example.com', ['a.example.com'], 'content:"a.example.com"; nocase; startswith; endswith;'],
    ['.example.com', ['*.example.com', 'example.com'], 'dotprefix; content:".example.com"; nocase; endswith; sid'],
    // Below the apex only: the firewall's own `.x` has the apex in, so it is taken out again by an exact match.
    [
      '*.example.com',
      ['*.example.com'],
      'dotprefix; content:".example.com"; nocase; endswith; content:!".example.com"; nocase; startswith; endswith;',
    ],
  ])('N2 %s', (host, domains, rule) => {
    const stack = emptyStack();
    policyIn(stack, { allowedHosts: [host] });
    new DnsFirewall(stack, 'Dns', { vpc: vpcIn(stack), allowedHosts: [host] });
    const template = Template.fromStack(stack);
    expect(ruleText(template)).toContain(rule);
    const lists = Object.values(template.findResources('AWS::Route53Resolver::FirewallDomainList') as Resources);
    expect(lists.map(({ Properties }) => Properties.Domains)).toContainEqual(domains);
  });
});
