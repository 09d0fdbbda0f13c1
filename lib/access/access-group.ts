import type { GroupMapping } from '../../core/access/mapping';

/** What somebody may be to the control API. No role contains another. */
export enum AccessRole {
  /** Starts sessions; sees and stops their own. */
  SUBMITTER = 'submitter',
  /** Sees sessions and decides what they ask for; says yes to the end of a panic. */
  APPROVER = 'approver',
  /** Sees and stops every session; raises a panic and asks for its end. */
  OPERATOR = 'operator',
  /** Reads everything and changes nothing. */
  AUDITOR = 'auditor',
}

/** A group of the identity provider, and what being in it makes somebody here. */
export interface AccessGroup {
  /** As the provider spells it. */
  readonly name: string;
  /** At least one. */
  readonly roles: AccessRole[];
  /** Whom sessions of its submitters count for: lower-case letters, digits, hyphens. @default none; submitters need one */
  readonly team?: string;
  /** What its submitters may start. @default every profile */
  readonly profiles?: string[];
}

/**
 * As core reads it.
 *
 * @internal
 * @throws where a group is wrong or names a profile that is none
 */
export function groupMappings(groups: readonly AccessGroup[], profiles: readonly string[]): GroupMapping[] {
  if (groups.length === 0) throw new Error('groups: got none, expected at least one; nobody could get in');
  return groups.map(({ name, roles, team, profiles: own }) => {
    const wrong = (problem: string) => new Error(`group "${name}": ${problem}`);
    if (roles.length === 0) throw wrong('got no roles, expected at least one');
    if (roles.includes(AccessRole.SUBMITTER) !== (team !== undefined)) {
      throw wrong(`got ${team === undefined ? 'no team' : `team "${team}"`}; submitters need one and others have none`);
    }
    if (team !== undefined && !/^[a-z][a-z0-9-]{0,62}$/.test(team)) {
      throw wrong(`got team "${team}", expected lower-case letters, digits and hyphens`);
    }
    const unknown = own?.find((profile) => !profiles.includes(profile));
    if (unknown !== undefined) throw wrong(`got profile "${unknown}", expected of ${profiles.join(', ')}`);
    return { group: name, roles: [...roles], ...(team && { team }), ...(own && { profiles: [...own] }) };
  });
}

/** One group a role, and one team. */
export const DEFAULT_GROUPS: readonly AccessGroup[] = [
  { name: 'submitters', roles: [AccessRole.SUBMITTER], team: 'everybody' },
  { name: 'approvers', roles: [AccessRole.APPROVER] },
  { name: 'operators', roles: [AccessRole.OPERATOR] },
  { name: 'auditors', roles: [AccessRole.AUDITOR] },
];
