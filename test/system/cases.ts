import { BOUNDED, type Expectation, NO_CONNECTION, NOTHING, PASS, RESET, RESET_LATE } from './expectation';
import { CLIENT_OUTSIDE_HOME_NET, SERVER } from './lab/addresses';
import type { Action, Bytes, PacketAction, TcpAction, TlsAction } from './lab/protocol';

export interface Case {
  readonly feature: 'N3' | 'N14';
  readonly name: string;
  readonly action: Action;
  readonly expected: Expectation;
  /** The message of the rule whose record the log must have for this connection. */
  readonly rule?: string;
  /** The rule without which the verdict changes, where no record of it can be had: see every-rule-can-fail.test.ts. */
  readonly guards?: string;
  /** More than one packet of ClientHello; Suricata's stock order of actions refuses these, see default-deny.ts. */
  readonly longHello?: boolean;
  /** Neither end heeds a reset: what stops such a pair is only that packets are dropped. */
  readonly ignoresResets?: boolean;
}

const DENY = {
  tls: 'deny TLS to a host that is not allowed or not named',
  notTls: 'deny TCP that is not TLS',
  unbegun: 'deny data that no ClientHello began',
  endless: 'deny a ClientHello that does not end',
  port: 'deny TCP on other ports',
  server: 'deny data from a server before its host is known',
  udp: 'deny UDP and QUIC',
  icmp: 'deny ICMP',
  otherProtocols: 'deny other IP protocols',
} as const;
/** Not a rule but a setting of the policy. */
export const FRAGMENTS = 'StatelessFragmentDefaultActions: aws:drop';
const MARK = 'mark a ClientHello that has begun';

type TlsOptions = Partial<Omit<TlsAction, 'kind' | 'name'>>;

const tls = (name: string | undefined, options: TlsOptions = {}): TlsAction => ({
  kind: 'tls',
  name,
  to: SERVER.web,
  ...options,
});

const passes = (name: string, rule: string, action: Action): Case => ({
  feature: 'N14',
  name,
  action,
  expected: PASS,
  rule: `allow ${rule}`,
});

const refused = (name: string, host: string | undefined, rule: string = DENY.tls, options: TlsOptions = {}): Case => ({
  feature: 'N14',
  name,
  action: tls(host, options),
  expected: RESET,
  rule,
});

/** Which names each spelling of an allowed host takes in. */
const NAMES: Case[] = [
  passes('allowed name', 'allowed.test.example', tls('allowed.test.example')),
  passes('allowed name in upper case', 'allowed.test.example', tls('ALLOWED.Test.EXAMPLE')),
  refused('sub-domain of an exact name', 'a.allowed.test.example'),
  passes('.x: apex', '.domain.example', tls('domain.example')),
  passes('.x: sub-domain', '.domain.example', tls('a.domain.example')),
  passes('.x: two labels below, upper case', '.domain.example', tls('A.B.DOMAIN.example')),
  refused('*.x: apex', 'sub.example'),
  passes('*.x: sub-domain', '*.sub.example', tls('a.sub.example')),
  refused('suffix trick on .x', 'evildomain.example'),
  refused('suffix trick on *.x', 'evilsub.example'),
  refused('suffix trick on an exact name', 'evilallowed.test.example'),
  refused('allowed domain as a prefix', 'domain.example.evil.test'),
  refused('allowed name as a prefix', 'allowed.test.example.evil.test'),
  refused('allowed name with a trailing dot', 'allowed.test.example.'),
  refused('name that is not allowed', 'evil.test'),
  refused('no SNI', undefined),
];

