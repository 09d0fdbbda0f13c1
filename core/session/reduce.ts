import type { SessionEffect, SessionEvent } from './event';
import { reduceTask } from './reduce-task';
import type { SessionRow } from './row';
import { adopted, ended, gone, isCalling, type Reduced, same, stopping, to } from './row-change';
import { isTerminal, type SessionState } from './state';

/**
 * What an event makes of a session. Whoever holds the same row and event gets the same answer, so an event that comes
 * twice does nothing the second time but repeat effects that were perhaps lost; one that comes late finds a row that has
 * gone on. An end is never left.
 */
export function reduce(row: SessionRow, event: SessionEvent, at: string): Reduced {
  switch (event.kind) {
    case 'preflight-started':
      return row.state === 'PENDING' ? to(row, at, { state: 'PREFLIGHT' }) : same(row);
    case 'preflight-passed':
      return row.state === 'PREFLIGHT' ? to(row, at, { state: 'QUEUED' }) : same(row);
    case 'preflight-refused':
      return row.state === 'PENDING' || row.state === 'PREFLIGHT' ? stopping(row, at, event.cause) : same(row);
    case 'launch':
      return row.state === 'QUEUED' ? launched(row, at, event.cluster) : same(row);
    case 'run-task-answered':
      return answered(row, at, event.generation, event.taskArn);
    case 'run-task-refused':
      // The next try is another task to ECS, so that what this token started after all can be told from it.
      return row.state === 'STARTING' && row.generation === event.generation && row.taskArn === undefined
        ? to(row, at, { generation: row.generation + 1 })
        : same(row);
    case 'launch-gave-up':
      return isWaitingForTask(row) ? stopping(row, at, 'launch-failed') : same(row);
    case 'task':
      return reduceTask(row, event.task, at);
    case 'task-missing':
      return missing(row, at, event.taskArn);
    case 'bound':
      return bound(row, at, event.task);
    case 'address-lost':
      return isCalling(row) && row.generation === event.generation ? stopping(row, at, event.cause) : same(row);
    case 'approvals':
      return approvals(row, at, event.waiting, event.asOf);
    case 'stop':
      return stopping(row, at, event.cause, {
        ...(event.by !== undefined && { stoppedBy: event.by }),
        ...(event.remark !== undefined && { remark: event.remark }),
      });
    case 'machine-failed':
      return stopping(row, at, machineCause(row.state, event.timedOut));
    case 'overdue':
      return stopping(row, at, overdueCause(row.state));
    case 'finish':
      return finish(row, at, event.force);
  }
}

function launched(row: SessionRow, at: string, cluster: string): Reduced {
  return to(row, at, {
    state: 'STARTING',
    generation: row.generation + 1,
    slot: true,
    cluster,
    startedAt: at,
  });
}

function answered(row: SessionRow, at: string, generation: number, taskArn: string): Reduced {
  if (row.taskArn === taskArn && !isTerminal(row.state)) return same(row, leaving(row, taskArn));
  const known = row.taskArn === undefined && row.generation === generation && !isTerminal(row.state);
  if (!known) return same(row, [{ kind: 'stop-task', taskArn }]);
  return to(row, at, adopted(row, at, taskArn), leaving(row, taskArn));
}

const leaving = (row: SessionRow, taskArn: string): SessionEffect[] =>
  row.state === 'STOPPING' && !row.taskGone ? [{ kind: 'stop-task', taskArn }] : [];

/** DescribeTasks may not know a task yet that RunTask has just started. */
const UNKNOWN_YET_MS = 120_000;

function missing(row: SessionRow, at: string, taskArn: string): Reduced {
  if (row.taskArn !== taskArn || row.taskGone || isTerminal(row.state)) return same(row);
  const young = Date.parse(at) - Date.parse(row.startedAt ?? at) < UNKNOWN_YET_MS;
  return young && row.state !== 'STOPPING' ? same(row) : gone(row, at, 'task-lost');
}

function isWaitingForTask({ state, taskArn }: SessionRow): boolean {
  return state === 'QUEUED' || (state === 'STARTING' && taskArn === undefined);
}

function bound(
  row: SessionRow,
  at: string,
  task: { readonly taskArn: string; readonly generation: number; readonly address: string },
): Reduced {
  const its = row.generation === task.generation && row.taskArn === task.taskArn && row.address === undefined;
  return its && isCalling(row) ? to(row, at, { address: task.address }) : same(row);
}

function approvals(row: SessionRow, at: string, waiting: boolean, asOf: string): Reduced {
  if (row.state !== 'RUNNING' && row.state !== 'AWAITING_APPROVAL') return same(row);
  if (row.approvalsAsOf !== undefined && asOf <= row.approvalsAsOf) return same(row);
  return to(row, at, { approvalsAsOf: asOf, state: waiting ? 'AWAITING_APPROVAL' : 'RUNNING' });
}

/**
 * Without an ARN, whether a task was started is not known for certain (RunTask's answer may be lost). Whatever comes of
 * that token later finds an ended row and is stopped; it was never bound, so no agent ran in it.
 */
function finish(row: SessionRow, at: string, force: boolean): Reduced {
  if (isTerminal(row.state)) return same(row);
  if (force) return ended(row, at, { cause: row.cause ?? machineCause(row.state, false) });
  return row.state === 'STOPPING' && (row.taskGone || row.taskArn === undefined) ? ended(row, at) : same(row);
}

function machineCause(state: SessionState, timedOut: boolean): string {
  switch (state) {
    case 'PENDING':
    case 'PREFLIGHT':
      return 'preflight-failed';
    case 'QUEUED':
      return timedOut ? 'queue-timeout' : 'launch-failed';
    case 'STARTING':
      return timedOut ? 'start-timeout' : 'launch-failed';
    default:
      return timedOut ? 'lifetime-over' : 'platform-error';
  }
}

function overdueCause(state: SessionState): string {
  return state === 'PENDING' ? 'never-started' : machineCause(state, true);
}
