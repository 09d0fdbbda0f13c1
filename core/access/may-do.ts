import type { Role } from './role';

/** What can be asked of the platform, by the OpenAPI document's operationId. */
export const OPERATION_IDS = [
  'startSession',
  'listSessions',
  'getSession',
  'stopSession',
  'getLogs',
  'getCost',
  'getPanic',
  'raisePanic',
  'liftPanic',
  'listProfiles',
  'getPolicy',
  'whoAmI',
] as const;
export type OperationId = (typeof OPERATION_IDS)[number];

/** What it is asked of. */
export type AccessSubject =
  | { readonly kind: 'none' }
  /** A session, by whose it is; `requester` absent for everybody's, as a list has them. */
  | { readonly kind: 'session'; readonly requester?: string | undefined }
  /** A panic that somebody asked to be lifted, or that nobody has yet. */
  | { readonly kind: 'panic'; readonly liftAskedBy?: string | undefined };

export type MayDo =
  | { readonly kind: 'yes' }
  | {
      readonly kind: 'no';
      readonly reason: 'role-missing' | 'not-own' | 'same-person';
      /** Roles that would do. */
      readonly needs: readonly Role[];
    };

const ANYBODY: readonly Role[] = ['submitter', 'approver', 'operator', 'auditor'];

/**
 * Of any session, and of one's own. Who approves looks at sessions to judge what they ask for, and not into what they
 * wrote; who audits sees everything and changes nothing.
 */
const SESSION: Readonly<
  Partial<Record<OperationId, { readonly any: readonly Role[]; readonly own: readonly Role[] }>>
> = {
  listSessions: { any: ['approver', 'operator', 'auditor'], own: ['submitter'] },
  getSession: { any: ['approver', 'operator', 'auditor'], own: ['submitter'] },
  stopSession: { any: ['operator'], own: ['submitter'] },
  getLogs: { any: ['operator', 'auditor'], own: ['submitter'] },
  getCost: { any: ['operator', 'auditor'], own: ['submitter'] },
};

const PLAIN: Readonly<Partial<Record<OperationId, readonly Role[]>>> = {
  startSession: ['submitter'],
  getPanic: ANYBODY,
  raisePanic: ['operator'],
  listProfiles: ANYBODY,
  getPolicy: ANYBODY,
  whoAmI: ANYBODY,
};

/** Whether the caller may. Nothing follows from being signed in, and no role contains another. */
export function mayDo(
  { principal, roles }: { readonly principal: string; readonly roles: readonly Role[] },
  operation: OperationId,
  subject: AccessSubject = { kind: 'none' },
): MayDo {
  const has = (wanted: readonly Role[]) => wanted.some((role) => roles.includes(role));
  if (operation === 'liftPanic') return mayLift(principal, has, subject);
  const session = SESSION[operation];
  if (session !== undefined) {
    if (has(session.any)) return { kind: 'yes' };
    if (!has(session.own)) return no('role-missing', [...session.any, ...session.own]);
    const own = subject.kind === 'session' && subject.requester === principal;
    return own ? { kind: 'yes' } : no('not-own', session.any);
  }
  const wanted = PLAIN[operation] ?? [];
  return has(wanted) ? { kind: 'yes' } : no('role-missing', wanted);
}

/** Two people: one who runs the platform asks, and another who runs it or who approves says yes. */
function mayLift(principal: string, has: (wanted: readonly Role[]) => boolean, subject: AccessSubject): MayDo {
  const askedBy = subject.kind === 'panic' ? subject.liftAskedBy : undefined;
  const wanted: readonly Role[] = askedBy === undefined ? ['operator'] : ['operator', 'approver'];
  if (!has(wanted)) return no('role-missing', wanted);
  return askedBy === principal ? no('same-person', wanted) : { kind: 'yes' };
}

function no(reason: Extract<MayDo, { kind: 'no' }>['reason'], needs: readonly Role[]): MayDo {
  return { kind: 'no', reason, needs };
}
