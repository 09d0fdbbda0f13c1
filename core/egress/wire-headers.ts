import { type Refused, refused } from './refusal';

/** What the headers say about the message itself. */
export interface Framing {
  readonly kind: 'ok';
  /** The only Host header, as sent; undefined where there is none. */
  readonly host: string | undefined;
  /** The client asks to switch to WebSocket. */
  readonly websocket: boolean;
  readonly hasBody: boolean;
}

export const MAX_HEADERS = 100;
export const MAX_HEADER_BYTES = 32 * 1024;

const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Tab and visible ASCII: no CR, LF, NUL, no folded line, no bytes that two readers decode differently. */
const VALUE = /^[\t\x20-\x7e]*$/;
const LENGTH = /^[0-9]{1,15}$/;
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Names of another method or path than the request line's: some servers obey them (Symfony, Express with
 * method-override, IIS), and rules on methods and paths would be blind. With `_` for `-`, as WSGI and CGI read names.
 */
const OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-override-url',
  'x-rewrite-url',
]);

/** Two of them, and two readers choose differently. */
const ONCE: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'sec-websocket-key',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Reads header lines that came off the wire. Node's parser refuses much of this itself; it accepts two Hosts, keeps the
 * first of most repeated names, and a later version or another parser may differ, so nothing here leans on it.
 */
export function readHeaders(rawHeaders: readonly string[]): Framing | Refused {
  if (rawHeaders.length > 2 * MAX_HEADERS) return malformed('more than 100 headers');
  const once = new Map<string, string>();
  let bytes = 0;
  let connection = '';
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    // `: ` and the line's end.
    bytes += name.length + value.length + 4;
    if (!NAME.test(name)) return malformed('a header name that is no token');
    if (!VALUE.test(value)) return malformed('a header value with a control or non-ASCII character');
    const lower = canonicalName(name);
    if (ONCE.has(lower)) {
      if (once.has(lower)) return malformed('a header is repeated that may stand once');
      // Ours would be one reading of it and a server's another: `Content_Length` frames nothing for Node's parser.
      if (name.includes('_')) return malformed('a header of the message itself, spelled with an underscore');
      once.set(lower, value);
    } else if (lower === 'connection') {
      connection += `,${value}`;
    } else if (OVERRIDES.has(lower)) {
      return malformed('a header names another method or path');
    }
  }
  if (bytes > MAX_HEADER_BYTES) return malformed('more than 32 KB of headers');
  return readFraming(once, connection);
}

function readFraming(once: ReadonlyMap<string, string>, connection: string): Framing | Refused {
  const length = once.get('content-length');
  const encoding = once.get('transfer-encoding');
  if (length !== undefined && encoding !== undefined) return malformed('Content-Length and Transfer-Encoding together');
  if (length !== undefined && !LENGTH.test(length)) return malformed('Content-Length is no number');
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return malformed('Transfer-Encoding not chunked');
  const expect = once.get('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return malformed('Expect not 100-continue');
  const hasBody = encoding !== undefined || Number(length ?? 0) > 0;
  const upgrade = once.get('upgrade');
  if (upgrade !== undefined) {
    if (upgrade.toLowerCase() !== 'websocket') return malformed('Upgrade to something else than WebSocket');
    if (!tokens(connection).includes('upgrade')) return malformed('Upgrade that Connection does not name');
    if (once.get('sec-websocket-version') !== '13') return malformed('a WebSocket version other than 13');
    if (!WEBSOCKET_KEY.test(once.get('sec-websocket-key') ?? '')) return malformed('no WebSocket key of 16 bytes');
  }
  return { kind: 'ok', host: once.get('host'), websocket: upgrade !== undefined, hasBody };
}

/** Lower case, and `_` as `-`: CGI and WSGI make one variable of both spellings, so a name in disguise is the same. */
export function canonicalName(name: string): string {
  return name.includes('_') ? name.toLowerCase().replaceAll('_', '-') : name.toLowerCase();
}

/** The elements of a comma-separated list, in lower case. */
export function tokens(list: string): string[] {
  return list.split(',').map((token) => token.trim().toLowerCase());
}

function malformed(problem: string): Refused {
  return refused('malformed-request', problem);
}
