import { Duration } from 'aws-cdk-lib';
import type { IAlarmAction, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../../core/egress/metrics';
import { addAlarms, type Watch } from '../watches';

export interface BrokerAlarmsProps {
  readonly broker: IFunction;
  readonly records: ILogGroup;
  readonly action: IAlarmAction;
}

/**
 * What somebody has to look at. Refusals by policy are none of it.
 *
 * @internal
 */
export class BrokerAlarms extends Construct {
  constructor(scope: Construct, id: string, { broker, records, action }: BrokerAlarmsProps) {
    super(scope, id);
    const five = { period: Duration.minutes(5) };
    const counted = (name: string, event: string, reason?: string): Metric =>
      new MetricFilter(this, `${name}Filter`, {
        logGroup: records,
        metricNamespace: METRIC_NAMESPACE,
        metricName: `Broker${name}`,
        filterPattern: FilterPattern.all(
          FilterPattern.stringValue('$.detail.event', '=', event),
          ...(reason === undefined ? [] : [FilterPattern.stringValue('$.detail.reason', '=', reason)]),
        ),
      }).metric({ ...five, statistic: 'Sum' });
    const watches: Record<string, Watch> = {
      Errors: {
        metric: broker.metricErrors(five),
        threshold: 1,
        description:
          'The credential broker failed. Its log group says why; requests that need a credential fail meanwhile.',
      },
      Throttles: {
        metric: broker.metricThrottles(five),
        threshold: 10,
        description: 'The credential broker is asked more often than it has runs. See in its records by whom.',
      },
      RevocationFailures: {
        metric: counted('RevocationFailures', 'revocation-failed'),
        threshold: 1,
        description:
          'A token of an ended session could not be revoked and lives on until it expires; the record says which. Suspend ' +
          'the installation where that is too long.',
      },
      ProviderFailures: {
        metric: counted('ProviderFailures', 'refused', 'provider-unreachable'),
        threshold: 5,
        description: 'A provider of credentials does not answer; requests that need one fail.',
      },
    };
    addAlarms(this, watches, action);
  }
}
