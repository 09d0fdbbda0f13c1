/** A rule of a DNS Firewall rule group, with its list. */
export interface DnsRule {
  readonly action: 'ALLOW' | 'BLOCK';
  readonly domains: readonly string[];
}

export interface ResolverRun {
  /** In the order of their priority. */
  readonly rules: readonly DnsRule[];
  readonly names: readonly string[];
}

export interface DnsAnswer {
  /** As dig prints it: NOERROR, NXDOMAIN, SERVFAIL ... */
  readonly status: string;
  /** Whether the question left the resolver. A question that does has carried its name out. */
  readonly asked: boolean;
}

/** By name. */
export type ResolverRunResult = Readonly<Record<string, DnsAnswer>>;
