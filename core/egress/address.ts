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

/** Bytes of an address, or of the first one of a range. */
type Bytes = readonly number[];

const RANGES = [...IPV4, ...IPV6].map(([range, kind, name]) => ({ range, kind, name, matches: prefixOf(range) }));
const isGlobalUnicast = prefixOf('2000::/3');

/**
 * Judges the text of an address as a resolver or a socket gave it. Anything but the plain text of one address is
 * `never`: a zone (`fe80::1%eth0`), brackets, a leading zero, a number.
 */
export function classifyAddress(address: string): AddressClass {
  const bytes = bytesOf(address);
  if (bytes === undefined) return { kind: 'never', range: '', name: 'not an address' };
  const special = RANGES.find(({ matches }) => matches(bytes));
  if (special !== undefined) return { kind: special.kind, range: special.range, name: special.name };
  if (bytes.length === 16 && !isGlobalUnicast(bytes)) return { kind: 'never', range: '::/0', name: 'reserved' };
  return { kind: 'public' };
}

/**
 * Whether the proxy may connect to what a host resolved to. Ask it of every address in the answer and refuse the host
 * where one fails, then ask again of the address the socket is connected to.
 */
export function mayDial(address: string, allowPrivate: boolean): boolean {
  const { kind } = classifyAddress(address);
  return kind === 'public' || (kind === 'private' && allowPrivate);
}

/** 4 or 16 bytes; undefined where the text is anything but one address. */
function bytesOf(address: string): Bytes | undefined {
  if (address.includes(':')) return ipv6Bytes(address);
  const parts = address.split('.');
  // No leading zero: `010` is 8 to some parsers and 10 to others.
  const plain = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return plain ? parts.map(Number) : undefined;
}

function ipv6Bytes(address: string): Bytes | undefined {
  // The URL parser brings every spelling to one: no dots, no long zeros. It would take brackets and zones in otherwise.
  const url = /^[0-9a-f:.]+$/i.test(address) ? `http://[${address}]/` : '';
  if (!URL.canParse(url)) return undefined;
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [left, right] = [words(head), words(tail ?? '')];
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].flatMap((word) => [word >> 8, word & 0xff]);
}

function prefixOf(range: string): (bytes: Bytes) => boolean {
  const slash = range.indexOf('/');
  const first = bytesOf(range.slice(0, slash)) ?? [];
  const length = Number(range.slice(slash + 1));
  const whole = first.slice(0, length >> 3);
  const shift = 8 - (length & 7);
  const part = (bytes: Bytes): number => (bytes[whole.length] ?? 0) >> shift;
  return (bytes) =>
    bytes.length === first.length && whole.every((byte, i) => byte === bytes[i]) && part(bytes) === part(first);
}
