import { CODE_DIMENSION, METRIC_NAMESPACE, METRICS, PROXY_DIMENSION } from '../../core/egress/metrics';
import { REFUSALS, type RefusalCode } from '../../core/egress/refusal';
import type { Clock } from '../../runtime/clock';
import { type MetricDefinition, Metrics } from '../../runtime/metrics';

const DEFINITIONS = {
  ...METRICS,
  Refusals: { ...METRICS.Refusals, label: { name: CODE_DIMENSION, values: Object.keys(REFUSALS) } },
} as const satisfies Record<keyof typeof METRICS, MetricDefinition>;

/** What the proxy counts: its names are those that the alarms of lib/egress watch. */
export class EgressMetrics extends Metrics<typeof DEFINITIONS> {
  constructor(proxy: string, clock: Clock) {
    super({
      namespace: METRIC_NAMESPACE,
      dimensions: { [PROXY_DIMENSION]: proxy },
      definitions: DEFINITIONS,
      clock,
    });
  }

  refused(code: RefusalCode): void {
    this.count('Refusals', code);
    if (code === 'feed-stale') this.count('StaleFeed');
    if (code === 'credential-unavailable') this.count('CredentialFailures');
  }
}
