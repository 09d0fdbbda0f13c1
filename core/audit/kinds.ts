import * as z from 'zod/mini';
import type { DocumentGrant } from '../egress/document';
import { anyAddress, body, code, count, field, microUsd, milliseconds, repository, sha256, slug, time } from './field';
import { uuid } from './id';

/**
 * What the planes in the path of a request record: egress, model, tool, grant, commit. See record.ts for what holds for all:
 * no body, no header, no map with keys of somebody else's choosing, every string and list with an end.
 */
export const VERDICTS = ['allow', 'deny', 'ask'] as const;
const verdict = z.enum(VERDICTS);

const requestId = field(/^[A-Za-z0-9:_.=-]{1,128}$/, "the upstream's own id of the request: joins its log with ours");
const status = z.int().check(z.minimum(100), z.maximum(599), z.describe('HTTP status'));
const ruleId = field(/^[a-z0-9][a-z0-9.-]{0,127}$/, 'id of the rule in the policy document; absent where none matched');
const codes = z.array(code).check(z.maxLength(16));

/** One request at the egress proxy, written before its last byte is passed on. */
export const egressDetail = z.strictObject({
  way: z.enum(['connect', 'named', 'absolute']).check(z.describe('which way in the request came')),
  method: field(/^[A-Za-z0-9_-]{1,32}$/, 'as the agent sent it'),
  scheme: z.enum(['https', 'http']),
  host: field(/^[a-z0-9._:[\]-]{1,255}$/, 'lower case, without port; what was asked for, so an address where one was'),
  port: z.int().check(z.minimum(1), z.maximum(65535)),
  path: z.optional(
    field(
      /^\/[!$->@-[\]-~]{0,2047}$/,
      'raw, without query, cut at 2048; `"`, `#`, `?`, `\\` and what is no ASCII as %xx; absent where none was readable',
    ),
  ),
  pathSha256: z.optional(sha256.check(z.describe('of the whole path, where it was cut'))),
  query: z.optional(body.check(z.describe('without the `?`; a query is content, as a body is'))),
  operations: z.optional(
    z
      .array(field(/^(?:query|mutation|subscription|tool):[A-Za-z0-9_./:-]{1,96}$/, 'GraphQL field or MCP tool'))
      .check(z.maxLength(12)),
  ),
  ruleId: z.optional(ruleId),
  verdict,
  enforced: z.boolean().check(z.describe('false in observe mode: the verdict was recorded and not acted on')),
  reason: code,
  approvalId: z.optional(uuid),
  grantId: z.optional(slug.check(z.describe('the grant whose credential was injected'))),
  mintId: z.optional(uuid),
  strippedCredentials: count.check(z.describe('credentials of the agent taken off')),
  redactedValues: count.check(z.describe('injected values taken out of the response')),
  findings: z.optional(codes.check(z.describe('of screening what leaves'))),
  status: z.optional(status.check(z.describe("the upstream's; absent where it never answered"))),
  failure: z.optional(code.check(z.describe('what broke after the verdict'))),
  bytesOut: count.check(z.describe('left the session')),
  bytesIn: count.check(z.describe('came to the session')),
  requestBody: z.optional(body),
  responseBody: z.optional(body),
  durationMs: milliseconds,
  upstreamAddress: z.optional(anyAddress.check(z.describe('the address dialled'))),
  upstreamRequestId: z.optional(requestId),
});

const screening = z.strictObject({
  stage: z.enum(['task-text', 'tool-result', 'tool-call', 'output']),
  block: sha256.check(z.describe('of the block that was judged')),
  filter: field(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, 'guardrail and version, or the rule of ours'),
  verdict: z.enum(['pass', 'flag', 'redact', 'block']),
  findings: z.optional(z.array(code).check(z.maxLength(4))),
  durationMs: milliseconds,
});

/** One call of a model through the gateway. Prompt and response lie in the body store. */
export const modelDetail = z.strictObject({
  api: code.check(z.describe('what the agent spoke, such as anthropic-messages')),
  upstream: code.check(z.describe('who answered, such as bedrock')),
  modelId: field(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}$/, 'as asked for, after aliases'),
  verdict,
  reason: code,
  screened: count.check(z.describe('blocks judged in this call; those seen before are not judged again')),
  screenings: z.array(screening).check(z.maxLength(8), z.describe('those that did not pass first')),
  screeningsBody: z.optional(body.check(z.describe('all of them, where there are more than fit'))),
  tokens: z.strictObject({ input: count, output: count, cacheRead: count, cacheWrite: count }),
  costMicroUsd: microUsd,
  priceTable: z.optional(field(/^\d{4}-\d{2}-\d{2}$/, 'date of the price table used')),
  toolCalls: count.check(z.describe('tool calls in the response, each has a record of its own')),
  requestBody: body,
  responseBody: z.optional(body),
  status: z.optional(status),
  stopReason: z.optional(field(/^[a-z][a-z0-9_-]{0,63}$/, "the upstream's word for why it ended")),
  failure: z.optional(code),
  durationMs: milliseconds,
  firstTokenMs: z.optional(milliseconds),
  upstreamRequestId: z.optional(requestId),
});

