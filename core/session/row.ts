import * as z from 'zod/mini';
import {
  body,
  clusterArn,
  code,
  microUsd,
  principal,
  repository,
  sha256,
  slug,
  taskArn,
  text,
  time,
} from '../audit/field';
import { interfaceAddress } from './address';
import { sessionId } from './id';
import { SESSION_STATES } from './state';

/** Partition key of the table of sessions. */
export const SESSION_KEY = 'sessionId';
/** The attribute after whose time (seconds since 1970) DynamoDB may delete an item of either table. */
export const TTL_ATTRIBUTE = 'ttl';

/** The version this code writes. Readers know this one and, once there is a second, the one before. */
export const SESSION_ROW_VERSION = 1;

export const generation = z
  .int()
  .check(
    z.minimum(0),
    z.maximum(9999),
    z.describe('which RunTask of this session: 0 before the first, one more for each task asked for'),
  );

export const ttl = z
  .int()
  .check(z.minimum(0), z.describe('seconds since 1970 after which DynamoDB may delete the item'));

/**
 * A session as its item in DynamoDB, read through the document client: plain values, no sets, nothing null. A value not
 * known yet is absent. The row is the platform's word on a session; nothing inside the task writes it.
 */
export const sessionRow = z
  .strictObject({
    version: z.literal(SESSION_ROW_VERSION),
    sessionId,
    revision: z
      .int()
      .check(z.minimum(1), z.describe('one more at each write, which is conditional on the one it read')),
    profile: slug,
    documentHash: sha256.check(z.describe('SHA-256 of the policy document it was admitted under')),
    requester: principal,
    team: slug,
    repository: z.optional(repository),
    taskText: body.check(
      z.describe('what to do, in S3: overrides are readable in DescribeTasks, events and CloudTrail'),
    ),
    state: z.enum(SESSION_STATES),
    cause: z.optional(code.check(z.describe('what led to STOPPING or to the end'))),
    stoppedBy: z.optional(principal.check(z.describe('who asked for the stop'))),
    remark: z.optional(text.check(z.describe('why, in their words'))),
    budgetReservedMicroUsd: microUsd,
    lifetimeSeconds: z.int().check(z.minimum(60), z.describe("of the profile's document, from when it has a task")),
    generation,
    slot: z.optional(
      z.literal(true).check(z.describe('counts against the limit of sessions at a time; taken once, given back once')),
    ),
    cluster: z.optional(clusterArn),
    taskArn: z.optional(taskArn),
    taskVersion: z.optional(
      z
        .int()
        .check(z.minimum(1), z.describe('highest `detail.version` seen of the task; what is older says nothing new')),
    ),
    taskGone: z.optional(z.literal(true).check(z.describe('ECS said STOPPED, or that it knows no such task'))),
    address: z.optional(interfaceAddress.check(z.describe('bound to it; a task is bound once and has one address'))),
    exitCode: z.optional(z.int().check(z.minimum(0), z.maximum(255), z.describe("of the agent's container: a claim"))),
    approvalsAsOf: z.optional(time.check(z.describe('what is older says nothing new about approvals'))),
    createdAt: time,
    updatedAt: time,
    startedAt: z.optional(time.check(z.describe('RunTask was asked for; then, that it has a task'))),
    runningAt: z.optional(time.check(z.describe('bound, canary passed, agent started'))),
    stoppingAt: z.optional(time),
    endedAt: z.optional(time),
    lifetimeEndsAt: z.optional(time.check(z.describe('after this every service refuses, whatever else has failed'))),
    ttl: z.optional(ttl),
  })
  .check(z.meta({ title: 'Session row, version 1' }));
export type SessionRow = z.infer<typeof sessionRow>;

export type NewSession = Pick<
  SessionRow,
  | 'sessionId'
  | 'profile'
  | 'documentHash'
  | 'requester'
  | 'team'
  | 'repository'
  | 'taskText'
  | 'budgetReservedMicroUsd'
  | 'lifetimeSeconds'
>;

/** The row a session begins with. */
export function pendingRow(session: NewSession, at: string): SessionRow {
  return {
    version: SESSION_ROW_VERSION,
    ...session,
    revision: 1,
    state: 'PENDING',
    generation: 0,
    createdAt: at,
    updatedAt: at,
  };
}

/**
 * RunTask with the same token starts nothing twice; a task asked for anew (after a stop and resume, or a start that gave
 * `failures[]`) needs a new one, because ECS remembers the token with its parameters.
 */
export function runTaskToken(row: Pick<SessionRow, 'sessionId' | 'generation'>): string {
  return `${row.sessionId}-${row.generation}`;
}