/** Blocked hosts win, and take no more than they name. */
const BLOCKED_NAMES: Case[] = [
  refused('blocked name under .x', 'blocked.domain.example', 'block blocked.domain.example'),
  refused('blocked name in upper case', 'BLOCKED.Domain.example', 'block blocked.domain.example'),
  passes('below a blocked exact name', '.domain.example', tls('a.blocked.domain.example')),
  passes('ends like a blocked name', '.domain.example', tls('xblocked.domain.example')),
  passes('starts like a blocked name', '.domain.example', tls('blocked.domain.example.domain.example')),
  refused('blocked domain: apex', 'tree.domain.example', 'block .tree.domain.example'),
  refused('blocked domain: two labels below', 'a.b.tree.domain.example', 'block .tree.domain.example'),
  passes('ends like a blocked domain', '.domain.example', tls('atree.domain.example')),
  refused('blocked name under *.x', 'one.sub.example', 'block one.sub.example'),
  passes('beside a blocked name under *.x', '*.sub.example', tls('two.sub.example')),
  refused('blocked *.b: sub-domain', 'a.below.mixed.example', 'block *.below.mixed.example'),
  passes('blocked *.b: its apex stays allowed', 'below.mixed.example', tls('below.mixed.example')),
  passes('.x with a blocked part: apex', '.mixed.example', tls('mixed.example')),
  refused('.x whose apex is blocked: apex', 'half.example', 'block half.example'),
  passes('.x whose apex is blocked: sub-domain', '*.half.example', tls('a.half.example')),
];

/** The policy's variables, and what an allowed flow may do. */
const FLOWS: Case[] = [
  refused('allowed name from outside HOME_NET', 'allowed.test.example', DENY.tls, { source: CLIENT_OUTSIDE_HOME_NET }),
  refused('allowed name to an address in HOME_NET', 'allowed.test.example', DENY.tls, { to: SERVER.inHomeNet }),
  passes('upload of 128 KB', 'allowed.test.example', tls('allowed.test.example', { upload: 131_072 })),
  passes('download of 300 KB', 'allowed.test.example', tls('allowed.test.example', { download: 300_000 })),
];

const LONG: TlsOptions = { helloBytes: 3_000 };
const THREE_SEGMENTS: TlsOptions = { ...LONG, segments: [1_400, 2_800] };

const long = (entry: Case, expected: Expectation = entry.expected): Case => ({
  ...entry,
  expected,
  guards: MARK,
  longHello: true,
});
const late = (name: string, host: string | undefined, options: TlsOptions, rule: string = DENY.tls): Case =>
  long(refused(name, host, rule, options), RESET_LATE);

/** ClientHellos of other shapes: the same names, the same verdicts. */
const HELLOS: Case[] = [
  long(passes('post-quantum hello', 'allowed.test.example', tls('allowed.test.example', { postQuantum: true }))),
  long(passes('3 KB hello in 3 segments', 'allowed.test.example', tls('allowed.test.example', THREE_SEGMENTS))),
  long(passes('3 KB hello in one write', '.domain.example', tls('a.domain.example', LONG))),
  long(passes('9 KB hello', 'allowed.test.example', tls('allowed.test.example', { helloBytes: 9_000 }))),
  long(
    passes(
      '3 KB hello, then 128 KB',
      '.domain.example',
      tls('a.domain.example', { ...THREE_SEGMENTS, upload: 131_072 }),
    ),
  ),
  late('post-quantum hello, evil name', 'evil.test', { postQuantum: true }),
  late('3 KB hello in 3 segments, evil name', 'evil.test', THREE_SEGMENTS),
  late('3 KB hello in one write, evil name', 'evil.test', LONG),
  late('3 KB hello, no SNI', undefined, LONG),
  late('3 KB hello, blocked name', 'blocked.domain.example', THREE_SEGMENTS, 'block blocked.domain.example'),
  long(
    passes(
      'hello split inside the name',
      'allowed.test.example',
      tls('allowed.test.example', { segments: 'inside-name' }),
    ),
  ),
  long(
    passes(
      'hello split inside the name, slow',
      '.domain.example',
      tls('a.domain.example', { segments: 'inside-name', pause: 700 }),
    ),
  ),
  long(passes('hello split after 6 bytes', 'allowed.test.example', tls('allowed.test.example', { segments: [6] }))),
  late('hello split inside the name, evil name', 'evil.test', { segments: 'inside-name' }),
  late(
    'hello split inside the name, blocked name',
    'blocked.domain.example',
    { segments: 'inside-name' },
    'block blocked.domain.example',
  ),
  {
    ...refused('known limit: an allowed hello whose first segment has under 6 bytes', '', DENY.notTls),
    action: tls('allowed.test.example', { segments: [3] }),
    // The rest may already be on its way; its name is allowed, and the server's side is closed by then.
    expected: { ...RESET, mostAtServer: Number.POSITIVE_INFINITY },
  },
  passes('hello in 2 records', 'allowed.test.example', tls('allowed.test.example', { records: [100] })),
  passes(
    'hello in 2 records, cut inside the name',
    '.domain.example',
    tls('a.domain.example', { records: 'inside-name' }),
  ),
  refused('hello in 2 records, evil name', 'evil.test', DENY.tls, { records: [100] }),
  refused('hello in 2 records, cut inside the name, evil name', 'evil.test', DENY.tls, { records: 'inside-name' }),
  refused(
    'hello in 2 records, cut inside the name, blocked name',
    'blocked.domain.example',
    'block blocked.domain.example',
    { records: 'inside-name' },
  ),
  refused('hello in records of 50 bytes, evil name', 'evil.test', DENY.tls, { records: { eachBytes: 50 } }),
];

