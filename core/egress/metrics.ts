/** Where the proxy's metrics are in CloudWatch. Alarms in lib/egress and the lines the proxy writes both start here. */
export const METRIC_NAMESPACE = 'AgentPlatform/Egress';

/** One proxy of an account, as the template names it. Every metric has it; a refusal has its code as well. */
export const PROXY_DIMENSION = 'Proxy';
export const CODE_DIMENSION = 'Code';

interface MetricKind {
  readonly unit: 'Count' | 'Bytes' | 'None';
  readonly says: string;
}

export const METRICS = {
  Requests: { unit: 'Count', says: 'requests decided, allowed or not' },
  Refusals: { unit: 'Count', says: 'requests refused; once for the proxy and once with the code' },
  StaleFeed: { unit: 'Count', says: 'requests refused because it is not known which sessions are live' },
  PolicyProblems: { unit: 'Count', says: 'policy documents that could not be read or are not valid' },
  CredentialFailures: { unit: 'Count', says: 'granted credentials that could not be had' },
  RecordFailures: { unit: 'Count', says: 'records that could not be written; their requests failed' },
  OpenTunnels: { unit: 'Count', says: 'connections of clients, at the moment, of one task' },
  HeldBytes: { unit: 'Bytes', says: 'bytes in memory on their way, at the moment, of one task' },
  AuthorityDaysLeft: { unit: 'None', says: 'days until the certificate that signs now expires' },
} as const satisfies Record<string, MetricKind>;

export type MetricName = keyof typeof METRICS;

/** What one line says: a dimension set and the values that have it. */
export interface MetricLine {
  readonly proxy: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly values: Readonly<Partial<Record<MetricName, number>>>;
  /** Of a refusal. */
  readonly code?: string;
}

/**
 * A line in CloudWatch's embedded metric format, without its line break: CloudWatch Logs makes metrics of it, so whoever
 * writes it needs no right to `cloudwatch:PutMetricData`, which takes no resource. Source: CloudWatch User Guide,
 * "Specification: Embedded metric format".
 */
export function metricLine({ proxy, at, values, code }: MetricLine): string {
  const names = Object.keys(values) as MetricName[];
  return JSON.stringify({
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [code === undefined ? [PROXY_DIMENSION] : [PROXY_DIMENSION, CODE_DIMENSION]],
          Metrics: names.map((name) => ({ Name: name, Unit: METRICS[name].unit })),
        },
      ],
    },
    [PROXY_DIMENSION]: proxy,
    ...(code !== undefined && { [CODE_DIMENSION]: code }),
    ...values,
  });
}
