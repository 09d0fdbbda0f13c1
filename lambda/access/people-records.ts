import type { OperationId } from '../../core/access/may-do';
import type { Caller } from '../../core/access/principal';
import { actionOf } from '../../core/access/record';
import { anyAddress } from '../../core/audit/field';
import type { Subject } from '../../core/audit/record';
import type { SessionRow } from '../../core/session/row';
import type { Records } from '../../runtime/records';
import type { Outcome } from './ports';

export interface Did {
  readonly caller: Pick<Caller, 'principal' | 'roles'>;
  readonly action: string;
  readonly sourceAddress: string | undefined;
  readonly row?: SessionRow;
  readonly outcome?: 'done' | 'failed';
  readonly remark?: string | undefined;
  readonly confirmedBy?: string;
}

/** Writes that somebody did something. Rejects where it can't be written, and then it must not be done. */
export async function recordHuman(records: Records, did: Did): Promise<void> {
  const { caller, action, row, outcome = 'done', remark, confirmedBy } = did;
  await records.write({
    kind: 'human',
    subject: subjectOf(row),
    detail: {
      actor: caller.principal,
      roles: [...caller.roles],
      action,
      ...(row && { target: row.sessionId }),
      channel: 'api',
      outcome,
      ...(confirmedBy !== undefined && { confirmedBy }),
      ...address(did.sourceAddress),
      ...(remark !== undefined && { remark }),
    },
  });
}

export interface Refusal {
  readonly principal?: string;
  readonly id: OperationId | undefined;
  readonly outcome: Extract<Outcome, { kind: 'refused' }>;
  readonly sourceAddress: string | undefined;
}

/** Writes that somebody was told no. */
export async function recordRefusal(records: Records, refusal: Refusal): Promise<void> {
  const { principal, id, outcome } = refusal;
  const { problem, reason, row } = outcome;
  const target = row?.sessionId ?? outcome.target;
  await records.write({
    kind: 'refusal',
    subject: subjectOf(row),
    ...(row && { documentHash: row.documentHash }),
    detail: {
      control: 'control-api',
      reason: reason ?? problem.code,
      action: id === undefined ? 'unknown' : actionOf(id),
      ...(principal !== undefined && { principal }),
      ...(target !== undefined && { target }),
      ...address(refusal.sourceAddress),
      status: problem.status,
      times: 1,
    },
  });
}

function address(raw: string | undefined) {
  const read = anyAddress.safeParse(raw?.toLowerCase());
  return read.success ? { sourceAddress: read.data } : {};
}

function subjectOf(row: SessionRow | undefined): Subject {
  if (row === undefined) return { kind: 'platform' };
  const { sessionId, requester, team, profile, repository } = row;
  return { kind: 'session', sessionId, requester, team, profile, ...(repository !== undefined && { repository }) };
}
