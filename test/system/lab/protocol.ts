/** What goes between the tests, the lab and the client in it. All of it is data: it crosses process borders as JSON. */

/** Bytes as Latin-1 text, repeated. */
export interface Bytes {
  readonly text: string;
  readonly times?: number;
}

/** Where something is cut: at these offsets, every so many bytes, or in the middle of the server's name. */
export type Cut = readonly number[] | { readonly eachBytes: number } | 'inside-name';

export interface TlsAction {
  readonly kind: 'tls';
  /** The SNI as written on the wire. Without it the ClientHello has none. */
  readonly name?: string;
  readonly to: string;
  readonly port?: number;
  readonly source?: string;
  /** At least so many bytes of ClientHello. */
  readonly helloBytes?: number;
  /** A hybrid post-quantum key share, as current browsers send; the hello then takes two segments. */
  readonly postQuantum?: boolean;
  /** Cuts the ClientHello into several TCP segments. */
  readonly segments?: Cut;
  /** Milliseconds between the segments. */
  readonly pause?: number;
  /** Cuts the ClientHello into several TLS records. */
  readonly records?: Cut;
  readonly upload?: number;
  readonly download?: number;
}

export interface TcpAction {
  readonly kind: 'tcp';
  readonly to: string;
  readonly port: number;
  /** Each is a write of its own. */
  readonly parts: readonly Bytes[];
  /** Milliseconds between the writes. */
  readonly pause?: number;
}

export interface UdpAction {
  readonly kind: 'udp';
  readonly to: string;
  readonly port: number;
  readonly parts: readonly Bytes[];
}

/** Packets that no socket would send; see packets.py. */
export interface PacketAction {
  readonly kind: 'packets';
  readonly to: string;
  readonly what:
    | 'data-in-syn'
    | 'data-without-handshake'
    | 'hello-without-handshake'
    | 'tcp-in-fragments'
    | 'first-tcp-fragment'
    | 'udp-in-fragments'
    | 'icmp'
    | `protocol-${number}`;
}

export interface CurlAction {
  readonly kind: 'curl';
  readonly url: string;
  readonly to: string;
  /** A Host header that differs from the URL. */
  readonly host?: string;
}

export interface OpensslAction {
  readonly kind: 'openssl';
  readonly name?: string;
  readonly to: string;
}

export type Action = TlsAction | TcpAction | UdpAction | PacketAction | CurlAction | OpensslAction;

/** A case for the client. The port is the client's own: it tells the cases apart in captures and logs. */
export interface ClientCase {
  readonly port: number;
  readonly action: Action;
}

/**
 * - `answered`: the server's whole answer came.
 * - `reset`: connected, then refused.
 * - `refused`: refused before there was a connection.
 * - `closed`: the other side ended without an answer.
 * - `silent`: nothing more came.
 * - `sent`: crafted packets; nobody listens for answers.
 */
export type Answer = 'answered' | 'reset' | 'refused' | 'closed' | 'silent' | 'sent' | `error ${string}`;

export interface ClientResult {
  readonly port: number;
  readonly answer: Answer;
  /** Bytes from the server, as they came from the wire. */
  readonly received: number;
}

export interface Observation {
  readonly answer: Answer;
  readonly received: number;
  /** Payload that reached the server's network; each TCP sequence number once. */
  readonly atServer: number;
  readonly synsAtServer: number;
  /** Messages of the rules that the engine logged for this client port, in order, each once. */
  readonly rules: readonly string[];
}

export const ACTION_ORDERS = {
  'pass, alert, reject, drop': ['pass', 'alert', 'reject', 'drop'],
  'pass, alert, drop, reject': ['pass', 'alert', 'drop', 'reject'],
  'pass, drop, reject, alert': ['pass', 'drop', 'reject', 'alert'],
} as const;

export type ActionOrder = keyof typeof ACTION_ORDERS;

/** What the lab needs to be the firewall that a template describes. */
export interface Firewall {
  readonly rules: string;
  readonly homeNet: readonly string[];
  readonly dropsFragments: boolean;
  readonly exceptionPolicy: 'reject' | 'drop-flow' | 'ignore';
}

export interface FirewallRun {
  readonly firewall: Firewall;
  readonly order: ActionOrder;
  readonly cases: readonly ClientCase[];
}

/** By client port. */
export type FirewallRunResult = Readonly<Record<number, Observation>>;
