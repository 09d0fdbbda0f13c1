import { defaultDeny, UNDECIDED_BYTES } from '../../../core/network/default-deny';
import { renderRule, type SuricataRule } from '../../../core/network/suricata';
import { msgOf, optionsOf } from './rule-reader';

const block = (): readonly SuricataRule[] => defaultDeny((index) => index + 1, 1);
const lines = (): string[] => block().map(renderRule);
const indexOf = (part: string): number => block().findIndex((rule) => msgOf(rule).includes(part));
const rule = (part: string): SuricataRule => {
  const found = block()[indexOf(part)];
  if (found === undefined) throw new Error(`no default-deny rule says ${part}`);
  return found;
};

/**
 * Each entry was seen to matter with the real engine (Suricata 7.0.10): without the rule the attack gets further than
 * with it; without the mark, the second, a ClientHello of several packets is refused even for an allowed host.
 */
const GUARDS: readonly (readonly [attack: string, text: string])[] = [
  [
    'an evil or missing SNI, also in a long ClientHello',
    'reject tls any any -> any any (msg:"deny TLS to a host that is not allowed or not named"; flow:to_server; ssl_state:client_hello; ja4.hash; content:"_"; sid:1; rev:1;)',
  ],
  [
    'what is no ClientHello, by marking only what begins as one',
    'alert tls any any -> any 443 (msg:"mark a ClientHello that has begun"; noalert; flow:to_server; dsize:>5; content:"|16||03|"; startswith; content:"|01|"; offset:5; depth:1; flowbits:set,hello_begun; sid:2; rev:1;)',
  ],
  [
    'raw bytes on 443, in the SYN, or without a handshake',
    'reject tcp any any -> any 443 (msg:"deny TCP that is not TLS"; flow:to_server; dsize:>0; flowbits:isnotset,hello_begun; sid:3; rev:1;)',
  ],
  [
    'data behind an application data record, where payload is not looked at any more',
    'reject tcp any any -> any 443 (msg:"deny data that no ClientHello began"; flow:to_server; stream_size:client,>,2; flowbits:isnotset,hello_begun; sid:4; rev:1;)',
  ],
  [
    'a ClientHello that never ends',
    'reject tcp any any -> any 443 (msg:"deny a ClientHello that does not end"; flow:to_server; stream_size:client,>,16384; sid:5; rev:1;)',
  ],
  [
    'TCP to any other port, from its SYN on',
    'reject tcp any any -> any !443 (msg:"deny TCP on other ports"; flow:to_server; sid:6; rev:1;)',
  ],
  [
    'a server that answers, or speaks first, on an undecided connection',
    'drop tcp any any -> any any (msg:"deny data from a server before its host is known"; flow:to_client; stream_size:server,>,2; sid:7; rev:1;)',
  ],
  ['QUIC and other UDP', 'drop udp any any -> any any (msg:"deny UDP and QUIC"; flow:to_server; sid:8; rev:1;)'],
  ['an ICMP tunnel', 'drop icmp any any -> any any (msg:"deny ICMP"; flow:to_server; sid:9; rev:1;)'],
  [
    'GRE, ESP, SCTP, IP in IP',
    'drop ip any any -> any any (msg:"deny other IP protocols"; ip_proto:!TCP; ip_proto:!UDP; ip_proto:!ICMP; sid:10; rev:1;)',
  ],
];

describe('N14 the default-deny block', () => {
  it.each(GUARDS)('N14 refuses %s', (_, text) => {
    expect(lines()).toContain(text);
  });

  it('N14 holds no rule besides those', () => {
    expect(lines()).toHaveLength(GUARDS.length);
  });

  it('N14 covers every source: without a default action, what matches nothing passes', () => {
    for (const { source, sourcePort, destination } of block()) {
      expect([source, sourcePort, destination]).toEqual(['any', 'any', 'any']);
    }
  });

  it('N14 never passes', () => {
    expect(block().map(({ action }) => action)).not.toContain('pass');
  });

  it('N14 marks a begun ClientHello before refusing TCP, in strict order and with alert before reject', () => {
    const mark = rule('mark a ClientHello');
    const refusal = rule('TCP that is not TLS');
    expect(indexOf('mark a ClientHello')).toBeLessThan(indexOf('TCP that is not TLS'));
    expect([mark.action, refusal.action]).toEqual(['alert', 'reject']);
    expect(optionsOf(mark, 'flowbits')).toEqual([{ kind: 'flowbits', operation: 'set', name: 'hello_begun' }]);
    expect(optionsOf(refusal, 'flowbits')).toEqual([{ kind: 'flowbits', operation: 'isnotset', name: 'hello_begun' }]);
  });

  it('N14 tells TCP clients at once; drops what has no reset', () => {
    const drops = block().filter(({ action }) => action === 'drop');
    expect(drops.map(({ protocol }) => protocol)).toEqual(['tcp', 'udp', 'icmp', 'ip']);
  });

  it('N14 lets a post-quantum ClientHello in: the limit is one whole TLS record', () => {
    expect(UNDECIDED_BYTES).toBe(2 ** 14);
  });
});
