import * as z from 'zod/mini';
import { principal as principalField } from '../audit/field';
import { type AccessMapping, type Membership, membership } from './mapping';
import { ROLES } from './role';

/** Who calls, and what they may be. The authorizer makes it of claims; the API reads it and nothing else. */
export const caller = z.strictObject({
  principal: principalField,
  roles: z.array(z.enum(ROLES)),
  memberships: z.array(membership),
});
export type Caller = z.infer<typeof caller>;

/** Claims of a token that was verified. */
export interface Claims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly [name: string]: unknown;
}

export type PrincipalResult =
  | { readonly kind: 'ok'; readonly caller: Caller }
  | {
      readonly kind: 'refused';
      readonly reason: 'issuer-odd' | 'subject-odd' | 'no-role';
      readonly principal?: string;
    };

/**
 * Issuer first, then `|`, which no issuer here has: so the first one ends it, and no subject of one issuer, whatever stands
 * in it, reads as somebody of another. A subject alone names nobody (OpenID Connect Core, section 5.7).
 */
export function principalOf(claims: Claims, mapping: AccessMapping): PrincipalResult {
  const { iss, sub } = claims;
  if (typeof iss !== 'string' || !/^https:\/\/[!-{}~]+$/.test(iss)) return { kind: 'refused', reason: 'issuer-odd' };
  if (typeof sub !== 'string' || sub.length === 0) return { kind: 'refused', reason: 'subject-odd' };
  const principal = `${iss}|${sub}`;
  // Never made to fit: two subjects that are made to fit may be one afterwards.
  if (!principalField.safeParse(principal).success) return { kind: 'refused', reason: 'subject-odd' };
  const held = groupsOf(claims[mapping.groupsClaim]);
  const matching = mapping.groups.filter(({ group }) => held.has(group));
  const roles = ROLES.filter((role) => matching.some((each) => each.roles.includes(role)));
  if (roles.length === 0) return { kind: 'refused', reason: 'no-role', principal };
  return { kind: 'ok', caller: { principal, roles, memberships: membershipsOf(matching) } };
}

/** Some providers send one group as text. */
function groupsOf(claim: unknown): ReadonlySet<string> {
  const list: unknown[] = Array.isArray(claim) ? claim : [claim];
  return new Set(list.filter((each) => typeof each === 'string'));
}

function membershipsOf(groups: AccessMapping['groups']): Membership[] {
  const teams = new Map<string, Membership>();
  for (const { roles, team, profiles } of groups) {
    if (team === undefined || !roles.includes('submitter')) continue;
    const before = teams.get(team);
    const all = profiles === undefined || (before !== undefined && before.profiles === undefined);
    teams.set(team, all ? { team } : { team, profiles: [...new Set([...(before?.profiles ?? []), ...profiles])] });
  }
  return [...teams.values()];
}

export type EntitlementResult =
  | { readonly kind: 'ok'; readonly team: string }
  | { readonly kind: 'refused'; readonly reason: 'team-unknown' | 'team-ambiguous' | 'profile-not-entitled' };

/** For which team this caller may start a session of the profile. Which one is asked where several would do. */
export function entitlement(
  { memberships }: Caller,
  { profile, team }: { readonly profile: string; readonly team?: string | undefined },
): EntitlementResult {
  const mine = team === undefined ? memberships : memberships.filter((each) => each.team === team);
  if (mine.length === 0) return { kind: 'refused', reason: 'team-unknown' };
  const good = mine.filter(({ profiles }) => profiles === undefined || profiles.includes(profile));
  const [only, ...more] = good;
  if (only === undefined) return { kind: 'refused', reason: 'profile-not-entitled' };
  return more.length > 0 ? { kind: 'refused', reason: 'team-ambiguous' } : { kind: 'ok', team: only.team };
}
