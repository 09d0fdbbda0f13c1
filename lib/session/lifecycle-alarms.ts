import { Duration } from 'aws-cdk-lib';
import type { IAlarmAction, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { addAlarms, type Watch } from '../watches';
import type { LifecycleFunctions } from './lifecycle-functions';

export interface LifecycleAlarmsProps {
  readonly functions: LifecycleFunctions;
  readonly machine: StateMachine;
  readonly launches: IQueue;
  readonly lost: IQueue;
  readonly eventsLost: IQueue;
  readonly action: IAlarmAction;
}

/**
 * What somebody has to look at. Sessions that are refused or fail are none of it: their own people read about them.
 *
 * @internal
 */
export class LifecycleAlarms extends Construct {
  constructor(scope: Construct, id: string, props: LifecycleAlarmsProps) {
    super(scope, id);
    const { functions, machine, launches, lost, eventsLost } = props;
    const minute = { period: Duration.minutes(1) };
    const five = { period: Duration.minutes(5) };
    const watches: Record<string, Watch> = {
      Unfinished: {
        metric: machine.metricFailed(five),
        threshold: 1,
        description: 'A state machine could not write the end of its session. The reaper does; look why it could not.',
      },
      Reaper: {
        metric: functions.reaper.metricErrors(minute),
        threshold: 1,
        periods: 3,
        description: 'The reaper fails: sessions whose events were lost are not ended. Its log group says which.',
      },
      ReaperSilent: {
        metric: functions.reaper.metricInvocations(five),
        threshold: 1,
        below: true,
        periods: 2,
        silenceIsBad: true,
        description: 'The reaper does not run: sessions whose events were lost are not ended. Look at its rule.',
      },
      Stop: {
        metric: functions.stop.metricErrors(minute),
        threshold: 1,
        periods: 3,
        description: 'Sessions can not be stopped as they should; services refuse them all the same.',
      },
      Panic: {
        metric: functions.panic.metricErrors(minute),
        threshold: 1,
        description: 'After a panic some sessions were not ended. Services refuse them; the reaper goes on trying.',
      },
      TaskEvents: {
        metric: functions.taskEvent.metricErrors(minute),
        threshold: 1,
        periods: 3,
        description: 'Events of ECS can not be worked off: new sessions are not bound, and wait.',
      },
      Waiting: {
        metric: launches.metricApproximateAgeOfOldestMessage(minute) as Metric,
        threshold: 1800,
        periods: 5,
        description: 'Sessions wait for half an hour: too few places, or ECS takes no tasks.',
      },
      LaunchLost: {
        metric: lost.metricApproximateNumberOfMessagesVisible(minute) as Metric,
        threshold: 1,
        description: 'The start of a session failed again and again; the session ends by its time in the queue.',
      },
      EventsLost: {
        metric: eventsLost.metricApproximateNumberOfMessagesVisible(minute) as Metric,
        threshold: 1,
        description: 'An event of ECS was not delivered. The reaper finds what it said within a minute.',
      },
    };
    addAlarms(this, watches, props.action);
  }
}
