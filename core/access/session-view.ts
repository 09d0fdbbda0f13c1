import { CAUSES, isCause } from '../session/cause';
import type { SessionRow } from '../session/row';
import { ENDINGS, isTerminal } from '../session/state';
import type { SessionView } from './answers';

/** A row as people see it: nothing of where it runs, and the reason and remedy in words. */
export function sessionView(row: SessionRow): SessionView {
  const { state, cause } = row;
  const ended = isTerminal(state);
  const says = cause !== undefined && isCause(cause) ? CAUSES[cause].says : undefined;
  const optional = {
    repository: row.repository,
    cause,
    reason: says ?? (ended ? ENDINGS[state].reason : undefined),
    remedy: ended ? ENDINGS[state].remedy : undefined,
    stoppedBy: row.stoppedBy,
    remark: row.remark,
    exitCode: row.exitCode,
    startedAt: row.startedAt,
    runningAt: row.runningAt,
    endedAt: row.endedAt,
    lifetimeEndsAt: row.lifetimeEndsAt,
  };
  return {
    sessionId: row.sessionId,
    profile: row.profile,
    requester: row.requester,
    team: row.team,
    state,
    ended,
    documentHash: row.documentHash,
    budgetReservedMicroUsd: row.budgetReservedMicroUsd,
    lifetimeSeconds: row.lifetimeSeconds,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}
