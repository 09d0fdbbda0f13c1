/** Where the proxy's metrics are in CloudWatch: alarms in lib/egress, and whoever writes them, start here. */
export const METRIC_NAMESPACE = 'AgentPlatform/Egress';

/** One proxy of an account, as the template names it. Every metric has it; a refusal has its code as well. */
export const PROXY_DIMENSION = 'Proxy';
export const CODE_DIMENSION = 'Code';

interface MetricKind {
  /** A counter's values are added up over tasks; a gauge is what one task has at the moment. */
  readonly kind: 'counter' | 'gauge';
  readonly unit: 'Count' | 'Bytes' | 'None';
  readonly says: string;
}

export const METRICS = {
  Requests: { kind: 'counter', unit: 'Count', says: 'requests decided, allowed or not' },
  Refusals: { kind: 'counter', unit: 'Count', says: 'requests refused; once for the proxy and once with the code' },
  StaleFeed: {
    kind: 'counter',
    unit: 'Count',
    says: 'requests refused because it is not known which sessions are live',
  },
  PolicyProblems: { kind: 'counter', unit: 'Count', says: 'policy documents that could not be read or are not valid' },
  CredentialFailures: { kind: 'counter', unit: 'Count', says: 'granted credentials that could not be had' },
  RecordFailures: { kind: 'counter', unit: 'Count', says: 'records that could not be written; their requests failed' },
  OpenTunnels: { kind: 'gauge', unit: 'Count', says: 'connections of clients, of one task' },
  HeldBytes: { kind: 'gauge', unit: 'Bytes', says: 'bytes of records that the log has not taken yet, of one task' },
  AuthorityDaysLeft: { kind: 'gauge', unit: 'None', says: 'days until the certificate that signs now expires' },
} as const satisfies Record<string, MetricKind>;

export type MetricName = keyof typeof METRICS;
