import type { SuricataOption, SuricataRule } from './suricata';

/** The only port a TLS connection may leave by. */
export const TLS_PORT = 443;

/**
 * What a client may send before its ClientHello is complete. One TLS record is at most 16,384 bytes; post-quantum hellos
 * are 2 to 4 KB. A client that never finishes its hello gets this much out on a connection, and one byte back.
 */
export const UNDECIDED_BYTES = 16_384;

const HELLO_BEGUN = 'hello_begun';

/**
 * Our own default-deny instead of a policy's default action. AWS's default actions either drop the first segments of a
 * long ClientHello (`drop_established`) or let bytes that aren't TLS through (`*_app_layer`), and their code isn't
 * public, so they can't be tested; these rules run on stock Suricata. AWS recommends the form ("Customer managed rules",
 * AWS Network Firewall best practices guide, sids 999991 to 999997). Where this differs, and why:
 *
 * - `any` as the source: with no default action, a packet from an address outside HOME_NET would match nothing and pass.
 * - Ports other than 443 are refused at the SYN, so that not even a handshake reaches the server.
 * - TCP is refused by payload (`dsize`) and not by `established`, which data in a SYN or without a handshake escapes.
 * - The mark "a ClientHello has begun" is given only to bytes that begin as one. AWS's mark goes to all that protocol
 *   detection calls TLS, SSLv2 framing and other handshake messages included, and a marked flow that never completes a
 *   ClientHello is a two-way tunnel.
 * - So a marked flow is also limited in bytes, and a server's bytes don't come back before a pass rule matched. Both
 *   count sequence numbers, as Suricata stops looking at payload (and at `dsize`) after a TLS application data record.
 *
 * What a pass rule matched never gets here: a pass on application data holds for the whole flow.
 *
 * Order matters at one place: the mark (an alert) must run before the TCP reject. It does in AWS's strict order and with
 * `action-order: pass, alert, reject, drop`. In stock Suricata's default (pass, drop, reject, alert) it comes too late:
 * a ClientHello of more than one packet is then refused, and nothing more passes.
 */
export function defaultDeny(sidOf: (index: number) => number, rev: number): readonly SuricataRule[] {
  return BLOCK.map(({ options, ...rule }, index) => ({
    ...rule,
    source: 'any',
    sourcePort: 'any',
    direction: '->',
    destination: 'any',
    options: [...options, { kind: 'sid', id: sidOf(index) }, { kind: 'rev', revision: rev }],
  }));
}

type DenyRule = Pick<SuricataRule, 'action' | 'protocol' | 'destinationPort' | 'options'>;

const toServer: SuricataOption = { kind: 'flow', direction: 'to_server' };
const hasPayload: SuricataOption = { kind: 'dsize-over', bytes: 0 };
const msg = (text: string): SuricataOption => ({ kind: 'msg', text });

const BLOCK: readonly DenyRule[] = [
  {
    // A JA4 hash exists only once the whole ClientHello is parsed, which is why AWS's rule asks for one. Suricata 7.0.10
    // gave the same verdicts without it; AWS doesn't say which 7.0 it runs.
    action: 'reject',
    protocol: 'tls',
    destinationPort: 'any',
    options: [
      msg('deny TLS to a host that is not allowed or not named'),
      toServer,
      { kind: 'ssl_state', state: 'client_hello' },
      { kind: 'sticky', buffer: 'ja4.hash' },
      { kind: 'content', value: '_' },
    ],
  },
  {
    // Record type 22, version 3.x, handshake type 1. dsize makes it a rule on the packet, not on the stream.
    action: 'alert',
    protocol: 'tls',
    destinationPort: TLS_PORT,
    options: [
      msg('mark a ClientHello that has begun'),
      { kind: 'noalert' },
      toServer,
      { kind: 'dsize-over', bytes: 5 },
      { kind: 'content', value: '\x16\x03', startswith: true },
      { kind: 'content', value: '\x01', at: 5 },
      { kind: 'flowbits', operation: 'set', name: HELLO_BEGUN },
    ],
  },
  {
    action: 'reject',
    protocol: 'tcp',
    destinationPort: TLS_PORT,
    options: [
      msg('deny TCP that is not TLS'),
      toServer,
      hasPayload,
      { kind: 'flowbits', operation: 'isnotset', name: HELLO_BEGUN },
    ],
  },
  {
    // Suricata stops looking at payload after an application data record, and dsize with it; sequence numbers still
    // count. Two are the SYN and a FIN.
    action: 'reject',
    protocol: 'tcp',
    destinationPort: TLS_PORT,
    options: [
      msg('deny data that no ClientHello began'),
      toServer,
      { kind: 'sent-over', side: 'client', bytes: 2 },
      { kind: 'flowbits', operation: 'isnotset', name: HELLO_BEGUN },
    ],
  },
  {
    action: 'reject',
    protocol: 'tcp',
    destinationPort: TLS_PORT,
    options: [
      msg('deny a ClientHello that does not end'),
      toServer,
      { kind: 'sent-over', side: 'client', bytes: UNDECIDED_BYTES },
    ],
  },
  {
    action: 'reject',
    protocol: 'tcp',
    destinationPort: { not: TLS_PORT },
    options: [msg('deny TCP on other ports'), toServer],
  },
  {
    // Two numbers are the SYN and the FIN that answers a refused client; acknowledgements and keepalives use none. A
    // server that sends one byte and no FIN gets that byte through, on each connection: a known limit.
    action: 'drop',
    protocol: 'tcp',
    destinationPort: 'any',
    options: [
      msg('deny data from a server before its host is known'),
      { kind: 'flow', direction: 'to_client' },
      { kind: 'sent-over', side: 'server', bytes: 2 },
    ],
  },
  { action: 'drop', protocol: 'udp', destinationPort: 'any', options: [msg('deny UDP and QUIC'), toServer] },
  { action: 'drop', protocol: 'icmp', destinationPort: 'any', options: [msg('deny ICMP'), toServer] },
  {
    action: 'drop',
    protocol: 'ip',
    destinationPort: 'any',
    options: [
      msg('deny other IP protocols'),
      { kind: 'ip_proto-not', protocol: 'TCP' },
      { kind: 'ip_proto-not', protocol: 'UDP' },
      { kind: 'ip_proto-not', protocol: 'ICMP' },
    ],
  },
];
