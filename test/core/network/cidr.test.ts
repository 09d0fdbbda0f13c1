import fc from 'fast-check';
import {
  type CidrRange,
  containsCidr,
  DEFAULT_CIDRS,
  overlapsCidr,
  PRIVATE_RANGES,
  parseCidr,
  publicIpv4Ranges,
} from '../../../core/network/cidr';

function range(text: string): CidrRange {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no CIDR`);
  return parsed;
}

describe('N3 CIDRs', () => {
  it.each<[string, CidrRange]>([
    ['10.64.0.0/16', { first: 0x0a400000, last: 0x0a40ffff, length: 16 }],
    ['192.168.101.128/25', { first: 0xc0a86580, last: 0xc0a865ff, length: 25 }],
    ['0.0.0.0/0', { first: 0, last: 2 ** 32 - 1, length: 0 }],
    ['255.255.255.255/32', { first: 2 ** 32 - 1, last: 2 ** 32 - 1, length: 32 }],
  ])('N3 %s reads', (text, expected) => {
    expect(parseCidr(text)).toEqual(expected);
  });

  it.each([
    '10.64.1.0/16',
    '10.0.0.0/33',
    '10.0.0.0/160',
    '1110.0.0.0/8',
    '256.0.0.0/8',
    '10.256.0.0/16',
    '10.0.0/8',
    '10.0.0.0.0/8',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/8\n',
    '::/0',
    '',
  ])('N3 %j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it.each<[string, boolean]>([
    ['10.64.0.0/16', true],
    ['10.64.0.0/20', true],
    ['10.64.240.0/20', true],
    ['10.64.0.0/15', false],
    ['10.0.0.0/8', false],
    ['10.63.0.0/16', false],
    ['10.65.0.0/16', false],
  ])('N3 10.64.0.0/16 has %s in: %s', (inner, expected) => {
    expect(containsCidr(range('10.64.0.0/16'), range(inner))).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['10.64.0.0/16', '10.64.16.0/20', true],
    ['10.64.0.0/16', '10.64.255.255/32', true],
    ['10.64.0.0/32', '10.64.0.0/32', true],
    ['10.64.0.0/16', '10.65.0.0/16', false],
    ['10.64.0.0/16', '172.16.0.0/12', false],
  ])('N3 %s and %s overlap: %s', (a, b, expected) => {
    expect([overlapsCidr(range(a), range(b)), overlapsCidr(range(b), range(a))]).toEqual([expected, expected]);
  });

  it('N3 the defaults are private and apart', () => {
    expect(PRIVATE_RANGES).toEqual(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
    const { sessions, egress } = DEFAULT_CIDRS;
    for (const text of [sessions, egress]) expect(containsCidr(range('10.0.0.0/8'), range(text))).toBe(true);
    expect(overlapsCidr(range(sessions), range(egress))).toBe(false);
  });
});

describe('N3 "the internet" of a security group', () => {
  const open = (): CidrRange[] => publicIpv4Ranges().map(range);
  /** Read from the IANA special-purpose registry, not from the code. */
  const closed = [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '224.0.0.0/3',
  ];

  it.each(closed)('N3 has nothing of %s in', (text) => {
    expect(open().filter((each) => overlapsCidr(each, range(text)))).toEqual([]);
  });

  it('N3 has every other address in exactly one range', () => {
    const ranges = open();
    const address = fc.oneof(
      fc.nat({ max: 2 ** 32 - 1 }),
      fc.constantFrom(...closed.flatMap((text) => [range(text).first - 1, range(text).last + 1])),
    );
    fc.assert(
      fc.property(address, (at) => {
        const holds = ({ first, last }: CidrRange) => first <= at && at <= last;
        if (at < 0 || at >= 2 ** 32 || closed.some((text) => holds(range(text)))) return;
        expect(ranges.filter(holds)).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
    const size = (ranges: readonly CidrRange[]) => ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    expect(size(ranges) + size(closed.map(range))).toBe(2 ** 32);
  });

  it('N3 is written in as few ranges as can be: a security group has a quota of rules', () => {
    const ranges = open();
    const merged = ranges.filter((a) =>
      ranges.some(
        (b) => a.length === b.length && b.first === a.last + 1 && a.first % (2 * (a.last - a.first + 1)) === 0,
      ),
    );
    expect(merged).toEqual([]);
  });
});
