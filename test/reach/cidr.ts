/** A block of addresses as its first and last address. */
interface Block {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Ranges in which something of ours, or of the company, can answer: a compromised proxy must not dial them. */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  '64:ff9b::/96',
  'fc00::/7',
  'fe80::/10',
];

function parse(cidr: string): Block | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const family = address.includes(':') ? 6 : 4;
  const bits = family === 6 ? 128 : 32;
  const value = family === 6 ? parse6(address) : parse4(address);
  if (value === undefined || !/^\d+$/.test(length) || Number(length) > bits) return undefined;
  const size = 1n << BigInt(bits - Number(length));
  const first = value - (value % size);
  return { family, first, last: first + size - 1n };
}

function parse4(address: string): bigint | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function parse6(address: string): bigint | undefined {
  const [head = '', tail] = address.split('::');
  const groups = (side: string): string[] => (side === '' ? [] : side.split(':'));
  const missing = 8 - groups(head).length - groups(tail ?? '').length;
  if (missing < 0 || (tail === undefined && missing > 0)) return undefined;
  const all = [...groups(head), ...new Array<string>(missing).fill('0'), ...groups(tail ?? '')];
  if (all.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** Unreadable text overlaps everything: what can't be judged must not pass. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [parse(one), parse(other)];
  if (!a || !b) return true;
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

export function touchesPrivate(cidr: string): boolean {
  return PRIVATE.some((range) => overlaps(cidr, range));
}

/** True when no public address is in the block. */
export function isPrivate(cidr: string): boolean {
  const block = parse(cidr);
  return PRIVATE.map(parse).some(
    (range) =>
      range?.family === block?.family && range && block && range.first <= block.first && block.last <= range.last,
  );
}
