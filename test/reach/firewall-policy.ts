import type { Finding, Resource } from './inventory';
import { answeredNames, namespaces } from './names';
import { targetOf } from './resolver';
import type { Topology } from './topology';
import { at, list, text, texts, unique } from './values';

/** The one form in which a rule may let something through: TLS by name, from us, to 443, first packet on. */
const PASS = /^pass tls \$HOME_NET any -> \$EXTERNAL_NET 443 \((?:.*; ?)?flow:to_server;.*tls\.sni;.*\)$/;
/** The name must be held at both ends, or at a dot: `content:"github.com"` alone passes github.com.evil.example. */
const NAME =
  /tls\.sni; (?:content:"([^"]+)"; nocase; startswith; endswith;|dotprefix; content:"(\.[^"]+)"; nocase; endswith;)/;

export function* firewallFindings(topology: Topology): Generator<Finding> {
  const { inventory, egressVpc } = topology;
  const firewalls = inventory.ofType('AWS::NetworkFirewall::Firewall');
  if (topology.firewallPromised && firewalls.length === 0) {
    yield { id: 'firewall-missing', where: egressVpc, problem: 'no Network Firewall in a tier that promises one' };
  }
  for (const id of unique(firewalls.map((firewall) => targetOf(firewall.props.FirewallPolicyArn) ?? ''))) {
    const policy = inventory.get(id);
    if (policy) yield* policyFindings(topology, policy);
    else yield { id: 'firewall-rules-unknown', where: egressVpc, problem: 'the policy is not in the templates' };
  }
}

function* policyFindings(topology: Topology, { id, props }: Resource): Generator<Finding> {
  const policy = at(props, 'FirewallPolicy');
  const defaults = ['StatelessDefaultActions', 'StatelessFragmentDefaultActions'].flatMap((key) =>
    texts(at(policy, key)),
  );
  const forwarded = defaults.length >= 2 && defaults.every((one) => ['aws:forward_to_sfe', 'aws:drop'].includes(one));
  if (!forwarded || list(at(policy, 'StatelessRuleGroupReferences')).length > 0) {
    yield { id: 'firewall-stateless', where: id, problem: 'packets are decided before the rules by name see them' };
  }
  const orders = [text(at(policy, 'StatefulEngineOptions', 'RuleOrder'))];
  const lines: string[] = [];
  const references = [...list(at(policy, 'StatefulRuleGroupReferences'))];
  references.sort((a, b) => Number(text(at(a, 'Priority'))) - Number(text(at(b, 'Priority'))));
  for (const reference of references) {
    const group = topology.inventory.get(targetOf(at(reference, 'ResourceArn')))?.props.RuleGroup;
    const rules = text(at(group, 'RulesSource', 'RulesString'));
    if (!rules) {
      yield { id: 'firewall-rules-unknown', where: id, problem: 'a rule group that is not text in the templates' };
      continue;
    }
    orders.push(text(at(group, 'StatefulRuleOptions', 'RuleOrder')));
    lines.push(...rules.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')));
  }
  if (orders.some((order) => order !== 'STRICT_ORDER')) {
    yield { id: 'firewall-order', where: id, problem: 'without strict order any pass rule wins over any drop rule' };
  }
  yield* ruleFindings(topology, id, lines);

  const home = texts(at(policy, 'PolicyVariables', 'RuleVariables', 'HOME_NET', 'Definition')).sort();
  if (`${home}` !== `${unique(topology.egressSubnets('service').map((subnet) => subnet.cidr))}`) {
    yield { id: 'firewall-home', where: id, problem: `HOME_NET is ${home}, expected the service subnets` };
  }
}

function* ruleFindings(topology: Topology, where: string, lines: readonly string[]): Generator<Finding> {
  const passes = lines.filter((line) => line.startsWith('pass'));
  for (const line of passes.filter((own) => !PASS.test(own) || !NAME.test(own))) {
    yield { id: 'firewall-pass', where, problem: `lets through more than TLS to a named host on 443: ${line}` };
  }
  if (!deniesTheRest(lines.slice(lines.findLastIndex((line) => line.startsWith('pass')) + 1))) {
    yield {
      id: 'firewall-not-closed',
      where,
      problem: 'after the last pass rule not everything is dropped or rejected',
    };
  }
  // DNS Firewall of the egress VPC lists the same hosts; `.x` is `x` and `*.x` there.
  const named = passes.map((line) => NAME.exec(line)).flatMap((match) => hostsOf(match?.[1], match?.[2]));
  const zones = namespaces(topology.inventory).map((zone) => text(zone.props.Name));
  const ours = zones.flatMap((zone) => [zone, `*.${zone}`]);
  const { names } = answeredNames(topology, topology.egressVpc);
  const differing = [...named, ...names].filter(
    (name) => !ours.includes(name) && named.includes(name) !== names.includes(name),
  );
  if (differing.length > 0 && passes.every((line) => NAME.test(line)) && !names.includes('*')) {
    yield {
      id: 'firewall-and-dns-differ',
      where,
      problem: `only one of the two allows ${unique(differing).join(' ')}`,
    };
  }
}

function hostsOf(exact: string | undefined, below: string | undefined): string[] {
  if (exact) return [exact];
  return below ? [below.slice(1), `*${below}`] : [];
}

/** Options that leave a rule unconditional for a connection of ours. */
const PLAIN = /msg:"[^"]*";|flow:to_server;|ip_proto:!\w+;|sid:\d+;|rev:\d+;|\s/g;

/**
 * Text check: whatever no pass rule took is dropped or rejected, for every protocol. On 443 an engine can only tell after
 * the first bytes, so there the two rules that look at them must be there; that they suffice, the real engine is asked
 * elsewhere.
 */
function deniesTheRest(tail: readonly string[]): boolean {
  const rules = tail.map((line) => /^(?:drop|reject) (\w+) any any -> any (\S+) \((.*)\)$/.exec(line));
  const has = (what: string, plain: boolean): boolean =>
    rules.some((rule) => `${rule?.[1]} ${rule?.[2]}` === what && (!plain || rule?.[3]?.replace(PLAIN, '') === ''));
  const on443 = has('tls any', false) && has('tcp 443', false);
  const tcp = has('tcp any', true) || (has('tcp !443', true) && on443);
  return tcp && has('udp any', true) && has('icmp any', true) && has('ip any', true);
}
