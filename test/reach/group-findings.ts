import { overlaps, touchesPrivate } from './cidr';
import { type GroupRule, groupRules, portsText } from './group-rules';
import type { Finding } from './inventory';
import { targetOf } from './resolver';
import type { Topology } from './topology';

/** Where a session may knock: the egress proxy and the model gateway. */
const PROXY_PORT = 3128;
const GATEWAY_PORT = 443;

export function* groupFindings(topology: Topology): Generator<Finding> {
  const rules = groupRules(topology.inventory);
  const sessions = topology.workloadGroups(topology.sessionsVpc);
  const services = topology.workloadGroups(topology.egressVpc);
  for (const rule of rules) {
    if (sessions.includes(rule.group)) yield* sessionRuleFindings(rule);
    if (services.includes(rule.group)) yield* serviceRuleFindings(topology, rule, sessions);
    yield* raceFindings(topology, rule);
  }
  yield* defaultGroupFindings(topology);
}

function* sessionRuleFindings(rule: GroupRule): Generator<Finding> {
  const { peer, holder } = rule;
  if (rule.direction === 'in') {
    yield { id: 'session-ingress', where: holder.id, problem: `${portsText(rule)} reaches a session` };
  } else if (peer.kind === 'cidr' || (peer.kind === 'prefixes' && peer.cidrs)) {
    // Where an address leads changes with the next route; a group or AWS's own list doesn't.
    const to = peer.kind === 'cidr' ? peer.cidr : peer.id;
    yield { id: 'session-egress-by-address', where: holder.id, problem: `${portsText(rule)} to ${to}` };
  }
}

function* serviceRuleFindings(topology: Topology, rule: GroupRule, sessions: readonly string[]): Generator<Finding> {
  const { peer, holder } = rule;
  const where = holder.id;
  const isPort = rule.protocol === 'tcp' && rule.from === rule.to;
  if (rule.direction === 'in') {
    const known = isPort && [PROXY_PORT, GATEWAY_PORT].includes(rule.from);
    const fromSession = peer.kind === 'group' && sessions.includes(peer.id);
    if (!known || !fromSession) {
      yield { id: 'service-ingress', where, problem: `${portsText(rule)} from ${JSON.stringify(peer)}` };
    }
    return;
  }
  if (!isPort || rule.from !== 443) {
    yield { id: 'service-egress-port', where, problem: `${portsText(rule)}, expected tcp 443` };
  }
  const own = topology.endpoints.filter((endpoint) => endpoint.vpc === topology.egressVpc);
  const toEndpoint = peer.kind === 'group' && own.some((endpoint) => endpoint.groups.includes(peer.id));
  const cidrs = peer.kind === 'cidr' ? [peer.cidr] : peer.kind === 'prefixes' ? (peer.cidrs ?? []) : [];
  const home = topology.subnets.map((subnet) => subnet.cidr);
  const near = cidrs.filter((cidr) => touchesPrivate(cidr) || home.some((subnet) => overlaps(cidr, subnet)));
  if ((peer.kind === 'group' && !toEndpoint) || near.length > 0) {
    const to = peer.kind === 'group' ? peer.id : near.join(' ');
    yield { id: 'service-egress-private', where, problem: `a service in wrong hands can dial ${to}` };
  }
}

/** F9: a rule on the other VPC's group is refused until the peering is active. DependsOn is the only order there is. */
function* raceFindings({ inventory, peering }: Topology, { holder, group, peer }: GroupRule): Generator<Finding> {
  if (peer.kind !== 'group') return;
  const vpcs = [group, peer.id].map((id) => targetOf(inventory.get(id)?.props.VpcId));
  if (vpcs[0] !== vpcs[1] && !holder.dependsOn.includes(peering)) {
    yield { id: 'rule-races-peering', where: holder.id, problem: `no DependsOn ${peering}: the first deploy may fail` };
  }
}

/** A VPC's default group lets its members talk to each other and out; who forgets to name a group gets it. */
function* defaultGroupFindings({ inventory, sessionsVpc, egressVpc }: Topology): Generator<Finding> {
  for (const vpc of [sessionsVpc, egressVpc]) {
    const emptied = inventory.ofType('Custom::VpcRestrictDefaultSG').map((own) => own.props.DefaultSecurityGroupId);
    if (!emptied.includes(`<${vpc}.DefaultSecurityGroup>`)) {
      yield { id: 'default-group-open', where: vpc, problem: 'the default security group keeps its rules' };
    }
  }
}
