import { type AccessSubject, type MayDo, mayDo } from '../../core/access/may-do';
import { type Problem, type ProblemCode, problemOf } from '../../core/access/problem';
import type { SessionRow } from '../../core/session/row';
import type { ApiOptions, Ask, Outcome } from './ports';

type Refused = Extract<Outcome, { kind: 'refused' }>;

export function refuse(code: ProblemCode, detail: string, more: Partial<Problem> = {}): Refused {
  return { kind: 'refused', problem: problemOf(code, detail, more) };
}

export const done = (body: object): Outcome => ({ kind: 'done', body });

/** What `mayDo` says no to, as an answer. */
export function forbidden({ caller }: Ask, no: Extract<MayDo, { kind: 'no' }>): Refused {
  const roles = caller.roles.join(', ') || 'none';
  return no.reason === 'same-person'
    ? refuse(
        'same-person',
        'got the person who asked; expected somebody else to say yes: ask another operator or approver',
      )
    : refuse('role-missing', `got roles ${roles}, expected ${no.needs.join(' or ')}; ask whoever runs the platform`);
}

/** Undefined: go on. */
export function check(ask: Ask, subject?: AccessSubject): Refused | undefined {
  const may = mayDo(ask.caller, ask.request.id, subject);
  return may.kind === 'yes' ? undefined : forbidden(ask, may);
}

export type Found = { readonly kind: 'found'; readonly row: SessionRow } | Refused;

/**
 * The session that is asked about, where the caller may. Somebody else's is answered like one that is not there: who asks
 * learns of no session that is not theirs. The record tells the two apart.
 */
export async function findSession({ table }: ApiOptions, ask: Ask): Promise<Found> {
  const sessionId = ask.request.parts.sessionId ?? '';
  const row = await table.get(sessionId);
  const may = mayDo(ask.caller, ask.request.id, { kind: 'session', requester: row?.requester });
  if (may.kind === 'yes' && row !== undefined) return { kind: 'found', row };
  if (may.kind === 'no' && may.reason !== 'not-own') return { ...forbidden(ask, may), target: sessionId };
  const unknown = refuse(
    'session-unknown',
    'got an id that no session of yours has; see those there are with `agentctl list`',
  );
  return row === undefined ? { ...unknown, target: sessionId } : { ...unknown, reason: 'not-own', row };
}
