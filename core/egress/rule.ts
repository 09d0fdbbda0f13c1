import * as z from 'zod/mini';
import { parseHostPattern } from './host';

/** Methods that only read. Whatever else a rule allows is a write and needs a grant or a reason. */
export const READ_METHODS = ['GET', 'HEAD', 'OPTIONS'] as const;

/** CONNECT and TRACE are missing on purpose: one is the proxy's own way in, the other echoes injected headers. */
export const METHODS = [...READ_METHODS, 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

export function isWrite(methods: readonly string[]): boolean {
  return methods.some((method) => !(READ_METHODS as readonly string[]).includes(method));
}

/** `/a/*` one segment, `/a/**` the rest (last only). Raw bytes as on the wire, so no `?`, `#`, space or escape. */
const PATH = /^\/(?!\/)(?:[A-Za-z0-9._~!$&'()+,;=:@-]|\/(?!\/)|\*(?!\*))*(?:(?<=\/)\*\*)?$/;

/** A single `.` or `..` segment is refused at the proxy, so a pattern that has one could never match. */
const hasDotSegment = (path: string): boolean => /(?:^|\/)\.{1,2}(?:\/|$)/.test(path);

export const hostPattern = z.string().check(
  z.refine((text) => parseHostPattern(text).kind === 'ok'),
  z.describe('`a.example.com` exactly, `*.example.com` below the apex, `.example.com` with the apex'),
);

export const pathPattern = z.string().check(
  z.maxLength(1024),
  z.regex(PATH),
  z.refine((path) => !hasDotSegment(path)),
  z.describe('starts with /; `*` is one segment or part of one, `/**` at the end is all that follows'),
);

/** The proxy remembers as many for each session and rule. */
export const MAX_DISTINCT_URLS = 100_000;

/** Limits of one rule. Sizes in bytes, rates in requests a minute of one session. */
export const ruleLimits = z.strictObject({
  maxBodyBytes: z.optional(z.int().check(z.minimum(0))),
  requestsPerMinute: z.optional(z.int().check(z.minimum(1))),
  websocket: z.optional(z.boolean().check(z.describe('a WebSocket upgrade is allowed; default false'))),
  encodedSlash: z.optional(
    z.boolean().check(z.describe('`%2f` may stand in the path (npm asks for scoped packages so); default false')),
  ),
  urls: z.optional(
    z
      .literal('seen')
      .check(
        z.describe(
          'only URLs that an answer to an earlier request named, byte for byte; default: whatever paths and query allow',
        ),
      ),
  ),
  maxUrlBytes: z.optional(
    z.int().check(z.minimum(16), z.describe('of scheme, host, path and query together; default 8192')),
  ),
  maxOpaqueBytes: z.optional(
    z
      .int()
      .check(
        z.minimum(0),
        z.describe('what a URL may carry in runs that look like encoded or random data; default 2048'),
      ),
  ),
  distinctUrls: z.optional(
    z
      .int()
      .check(
        z.minimum(1),
        z.maximum(MAX_DISTINCT_URLS),
        z.describe('different URLs one session may ask this rule for; default: no limit'),
      ),
  ),
  allowPrivate: z.optional(
    z
      .boolean()
      .check(
        z.describe('this exact host may have a private address; never loopback, link-local or metadata; default false'),
      ),
  ),
});

export const queryParameter = z.strictObject({
  name: z.string().check(z.minLength(1)),
  values: z.optional(z.array(z.string()).check(z.minLength(1), z.describe('default: any value'))),
});

/** Both are POSTs to one path, where a rule on methods is blind. */
export const graphqlMatch = z.strictObject({
  operations: z.array(z.enum(['query', 'mutation', 'subscription'])).check(z.minLength(1)),
  fields: z.optional(z.array(z.string().check(z.regex(/^[_A-Za-z][_0-9A-Za-z]*$/))).check(z.minLength(1))),
});
export const mcpMatch = z.strictObject({ tools: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)) });

/** What a request must look like. Every field that is there must match. */
export const ruleMatch = {
  host: hostPattern,
  methods: z.array(z.enum(METHODS)).check(z.minLength(1)),
  paths: z.optional(z.array(pathPattern).check(z.minLength(1), z.describe('default: every path'))),
  query: z.optional(
    z
      .array(queryParameter)
      .check(z.describe('the only parameters allowed; one with values has to be there; default: any')),
  ),
  graphql: z.optional(graphqlMatch),
  mcp: z.optional(mcpMatch),
};

/** Who made a rule, so that `policy show` can answer "why is this open?". */
export const ruleOrigin = z.strictObject({
  kind: z.enum(['preset', 'grant', 'rule', 'requestable']),
  name: z.string(),
});

/**
 * Ports a rule may name. 80 is plain http, which anybody on the way reads and rewrites: such a rule only reads, and
 * nothing is added to its requests. Profiles do not offer it, since the platform's firewalls pass TLS only; it is for
 * documents written for a proxy that stands alone (a package mirror without TLS).
 */
export const PORTS = [443, 80] as const;

/** One rule of a policy document. */
export const egressRule = z
  .strictObject({
    id: z
      .string()
      .check(z.regex(/^[a-z0-9][a-z0-9.-]*$/), z.describe('unique in the document; stands in every record')),
    ...ruleMatch,
    port: z.literal(PORTS).check(z.describe('80 is plain http: reading only, and nothing injected')),
    limits: z.optional(ruleLimits),
    inject: z.optional(z.string().check(z.describe('id of the grant whose credential the proxy adds'))),
    via: z.optional(
      z.enum(['commit-broker']).check(z.describe('the platform service that takes the request in place of the host')),
    ),
    ask: z.optional(z.boolean().check(z.describe('a person approves the exact bytes first; default false'))),
    origin: ruleOrigin,
    reason: z.string().check(z.minLength(1)),
  })
  .check(
    z.refine((rule) => rule.port !== 80 || !isWrite(rule.methods), { error: 'a rule on port 80 only reads' }),
    z.refine(({ port, limits }) => port !== 80 || limits?.websocket !== true, {
      error: 'a rule on port 80 has no WebSocket',
    }),
    z.refine(({ port, inject, via }) => port !== 80 || (inject === undefined && via === undefined), {
      error: 'a rule on port 80 injects nothing and goes to its host',
    }),
    z.refine(({ host, limits }) => limits?.allowPrivate !== true || isExactHost(host), {
      error: 'allowPrivate wants an exact host',
    }),
    z.refine(({ methods, limits }) => limits?.urls !== 'seen' || !isWrite(methods), {
      error: 'a rule for seen URLs only reads',
    }),
  );
export type EgressRule = z.infer<typeof egressRule>;

function isExactHost(host: string): boolean {
  const parsed = parseHostPattern(host);
  return parsed.kind === 'ok' && parsed.value.kind === 'exact';
}
