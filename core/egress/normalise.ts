import { canonicalHost, parseAuthority } from './authority';
import { readPath } from './path';
import { readQuery } from './query';
import { type Refused, refused } from './refusal';
import type { EgressRequest, WireRequest } from './request';
import { isWrite, METHODS, type Method } from './rule';
import { readHeaders } from './wire-headers';

export const MAX_TARGET_BYTES = 8 * 1024;

export type NormaliseResult = { readonly kind: 'ok'; readonly request: EgressRequest } | Refused;

/** Where a request goes to, and the origin form of what it asks for there. */
interface Destination {
  readonly kind: 'ok';
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly port: number;
  readonly target: string;
}

/**
 * The one form of a request that rules are asked about, or why there is none. It refuses what two readers could read
 * differently and repairs nothing, because a repaired request is not the one that was judged.
 */
export function normaliseRequest(wire: WireRequest): NormaliseResult {
  if (wire.httpVersion !== '1.1') return malformed('not HTTP/1.1');
  if (!isMethod(wire.method)) return malformed('a method the proxy does not know');
  const { method, target } = wire;
  if (target.length > MAX_TARGET_BYTES) return malformed('the request target is longer than 8 KB');
  const framing = readHeaders(wire.rawHeaders);
  if (framing.kind !== 'ok') return framing;
  if (framing.host === undefined) return malformed('no Host header');
  if (framing.websocket && method !== 'GET') return malformed('a WebSocket handshake that is no GET');

  // Servers that ignore such a body read it as the next request on the connection, which may be another session's; a
  // rule that only reads would send whatever an agent likes; and after a WebSocket handshake nobody knows whose it is.
  if (framing.hasBody && !isWrite([method])) return malformed('a body with a method that only reads');

  const to = destination(wire, framing.host);
  if (to.kind !== 'ok') return to;
  const mark = to.target.indexOf('?');
  const path = mark === -1 ? to.target : to.target.slice(0, mark);
  const query = mark === -1 ? undefined : to.target.slice(mark + 1);
  const readable = readPath(path);
  if (readable.kind !== 'ok') return readable;
  const parsed = readQuery(query ?? '');
  if (parsed.kind !== 'ok') return parsed;
  return {
    kind: 'ok',
    request: {
      way: wire.way,
      method,
      scheme: to.scheme,
      host: to.host,
      port: to.port,
      path,
      encodedSlash: readable.encodedSlash,
      query,
      parameters: parsed.parameters,
      websocket: framing.websocket,
    },
  };
}

/**
 * What a CONNECT line names, for the handler that opens the tunnel. HTTP/1.0 and a missing Host are taken here, unlike
 * anywhere else: pip's own HTTP client sends just that up to Python 3.11, and nothing but the authority is read of it.
 */
export function normaliseConnect(wire: {
  readonly target: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}): { readonly kind: 'ok'; readonly host: string; readonly port: number } | Refused {
  if (wire.httpVersion !== '1.1' && wire.httpVersion !== '1.0') return malformed('not HTTP/1.1');
  const framing = readHeaders(wire.rawHeaders);
  if (framing.kind !== 'ok') return framing;
  if (framing.hasBody) return malformed('CONNECT with a body');
  const authority = parseAuthority(wire.target);
  if (authority.kind !== 'ok') return authority;
  if (authority.port === undefined) return malformed('CONNECT without a port');
  if (authority.port !== 443) return refused('port-not-allowed', 'CONNECT to a port other than 443');
  const mismatch = framing.host === undefined ? undefined : differs(framing.host, authority.host, authority.port);
  return mismatch ?? { kind: 'ok', host: authority.host, port: authority.port };
}

function destination(wire: WireRequest, hostHeader: string): Destination | Refused {
  switch (wire.way) {
    case 'connect':
      return inTunnel(wire, hostHeader);
    case 'named':
      return named(wire.target);
    case 'absolute':
      return absolute(wire.target, hostHeader);
  }
}

/** The host is CONNECT's, and it holds only where the TLS inside and the Host header name it too. */
function inTunnel({ tunnel, target }: WireRequest, hostHeader: string): Destination | Refused {
  if (tunnel === undefined) return refused('name-mismatch', 'no tunnel');
  const authority = parseAuthority(tunnel.host);
  if (authority.kind !== 'ok') return authority;
  const { host } = authority;
  if (authority.port !== undefined || tunnel.port !== 443)
    return refused('port-not-allowed', 'a tunnel to a port other than 443');
  if (tunnel.serverName === undefined) return refused('name-mismatch', 'TLS without a server name');
  if (canonicalHost(tunnel.serverName) !== host) {
    return refused('name-mismatch', 'the server name of TLS is not the host of CONNECT');
  }
  const mismatch = differs(hostHeader, host, 443);
  return mismatch ?? { kind: 'ok', scheme: 'https', host, port: 443, target };
}

/** `/u/<host>/rest`; the Host header names the proxy. */
function named(target: string): Destination | Refused {
  if (!target.startsWith('/u/')) return malformed('the path does not begin with /u/<host>/');
  const end = target.indexOf('/', 3);
  if (end === -1) return malformed('the path does not begin with /u/<host>/');
  const authority = parseAuthority(target.slice(3, end));
  if (authority.kind !== 'ok') return authority;
  if ((authority.port ?? 443) !== 443) return refused('port-not-allowed', 'a port other than 443');
  return { kind: 'ok', scheme: 'https', host: authority.host, port: 443, target: target.slice(end) };
}

/** The host is the URI's; a Host header that says otherwise could be what the server listens to. */
function absolute(target: string, hostHeader: string): Destination | Refused {
  const scheme = target.startsWith('https://') ? 'https' : target.startsWith('http://') ? 'http' : undefined;
  if (scheme === undefined) return malformed('the target is no http or https URL');
  const start = scheme.length + 3;
  const end = target.indexOf('/', start);
  if (end === -1) return malformed('the URL has no path');
  const authority = parseAuthority(target.slice(start, end));
  if (authority.kind !== 'ok') return authority;
  const { host } = authority;
  const port = scheme === 'https' ? 443 : 80;
  if ((authority.port ?? port) !== port) return refused('port-not-allowed', "a port other than the scheme's own");
  const mismatch = differs(hostHeader, host, port);
  return mismatch ?? { kind: 'ok', scheme, host, port, target: target.slice(end) };
}

function differs(hostHeader: string, host: string, port: number): Refused | undefined {
  if (hostHeader === host) return undefined;
  const header = parseAuthority(hostHeader);
  const mismatch = refused('name-mismatch', 'the Host header names another host or port');
  if (header.kind !== 'ok') return header.code === 'malformed-request' ? header : mismatch;
  return header.host === host && (header.port ?? port) === port ? undefined : mismatch;
}

function isMethod(text: string): text is Method {
  return (METHODS as readonly string[]).includes(text);
}

function malformed(problem: string): Refused {
  return refused('malformed-request', problem);
}