const curl = (url: string, to: string = SERVER.web, host?: string): Action => ({ kind: 'curl', url, to, host });

/** Other people's clients. */
const CLIENTS: Case[] = [
  passes('curl, allowed name', 'allowed.test.example', curl('https://allowed.test.example/')),
  passes('openssl, allowed name', '.domain.example', { kind: 'openssl', name: 'a.domain.example', to: SERVER.web }),
  { ...refused('curl, evil name', ''), action: curl('https://evil.test/') },
  { ...refused('curl, blocked name', '', 'block one.sub.example'), action: curl('https://one.sub.example/') },
  { ...refused('openssl, evil name', ''), action: { kind: 'openssl', name: 'evil.test', to: SERVER.web } },
  { ...refused('openssl, no SNI', ''), action: { kind: 'openssl', to: SERVER.web } },
];

/** What a firewall can't see: the name is the client's claim. The egress proxy is there because of these. */
const KNOWN_LIMITS: Case[] = [
  passes(
    'known limit: a forged SNI passes to any address',
    'allowed.test.example',
    tls('allowed.test.example', { to: SERVER.attacker }),
  ),
  passes(
    'known limit: curl with a forged SNI passes to any address',
    'allowed.test.example',
    curl('https://allowed.test.example/', SERVER.attacker),
  ),
  passes(
    'known limit: fronting passes (allowed SNI, another Host)',
    'allowed.test.example',
    curl('https://allowed.test.example/', SERVER.web, 'evil.test'),
  ),
];

const n3 = (name: string, action: Action, expected: Expectation, rule?: string): Case => ({
  feature: 'N3',
  name,
  action,
  expected,
  rule,
});
const tcp = (to: string, port: number, ...parts: Bytes[]): Action => ({ kind: 'tcp', to, port, parts });
const udp = (port: number): Action => {
  const part: Bytes = { text: 'U', times: 400 };
  return { kind: 'udp', to: SERVER.web, port, parts: [part, part] };
};
const HTTP_REQUEST: Bytes = { text: 'GET / HTTP/1.1\r\nHost: allowed.test.example\r\n\r\n' };
const DNS_QUERY_OVER_TCP: Bytes = { text: '\0\x1d\0\x01\x01\0\0\x01\0\0\0\0\0\0\x04evil\x04test\0\0\x10\0\x01' };

/** Other ports, other protocols. */
const OTHER_WAYS: Case[] = [
  n3('raw IP: https to an address', curl(`https://${SERVER.web}/`), RESET, DENY.tls),
  n3('DNS over HTTPS', tls('dns.evil.test'), RESET, DENY.tls),
  n3('DNS over TLS', tls('allowed.test.example', { port: 853 }), NO_CONNECTION, DENY.port),
  n3('DNS tunnel over TCP', tcp(SERVER.web, 53, DNS_QUERY_OVER_TCP), NO_CONNECTION, DENY.port),
  n3('DNS tunnel over UDP', udp(53), NOTHING, DENY.udp),
  n3('allowed name on 8443', tls('allowed.test.example', { port: 8_443 }), NO_CONNECTION, DENY.port),
  n3('evil name on 8443', tls('evil.test', { port: 8_443 }), NO_CONNECTION, DENY.port),
  n3('http on 80, allowed host', curl('http://allowed.test.example/'), NO_CONNECTION, DENY.port),
  n3(
    'http on 80, foreign Host',
    curl('http://allowed.test.example/', SERVER.web, 'evil.test'),
    NO_CONNECTION,
    DENY.port,
  ),
  n3('ssh port', tcp(SERVER.speaksFirst, 22, { text: 'SSH-2.0-x\r\n' }), NO_CONNECTION, DENY.port),
  n3('raw TCP on 2222', tcp(SERVER.echo, 2_222, { text: 'x', times: 500 }), NO_CONNECTION, DENY.port),
  n3('server speaks first on 2222', tcp(SERVER.speaksFirst, 2_222), NO_CONNECTION, DENY.port),
  n3('UDP 443', udp(443), NOTHING, DENY.udp),
];

