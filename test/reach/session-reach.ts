import { isPrivate, overlaps } from './cidr';
import { common, type GroupRule, groupRules, type Peer, type Ports, portsText } from './group-rules';
import { targetOf } from './resolver';
import type { Route, Topology } from './topology';
import { unique } from './values';

/** AWS-managed prefix lists by id, of the regions that variants and examples are in: Ireland, Frankfurt, N. Virginia. */
const AWS_PREFIX_LISTS: Readonly<Record<string, string>> = {
  'pl-6da54004': 's3',
  'pl-6ea54007': 's3',
  'pl-63a5400a': 's3',
};
const ANYWHERE = ['0.0.0.0/0', '::/0'];

/**
 * Every (protocol, port, place) that a session can send to: its groups' egress, where a route leads, and what the other
 * side's groups let in.
 *
 * The other way round is not asked for: a packet that gets out needs no answer to carry data. The peering is not
 * transitive: a route through it ends at an interface in the peer's subnets, so gateways, NATs, gateway endpoints and the
 * resolver there are no places; an interface endpoint there is one.
 */
export function networkReach(topology: Topology): string[] {
  const rules = groupRules(topology.inventory);
  const sessions = topology.workloadGroups(topology.sessionsVpc);
  const out = rules.filter((rule) => rule.direction === 'out' && sessions.includes(rule.group));
  const walk = new Walk(topology, rules, sessions);
  return unique(out.flatMap((rule) => [...walk.interfaces(rule), ...walk.gatewayEndpoints(rule), ...walk.ways(rule)]));
}

class Walk {
  private readonly sessionRoutes: readonly Route[];

  constructor(
    private readonly topology: Topology,
    private readonly rules: readonly GroupRule[],
    private readonly sessions: readonly string[],
  ) {
    const tables = topology.sessionSubnets.map((subnet) => subnet.table);
    this.sessionRoutes = topology.routes.filter((route) => tables.includes(route.table));
  }

  /** Network interfaces of both VPCs whose group lets a session in. */
  *interfaces(rule: GroupRule): Generator<string> {
    const { peer } = rule;
    if (peer.kind === 'group' && !this.topology.inventory.get(peer.id)) {
      yield `${portsText(rule)} to the unknown group ${peer.id}`;
    }
    for (const vpc of [this.topology.sessionsVpc, this.topology.egressVpc]) {
      for (const group of this.topology.groupsOf(vpc)) {
        if (peer.kind === 'group' && peer.id !== group) continue;
        for (const place of this.places(vpc, group, peer)) {
          for (const ports of this.letIn(group, rule)) yield `${portsText(ports)} to ${place}`;
        }
      }
    }
  }

  private letIn(group: string, out: Ports): Ports[] {
    return this.rules
      .filter((rule) => rule.group === group && rule.direction === 'in' && this.isSession(rule.peer))
      .map((rule) => common(out, rule))
      .filter((ports) => ports !== undefined);
  }

  /** A peering keeps the source address, so a rule on addresses lets sessions in as one on the group does. */
  private isSession(peer: Peer): boolean {
    if (peer.kind === 'group') return this.sessions.includes(peer.id);
    const cidrs = peer.kind === 'cidr' ? [peer.cidr] : (peer.cidrs ?? []);
    return this.topology.sessionSubnets.some((subnet) => cidrs.some((cidr) => overlaps(cidr, subnet.cidr)));
  }

  private places(vpc: string, group: string, peer: Peer): string[] {
    const own = vpc === this.topology.sessionsVpc;
    const subnets = this.topology.subnets.filter(
      (subnet) => subnet.vpc === vpc && (own || this.isRouted(subnet.cidr)) && covers(peer, subnet.cidr),
    );
    if (subnets.length === 0) return [];
    const endpoints = this.topology.endpoints.filter((endpoint) => endpoint.groups.includes(group));
    if (endpoints.length > 0) {
      return endpoints
        .filter((endpoint) => subnets.some((subnet) => endpoint.subnets.includes(subnet.id)))
        .map((endpoint) => `the endpoint ${endpoint.service}${own ? '' : ' of the egress VPC'}`);
    }
    if (own) return ['another session'];
    return unique(subnets.map((subnet) => `${subnet.role} subnets of the egress VPC`));
  }

  private isRouted(cidr: string): boolean {
    return this.sessionRoutes.some((route) => route.way === 'peering' && overlaps(route.destination, cidr));
  }

  *gatewayEndpoints(rule: GroupRule): Generator<string> {
    const tables = this.topology.sessionSubnets.map((subnet) => subnet.table ?? '');
    for (const endpoint of this.topology.endpoints) {
      if (endpoint.kind !== 'gateway' || !endpoint.tables.some((table) => tables.includes(table))) continue;
      const { peer } = rule;
      const list = peer.kind === 'prefixes' && peer.cidrs === undefined && AWS_PREFIX_LISTS[peer.id];
      if (list === endpoint.service) yield `${portsText(rule)} to the gateway endpoint ${endpoint.service}`;
      // A gateway endpoint's addresses are public ones: any rule on public addresses may cover them.
      const cidrs = peer.kind === 'cidr' ? [peer.cidr] : peer.kind === 'prefixes' ? (peer.cidrs ?? []) : [];
      if (cidrs.some((cidr) => !isPrivate(cidr))) {
        yield `${portsText(rule)} to the gateway endpoint ${endpoint.service} by address`;
      }
    }
  }

  /** Routes to anything that is not the peering leave our hands: what is behind them is the world. */
  *ways(rule: GroupRule): Generator<string> {
    for (const route of this.sessionRoutes) {
      const foreign = route.way === 'peering' && targetOf(route.target) !== this.topology.peering;
      if (route.way === 'peering' && !foreign) continue;
      const meets = rule.peer.kind === 'prefixes' && !rule.peer.cidrs ? ANYWHERE.includes(route.destination) : true;
      if (meets && covers(rule.peer, route.destination)) {
        yield `${portsText(rule)} to ${route.destination} through ${foreign ? 'another peering' : route.way}`;
      }
    }
  }
}

function covers(peer: Peer, cidr: string): boolean {
  if (peer.kind === 'cidr') return overlaps(peer.cidr, cidr);
  return peer.kind === 'prefixes' && peer.cidrs ? peer.cidrs.some((own) => overlaps(own, cidr)) : true;
}
