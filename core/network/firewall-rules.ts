import { formatHostPattern, type HostPattern } from '../egress/host';
import { defaultDeny, TLS_PORT } from './default-deny';
import { checkLimits, type OverLimit, ruleCapacity } from './firewall-limits';
import { type EffectiveHost, effectiveHosts, shortestPatterns } from './host-set';
import { DENY_SIDS, hostSids } from './rule-ids';
import { renderRule, type SuricataContent, type SuricataOption, type SuricataRule } from './suricata';

export interface FirewallRulesInput {
  readonly allowed: readonly HostPattern[];
  /** Wins over `allowed` for every name it matches. @default none */
  readonly blocked?: readonly HostPattern[];
  /**
   * Single names that pass whatever is blocked: AWS APIs without which no service of ours runs. A platform that blocks one
   * for its agents still has to write its own log. @default none
   */
  readonly services?: readonly (HostPattern & { readonly kind: 'exact' })[];
  /** Writes an alert record for each connection that passes; without it only refusals are logged. @default true */
  readonly logAllowed?: boolean;
  /** Capacity of a rule group that exists already: keeps it, and so the group. @default a step with room to grow */
  readonly capacity?: number;
}

export type FirewallRules =
  | {
      readonly kind: 'ok';
      readonly rules: readonly SuricataRule[];
      /** One rule a line. ASCII. The same set of names in any order gives the same bytes. */
      readonly text: string;
      /** For the rule group. Fixed at creation in AWS: another value replaces the group. */
      readonly capacity: number;
    }
  | OverLimit;

/**
 * What the construct must set for these rules to mean what they say.
 *
 * - HOME_NET goes into the policy, never into the rule group: AWS then keeps EXTERNAL_NET as its negation, whereas a
 *   group that sets one must set both ("Troubleshooting rules in AWS Network Firewall"). It names the filtered subnets,
 *   at most `MAX_HOME_NETS` CIDRs; 0.0.0.0/0 would leave EXTERNAL_NET empty.
 * - No stateful default action: the rules end in their own default-deny.
 * - No stateless rule: every whole packet goes to the stateful engine. Fragments are dropped. AWS drops all but those of
 *   UDP anyway ("Stateless default actions in your firewall policy"); Suricata lets the first one of a datagram through
 *   before it can judge the whole.
 * - REJECT for streams whose beginning the engine did not see makes clients reconnect instead of hanging.
 */
export const FIREWALL_POLICY_SETTINGS = {
  ruleOrder: 'STRICT_ORDER',
  streamExceptionPolicy: 'REJECT',
  statefulDefaultActions: [],
  statelessDefaultActions: ['aws:forward_to_sfe'],
  statelessFragmentDefaultActions: ['aws:drop'],
  policyVariables: ['HOME_NET'],
} as const;

/** Changes when the generator writes a rule of the same host differently, so logs tell the two apart. */
const REVISION = 1;

/**
 * Suricata rules that let TLS out to the allowed names on port 443 and refuse everything else. The verdicts are the same
 * in AWS's strict order and in `action-order: pass, alert, reject, drop`, so that stock Suricata can test them.
 *
 * A name in the SNI is the client's claim: a forged SNI passes. Who may claim which name is the egress proxy's job.
 */
export function firewallRules(input: FirewallRulesInput): FirewallRules {
  const blocked = shortestPatterns(input.blocked ?? []);
  const allowed = effectiveHosts(input.allowed, blocked);
  const services = shortestPatterns(input.services ?? []);
  const sids = hostSids([
    ...blocked.map(blockName),
    ...allowed.map(({ pattern }) => allowName(pattern)),
    ...services.map(serviceName),
  ]);
  const ids = (name: string): SuricataOption[] => [
    { kind: 'sid', id: sids.get(name) ?? 0 },
    { kind: 'rev', revision: REVISION },
  ];
  const logged = input.logAllowed ?? true;
  const rules = [
    ...services.map((pattern) => passRule({ pattern, except: [] }, serviceName(pattern), ids, logged)),
    ...blocked.map((pattern) => blockRule(pattern, ids)),
    ...allowed.map((host) => passRule(host, allowName(host.pattern), ids, logged)),
    ...defaultDeny((index) => DENY_SIDS.first + index, REVISION),
  ];
  const lines = rules.map(renderRule);
  const over = checkLimits(rules, lines, input.capacity);
  if (over !== undefined) return over;
  return {
    kind: 'ok',
    rules,
    text: lines.map((line) => `${line}\n`).join(''),
    capacity: input.capacity ?? ruleCapacity(rules.length),
  };
}

const allowName = (pattern: HostPattern): string => `allow ${formatHostPattern(pattern)}`;
const blockName = (pattern: HostPattern): string => `block ${formatHostPattern(pattern)}`;
const serviceName = (pattern: HostPattern): string => `service ${formatHostPattern(pattern)}`;

type Ids = (name: string) => readonly SuricataOption[];

function passRule(host: EffectiveHost, name: string, ids: Ids, logged: boolean): SuricataRule {
  return {
    action: 'pass',
    protocol: 'tls',
    source: '$HOME_NET',
    sourcePort: 'any',
    direction: '->',
    destination: '$EXTERNAL_NET',
    // Suricata detects TLS on any port. Without the port here, an allowed name on 8443 would pass in action order.
    destinationPort: TLS_PORT,
    options: [
      ...(logged ? [{ kind: 'alert' } as const] : []),
      { kind: 'msg', text: name },
      { kind: 'flow', direction: 'to_server' },
      ...serverNameIs(host),
      ...ids(name),
    ],
  };
}

/** Not needed for the verdict, as the pass rules leave these names out; it makes the log say which rule refused. */
function blockRule(pattern: HostPattern, ids: Ids): SuricataRule {
  const name = blockName(pattern);
  return {
    action: 'reject',
    protocol: 'tls',
    source: 'any',
    sourcePort: 'any',
    direction: '->',
    destination: 'any',
    destinationPort: 'any',
    options: [
      { kind: 'msg', text: name },
      { kind: 'flow', direction: 'to_server' },
      ...serverNameIs({ pattern, except: [] }),
      ...ids(name),
    ],
  };
}

/**
 * Suricata compares the SNI as sent, so every content needs `nocase`. An exact name is held at both ends; a wildcard has
 * its dot in front (dotprefix: else `evilexample.com` ends with `example.com`) and is held at the end. Blocked names are
 * negated contents of the pass rule itself: a separate rule before it would lose in action order, where pass is first.
 */
function serverNameIs({ pattern, except }: EffectiveHost): SuricataOption[] {
  const sni: SuricataOption = { kind: 'sticky', buffer: 'tls.sni' };
  if (pattern.kind === 'exact') return [sni, nameContent({ startswith: true, value: pattern.name })];
  const apex: HostPattern = { kind: 'exact', name: pattern.name };
  return [
    sni,
    { kind: 'dotprefix' },
    nameContent({ value: `.${pattern.name}` }),
    ...[...(pattern.kind === 'subdomains' ? [apex] : []), ...except].map(({ kind, name }) =>
      nameContent({ value: `.${name}`, negated: true, startswith: kind === 'exact' }),
    ),
  ];
}

function nameContent(content: Pick<SuricataContent, 'value' | 'negated' | 'startswith'>): SuricataContent {
  return { kind: 'content', ...content, nocase: true, endswith: true };
}
