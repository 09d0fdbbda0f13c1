import type { HostPattern } from '../egress/host';
import { shortestPatterns } from './host-set';

/**
 * "UpdateFirewallDomains" (Route 53 Resolver API reference): 255 characters a domain, 1,000 domains a request, which is
 * what CloudFormation makes of a list written in the template. Longer lists are imported from a file in S3
 * (`domainFileUrl`), up to quotas that can be raised and so aren't checked here.
 */
export const DNS_LIMITS = { domainCharacters: 255, domainsInTemplate: 1_000 } as const;

export type DnsLists =
  | { readonly kind: 'ok'; readonly allowed: readonly string[]; readonly blocked: readonly string[] }
  | {
      readonly kind: 'over-limit';
      readonly limit: 'domains' | 'domain-characters';
      readonly most: number;
      readonly got: number;
      readonly problem: string;
    };

/**
 * The names as Route 53 Resolver DNS Firewall writes them, sorted, nothing twice or covered. There `*.x` leaves the apex
 * out, whereas Network Firewall's `.x` has it in; both are rendered from {@link HostPattern} so they can't differ.
 */
export function dnsDomains(patterns: readonly HostPattern[]): readonly string[] {
  return shortestPatterns(patterns)
    .flatMap(({ kind, name }) => [...(kind === 'subdomains' ? [] : [name]), ...(kind === 'exact' ? [] : [`*.${name}`])])
    .sort();
}

/**
 * Two lists, because DNS Firewall has no exceptions inside one. `blocked` wins only if its BLOCK rule has the smaller
 * priority number in the rule group, before the ALLOW rule; the last rule is BLOCK on `*`.
 */
export function dnsLists(input: {
  readonly allowed: readonly HostPattern[];
  readonly blocked?: readonly HostPattern[];
}): DnsLists {
  const lists = { allowed: dnsDomains(input.allowed), blocked: dnsDomains(input.blocked ?? []) };
  for (const [name, domains] of Object.entries(lists)) {
    if (domains.length > DNS_LIMITS.domainsInTemplate) {
      const problem = `the ${name} DNS list has ${domains.length} domains, at most ${DNS_LIMITS.domainsInTemplate} in a template; import it from a file in S3, or use wildcards`;
      return { kind: 'over-limit', limit: 'domains', most: DNS_LIMITS.domainsInTemplate, got: domains.length, problem };
    }
    const long = domains.find((domain) => domain.length > DNS_LIMITS.domainCharacters);
    if (long !== undefined) {
      const problem = `the ${name} DNS list has a domain of ${long.length} characters, at most ${DNS_LIMITS.domainCharacters}; allow its parent: ${long}`;
      return {
        kind: 'over-limit',
        limit: 'domain-characters',
        most: DNS_LIMITS.domainCharacters,
        got: long.length,
        problem,
      };
    }
  }
  return { kind: 'ok', ...lists };
}
