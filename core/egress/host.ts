import { domainToASCII } from 'node:url';

/**
 * A host as policy names it, in one of three spellings that say whether the apex is in:
 *
 * | spelling         | kind         | matches                                            |
 * |------------------|--------------|----------------------------------------------------|
 * | `a.example.com`  | `exact`      | that name only                                     |
 * | `*.example.com`  | `subdomains` | every name below it, at any depth, not the apex    |
 * | `.example.com`   | `domain`     | the apex and every name below it                   |
 *
 * AWS disagrees with itself here (a Network Firewall `.x` has the apex in, a DNS Firewall `*.x` has it out), so every
 * list we render for AWS comes from this type and never from the text.
 */
export interface HostPattern {
  readonly kind: 'exact' | 'subdomains' | 'domain';
  /** Lower-case ASCII (punycode), without a leading or trailing dot. */
  readonly name: string;
}

export type HostResult<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'invalid'; readonly problem: string };

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
/** What inet_aton takes as an address: 2130706433, 0x7f.1, 017700000001. A browser's URL parser turns them into IPs. */
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;

export const WILDCARD_ON_SUFFIX = 'a wildcard on a public suffix takes in hosts of strangers';

/**
 * A host name as it may stand in a policy, a CONNECT line or an SNI: lower-case, punycode, one trailing dot removed.
 * Refuses what is not a host name (address, port, user, path, wildcard) instead of repairing it.
 */
export function parseHostName(text: string): HostResult<string> {
  if (text.includes('*')) return invalid('a wildcard stands only at the front, as in *.example.com');
  if (/[\s\p{C}]/u.test(text)) return invalid('a host name has no white space or control characters');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return invalid('a URL is not a host; name the host alone');
  if (/[/\\?#@%]/.test(text)) return invalid('a host name has no path, user, query or escape');
  if (/[:[\]]/.test(text)) return invalid('a host name has no port and is no IPv6 address');
  const undotted = text.endsWith('.') ? text.slice(0, -1) : text;
  if (undotted === '') return invalid('the name is empty');
  // domainToASCII applies the URL standard's mapping (full-width digits, circled letters), so it runs before every
  // check on characters; it answers '' for names that mapping refuses.
  const name = domainToASCII(undotted).toLowerCase();
  if (name === '') return invalid('the name is not valid in the DNS');
  const labels = name.split('.');
  const last = labels[labels.length - 1] ?? '';
  if (NUMERIC_LABEL.test(last)) return invalid('an IP address is not a host; policy names hosts only');
  if (name.length > 253) return invalid('the name is longer than 253 characters');
  const bad = labels.find((label) => !LABEL.test(label));
  if (bad !== undefined) return invalid(`the label "${bad}" is not made of 1 to 63 letters, digits and inner hyphens`);
  if (labels.length < 2) return invalid('a single label is not a public host name');
  return { kind: 'ok', value: name };
}

/** Reads one of the three spellings of {@link HostPattern}. */
export function parseHostPattern(text: string): HostResult<HostPattern> {
  const kind = text.startsWith('*.') ? 'subdomains' : text.startsWith('.') ? 'domain' : 'exact';
  const rest = kind === 'subdomains' ? text.slice(2) : kind === 'domain' ? text.slice(1) : text;
  if (kind !== 'exact' && /^[^.*]+\.?$/.test(rest)) return invalid(WILDCARD_ON_SUFFIX);
  const name = parseHostName(rest);
  return name.kind === 'ok' ? { kind: 'ok', value: { kind, name: name.value } } : name;
}

export function formatHostPattern(pattern: HostPattern): string {
  const prefix = { exact: '', subdomains: '*.', domain: '.' }[pattern.kind];
  return `${prefix}${pattern.name}`;
}

/** Whether a name that {@link parseHostName} returned is one the pattern means. Compares whole labels. */
export function matchesHost(pattern: HostPattern, name: string): boolean {
  const below = name.endsWith(`.${pattern.name}`);
  switch (pattern.kind) {
    case 'exact':
      return name === pattern.name;
    case 'subdomains':
      return below;
    case 'domain':
      return below || name === pattern.name;
  }
}

/** Whether every name `inner` matches is matched by `outer` too. */
export function coversHost(outer: HostPattern, inner: HostPattern): boolean {
  if (inner.kind === 'exact') return matchesHost(outer, inner.name);
  if (outer.kind === 'exact') return false;
  if (outer.name === inner.name) return outer.kind === 'domain' || inner.kind === 'subdomains';
  return inner.name.endsWith(`.${outer.name}`);
}

/** Whether some name is matched by both. */
export function overlapsHost(a: HostPattern, b: HostPattern): boolean {
  if (a.kind === 'exact') return matchesHost(b, a.name);
  if (b.kind === 'exact') return matchesHost(a, b.name);
  return a.name === b.name || a.name.endsWith(`.${b.name}`) || b.name.endsWith(`.${a.name}`);
}

function invalid(problem: string): { kind: 'invalid'; problem: string } {
  return { kind: 'invalid', problem };
}
