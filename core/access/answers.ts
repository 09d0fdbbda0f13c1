import * as z from 'zod/mini';
import { microUsd, principal, repository, sha256, slug, text, time } from '../audit/field';
import { sessionId } from '../session/id';
import { SESSION_STATES } from '../session/state';
import { membership } from './mapping';
import { ROLES } from './role';

/** What the API answers. Not strict where a client reads it: a newer platform may say more. */

const count = z.int().check(z.minimum(0));

export const sessionView = z.object({
  sessionId,
  profile: slug,
  requester: principal,
  team: slug,
  repository: z.optional(repository),
  state: z.enum(SESSION_STATES),
  ended: z.boolean(),
  cause: z.optional(z.string().check(z.describe('a word from the list of causes'))),
  reason: z.optional(z.string().check(z.describe('what happened, in a sentence'))),
  remedy: z.optional(z.string().check(z.describe('what to do next'))),
  stoppedBy: z.optional(principal),
  remark: z.optional(text),
  exitCode: z.optional(count.check(z.describe('of the agent: a claim, no proof'))),
  documentHash: sha256.check(z.describe('of the policy document it was admitted under')),
  budgetReservedMicroUsd: microUsd,
  lifetimeSeconds: count,
  createdAt: time,
  updatedAt: time,
  startedAt: z.optional(time),
  runningAt: z.optional(time),
  endedAt: z.optional(time),
  lifetimeEndsAt: z.optional(time),
});
export type SessionView = z.infer<typeof sessionView>;

export const started = z.object({
  session: sessionView,
  repeated: z.boolean().check(z.describe('the key was used before: this is the session of then')),
});
export const sessionPage = z.object({ sessions: z.array(sessionView), cursor: z.optional(z.string()) });
export const oneSession = z.object({ session: sessionView });
export const transcript = z.object({
  sessionId,
  logGroup: z.string(),
  logStream: z.optional(z.string().check(z.describe('absent before it has a task'))),
  complete: z.boolean().check(z.describe('the session is over')),
  lines: z.array(z.string()).check(z.describe('as the recorder wrote them')),
  cursor: z.optional(z.string().check(z.describe('for the next page; absent where there is none now'))),
});
export const cost = z.object({
  sessionId,
  complete: z.boolean(),
  reservedMicroUsd: microUsd.check(z.describe('for models; what was spent of it is not known yet')),
  computeSeconds: count.check(z.describe('from RunTask on')),
  computeMicroUsd: z.optional(microUsd.check(z.describe('Fargate at list price; absent where the price is not known'))),
  atMostMicroUsd: z.optional(microUsd.check(z.describe('both, had it its whole lifetime'))),
});
export const panicView = z.object({
  open: z.boolean().check(z.describe('false: every service refuses everybody')),
  epoch: count,
  changedBy: principal,
  changedAt: time,
  confirmedBy: z.optional(principal),
  remark: z.optional(text),
  liftAskedBy: z.optional(principal.check(z.describe('somebody else has to say yes'))),
  liftExpiresAt: z.optional(time),
});
export type PanicView = z.infer<typeof panicView>;
export const raised = z.object({
  panic: panicView,
  sweep: z
    .enum(['started', 'not-started'])
    .check(z.describe('whether every session is being ended now; else the reaper ends them, a minute later')),
});
export const lifted = z.object({ panic: panicView, lifted: z.boolean() });
export const profiles = z.object({
  profiles: z.array(z.object({ profile: slug, teams: z.array(slug).check(z.describe('for which you may start it')) })),
});
export const policy = z.object({
  profile: slug,
  documentHash: sha256,
  document: z.record(z.string(), z.unknown()).check(z.describe('see the schema "policy"')),
});
export const whoAmI = z.object({
  principal,
  roles: z.array(z.enum(ROLES)),
  memberships: z.array(membership),
  may: z.array(z.string()).check(z.describe('operationIds, of your own sessions at least')),
});
