import { hash } from 'node:crypto';
import * as z from 'zod/mini';
import { sessionId } from '../session/id';
import { field, principal, repository, sha256, slug, time } from './field';
import { uuid } from './id';
import { commitDetail, egressDetail, grantDetail, modelDetail, toolDetail } from './kinds';
import { approvalDetail, humanDetail, memoryDetail, refusalDetail, sessionDetail } from './kinds-people';

/**
 * The record: what every plane writes down about what it did, in one form, so that one query follows a session through
 * all of them. Three things hold for every kind:
 *
 * - Content is named, not held: a body, prompt or query is its SHA-256 and size. What an attacker wrote stays out of the
 *   place where people and tools read, and a session's content can be erased without touching the chain.
 * - There is no map. Every key is in this schema, so no header, and with it no credential, finds a place to slip into.
 * - Every string and list has an end, and all at their ends together are below {@link MAX_RECORD_BYTES}: a writer that
 *   keeps to the schema never has to choose between a record and its size.
 */
export const RECORD_VERSION = 1;

/** The awslogs driver splits lines at 16 KB, and half of one is no evidence. Half of that leaves room for wrapping. */
export const MAX_RECORD_BYTES = 8192;

/** `previous` of the record with which a writer begins. */
export const NO_PREVIOUS = '0'.repeat(64);

/** Every process that writes records. Those inside a task are missing on purpose: what they say is told by another. */
export const WRITER_SERVICES = [
  'egress-proxy',
  'model-gateway',
  'commit-broker',
  'credential-broker',
  'approvals',
  'memory',
  'control-api',
  'authorizer',
  'session-lifecycle',
  'session-intake',
  'audit',
] as const;

/**
 * The chain is part of version 1 and not an option: while a record without `previous` is valid, taking it off is how one
 * hides a change. It stands inside the record, since a line that is not JSON loses field discovery in Logs Insights.
 */
const writer = z.strictObject({
  service: z.enum(WRITER_SERVICES),
  instance: field(
    /^[a-z0-9][a-z0-9-]{7,63}$/,
    'new at each start of the process, else a restart that counts from 0 again looks like a replay',
  ),
  sequence: z.int().check(z.minimum(0), z.describe('from 0, without gaps')),
  previous: sha256.check(
    z.describe("SHA-256 of the bytes of this writer's record before, without line end; 64 zeros in the first"),
  ),
});

const sessionSubject = z.strictObject({
  kind: z.literal('session'),
  sessionId,
  requester: principal,
  team: slug,
  profile: slug,
  repository: z.optional(repository),
});
/** A service that uses proxy or gateway without sessions, known by its security group. */
const clientSubject = z.strictObject({ kind: z.literal('client'), name: slug, profile: slug });
/** Nobody in particular: panic, or a caller nobody knows. */
const platformSubject = z.strictObject({ kind: z.literal('platform') });

export const callers = z.discriminatedUnion('kind', [sessionSubject, clientSubject]);
const anySubject = z.discriminatedUnion('kind', [sessionSubject, clientSubject, platformSubject]);
export type Subject = z.infer<typeof anySubject>;

const envelope = {
  version: z.literal(RECORD_VERSION),
  id: uuid,
  time: time.check(z.describe('when the record was written, after what it tells')),
  writer,
  trace: z.optional(
    z.strictObject({
      traceId: field(/^(?!0{32})[0-9a-f]{32}$/, 'W3C trace id'),
      spanId: field(/^(?!0{16})[0-9a-f]{16}$/, 'W3C span id'),
    }),
  ),
};
const documentHash = sha256.check(z.describe('of the policy document that decided'));

