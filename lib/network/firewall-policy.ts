import { type IResource, Lazy, Names, Resource } from 'aws-cdk-lib';
import { CfnFirewallPolicy, CfnRuleGroup } from 'aws-cdk-lib/aws-networkfirewall';
import type { Construct } from 'constructs';
import type { HostPattern } from '../../core/egress/host';
import { MAX_HOME_NETS } from '../../core/network/firewall-limits';
import { FIREWALL_POLICY_SETTINGS, firewallRules } from '../../core/network/firewall-rules';
import { hostPatterns } from './hosts';
import { serviceHosts } from './service-hosts';

/** A Network Firewall policy, ours or somebody else's. */
export interface IFirewallPolicy extends IResource {
  /** @attribute */
  readonly firewallPolicyArn: string;
}

export interface FirewallPolicyProps {
  /**
   * Hosts that TLS connections on port 443 may name: `a.example.com`, `*.example.com` (below the apex) or
   * `.example.com` (with it). Everything else is refused.
   *
   * @default none: nothing passes
   */
  readonly allowedHosts?: string[];
  /**
   * Hosts refused although a wildcard of `allowedHosts` takes them in.
   *
   * @default none
   */
  readonly blockedHosts?: string[];
  /** Ranges whose connections are judged, as CIDRs: those of the protected subnets, 1 to 5. */
  readonly homeNet: string[];
  /**
   * Seconds a TCP connection may be silent, 60 to 6000. AWS's own default is 350; servers that stream want keep-alives
   * below this.
   *
   * @default 350
   */
  readonly tcpIdleTimeoutSeconds?: number;
}

/**
 * An allow-list of TLS names as an AWS Network Firewall policy in strict order, with its own default-deny rules at the
 * end and none of the service's default actions (their rules are not public, so nothing about them can be tested).
 *
 * A firewall sees the name a client *claims*. A forged SNI and domain fronting pass every such list, this one too; give
 * sessions no route but the egress proxy, and use this behind it.
 */
export class FirewallPolicy extends Resource implements IFirewallPolicy {
  /** A policy made elsewhere, by its ARN. */
  static fromFirewallPolicyArn(scope: Construct, id: string, firewallPolicyArn: string): IFirewallPolicy {
    return new (class extends Resource implements IFirewallPolicy {
      readonly firewallPolicyArn = firewallPolicyArn;
    })(scope, id);
  }

  readonly firewallPolicyArn: string;

  private readonly hosts: Readonly<Record<'allowed' | 'blocked', readonly HostPattern[]>>;
  private readonly services: string[] = [];
  private generated: Generated;

  constructor(scope: Construct, id: string, props: FirewallPolicyProps) {
    super(scope, id);
    this.hosts = {
      allowed: hostPatterns('allowedHosts', props.allowedHosts ?? []),
      blocked: hostPatterns('blockedHosts', props.blockedHosts ?? []),
    };
    this.generated = this.generate();
    if (props.homeNet.length < 1 || props.homeNet.length > MAX_HOME_NETS) {
      throw new Error(`${this.node.path}: homeNet: got ${props.homeNet.length} ranges, expected 1 to ${MAX_HOME_NETS}`);
    }

    const rules = new CfnRuleGroup(this, 'Rules', {
      // Capacity can't be changed in place, and a replacement needs another name than the group it replaces.
      ruleGroupName: Lazy.string({
        produce: () => `${Names.uniqueResourceName(this, { maxLength: 100 })}-${this.generated.capacity}`,
      }),
      type: 'STATEFUL',
      capacity: Lazy.number({ produce: () => this.generated.capacity }),
      description: 'Generated from the platform profiles; see the policy documents for who needs which host',
      ruleGroup: {
        statefulRuleOptions: { ruleOrder: FIREWALL_POLICY_SETTINGS.ruleOrder },
        rulesSource: { rulesString: Lazy.string({ produce: () => this.generated.text }) },
      },
    });
    const policy = new CfnFirewallPolicy(this, 'Resource', {
      firewallPolicyName: Names.uniqueResourceName(this, { maxLength: 128 }),
      firewallPolicy: {
        policyVariables: { ruleVariables: { HOME_NET: { definition: props.homeNet } } },
        // No stateless rules: they would be answered before the engine that reads names.
        statelessDefaultActions: [...FIREWALL_POLICY_SETTINGS.statelessDefaultActions],
        statelessFragmentDefaultActions: [...FIREWALL_POLICY_SETTINGS.statelessFragmentDefaultActions],
        statefulEngineOptions: {
          ruleOrder: FIREWALL_POLICY_SETTINGS.ruleOrder,
          streamExceptionPolicy: FIREWALL_POLICY_SETTINGS.streamExceptionPolicy,
          flowTimeouts: { tcpIdleTimeoutSeconds: props.tcpIdleTimeoutSeconds ?? 350 },
        },
        statefulRuleGroupReferences: [{ resourceArn: rules.attrRuleGroupArn, priority: 1 }],
      },
    });
    this.firewallPolicyArn = policy.attrFirewallPolicyArn;
  }

  /**
   * Lets services of the platform reach AWS APIs, whatever is blocked for others: exact names, of which account, region
   * and URL suffix may be deploy-time values.
   *
   * @throws where one is a wildcard or no host, or the rules grow past AWS's limits
   */
  addServiceHosts(hosts: string[]): void {
    this.services.push(...hosts);
    this.generated = this.generate();
  }

  private generate(): Generated {
    const services = serviceHosts(this, [...new Set(this.services)]);
    const generated = firewallRules({ ...this.hosts, services: services.patterns });
    if (generated.kind !== 'ok') throw new Error(`${this.node.path}: ${generated.problem}`);
    return { text: services.deployed(generated.text), capacity: generated.capacity };
  }
}

interface Generated {
  readonly text: string;
  readonly capacity: number;
}
