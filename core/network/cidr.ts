/** An IPv4 range; addresses as numbers. */
export interface CidrRange {
  readonly first: number;
  readonly last: number;
  /** The number behind the slash. */
  readonly length: number;
}

/** Reads `10.64.0.0/16`; undefined where it is no CIDR or does not start on its own boundary. */
export function parseCidr(text: string): CidrRange | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const [, ...parts] = match?.map(Number) ?? [];
  const length = parts[4] ?? 33;
  const bytes = parts.slice(0, 4);
  if (match === null || length > 32 || bytes.some((byte) => byte > 255)) return undefined;
  const first = bytes.reduce((value, byte) => value * 256 + byte, 0);
  const size = 2 ** (32 - length);
  return first % size === 0 ? { first, last: first + size - 1, length } : undefined;
}

export function containsCidr(outer: CidrRange, inner: CidrRange): boolean {
  return inner.first >= outer.first && inner.last <= outer.last;
}

export function overlapsCidr(a: CidrRange, b: CidrRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** RFC 1918. VPCs of the platform take their addresses here, so that {@link publicIpv4Ranges} never has them in. */
export const PRIVATE_RANGES: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** Never a public server: this network, shared address space, loopback, link-local (metadata), multicast, reserved. */
const NOT_PUBLIC: readonly string[] = [
  ...PRIVATE_RANGES,
  '0.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
];

/**
 * All public IPv4 addresses as CIDRs. Security groups have no deny, so "the internet but nothing private" has to be
 * said in this long form; `0.0.0.0/0` would let a service that was taken over dial the sessions.
 */
export function publicIpv4Ranges(): string[] {
  const closed = NOT_PUBLIC.flatMap((text) => parseCidr(text) ?? []).sort((a, b) => a.first - b.first);
  const gaps: [number, number][] = [];
  let next = 0;
  for (const range of closed) {
    if (range.first > next) gaps.push([next, range.first - 1]);
    next = Math.max(next, range.last + 1);
  }
  return gaps.flatMap(([first, last]) => split(first, last));
}

/** The fewest CIDRs that make up first to last. */
function split(first: number, last: number): string[] {
  const ranges: string[] = [];
  for (let at = first; at <= last; ) {
    let length = 32;
    while (length > 0 && at % 2 ** (33 - length) === 0 && at + 2 ** (33 - length) - 1 <= last) length--;
    ranges.push(`${[24, 16, 8, 0].map((shift) => Math.floor(at / 2 ** shift) % 256).join('.')}/${length}`);
    at += 2 ** (32 - length);
  }
  return ranges;
}

/** Of the sessions' VPC and the services' VPC, where nobody says otherwise. */
export const DEFAULT_CIDRS = { sessions: '10.64.0.0/16', egress: '10.65.0.0/20' } as const;