const SSLV2_HELLO = (version: string): Bytes => ({
  text: `\x80\x2e\x01${version}\0\x15\0\0\0\x10${'\x07\0\xc0'.repeat(7)}${'c'.repeat(16)}`,
});
const APPLICATION_DATA: Bytes = { text: `\x17\x03\x03\x03\0${'x'.repeat(768)}` };
const MORE_DATA: Bytes[] = Array.from({ length: 30 }, () => ({ text: `\x17\x03\x03\x05\0${'y'.repeat(1_280)}` }));
const RAW: Bytes = { text: 'x', times: 900 };
/** Well-formed as far as it goes: 16 KB of cipher suites that are announced and never end. */
const ENDLESS_HELLO: Bytes[] = [
  { text: `\x16\x03\x01\x40\0\x01\0\x3f\xfc\x03\x03${'r'.repeat(32)}\x20${'s'.repeat(32)}\x3f\x80` },
  ...Array.from({ length: 30 }, () => ({ text: '\x13\x01', times: 700 })),
];

/** On the one port that is open, everything but a ClientHello; counted at the server. */
const NOT_TLS: readonly (Pick<Case, 'name' | 'expected' | 'rule' | 'guards'> & Pick<TcpAction, 'parts' | 'pause'>)[] = [
  { name: 'raw bytes', parts: [{ text: 'HELLO WORLD ', times: 350 }], expected: NOTHING, rule: DENY.notTls },
  {
    name: 'raw bytes, a few at a time',
    parts: [{ text: 'A' }, { text: 'B' }, { text: 'C', times: 100 }, { text: 'D', times: 4_000 }],
    pause: 60,
    expected: NOTHING,
  },
  { name: 'ssh banner', parts: [{ text: 'SSH-2.0-OpenSSH_9\r\n' }, RAW], expected: NOTHING },
  { name: 'plain http', parts: [HTTP_REQUEST], expected: NOTHING },
  { name: 'silent client', parts: [], expected: NOTHING, guards: DENY.server },
  { name: 'byte 16, then raw', parts: [{ text: '\x16' }, RAW], expected: NOTHING },
  { name: 'bytes 16 03 01, then raw', parts: [{ text: '\x16\x03\x01' }, RAW], expected: NOTHING },
  { name: 'application data first', parts: [APPLICATION_DATA, RAW], expected: NOTHING },
  { name: 'SSLv2 hello, then raw', parts: [SSLV2_HELLO('\0\x02'), RAW], expected: NOTHING },
  { name: 'SSLv2 hello of a TLS version, then raw', parts: [SSLV2_HELLO('\x03\x01'), RAW, RAW], expected: NOTHING },
  {
    // Suricata looks at no payload after an application data record, so the rule on payload refuses the first packets
    // only; the rule on sequence numbers refuses the rest.
    name: 'handshake message that is no ClientHello, then application data',
    parts: [{ text: '\x16\x03\x03\0\x04\x0e\0\0\0' }, APPLICATION_DATA, ...MORE_DATA],
    pause: 20,
    expected: NOTHING,
    guards: DENY.unbegun,
  },
  { name: 'ClientHello that does not end', parts: ENDLESS_HELLO, pause: 20, expected: BOUNDED },
  {
    name: 'hello header, then raw',
    parts: [{ text: '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03' }, RAW, RAW],
    expected: BOUNDED,
  },
  {
    name: 'malformed ClientHello, then raw',
    parts: [{ text: `\x16\x03\x01\0\x30\x01\0\0\x2c\x03\x03${'\xff'.repeat(41)}` }, RAW, ...MORE_DATA],
    pause: 20,
    expected: BOUNDED,
  },
  {
    name: 'ClientHello of length 0, then application data',
    parts: [{ text: '\x16\x03\x01\0\x04\x01\0\0\0' }, APPLICATION_DATA, ...MORE_DATA],
    pause: 20,
    expected: BOUNDED,
    guards: DENY.endless,
  },
  {
    name: 'begun hello, alert record, application data',
    parts: [{ text: '\x16\x03\x01\0\x04\x01\0\x10\0' }, { text: '\x15\x03\x01\0\x02\x01\0' }, ...MORE_DATA],
    pause: 20,
    expected: BOUNDED,
    guards: DENY.endless,
  },
];

