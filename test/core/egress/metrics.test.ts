import { METRIC_NAMESPACE, metricLine } from '../../../core/egress/metrics';

describe('a metric in a line of a log', () => {
  it('is in the embedded metric format: what CloudWatch looks for is at the top, in one line', () => {
    const line = metricLine({ proxy: 'acme', at: 1_000, values: { AuthorityDaysLeft: 364 } });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      _aws: {
        Timestamp: 1_000,
        CloudWatchMetrics: [
          {
            Namespace: METRIC_NAMESPACE,
            Dimensions: [['Proxy']],
            Metrics: [{ Name: 'AuthorityDaysLeft', Unit: 'None' }],
          },
        ],
      },
      Proxy: 'acme',
      AuthorityDaysLeft: 364,
    });
  });

  it('has the code as a second dimension where it is about a refusal', () => {
    const line = JSON.parse(metricLine({ proxy: 'acme', at: 1, values: { Refusals: 2 }, code: 'no-rule' }));
    expect(line).toMatchObject({
      Code: 'no-rule',
      Refusals: 2,
      _aws: { CloudWatchMetrics: [{ Dimensions: [['Proxy', 'Code']] }] },
    });
  });
});