/** Who saw a tool call. Only the gateway is outside the task: the others repeat what something inside it said. */
export const TOOL_SOURCES = ['gateway', 'transcript', 'hook', 'telemetry'] as const;

export const toolDetail = z.strictObject({
  source: z.enum(TOOL_SOURCES).check(z.describe('all but gateway are claims of the agent, not proof')),
  agent: z.optional(code.check(z.describe('such as claude-code'))),
  tool: field(/^[A-Za-z0-9_.:/-]{1,128}$/, 'name of the tool'),
  callId: field(/^[A-Za-z0-9_.:-]{1,128}$/, 'id the model gave the call: joins gateway and transcript'),
  verdict: z.optional(verdict),
  ruleId: z.optional(ruleId),
  reason: z.optional(code),
  approvalId: z.optional(uuid),
  input: body,
  output: z.optional(body),
  outcome: z.optional(z.enum(['ok', 'error', 'held'])),
  durationMs: z.optional(milliseconds),
  transcript: z.optional(
    z.strictObject({
      stream: field(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'which transcript of the session'),
      offset: count.check(z.describe('byte at which the entry starts')),
    }),
  ),
});

export const GRANT_KINDS = [
  'github-app',
  'aws-role',
  'secret-header',
  'oauth',
  'oidc',
] as const satisfies readonly DocumentGrant['kind'][];

const rights = z.array(field(/^[a-z][a-z0-9_:.*-]{0,63}$/, 'such as contents:write')).check(z.maxLength(24));

/** Confused deputy: what the profile asks, what the requester has, and what both have, so that the difference shows. */
const intersection = z.strictObject({
  asked: rights,
  held: rights.check(z.describe("the requester's own")),
  granted: rights,
  full: z.optional(body.check(z.describe('all three, where there are more than fit'))),
});

const grant = {
  grantId: slug.check(z.describe('the grant in the policy document')),
  grantKind: z.enum(GRANT_KINDS),
  caller: code.check(z.describe('the service that asked, from the alias it called')),
  target: field(/^[A-Za-z0-9][A-Za-z0-9_.:/@+=,-]{0,255}$/, 'repository, role, provider or audience'),
  reason: code,
};
const minted = { ...grant, mintId: uuid };

/** Life of a credential. Written before it is used; the credential itself is nowhere. */
export const grantDetail = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('minted'),
    ...minted,
    rights: intersection,
    expiresAt: time,
    sessionPolicy: z.optional(body.check(z.describe('policy the role was narrowed with'))),
    credentialSha256: z.optional(
      sha256.check(z.describe("of a token the provider made at random: joins GitHub's own audit log (`hashed_token`)")),
    ),
    upstreamRequestId: z.optional(requestId),
  }),
  z.strictObject({ event: z.literal('refused'), ...grant, rights: z.optional(intersection) }),
  z.strictObject({ event: z.literal('revoked'), ...minted, upstreamRequestId: z.optional(requestId) }),
  z.strictObject({ event: z.literal('revocation-failed'), ...minted, expiresAt: time }),
]);

const oid = field(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'git object id');
const push = {
  repository,
  ref: field(/^[^\p{C}\p{Z}"\\]{1,250}$/u, 'full name, such as refs/heads/agent/fix'),
  pack: body,
  agentOid: oid.check(z.describe('head as the agent pushed it; the signed commits have other ids')),
  commits: count,
  reason: code,
  findings: z.optional(codes.check(z.describe('of push policy and secret scan'))),
  approvalId: z.optional(uuid),
};

/** One ref of one push at the commit broker. */
export const commitDetail = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('pushed'),
    ...push,
    before: z.optional(oid.check(z.describe('absent where the branch is new'))),
    oid,
    verified: z.boolean().check(z.describe('GitHub said so when asked afterwards, for every commit')),
    mintId: uuid,
    upstreamRequestId: z.optional(requestId),
  }),
  z.strictObject({ event: z.literal('refused'), ...push }),
  z.strictObject({ event: z.literal('failed'), ...push, mintId: z.optional(uuid) }),
]);
