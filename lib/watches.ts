import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

/** What is looked at, and what somebody reads when it is wrong. */
export interface Watch {
  readonly metric: IMetric;
  readonly threshold: number;
  /** Wrong is below the threshold, and not at it or above. */
  readonly below?: boolean;
  /** How many in a row; 1 where it is left out. */
  readonly periods?: number;
  /** No data is as bad as bad data. */
  readonly silenceIsBad?: boolean;
  readonly description: string;
}

/**
 * An alarm for each, named as it.
 *
 * @internal
 */
export function addAlarms(scope: Construct, watches: Readonly<Record<string, Watch>>, action: IAlarmAction): void {
  for (const [name, watch] of Object.entries(watches)) {
    new Alarm(scope, name, {
      metric: watch.metric,
      threshold: watch.threshold,
      evaluationPeriods: watch.periods ?? 1,
      comparisonOperator: watch.below
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: watch.silenceIsBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      alarmDescription: watch.description,
    }).addAlarmAction(action);
  }
}