const notTls = (server: 'sink' | 'echo' | 'speaksFirst', ignoresResets: boolean): Case[] =>
  NOT_TLS.map(({ name, parts, pause, ...judged }) => ({
    ...judged,
    feature: 'N3',
    name: `443: ${name} [server: ${server}${ignoresResets ? ', resets ignored' : ''}]`,
    action: { kind: 'tcp', to: SERVER[server], port: 443, parts, pause },
    ignoresResets,
  }));
const ON_443: Case[] = [
  ...notTls('sink', false),
  ...notTls('echo', false),
  ...notTls('speaksFirst', false),
  ...notTls('sink', true),
  ...notTls('echo', true),
];

/** What is refused by name or port stays refused for ends that ignore the refusal. */
const deaf = (entry: Case): Case => ({
  ...entry,
  name: `${entry.name} [resets ignored]`,
  expected: { ...entry.expected, answers: ['silent'] },
  ignoresResets: true,
});
const DEAF: Case[] = [
  deaf(refused('name that is not allowed', 'evil.test')),
  deaf(refused('no SNI', undefined)),
  deaf(refused('blocked name', 'blocked.domain.example', 'block blocked.domain.example')),
  deaf(late('3 KB hello in 3 segments, evil name', 'evil.test', THREE_SEGMENTS)),
  deaf(late('hello split inside the name, evil name', 'evil.test', { segments: 'inside-name' })),
  deaf(refused('hello in 2 records, evil name', 'evil.test', DENY.tls, { records: [100] })),
  deaf(
    refused('allowed name from outside HOME_NET', 'allowed.test.example', DENY.tls, {
      source: CLIENT_OUTSIDE_HOME_NET,
    }),
  ),
  deaf(n3('allowed name on 8443', tls('allowed.test.example', { port: 8_443 }), NO_CONNECTION, DENY.port)),
  deaf(n3('raw TCP on 2222', tcp(SERVER.echo, 2_222, { text: 'x', times: 500 }), NO_CONNECTION, DENY.port)),
];

const packets = (name: string, what: PacketAction['what'], guards?: string): Case => ({
  ...n3(name, { kind: 'packets', to: SERVER.web, what }, NOTHING),
  guards,
});

/** Without a handshake, in pieces, or not TCP at all. */
const CRAFTED: Case[] = [
  packets('data in the SYN', 'data-in-syn', DENY.notTls),
  packets('data without a handshake', 'data-without-handshake'),
  packets('allowed hello without a handshake, then data', 'hello-without-handshake'),
  packets('TCP data in IP fragments', 'tcp-in-fragments', FRAGMENTS),
  packets('first fragment alone', 'first-tcp-fragment', FRAGMENTS),
  packets('UDP in IP fragments', 'udp-in-fragments'),
  packets('ICMP with a payload', 'icmp', DENY.icmp),
  packets('GRE', 'protocol-47', DENY.otherProtocols),
  packets('ESP', 'protocol-50', DENY.otherProtocols),
  packets('SCTP', 'protocol-132', DENY.otherProtocols),
  packets('IP in IP', 'protocol-4', DENY.otherProtocols),
  packets('IPv6 in IP', 'protocol-41', DENY.otherProtocols),
  packets('unassigned IP protocol', 'protocol-253', DENY.otherProtocols),
];

export const CASES: readonly Case[] = [
  ...NAMES,
  ...BLOCKED_NAMES,
  ...FLOWS,
  ...HELLOS,
  ...CLIENTS,
  ...KNOWN_LIMITS,
  ...OTHER_WAYS,
  ...ON_443,
  ...DEAF,
  ...CRAFTED,
];
