import * as z from 'zod/mini';
import { egressRule, hostPattern } from './rule';

/** The version this code writes. Readers know this one and, once there is a second, the one before. */
export const DOCUMENT_VERSION = 1;

const id = z.string().check(z.regex(/^[a-z][a-z0-9-]{0,62}$/));

/** How the broker gets a credential and how the proxy adds it. Names and ARNs only: a document holds no secret. */
export const documentGrant = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('github-app'),
    id,
    repositories: z.array(z.string()),
    access: z.enum(['read', 'write']),
  }),
  z.strictObject({
    kind: z.literal('aws-role'),
    id,
    roleArn: z.string(),
    region: z.string(),
    services: z.array(z.string()).check(z.describe('names in front of the region in the endpoint')),
    buckets: z.array(z.string()),
  }),
  z.strictObject({
    kind: z.literal('secret-header'),
    id,
    secretArn: z.string(),
    header: z.string(),
    prefix: z.string(),
  }),
  z.strictObject({ kind: z.literal('oauth'), id, provider: z.string(), scopes: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('oidc'), id, audience: z.string() }),
]);
export type DocumentGrant = z.infer<typeof documentGrant>;

/**
 * Whether refusals of rules are kept (`enforce`, the default) or only written down (`observe`).
 *
 * Observing never opens what is closed by default. It lets a request pass, without any credential and recorded with
 * `enforced: false`, only where one of the document's `rules` names the host and the request failed what that rule says
 * of method, path, query, body or URL. Refused in both modes: callers without a session, requests that are malformed or
 * carry a secret, hosts that no rule names or that are blocked, what still has to be requested or approved, plain http
 * without a rule for it, WebSockets without one, rates, private addresses. See docs/decisions/0016-observe-mode.md.
 */
export const MODES = ['enforce', 'observe'] as const;
export type Mode = (typeof MODES)[number];

/**
 * What one profile may do, as every service that enforces it reads it. Written by the compiler only; a service that
 * loads one parses it with {@link parseDocument} and records the SHA-256 of the bytes it read.
 */
export const policyDocument = z
  .strictObject({
    version: z.literal(DOCUMENT_VERSION),
    profile: id,
    mode: z.optional(
      z
        .enum(MODES)
        .check(
          z.describe(
            'observe lets pass, uncredentialed and recorded as not enforced, what fails a rule that names its host; hosts without a rule stay closed. Default enforce',
          ),
        ),
    ),
    session: z.strictObject({
      image: z.string().check(z.describe('repository@sha256:digest, or an asset tagged by the hash of its content')),
      command: z.optional(z.array(z.string())),
      cpuUnits: z.int().check(z.describe('1024 units are one vCPU')),
      memoryMiB: z.int(),
      storageGiB: z.int(),
      lifetimeSeconds: z.int().check(z.minimum(60)),
      idleSeconds: z.int().check(z.minimum(60)),
    }),
    rules: z
      .array(egressRule)
      .check(
        z.describe(
          'Kinds are asked in the order grant, rule, preset; the first kind with a match decides, and only when exactly one of its rules matches',
        ),
      ),
    requestable: z.array(egressRule).check(z.describe('refused until an approver opens one for one session')),
    blocked: z.array(hostPattern).check(z.describe('wins over every rule')),
    grants: z.array(documentGrant),
    models: z.strictObject({
      allow: z.array(z.string().check(z.minLength(1))),
      budgetUsd: z.number().check(z.minimum(0), z.describe('of one session; 0 means no model calls')),
    }),
  })
  .check(
    z.meta({ title: 'Policy document of one session profile, version 1' }),
    z.refine((document) => distinct([...document.rules, ...document.requestable]), { error: 'rule ids repeat' }),
    z.refine((document) => distinct(document.grants), { error: 'grant ids repeat' }),
    z.refine((document) => injectsKnownGrants(document), { error: 'a rule injects a grant the document lacks' }),
  );
export type PolicyDocument = z.infer<typeof policyDocument>;

/** What is wrong with a document; empty where nothing is. Strings that CloudFormation fills in later pass. */
export function checkDocument(document: unknown): string[] {
  const result = policyDocument.safeParse(document);
  return result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

export type DocumentResult =
  | { readonly kind: 'ok'; readonly document: PolicyDocument }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads a document's text. Unknown keys and versions are refused: a rule this code can't see is a rule it can't keep. */
export function parseDocument(text: string): DocumentResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { kind: 'invalid', problems: [`not JSON: ${(error as Error).message}`] };
  }
  const problems = checkDocument(json);
  return problems.length > 0 ? { kind: 'invalid', problems } : { kind: 'ok', document: json as PolicyDocument };
}

function distinct(items: readonly { readonly id: string }[]): boolean {
  return new Set(items.map((item) => item.id)).size === items.length;
}

function injectsKnownGrants(document: {
  rules: readonly { inject?: string }[];
  requestable: readonly { inject?: string }[];
  grants: readonly { id: string }[];
}): boolean {
  const known = new Set(document.grants.map((grant) => grant.id));
  return [...document.rules, ...document.requestable].every(
    (rule) => rule.inject === undefined || known.has(rule.inject),
  );
}
