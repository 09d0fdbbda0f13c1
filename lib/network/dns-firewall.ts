import { Lazy, Resource, Token } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import {
  CfnFirewallDomainList,
  CfnFirewallRuleGroup,
  CfnFirewallRuleGroupAssociation,
  CfnResolverQueryLoggingConfig,
  CfnResolverQueryLoggingConfigAssociation,
} from 'aws-cdk-lib/aws-route53resolver';
import type { Construct } from 'constructs';
import { parseHostName } from '../../core/egress/host';
import { dnsLists } from '../../core/network/dns-lists';
import { hostPatterns } from './hosts';
import { serviceHosts } from './service-hosts';

export interface DnsFirewallProps {
  readonly vpc: IVpc;
  /**
   * Names the VPC's resolver answers: `a.example.com`, `*.example.com` (below the apex), `.example.com` (with it).
   * A deploy-time value stands for one exact name.
   *
   * @default none: nothing resolves
   */
  readonly allowedHosts?: string[];
  /**
   * Names refused although a wildcard of `allowedHosts` takes them in.
   *
   * @default none
   */
  readonly blockedHosts?: string[];
  /**
   * Where every query and its answer is recorded.
   *
   * @default not recorded
   */
  readonly queryLogGroup?: ILogGroup;
  /**
   * Order among several rule groups of one VPC, 101 to 8999; lower is asked first.
   *
   * @default 101
   */
  readonly priority?: number;
  /**
   * Whether AWS refuses to change or remove the association until this is false.
   *
   * @default true
   */
  readonly protection?: boolean;
}

/**
 * Route 53 DNS Firewall as an allow-list. The VPC's resolver is out of reach of security groups, route tables and
 * Network Firewall, so a name can carry data out wherever it resolves; this is the only control there.
 *
 * Answers to a blocked name are NXDOMAIN: clients give up at once. The service fails closed by default, and there is
 * no CloudFormation type to change that, so nothing here does.
 */
export class DnsFirewall extends Resource {
  private readonly services: string[] = [];
  private readonly first: CfnFirewallRuleGroup.FirewallRuleProperty[] = [];

  constructor(scope: Construct, id: string, props: DnsFirewallProps) {
    super(scope, id);
    const allowed = props.allowedHosts ?? [];
    const lists = dnsLists({
      allowed: hostPatterns(
        'allowedHosts',
        allowed.filter((host) => !Token.isUnresolved(host)),
      ),
      blocked: hostPatterns('blockedHosts', props.blockedHosts ?? []),
    });
    if (lists.kind !== 'ok') throw new Error(`${this.node.path}: ${lists.problem}`);
    // In a list of their own: AWS refuses a list with one name twice, and two that differ here may be one at deploy.
    const later = [...new Set(allowed.filter((host) => Token.isUnresolved(host)))];
    for (const host of later) requireNamed(host);

    const rules = [
      ...(lists.blocked.length > 0 ? [this.block('Blocked', lists.blocked, 2)] : []),
      ...(lists.allowed.length > 0 ? [this.allow('Allowed', lists.allowed, 3)] : []),
      ...(later.length > 0 ? [this.allow('AllowedAtDeploy', later, 4)] : []),
      this.block('Everything', ['*'], 5),
    ];
    const group = new CfnFirewallRuleGroup(this, 'Resource', {
      firewallRules: Lazy.any({ produce: () => [...this.first, ...rules] }),
    });
    new CfnFirewallRuleGroupAssociation(this, 'Association', {
      firewallRuleGroupId: group.attrId,
      vpcId: props.vpc.vpcId,
      priority: props.priority ?? 101,
      mutationProtection: (props.protection ?? true) ? 'ENABLED' : 'DISABLED',
    });

    if (props.queryLogGroup) {
      const logging = new CfnResolverQueryLoggingConfig(this, 'QueryLog', {
        destinationArn: props.queryLogGroup.logGroupArn,
      });
      new CfnResolverQueryLoggingConfigAssociation(this, 'QueryLogAssociation', {
        resolverQueryLogConfigId: logging.attrId,
        resourceId: props.vpc.vpcId,
      });
    }
  }

  /**
   * Lets services of the platform resolve AWS APIs, whatever is blocked for others: exact names, of which account, region
   * and URL suffix may be deploy-time values.
   *
   * @throws where one is a wildcard or no host
   */
  addServiceHosts(hosts: string[]): void {
    serviceHosts(this, hosts);
    this.services.push(...new Set(hosts.filter((host) => !this.services.includes(host))));
    // First of all: a platform that blocks an AWS API for its agents still has to write its own log.
    if (this.first.length === 0) this.first.push(this.allow('Services', this.services, 1));
  }

  private allow(id: string, domains: readonly string[], priority: number): CfnFirewallRuleGroup.FirewallRuleProperty {
    return {
      action: 'ALLOW',
      priority,
      firewallDomainListId: new CfnFirewallDomainList(this, id, { domains: Lazy.list({ produce: () => [...domains] }) })
        .attrId,
      // Most hosts are aliases that lead to a delivery network; INSPECT, the default, wants every link in the list.
      firewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN',
    };
  }

  private block(id: string, domains: readonly string[], priority: number): CfnFirewallRuleGroup.FirewallRuleProperty {
    return {
      action: 'BLOCK',
      blockResponse: 'NXDOMAIN',
      priority,
      firewallDomainListId: new CfnFirewallDomainList(this, id, { domains: [...domains] }).attrId,
    };
  }
}

/** A value of which nothing is known at synth (a parameter) could be `*` at deploy. */
function requireNamed(host: string): void {
  if (parseHostName(host.replace(/\$\{Token\[[^\]]*\]\}/g, 'x')).kind === 'ok') return;
  throw new Error(
    'allowedHosts: got a deploy-time value for a whole name, expected a name of which a part is known at synth; a ' +
      'parameter could let every name resolve',
  );
}
