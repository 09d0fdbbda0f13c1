import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { CODE_DIMENSION, METRIC_NAMESPACE, METRICS, type MetricName, PROXY_DIMENSION } from '../../core/egress/metrics';

/** A metric of one proxy: what its tasks wrote into their log. Of days left the fewest count; other gauges are averaged. */
export function proxyMetric(proxyName: string, metricName: MetricName, options: MetricOptions, code?: string): Metric {
  const ofGauge = metricName === 'AuthorityDaysLeft' ? 'Minimum' : 'Average';
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [PROXY_DIMENSION]: proxyName, ...(code !== undefined && { [CODE_DIMENSION]: code }) },
    statistic: METRICS[metricName].kind === 'gauge' ? ofGauge : 'Sum',
    ...options,
  });
}
