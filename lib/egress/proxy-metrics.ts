import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { CODE_DIMENSION, METRIC_NAMESPACE, type MetricName, PROXY_DIMENSION } from '../../core/egress/metrics';

/** A metric of one proxy: what its tasks wrote into their log. Gauges are of one task, so they are averaged. */
export function proxyMetric(proxyName: string, metricName: MetricName, options: MetricOptions, code?: string): Metric {
  const gauge = metricName === 'OpenTunnels' || metricName === 'HeldBytes';
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [PROXY_DIMENSION]: proxyName, ...(code !== undefined && { [CODE_DIMENSION]: code }) },
    statistic: gauge ? 'Average' : metricName === 'AuthorityDaysLeft' ? 'Minimum' : 'Sum',
    ...options,
  });
}
