import * as z from 'zod/mini';
import { slug } from '../audit/field';
import { ROLES } from './role';

/** What belonging to one group of the identity provider makes somebody here. */
const group = z.strictObject({
  group: z.string().check(z.regex(/^[^\p{Cc}]{1,256}$/u), z.describe('as the provider spells it')),
  roles: z.array(z.enum(ROLES)).check(z.minLength(1)),
  team: z.optional(slug.check(z.describe('whom sessions count for; a submitter needs one'))),
  profiles: z.optional(
    z.array(slug).check(z.minLength(1), z.describe('what its submitters may start; all where it is left out')),
  ),
});
export type GroupMapping = z.infer<typeof group>;

/** How claims of one issuer are read. */
export const accessMapping = z.strictObject({
  groupsClaim: z.string().check(z.minLength(1), z.describe('claim with the names of groups, such as cognito:groups')),
  groups: z.array(group).check(z.minLength(1)),
});
export type AccessMapping = z.infer<typeof accessMapping>;

/** What one team lets somebody start. `profiles` absent: all. */
export const membership = z.strictObject({ team: slug, profiles: z.optional(z.array(slug)) });
export type Membership = z.infer<typeof membership>;
