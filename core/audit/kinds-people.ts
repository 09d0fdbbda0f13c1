import * as z from 'zod/mini';
import { generation } from '../session/row';
import { SESSION_STATES } from '../session/state';
import {
  anyAddress,
  body,
  code,
  count,
  field,
  microUsd,
  milliseconds,
  principal,
  sha256,
  taskArn,
  text,
  time,
} from './field';
import { uuid } from './id';
import { VERDICTS } from './kinds';

/** What concerns people, sessions and what outlives them: approval, memory, session, human, refusal. */
export const CHANNELS = ['api', 'cli', 'console', 'slack', 'webhook'] as const;
const channel = z.enum(CHANNELS);

const approval = {
  approvalId: uuid,
  action: code.check(z.describe('what is to be done, such as egress-request or push')),
  digest: sha256.check(z.describe('of the exact stored bytes that are executed on yes')),
  requester: principal.check(z.describe('whose session it is; may not approve')),
  expiresAt: time.check(z.describe('silence until then is no')),
};

/** Who approved differs from who asked: core/approval decides that, for which a schema has no words. */
export const approvalDetail = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('asked'), ...approval, reason: code }),
  z.strictObject({
    event: z.literal('decided'),
    ...approval,
    approver: principal,
    decision: z.enum(['yes', 'no']),
    shown: sha256.check(z.describe('of what the approver saw, as rendered by us')),
    channel,
    waitedMs: milliseconds,
  }),
  z.strictObject({ event: z.literal('expired'), ...approval }),
  z.strictObject({
    event: z.literal('executed'),
    ...approval,
    approver: principal,
    outcome: z.enum(['done', 'failed']),
    reason: code,
  }),
]);

/** One operation on memory, reads too: "who read this?" is asked after an attack. */
export const memoryDetail = z.strictObject({
  namespace: field(/^[A-Za-z0-9/_.:@-]{1,256}$/, 'from the session, never from the request'),
  op: z.enum(['read', 'search', 'write', 'delete', 'publish', 'reject', 'expire', 'roll-back', 'restore']),
  interface: z.optional(code.check(z.describe('such as mcp or anthropic-memory-tool'))),
  verdict: z.enum(VERDICTS),
  reason: code,
  recordIds: z
    .array(field(/^[A-Za-z0-9_.:-]{1,64}$/, 'id of a memory record'))
    .check(z.maxLength(32), z.describe('read or touched')),
  records: count.check(z.describe('how many in all')),
  recordsBody: z.optional(body.check(z.describe('all ids, where there are more than fit'))),
  source: z.strictObject({
    kind: z.enum(['session', 'host', 'repository', 'person', 'record', 'rule']),
    name: field(/^[!#-[\]-~]{1,256}$/, 'which one'),
  }),
  taint: z.array(code).check(z.maxLength(8), z.describe('labels the records carry')),
  content: z.optional(body),
  approvalId: z.optional(uuid),
});

/** A session went from one state to another. */
export const sessionDetail = z.strictObject({
  from: z.optional(z.enum(SESSION_STATES).check(z.describe('absent where it came to be'))),
  to: z.enum(SESSION_STATES),
  reason: code,
  generation,
  taskArn: z.optional(taskArn),
  exitCode: z.optional(z.int().check(z.minimum(0), z.maximum(255))),
  phases: z.optional(
    z
      .array(z.strictObject({ phase: code, durationMs: milliseconds }))
      .check(z.maxLength(12), z.describe('time taken so far')),
  ),
  canary: z.optional(
    z
      .strictObject({ probes: count, escaped: z.array(code).check(z.maxLength(16)) })
      .check(z.describe('probes that got out, by name; any refuses the session')),
  ),
  costMicroUsd: z.optional(microUsd),
});

const ROLES = ['submitter', 'approver', 'operator', 'auditor'] as const;

/** A person, or a system with a sign-in of its own, did something. */
export const humanDetail = z.strictObject({
  actor: principal,
  roles: z.array(z.enum(ROLES)).check(z.maxLength(4)),
  action: code.check(z.describe('such as start, stop, panic, lift-panic')),
  target: z.optional(field(/^[!#-[\]-~]{1,256}$/, 'what it was done to')),
  channel,
  outcome: z.enum(['done', 'failed']),
  confirmedBy: z.optional(principal.check(z.describe('the second person, where one is needed'))),
  sourceAddress: z.optional(anyAddress),
  remark: z.optional(text),
});

/** Somebody was told no before any other plane had a record of it: at the door, or by a control of the platform. */
export const refusalDetail = z.strictObject({
  control: code.check(z.describe('which control said no, such as authorizer, binding, epoch, budget')),
  reason: code,
  action: code.check(z.describe('what was refused')),
  principal: z.optional(principal.check(z.describe('absent where nobody is known'))),
  target: z.optional(field(/^[!#-[\]-~]{1,256}$/, 'what it was asked of')),
  sourceAddress: z.optional(anyAddress),
  status: z.optional(z.int().check(z.minimum(100), z.maximum(599), z.describe('HTTP status of the answer'))),
  times: z.int().check(z.minimum(1), z.describe('refusals alike in one record; more than 1 only where a flood is cut')),
});
