import {
  CREDENTIAL_HEADER_PATTERN,
  CREDENTIAL_HEADERS,
  FORWARDING_HEADERS,
  FORWARDING_PREFIXES,
  HOP_BY_HOP,
  NEVER_CONNECTION,
  TOKENS_THAT_ARE_NONE,
} from './header-names';
import { type Refused, refused } from './refusal';
import { canonicalName, tokens } from './wire-headers';

/** A header that carries a credential of the platform. Made by {@link injectedHeader}. */
export interface InjectedHeader {
  readonly name: string;
  readonly value: string;
}

export interface ForwardOptions {
  /** The host rules were asked about; no other name leaves. */
  readonly host: string;
  readonly inject?: readonly InjectedHeader[];
  /** The answer is searched for injected values, so it may come only in encodings that the search can open. */
  readonly redact?: boolean;
}

export interface ForwardedHeaders {
  /** Name, value, name, value ... */
  readonly headers: string[];
  /** How many credentials of the agent's own were left out. */
  readonly stripped: number;
}

/** Encodings that the redactor opens. zstd and dictionaries are not among them. */
export const READABLE_ENCODINGS: readonly string[] = ['gzip', 'br', 'identity'];

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^`|~-]+$/;
/** No CR, LF, NUL: a secret with a line break in it would write headers of its own. */
const SAFE_VALUE = /^[\x20-\x7e]*$/;

/** The proxy's own answer to these; they are of one connection, or the proxy writes them itself. */
const DROPPED: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...FORWARDING_HEADERS, 'expect', 'host']);
const HOP: ReadonlySet<string> = new Set(HOP_BY_HOP);
const CREDENTIALS: ReadonlySet<string> = new Set(CREDENTIAL_HEADERS);
/** A sub-protocol that is a bearer token in disguise, as Kubernetes and OpenAI take it from browsers. */
const PROTOCOL_TOKEN = /bearer|api-?key|token|authorization|password|secret/;

/** Throws where name or value could not stand in a header as one line: a secret like that must never be used. */
export function injectedHeader(name: string, value: string): InjectedHeader {
  if (!TOKEN.test(name)) throw new TypeError('injected header: the name is no token');
  const canonical = canonicalName(name);
  if (DROPPED.has(canonical) || canonical === 'content-length' || hasForwardingPrefix(canonical)) {
    throw new TypeError(`injected header: ${canonical} is written by the proxy itself`);
  }
  if (value === '' || !SAFE_VALUE.test(value)) {
    throw new TypeError(`injected header ${canonical}: the value is empty or has other than visible ASCII characters`);
  }
  return { name, value };
}

/** Whether an agent identifies itself with a header of this name. */
export function isCredentialHeader(canonical: string): boolean {
  return (
    CREDENTIALS.has(canonical) || (CREDENTIAL_HEADER_PATTERN.test(canonical) && !TOKENS_THAT_ARE_NONE.has(canonical))
  );
}

/**
 * The headers that leave. The agent's own credentials never do, whether something is injected or not, and what is
 * injected can't be named away by `Connection` nor stand beside a second header of its name.
 */
export function forwardHeaders(rawHeaders: readonly string[], options: ForwardOptions): ForwardedHeaders {
  const inject = (options.inject ?? []).map(({ name, value }) => injectedHeader(name, value));
  const replaced = new Set(inject.map(({ name }) => canonicalName(name)));
  const listed = listedInConnection(rawHeaders);
  const headers: string[] = ['host', options.host];
  let stripped = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    const canonical = canonicalName(name);
    if (isCredentialHeader(canonical) || replaced.has(canonical)) {
      stripped++;
    } else if (canonical === 'accept-encoding' && options.redact) {
      // Written below.
    } else if (canonical === 'sec-websocket-protocol') {
      const offered = value.split(',').map((protocol) => protocol.trim());
      const kept = offered.filter((protocol) => !PROTOCOL_TOKEN.test(protocol.toLowerCase()));
      stripped += offered.length - kept.length;
      if (kept.length > 0) headers.push(name, kept.join(', '));
    } else if (!DROPPED.has(canonical) && !hasForwardingPrefix(canonical) && !listed.has(canonical)) {
      headers.push(name, value);
    }
  }
  if (options.redact) headers.push('accept-encoding', readableEncodings(rawHeaders));
  for (const { name, value } of inject) headers.push(name, value);
  return { headers, stripped };
}

/**
 * The headers of an answer that the agent gets. `Alt-Svc` would lead it to UDP; a cookie that came for an injected
 * credential is a credential.
 */
export function responseHeaders(
  rawHeaders: readonly string[],
  options: { readonly injected: boolean },
): { readonly kind: 'ok'; readonly headers: string[] } | Refused {
  const listed = listedInConnection(rawHeaders);
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return broken('a header name that is no token');
    // Bytes above ASCII stand in file names, read as Latin-1.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return broken('a header value with a control character');
    const canonical = canonicalName(name);
    if (HOP.has(canonical) || canonical.startsWith('proxy-') || listed.has(canonical)) continue;
    if (canonical === 'alt-svc' || canonical === 'alternates') continue;
    if (canonical.startsWith('x-agent-platform-')) continue;
    if (options.injected && (canonical === 'set-cookie' || canonical === 'set-cookie2')) continue;
    headers.push(name, value);
  }
  return { kind: 'ok', headers };
}

function listedInConnection(rawHeaders: readonly string[]): ReadonlySet<string> {
  const listed = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length !== 'connection'.length || name.toLowerCase() !== 'connection') continue;
    for (const token of tokens(rawHeaders[i + 1] ?? '')) {
      if (!NEVER_CONNECTION.has(canonicalName(token))) listed.add(canonicalName(token));
    }
  }
  return listed;
}

function hasForwardingPrefix(canonical: string): boolean {
  return FORWARDING_PREFIXES.some((prefix) => canonical.startsWith(prefix));
}

/** What the client takes and the redactor opens; a weight of 0 is a no. */
function readableEncodings(rawHeaders: readonly string[]): string {
  const accepted: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (canonicalName(rawHeaders[i] ?? '') !== 'accept-encoding') continue;
    for (const token of tokens(rawHeaders[i + 1] ?? '')) {
      const [coding = '', weight = ''] = token.split(';').map((part) => part.trim());
      if (READABLE_ENCODINGS.includes(coding) && !/^q=0(?:\.0*)?$/.test(weight)) accepted.push(coding);
    }
  }
  return accepted.length > 0 ? [...new Set(accepted)].join(', ') : 'identity';
}

function broken(problem: string): Refused {
  return refused('upstream-unreachable', problem);
}
