import { readTask } from '../../core/session/task';
import type { Transitions } from '../../runtime/session-transitions';

export interface TaskEvent {
  readonly 'detail-type': string;
  readonly detail: unknown;
}

/**
 * `ECS Task State Change`: at least once, in no order, and sometimes never. What can't be read is no session's; the reaper
 * finds what runs in the cluster and is nobody's.
 */
export async function taskEvent(
  transitions: Transitions,
  event: TaskEvent,
  onProblem: (problem: string) => void,
): Promise<void> {
  const task = event['detail-type'] === 'ECS Task State Change' ? readTask(event.detail) : undefined;
  if (task === undefined) onProblem('an event of a task that is no session, or that can not be read');
  else await transitions.taskSeen(task);
}
