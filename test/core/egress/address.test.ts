import { BlockList, isIP } from 'node:net';
import * as fc from 'fast-check';
import { type AddressClass, classifyAddress, mayDial } from '../../../core/egress/address';

/** One row for each range, with both ends of it where the neighbours are public. */
const NEVER: readonly [address: string, name: string][] = [
  ['0.0.0.0', 'this network'],
  ['0.255.255.255', 'this network'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.255', 'loopback'],
  ['168.63.129.16', 'metadata'],
  ['100.100.100.200', 'metadata'],
  ['169.254.169.254', 'metadata'],
  ['169.254.170.2', 'metadata'],
  ['169.254.170.23', 'metadata'],
  ['169.254.0.0', 'link-local'],
  ['169.254.169.253', 'link-local'],
  ['169.254.255.255', 'link-local'],
  ['192.0.0.0', 'protocol assignments'],
  ['192.0.0.255', 'protocol assignments'],
  ['192.0.2.0', 'documentation'],
  ['192.0.2.255', 'documentation'],
  ['192.31.196.1', 'AS112'],
  ['192.52.193.1', 'multicast tunnelling'],
  ['192.88.99.1', '6to4 relay'],
  ['192.175.48.1', 'AS112'],
  ['198.18.0.0', 'benchmarking'],
  ['198.19.255.255', 'benchmarking'],
  ['198.51.100.1', 'documentation'],
  ['203.0.113.1', 'documentation'],
  ['224.0.0.0', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['240.0.0.0', 'reserved'],
  ['255.255.255.255', 'reserved'],
  ['::', 'unspecified'],
  ['0:0:0:0:0:0:0:0', 'unspecified'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::ffff:a9fe:a9fe', 'IPv4-mapped'],
  ['::ffff:169.254.169.254', 'IPv4-mapped'],
  ['::FFFF:A9FE:A9FE', 'IPv4-mapped'],
  ['0:0:0:0:0:ffff:169.254.169.254', 'IPv4-mapped'],
  ['0000:0000:0000:0000:0000:ffff:a9fe:a9fe', 'IPv4-mapped'],
  ['::ffff:8.8.8.8', 'IPv4-mapped'],
  ['::ffff:0:a9fe:a9fe', 'IPv4-translated'],
  ['::a9fe:a9fe', 'IPv4-compatible'],
  ['::169.254.169.254', 'IPv4-compatible'],
  ['64:ff9b::a9fe:a9fe', 'NAT64'],
  ['64:ff9b::169.254.169.254', 'NAT64'],
  ['64:ff9b::8.8.8.8', 'NAT64'],
  ['64:ff9b:1::10.0.0.1', 'NAT64'],
  ['64:ff9b:1:ffff::1', 'NAT64'],
  ['100::', 'discard'],
  ['100::ffff:ffff:ffff:ffff', 'discard'],
  ['100:0:0:1::1', 'dummy prefix'],
  ['2001::1', 'Teredo'],
  ['2001:0:a9fe:a9fe::', 'Teredo'],
  ['2001:10::1', 'ORCHID'],
  ['2001:1f:ffff::', 'ORCHID'],
  ['2001:20::1', 'ORCHIDv2'],
  ['2001:2::1', 'protocol assignments'],
  ['2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', 'protocol assignments'],
  ['2001:db8::1', 'documentation'],
  ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 'documentation'],
  ['2002:a9fe:a9fe::1', '6to4'],
  ['2002:0a00:0001::', '6to4'],
  ['2620:4f:8000::1', 'AS112'],
  ['3fff::1', 'documentation'],
  ['3fff:fff:ffff::', 'documentation'],
  ['5f00::1', 'segment routing'],
  ['fd00:ec2::254', 'metadata'],
  ['fd00:ec2::23', 'metadata'],
  ['fd00:0ec2:0:0:0:0:0:254', 'metadata'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['ff0e::1', 'multicast'],
  ['1fff:ffff::1', 'reserved'],
  ['4000::1', 'reserved'],
  ['::1:0:0:0', 'reserved'],
];

const PRIVATE: readonly [address: string, name: string][] = [
  ['10.0.0.0', 'private'],
  ['10.255.255.255', 'private'],
  ['100.64.0.0', 'shared address space'],
  ['100.127.255.255', 'shared address space'],
  ['172.16.0.0', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.0', 'private'],
  ['192.168.255.255', 'private'],
  ['fc00::1', 'unique local'],
  ['fd12:3456:789a::1', 'unique local'],
  ['fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'unique local'],
];

/** Neighbours of the ranges above, so that a range grown by a bit turns a row red. */
const PUBLIC = [
  '1.0.0.0',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '191.255.255.255',
  '192.0.1.0',
  '192.0.3.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2000::1',
  '2001:200::1',
  '2001:db7:ffff::1',
  '2001:db9::1',
  '2001:4860:4860::8888',
  '2003::1',
  '2606:4700::1111',
  '2a00:1450:4001:80f::200e',
  '3ffe:ffff::1',
  '3fff:1000::1',
];

const NO_ADDRESS = [
  '',
  ' 8.8.8.8',
  '8.8.8.8 ',
  '8.8.8.8\n',
  '[2606:4700::1111]',
  '2606:4700::1111%eth0',
  'fe80::1%1',
  '2606:4700::1111/64',
  '134744072',
  '0x08080808',
  '8.8.2056',
  '010.8.8.8',
  '8.8.8',
  '8.8.8.8.',
  '8.8.8.8:443',
  '8.8.8.00',
  '8..8.8',
  '2606:4700::1111]/',
  '2606:4700::11\t11',
  '①.1.1.1',
  'example.com',
];

const rangeOf = (address: string): string => {
  const found = classifyAddress(address);
  return found.kind === 'public' ? '' : found.range;
};
const nameOf = (address: string): string => {
  const found = classifyAddress(address);
  return found.kind === 'public' ? '' : found.name;
};

describe('N3 the proxy dials public addresses only', () => {
  it.each(NEVER)('N3 %s is refused whatever a rule says: %s', (address, name) => {
    expect(classifyAddress(address)).toMatchObject({ kind: 'never', name });
    expect(mayDial(address, true)).toBe(false);
  });

  it.each(PRIVATE)('N3 %s is for hosts with allowPrivate alone: %s', (address, name) => {
    expect(classifyAddress(address)).toMatchObject({ kind: 'private', name });
    expect(mayDial(address, false)).toBe(false);
    expect(mayDial(address, true)).toBe(true);
  });

  it.each(PUBLIC)('N3 %s is public', (address) => {
    expect(classifyAddress(address)).toEqual({ kind: 'public' });
    expect(mayDial(address, false)).toBe(true);
  });

  it.each(NO_ADDRESS)('N3 %j is no address and refused', (text) => {
    expect(classifyAddress(text)).toEqual({ kind: 'never', range: '', name: 'not an address' } satisfies AddressClass);
    expect(mayDial(text, true)).toBe(false);
  });

  it('N3 no IPv4 address becomes public by being written inside an IPv6 one', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:'), (v4, prefix) => {
        expect(mayDial(prefix + v4, true)).toBe(false);
      }),
    );
  });

  it("N3 what is an address here is one to node's sockets, and the other way round", () => {
    const piece = fc.constantFrom(...'0129afAF:.', '::', '255', '256', ':0', '.0', '1.2.3.4');
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV4(), fc.ipV6(), fc.ipV4Extended()), (address) => {
        expect(nameOf(address) !== 'not an address').toBe(isIP(address) !== 0);
      }),
      { numRuns: 2000 },
    );
  });

  it("N3 an address is in a range where node's own lists say so", () => {
    const closed = { ipv4: new BlockList(), ipv6: new BlockList() };
    const ranges = [...NEVER, ...PRIVATE].map(([address]) => rangeOf(address)).filter((range) => range !== '::/0');
    for (const range of new Set(ranges)) {
      const [first = '', length] = range.split('/');
      const family = first.includes(':') ? 'ipv6' : 'ipv4';
      closed[family].addSubnet(first, Number(length), family);
    }
    const unicast = new BlockList();
    unicast.addSubnet('2000::', 3, 'ipv6');
    // Beginnings of the ranges, with a few bits turned, so that their edges are met.
    const ipv6 = fc
      .tuple(fc.constantFrom(...ranges.filter((range) => range.includes(':'))), fc.nat(127), fc.nat(127))
      .map(([range, one, other]) => {
        const [first = ''] = range.split('/');
        const head = first
          .replace(/:*$/, '')
          .split(':')
          .filter((word) => word !== '');
        // `::ffff:0:0` and `::1` stand at the end.
        const zeros = Array<string>(8 - head.length).fill('0');
        const words = first.startsWith('::') ? [...zeros, ...head] : [...head, ...zeros];
        for (const bit of [one, other]) {
          const at = bit >> 4;
          words[at] = (Number.parseInt(words[at] ?? '0', 16) ^ (1 << (bit & 15))).toString(16);
        }
        return words.join(':');
      });
    const ipv4 = fc
      .tuple(fc.constantFrom(...ranges.filter((range) => !range.includes(':'))), fc.nat(31), fc.nat(31))
      .map(([range, one, other]) => {
        const bytes = (range.split('/')[0] ?? '').split('.').map(Number);
        for (const bit of [one, other]) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return bytes.join('.');
      });
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        const family = address.includes(':') ? 'ipv6' : 'ipv4';
        const open = !closed[family].check(address, family) && (family === 'ipv4' || unicast.check(address, 'ipv6'));
        expect([address, mayDial(address, false)]).toEqual([address, open]);
      }),
      { numRuns: 3000 },
    );
  });

  it('N3 every public IPv6 address is global unicast, however it is spelled', () => {
    const unicast = new BlockList();
    unicast.addSubnet('2000::', 3, 'ipv6');
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    const spelled = words.chain((all) => {
      const short = all.map((word) => word.toString(16));
      const long = short.map((word) => word.padStart(4, '0'));
      return fc.constantFrom(short.join(':'), long.join(':'), long.join(':').toUpperCase());
    });
    fc.assert(
      fc.property(spelled, (address) => {
        if (mayDial(address, false)) expect(unicast.check(address, 'ipv6')).toBe(true);
      }),
    );
  });

  it('N3 spelling does not change the verdict', () => {
    const word = fc.constantFrom(0, 1, 0xffff, 0xa9fe, 0x64, 0xff9b, 0x2001, 0xdb8, 0xfd00, 0xec2, 0xfe80, 0x2606);
    fc.assert(
      fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
        const short = words.map((value) => value.toString(16)).join(':');
        const long = words.map((value) => value.toString(16).padStart(4, '0').toUpperCase()).join(':');
        const canonical = new URL(`http://[${short}]/`).hostname.slice(1, -1);
        expect(classifyAddress(long)).toEqual(classifyAddress(short));
        expect(classifyAddress(canonical)).toEqual(classifyAddress(short));
      }),
      { numRuns: 1000 },
    );
  });
});
