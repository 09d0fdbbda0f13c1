// biome-ignore lint/style/noRestrictedImports: these two only compare and parse. Dialling and judging with one parser leaves no spelling that means one address here and another in the socket.
import { BlockList, isIP } from 'node:net';

/**
 * What an address is to a proxy that dials for somebody it does not trust.
 *
 * - `public`: a server on the internet.
 * - `private`: a network's own addresses; dialled only for a host whose rule says `allowPrivate`.
 * - `never`: no rule opens it: metadata services, the proxy's own machine, its link, tunnels that hide another address,
 *   what is reserved, and what is no address at all.
 */
export type AddressClass =
  | { readonly kind: 'public' }
  | { readonly kind: 'private' | 'never'; readonly range: string; readonly name: string };

type Special = readonly [range: string, kind: 'private' | 'never', name: string];

/**
 * Sources: IANA IPv4 Special-Purpose Address Registry and IPv4 Multicast Address Space. Entries that the registry calls
 * globally reachable are in too: they are anycast services of the network itself. The first match names the address.
 */
const IPV4: readonly Special[] = [
  ['0.0.0.0/8', 'never', 'this network'],
  // Instance metadata; ECS credentials and EKS pod identity; Amazon's resolver and clock. Named for the record only.
  ['169.254.169.254/32', 'never', 'metadata'],
  ['169.254.170.2/32', 'never', 'metadata'],
  ['169.254.170.23/32', 'never', 'metadata'],
  ['169.254.0.0/16', 'never', 'link-local'],
  // Azure's wire server is a public address, Alibaba's metadata a shared one.
  ['168.63.129.16/32', 'never', 'metadata'],
  ['100.100.100.200/32', 'never', 'metadata'],
  ['10.0.0.0/8', 'private', 'private'],
  ['100.64.0.0/10', 'private', 'shared address space'],
  ['127.0.0.0/8', 'never', 'loopback'],
  ['172.16.0.0/12', 'private', 'private'],
  ['192.0.0.0/24', 'never', 'protocol assignments'],
  ['192.0.2.0/24', 'never', 'documentation'],
  ['192.31.196.0/24', 'never', 'AS112'],
  ['192.52.193.0/24', 'never', 'multicast tunnelling'],
  ['192.88.99.0/24', 'never', '6to4 relay'],
  ['192.168.0.0/16', 'private', 'private'],
  ['192.175.48.0/24', 'never', 'AS112'],
  ['198.18.0.0/15', 'never', 'benchmarking'],
  ['198.51.100.0/24', 'never', 'documentation'],
  ['203.0.113.0/24', 'never', 'documentation'],
  ['224.0.0.0/4', 'never', 'multicast'],
  ['240.0.0.0/4', 'never', 'reserved'],
];

/**
 * Sources: IANA IPv6 Special-Purpose Address Registry and IPv6 Address Space. Global unicast is 2000::/3 alone; what is
 * not listed here and lies outside of it is reserved. Addresses that carry an IPv4 address (mapped, compatible, NAT64,
 * 6to4, Teredo) are refused whole and not judged by what is inside: no public server needs one.
 */
const IPV6: readonly Special[] = [
  ['::/128', 'never', 'unspecified'],
  ['::1/128', 'never', 'loopback'],
  ['::ffff:0:0/96', 'never', 'IPv4-mapped'],
  ['::ffff:0:0:0/96', 'never', 'IPv4-translated'],
  ['::/96', 'never', 'IPv4-compatible'],
  ['64:ff9b::/96', 'never', 'NAT64'],
  ['64:ff9b:1::/48', 'never', 'NAT64'],
  ['100::/64', 'never', 'discard'],
  ['100:0:0:1::/64', 'never', 'dummy prefix'],
  ['2001::/32', 'never', 'Teredo'],
  ['2001:10::/28', 'never', 'ORCHID'],
  ['2001:20::/28', 'never', 'ORCHIDv2'],
  ['2001::/23', 'never', 'protocol assignments'],
  ['2001:db8::/32', 'never', 'documentation'],
  ['2002::/16', 'never', '6to4'],
  ['2620:4f:8000::/48', 'never', 'AS112'],
  ['3fff::/20', 'never', 'documentation'],
  ['5f00::/16', 'never', 'segment routing'],
  // Instance metadata, resolver, clock and EKS pod identity of AWS live in one unique local /32.
  ['fd00:ec2::/32', 'never', 'metadata'],
  ['fc00::/7', 'private', 'unique local'],
  ['fe80::/10', 'never', 'link-local'],
  ['fec0::/10', 'never', 'site-local'],
  ['ff00::/8', 'never', 'multicast'],
];

type Family = 'ipv4' | 'ipv6';

// One list for each family: a BlockList that has `::ffff:0:0/96` in holds every IPv4 address for a match.
const SPECIAL = { ipv4: compile(IPV4, 'ipv4'), ipv6: compile(IPV6, 'ipv6') };
const GLOBAL_UNICAST = blockList(['2000::/3'], 'ipv6');

/**
 * Judges the text of an address as a resolver or a socket gave it. Anything but the plain text of one address is
 * `never`: a zone (`fe80::1%eth0`), brackets, a leading zero, a number.
 */
export function classifyAddress(address: string): AddressClass {
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0) return { kind: 'never', range: '', name: 'not an address' };
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const { all, each } = SPECIAL[family];
  if (all.check(address, family)) {
    const found = each.find(({ list }) => list.check(address, family));
    if (found !== undefined) return { kind: found.kind, range: found.range, name: found.name };
  }
  if (family === 'ipv6' && !GLOBAL_UNICAST.check(address, family)) {
    return { kind: 'never', range: '::/0', name: 'reserved' };
  }
  return { kind: 'public' };
}

export function isPublicAddress(address: string): boolean {
  return classifyAddress(address).kind === 'public';
}

/**
 * Whether the proxy may connect to what a host resolved to. Ask it of every address in the answer and refuse the host
 * where one fails, then ask again of the address the socket is connected to.
 */
export function mayDial(address: string, allowPrivate: boolean): boolean {
  const { kind } = classifyAddress(address);
  return kind === 'public' || (kind === 'private' && allowPrivate);
}

function compile(ranges: readonly Special[], family: Family) {
  return {
    all: blockList(
      ranges.map(([range]) => range),
      family,
    ),
    each: ranges.map(([range, kind, name]) => ({ range, kind, name, list: blockList([range], family) })),
  };
}

function blockList(ranges: readonly string[], family: Family): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const slash = range.indexOf('/');
    list.addSubnet(range.slice(0, slash), Number(range.slice(slash + 1)), family);
  }
  return list;
}
