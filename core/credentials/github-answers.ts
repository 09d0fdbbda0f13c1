import * as z from 'zod/mini';
import { isInstallationToken } from './github-token';

/** What is read of GitHub's answers. Not strict: GitHub adds fields; what is read has to be as it is here. */

export const installationAnswer = z.object({ id: z.int().check(z.minimum(1)) });

export const tokenAnswer = z.object({
  token: z.string().check(z.refine(isInstallationToken)),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: z.record(z.string(), z.string()),
  repositories: z.array(z.object({ full_name: z.string() })),
});

export const permissionAnswer = z.object({
  permission: z.string(),
  user: z.object({ id: z.int(), login: z.string() }),
});

export const repositoryAnswer = z.object({
  full_name: z.string(),
  default_branch: z.string().check(z.regex(/^[^\p{C}\p{Z}]{1,250}$/u)),
});

export const branchRulesAnswer = z.array(
  z.object({
    type: z.string(),
    ruleset_id: z.int(),
    parameters: z.optional(z.object({ required_approving_review_count: z.optional(z.int()) })),
  }),
);

/** Of one ruleset; the field says what the caller may, and ours is the App. */
export const rulesetAnswer = z.object({ current_user_can_bypass: z.optional(z.string()) });
