import type { Attack } from './attack';

/** Addresses in every spelling that some resolver takes; none of them is a host that policy can name. */
const ADDRESSES: readonly [string, string, number][] = [
  ['instance metadata', '169.254.169.254', 5],
  ['task metadata', '169.254.170.2', 5],
  ['pod metadata', '169.254.170.23', 5],
  ['metadata over IPv6', '[fd00:ec2::254]', 5],
  ['the platform address of another cloud', '168.63.129.16', 5],
  ['loopback', '127.0.0.1', 6],
  ['an address in hexadecimal', '0x7f.1', 6],
  ['an address in hexadecimal, whole', '0xa9fea9fe', 6],
  ['an address as one number', '2130706433', 6],
  ['an address in octal', '017700000001', 6],
  ['an address with octal parts', '0251.0376.0251.0376', 6],
  ['an address with a dot behind', '169.254.169.254.', 6],
  ['a short address', '127.1', 6],
  ['a public address', '93.184.216.34', 6],
  ['a mapped address', '[::ffff:169.254.169.254]', 7],
  ['a mapped address in hexadecimal', '[::ffff:a9fe:a9fe]', 7],
  ['an address behind NAT64', '[64:ff9b::a9fe:a9fe]', 7],
  ['a 6to4 address', '[2002:a9fe:a9fe::1]', 7],
  ['IPv6 loopback', '[::1]', 7],
];

export const ATTACKS_BY_ADDRESS: readonly Attack[] = ADDRESSES.map(([name, host, pitfall]) => ({
  name,
  host,
  pitfall,
  guards: 'authority.ts canonicalHost',
  expect: 'host-not-allowed',
}));
