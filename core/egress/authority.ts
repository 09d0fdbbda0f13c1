import { parseHostName } from './host';
import { type Refused, refused } from './refusal';

export interface Authority {
  readonly kind: 'ok';
  /** Lower case, punycode, no trailing dot. */
  readonly host: string;
  /** Undefined where none is named. */
  readonly port: number | undefined;
}

/** A name that {@link parseHostName} returns as it stands; most are, and its Unicode mapping costs microseconds. */
const PLAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const AUTHORITY = /^([A-Za-z0-9._-]+)(?::([1-9][0-9]{0,4}))?$/;

/**
 * `host` or `host:port` of a CONNECT line, a Host header, a URL or `/u/<host>/`. No user (`allowed@evil`), no escape,
 * no address: every spelling of an address (`[::ffff:a00:1]`, `0x7f.1`, `2130706433`) is a host that no rule can name.
 */
export function parseAuthority(text: string): Authority | Refused {
  if (text.startsWith('[')) return refused('host-not-allowed', 'an IP address is not a host; policy names hosts only');
  const [, name, port] = AUTHORITY.exec(text) ?? [];
  if (name === undefined) return refused('malformed-request', 'the authority is not a host with at most a port');
  const host = canonicalHost(name);
  if (host === undefined) return refused('host-not-allowed', 'an address or single label is not a public host name');
  return { kind: 'ok', host, port: port === undefined ? undefined : Number(port) };
}

/** The one spelling of a name, undefined where it is none. */
export function canonicalHost(name: string): string | undefined {
  if (name.length <= 253 && PLAIN.test(name)) return name;
  const parsed = parseHostName(name);
  return parsed.kind === 'ok' ? parsed.value : undefined;
}
