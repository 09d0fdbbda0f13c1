import type { Inventory, Resource } from './inventory';
import { targetOf } from './resolver';
import { type JsonRecord, list, record, text } from './values';

/** Who a security group rule speaks of. */
export type Peer =
  | { readonly kind: 'cidr'; readonly cidr: string }
  | { readonly kind: 'group'; readonly id: string }
  | { readonly kind: 'prefixes'; readonly id: string; readonly cidrs: readonly string[] | undefined };

export interface Ports {
  /** `tcp`, `udp` ..., `-1` for all. */
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
}

export interface GroupRule extends Ports {
  /** The resource that holds the rule. */
  readonly holder: Resource;
  readonly group: string;
  readonly direction: 'in' | 'out';
  readonly peer: Peer;
}

/** What CDK writes for "nothing": an address that reaches nobody. */
const NOBODY = '255.255.255.255/32';

/** All rules of all groups, inline or in resources of their own. */
export function groupRules(inventory: Inventory): GroupRule[] {
  const rules = inventory.all.flatMap((resource): (GroupRule | undefined)[] => {
    const group = targetOf(resource.props.GroupId) ?? text(resource.props.GroupId);
    switch (resource.type) {
      case 'AWS::EC2::SecurityGroupIngress':
        return [rule(inventory, resource, group, 'in', resource.props)];
      case 'AWS::EC2::SecurityGroupEgress':
        return [rule(inventory, resource, group, 'out', resource.props)];
      case 'AWS::EC2::SecurityGroup':
        return (['in', 'out'] as const).flatMap((direction) =>
          list(resource.props[direction === 'in' ? 'SecurityGroupIngress' : 'SecurityGroupEgress']).map((own) =>
            rule(inventory, resource, resource.id, direction, record(own)),
          ),
        );
      default:
        return [];
    }
  });
  const known = rules.filter((own) => own !== undefined);
  return [...known.filter((own) => !isNobody(own)), ...implicitEgress(inventory, known)];
}

function isNobody({ peer }: GroupRule): boolean {
  return peer.kind === 'cidr' && peer.cidr === NOBODY;
}

/** EC2 lets a group out everywhere until it is given a first egress rule of its own. */
function implicitEgress(inventory: Inventory, rules: readonly GroupRule[]): GroupRule[] {
  return inventory
    .ofType('AWS::EC2::SecurityGroup')
    .filter((group) => !rules.some((own) => own.group === group.id && own.direction === 'out'))
    .flatMap((holder) =>
      ['0.0.0.0/0', '::/0'].map(
        (cidr): GroupRule => ({
          holder,
          group: holder.id,
          direction: 'out',
          peer: { kind: 'cidr', cidr },
          protocol: '-1',
          from: 0,
          to: 65535,
        }),
      ),
    );
}

function rule(
  inventory: Inventory,
  holder: Resource,
  group: string,
  direction: 'in' | 'out',
  props: JsonRecord,
): GroupRule {
  const protocol = text(props.IpProtocol);
  const ported = protocol === 'tcp' || protocol === 'udp' || protocol === '6' || protocol === '17';
  const all = !ported || props.FromPort === undefined || Number(props.FromPort) === -1;
  return {
    holder,
    group,
    direction,
    peer: peer(inventory, props),
    protocol: { '6': 'tcp', '17': 'udp' }[protocol] ?? protocol,
    from: all ? 0 : Number(props.FromPort),
    to: all ? 65535 : Number(props.ToPort),
  };
}

function peer(inventory: Inventory, props: JsonRecord): Peer {
  const cidr = props.CidrIp ?? props.CidrIpv6;
  if (cidr) return { kind: 'cidr', cidr: text(cidr) };
  const prefixes = props.DestinationPrefixListId ?? props.SourcePrefixListId;
  if (prefixes) return prefixList(inventory, text(prefixes));
  const group = props.DestinationSecurityGroupId ?? props.SourceSecurityGroupId;
  return { kind: 'group', id: targetOf(group) ?? text(group) };
}

/** Entries of a list of ours are in the template; those of an AWS-managed one are known to AWS only. */
export function prefixList(inventory: Inventory, value: string): Extract<Peer, { kind: 'prefixes' }> {
  const own = inventory.get(targetOf(value));
  const cidrs = own && list(own.props.Entries).map((entry) => text(record(entry).Cidr));
  return { kind: 'prefixes', id: own?.id ?? value, cidrs };
}

/** Ports that two rules have in common. */
export function common(one: Ports, other: Ports): Ports | undefined {
  if (one.protocol !== other.protocol && one.protocol !== '-1' && other.protocol !== '-1') return undefined;
  const [from, to] = [Math.max(one.from, other.from), Math.min(one.to, other.to)];
  return from > to ? undefined : { protocol: one.protocol === '-1' ? other.protocol : one.protocol, from, to };
}

export function portsText({ protocol, from, to }: Ports): string {
  const name = protocol === '-1' ? 'all' : protocol;
  return from === 0 && to === 65535 ? `${name} all ports` : from === to ? `${name} ${from}` : `${name} ${from}-${to}`;
}
