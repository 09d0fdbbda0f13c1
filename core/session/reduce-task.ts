import type { CauseCode } from './cause';
import type { SessionEffect } from './event';
import type { SessionRow } from './row';
import { adopted, gone, isCalling, type Reduced, same, stopping, to, wake } from './row-change';
import { isTerminal } from './state';
import { EXITS, type TaskSnapshot } from './task';

/** What ECS said of a task of this session, in an event or when asked. */
export function reduceTask(row: SessionRow, task: TaskSnapshot, at: string): Reduced {
  if (task.sessionId !== row.sessionId) return same(row);
  const adopts = row.taskArn === undefined && row.generation === task.generation && !isTerminal(row.state);
  if (!adopts && row.taskArn !== task.taskArn) return same(row, stopIfRuns(task));
  if (isTerminal(row.state)) return same(row, stopIfRuns(task));
  if (row.taskVersion !== undefined && task.version < row.taskVersion) return same(row);
  if (row.taskGone) return same(row, [wake(row)]);
  // The row was written as STARTING before ECS was asked, so an event may well come before RunTask's own answer.
  const change: Partial<SessionRow> = {
    ...(adopts && adopted(row, at, task.taskArn)),
    ...(row.taskVersion !== task.version && { taskVersion: task.version }),
    ...exitCode(row, task),
  };
  if (task.life === 'gone') return gone(row, at, causeOf(task) ?? 'task-lost', change);
  if (row.state === 'STOPPING') return changed(row, at, change, stopIfRuns(task));
  if (!isCalling(row)) return changed(row, at, change, stopIfRuns(task));
  // Closed as soon as ECS takes it down. Why may be told by a later snapshot only.
  if (task.life === 'ending') return stopping(row, at, causeOf(task), change);
  return alive(row, task, at, change);
}

function alive(row: SessionRow, task: TaskSnapshot, at: string, change: Partial<SessionRow>): Reduced {
  const { address } = task;
  if (row.address === undefined) {
    return changed(row, at, change, address === undefined ? [] : [{ kind: 'bind', task: { ...task, address } }]);
  }
  // All containers were started: session-init has ended well, so its canary has, and the agent runs.
  const runs = row.state === 'STARTING' && task.running;
  return changed(row, at, { ...change, ...(runs && { state: 'RUNNING', runningAt: at }) }, []);
}

function changed(row: SessionRow, at: string, change: Partial<SessionRow>, effects: SessionEffect[]): Reduced {
  return Object.keys(change).length === 0 ? same(row, effects) : to(row, at, change, effects);
}

const stopIfRuns = ({ life, taskArn }: TaskSnapshot): SessionEffect[] =>
  life === 'alive' ? [{ kind: 'stop-task', taskArn }] : [];

function exitCode(row: SessionRow, { exits }: TaskSnapshot): Partial<SessionRow> {
  const code = exits.agent;
  return code === undefined || code < 0 || code > 255 || row.exitCode === code ? {} : { exitCode: code };
}

/** Undefined where it can't be told yet. Source of stop codes: Amazon ECS API Reference, Task, stopCode. */
function causeOf({ stopCode, exits: { init, agent, recorder } }: TaskSnapshot): CauseCode | undefined {
  if (init !== undefined && init !== 0) return init === EXITS.initEscaped ? 'canary-escaped' : 'init-failed';
  // Before the agent's exit code: one that ends well when it is told to stop has not done its work.
  if (stopCode === 'UserInitiated') return 'stopped-in-ecs';
  if (stopCode !== undefined && HOST.includes(stopCode)) return 'host-retired';
  if (agent === 0) return 'agent-succeeded';
  // Where the recorder ends the task, the agent dies of it, and its own exit code says nothing.
  if (recorder === EXITS.recorderIdle) return 'idle';
  if (recorder === EXITS.recorderLifetime) return 'lifetime-over';
  if (agent === EXITS.launcherRefused) return 'launcher-refused';
  if (agent !== undefined) return 'agent-failed';
  if (stopCode === 'TaskFailedToStart') return 'task-failed-to-start';
  return recorder === undefined ? undefined : 'recorder-failed';
}

const HOST: readonly string[] = ['SpotInterruption', 'TerminationNotice', 'ServiceSchedulerInitiated'];
