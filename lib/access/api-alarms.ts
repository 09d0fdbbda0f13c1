import { Duration } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IAlarmAction, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { addAlarms } from '../watches';
import type { ApiFunctions } from './api-functions';

export interface ApiAlarmsProps {
  readonly api: RestApi;
  readonly functions: ApiFunctions;
  readonly action: IAlarmAction;
}

/**
 * What somebody has to look at. Refusals are none of it: they are records.
 *
 * @internal
 */
export class ApiAlarms extends Construct {
  constructor(scope: Construct, id: string, { api, functions, action }: ApiAlarmsProps) {
    super(scope, id);
    const five = { period: Duration.minutes(5), statistic: 'Sum' };
    const add = (name: string, metric: Metric, threshold: number, description: string): void =>
      addAlarms(this, { [name]: { metric, threshold, description } }, action);
    add(
      'Broken',
      api.metricServerError(five),
      5,
      'The control API answers 5xx: sessions can not be started or stopped.',
    );
    add(
      'Authorizer',
      functions.authorizer.metricErrors(five),
      3,
      'The authorizer can not tell who calls: the issuer does not answer, or records can not be written.',
    );
    for (const [name, handler] of Object.entries(functions.all)) {
      add(
        `${name}Throttled`,
        handler.metricThrottles(five),
        1,
        `${name} of the control API has all of its runs in use.`,
      );
    }
    add(
      'Panic',
      functions.panic.metricErrors(five),
      1,
      'A panic could not be raised or lifted as asked. Look at once.',
    );
  }
}
