import { Duration } from 'aws-cdk-lib';
import type { IAlarmAction, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { addAlarms, type Watch } from '../watches';
import { proxyMetric } from './proxy-metrics';

export interface ProxyAlarmsProps {
  readonly proxyName: string;
  readonly service: FargateService;
  /** What makes and rotates the certificate authority. */
  readonly rotation: IFunction;
  readonly action: IAlarmAction;
}

/**
 * What somebody has to look at. Each says what is wrong and what it means for sessions; refusals by policy are none of
 * them, an agent makes those all day.
 *
 * @internal
 */
export class ProxyAlarms extends Construct {
  constructor(scope: Construct, id: string, props: ProxyAlarmsProps) {
    super(scope, id);
    const { proxyName, service } = props;
    const own = (name: Parameters<typeof proxyMetric>[1], period = Duration.minutes(1)): Metric =>
      proxyMetric(proxyName, name, { period });
    const watches: Record<string, Watch> = {
      StaleFeed: {
        metric: own('StaleFeed'),
        threshold: 1,
        description:
          'The egress proxy refuses everybody: it can not tell which sessions are live. Look at the bindings table.',
      },
      PolicyProblems: {
        metric: own('PolicyProblems'),
        threshold: 1,
        periods: 3,
        description:
          'A policy document can not be read or is not valid; its profile keeps the last one for ten minutes.',
      },
      RecordFailures: {
        metric: own('RecordFailures'),
        threshold: 1,
        description: 'The egress proxy could not write a record, and failed the request it was about.',
      },
      CredentialFailures: {
        metric: own('CredentialFailures', Duration.minutes(5)),
        threshold: 10,
        description: 'Granted credentials can not be had; requests that need one fail.',
      },
      NoTasks: {
        // Written by the tasks themselves each minute: with none that works, there is silence.
        metric: proxyMetric(proxyName, 'OpenTunnels', { period: Duration.minutes(1), statistic: 'SampleCount' }),
        threshold: 1,
        below: true,
        periods: 3,
        silenceIsBad: true,
        description: 'No egress proxy is running: sessions reach nothing.',
      },
      Certificate: {
        metric: own('AuthorityDaysLeft', Duration.days(1)),
        threshold: 300,
        below: true,
        silenceIsBad: true,
        description: 'The certificate authority was not rotated for two months; it has less than ten left.',
      },
      Rotation: {
        metric: props.rotation.metricErrors({ period: Duration.hours(1) }),
        threshold: 1,
        description:
          'The daily run of the certificate authority failed; its log group says why. Nothing is cut off yet.',
      },
      Cpu: {
        metric: service.metricCpuUtilization({ period: Duration.minutes(1) }),
        threshold: 90,
        periods: 10,
        description: 'The egress proxy is at its limit, and so is its scaling: raise maxCapacity or cpu.',
      },
    };
    addAlarms(this, watches, props.action);
  }
}