/** Which subject a kind may have is part of its shape: there is no egress, grant or commit of nobody. */
export const auditRecord = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...envelope, kind: z.literal('egress'), subject: callers, documentHash, detail: egressDetail }),
    z.strictObject({ ...envelope, kind: z.literal('model'), subject: callers, documentHash, detail: modelDetail }),
    z.strictObject({
      ...envelope,
      kind: z.literal('tool'),
      subject: callers,
      documentHash: z.optional(documentHash),
      detail: toolDetail,
    }),
    z.strictObject({
      ...envelope,
      kind: z.literal('grant'),
      subject: sessionSubject,
      documentHash,
      detail: grantDetail,
    }),
    z.strictObject({
      ...envelope,
      kind: z.literal('commit'),
      subject: sessionSubject,
      documentHash,
      detail: commitDetail,
    }),
    z.strictObject({
      ...envelope,
      kind: z.literal('approval'),
      subject: anySubject,
      documentHash: z.optional(documentHash),
      detail: approvalDetail,
    }),
    z.strictObject({
      ...envelope,
      kind: z.literal('memory'),
      subject: anySubject,
      documentHash: z.optional(documentHash),
      detail: memoryDetail,
    }),
    z.strictObject({
      ...envelope,
      kind: z.literal('session'),
      subject: sessionSubject,
      documentHash,
      detail: sessionDetail,
    }),
    z.strictObject({ ...envelope, kind: z.literal('human'), subject: anySubject, detail: humanDetail }),
    z.strictObject({
      ...envelope,
      kind: z.literal('refusal'),
      subject: anySubject,
      documentHash: z.optional(documentHash),
      detail: refusalDetail,
    }),
  ])
  .check(z.meta({ title: 'Audit record, version 1' }));
export type AuditRecord = z.infer<typeof auditRecord>;
export type RecordKind = AuditRecord['kind'];

export type RecordResult =
  | { readonly kind: 'ok'; readonly record: AuditRecord }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads one line as it was written. Problems name places and never values: what is wrong there may be a secret. */
export function parseRecord(line: string): RecordResult {
  const size = checkRecordSize(line);
  if (size.kind === 'too-large') return { kind: 'invalid', problems: [size.problem] };
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { kind: 'invalid', problems: ['not JSON'] };
  }
  // A key twice is legal JSON, and JSON.parse keeps the last: the first would lie in the archive, hidden from every check.
  if (JSON.stringify(json) !== line) {
    return { kind: 'invalid', problems: ['not as JSON.stringify writes it: a key twice, white space or an escape'] };
  }
  const result = auditRecord.safeParse(json);
  return result.success ? { kind: 'ok', record: result.data } : { kind: 'invalid', problems: problemsOf(result.error) };
}

export type LineResult =
  | { readonly kind: 'ok'; readonly line: string }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/**
 * The line a writer appends, without line end. Checked although it is typed: TypeScript lets an object with more keys
 * pass as a record, and a record is where a key too many does harm for years.
 */
export function formatRecord(record: AuditRecord): LineResult {
  const result = auditRecord.safeParse(record);
  if (!result.success) return { kind: 'invalid', problems: problemsOf(result.error) };
  const line = JSON.stringify(result.data);
  const size = checkRecordSize(line);
  return size.kind === 'ok' ? { kind: 'ok', line } : { kind: 'invalid', problems: [size.problem] };
}

/** What the next record of the same writer holds as `previous`: over bytes as written, so no canonical form is needed. */
export function hashLine(line: string): string {
  return hash('sha256', line, 'hex');
}

export type SizeResult =
  | { readonly kind: 'ok'; readonly bytes: number }
  | { readonly kind: 'too-large'; readonly bytes: number; readonly problem: string };

/** Counts bytes as written, not characters. */
export function checkRecordSize(line: string): SizeResult {
  const bytes = Buffer.byteLength(line, 'utf8');
  if (bytes <= MAX_RECORD_BYTES) return { kind: 'ok', bytes };
  const problem = `a record is at most ${MAX_RECORD_BYTES} bytes, got ${bytes}; store the content and name it by SHA-256 and size`;
  return { kind: 'too-large', bytes, problem };
}

/** Whether the record repeats what something inside the task said. It joins and explains, and proves nothing. */
export function isClaim(record: AuditRecord): boolean {
  return record.kind === 'tool' && record.detail.source !== 'gateway';
}

function problemsOf(error: z.core.$ZodError): string[] {
  return error.issues.map((issue) => {
    const place = issue.path.join('.') || 'record';
    return issue.code === 'unrecognized_keys'
      ? `${place}: ${issue.keys.length} unknown key(s); a record holds only what its schema names`
      : `${place}: ${issue.message}`;
  });
}
