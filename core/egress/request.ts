import type { Method } from './rule';

/** How a request came in: inside a CONNECT tunnel whose TLS the proxy ends, as `/u/<host>/...`, or in absolute form. */
export const WAYS = ['connect', 'named', 'absolute'] as const;
export type Way = (typeof WAYS)[number];

/** A request as it came off the wire, before anything in it is believed. */
export interface WireRequest {
  readonly way: Way;
  readonly method: string;
  /** The request target as sent. Way `connect`: origin form. `named`: `/u/<host>/...`. `absolute`: `http(s)://...`. */
  readonly target: string;
  /** `1.1`, as the parser gives it. */
  readonly httpVersion: string;
  /** Name, value, name, value ..., in the order and spelling sent, repetitions included. */
  readonly rawHeaders: readonly string[];
  /** Way `connect` only: what the CONNECT line said (already normalised) and the SNI of the ClientHello inside. */
  readonly tunnel?: { readonly host: string; readonly port: number; readonly serverName: string | undefined };
}

/** A request in the one form that rules are asked about, and that is forwarded byte for byte. */
export interface EgressRequest {
  readonly way: Way;
  readonly method: Method;
  readonly scheme: 'https' | 'http';
  /** Lower case, punycode, no trailing dot. */
  readonly host: string;
  readonly port: number;
  /** Raw, without query; equal to its canonical form except for `%2f`, which only a rule can allow. */
  readonly path: string;
  readonly encodedSlash: boolean;
  /** Raw, without `?`; undefined where the target has none. */
  readonly query: string | undefined;
  /** The query's parameters, decoded, in order. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
  /** The client asks to switch to WebSocket. */
  readonly websocket: boolean;
}
