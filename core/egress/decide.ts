import { type NotUnderstood, notUnderstood, type RequestBody } from './body';
import type { Decision, SessionFacts } from './decision';
import { describeGraphql, GRAPHQL_KEYS, readGraphql, withinGraphql } from './graphql';
import { type CompiledPolicy, type CompiledRule, matchesTarget } from './match';
import { describeMcp, readMcp, withinMcp } from './mcp';
import type { RefusalCode } from './refusal';
import type { EgressRequest } from './request';
import type { EgressRule } from './rule';
import { hasUrlCredential } from './url-credentials';

/** The order in which kinds are asked; docs/decisions/0005-rule-precedence.md says why. */
const KINDS = ['grant', 'rule', 'preset'] as const;
/** The most that is read of a body to judge it, where the rule has no limit of its own. */
export const DEFAULT_INSPECTED_BYTES = 1024 * 1024;

/** What one rule says to one request. */
type Verdict =
  | { readonly kind: 'no'; readonly operations: readonly string[] }
  | { readonly kind: 'yes'; readonly operations: readonly string[] }
  | { readonly kind: 'body' }
  | NotUnderstood;

/**
 * What becomes of a request. Deterministic and total: whatever it does not say yes to is refused. `body` only where a
 * former answer was `inspect`.
 */
export function decide(
  policy: CompiledPolicy,
  facts: SessionFacts,
  request: EgressRequest,
  body?: RequestBody,
): Decision {
  const atHost = decideHost(policy, request.host);
  if (atHost !== undefined) return deny(atHost);
  const named = policy.rules.find(request.host);
  const atPort = named.filter(({ rule }) => rule.port === request.port);
  if (atPort.length === 0) return deny(request.scheme === 'http' ? 'plain-http' : 'no-rule');

  const segments = request.path.split('/');
  const near = atPort.filter(
    (each) => each.methods.has(request.method) && matchesTarget(each, request, segments) && carries(each, request),
  );
  const switched = near.filter(({ rule }) => !request.websocket || rule.limits?.websocket === true);
  const seen: string[] = [];
  for (const kind of KINDS) {
    const asked = switched.filter((each) => kindOf(each, facts) === kind);
    const verdicts = asked.map((compiled) => ({ compiled, verdict: judge(compiled, request, body) }));
    const matches = verdicts.flatMap(({ compiled, verdict }) =>
      verdict.kind === 'yes' ? [{ compiled, operations: verdict.operations }] : [],
    );
    if (matches.length > 1) {
      return deny('ambiguous-rules', { operations: [...new Set(matches.flatMap((match) => match.operations))] });
    }
    // Whether this rule matches can't be known, hence neither whether a rule of a later kind may decide.
    for (const { compiled, verdict } of verdicts) {
      if (verdict.kind === 'not-understood') {
        return deny('body-not-understood', { rule: compiled.rule, problem: verdict.problem });
      }
      if (verdict.kind === 'no') seen.push(...verdict.operations);
    }
    const unread = verdicts.filter(({ verdict }) => verdict.kind === 'body');
    if (unread.length > 0) return inspect(unread.map(({ compiled }) => compiled));
    const [match] = matches;
    if (match !== undefined) return permit(match.compiled, request, match.operations);
  }

  const operations = [...new Set(seen)];
  const closed = switched.find((each) => kindOf(each, facts) === 'requestable');
  if (closed !== undefined) return deny('requestable', { rule: closed.rule, operations });
  if (switched.length === 0 && near[0] !== undefined) return deny('websocket-not-allowed', { rule: near[0].rule });
  return deny('no-rule', { operations });
}

/**
 * What can be said of a host before any request: why a tunnel to it is refused, undefined where some request might be
 * allowed. Asked before a certificate is made, so that an agent can't make it mint for ever new names.
 */
export function decideHost(policy: CompiledPolicy, host: string): 'host-blocked' | 'host-not-allowed' | undefined {
  if (policy.blocked.find(host).length > 0) return 'host-blocked';
  return policy.rules.find(host).length === 0 ? 'host-not-allowed' : undefined;
}

/** A rule that an approver opened counts as a rule of the profile. */
function kindOf({ rule, requestable }: CompiledRule, facts: SessionFacts): EgressRule['origin']['kind'] {
  if (!requestable) return rule.origin.kind;
  return facts.opened.includes(rule.id) ? 'rule' : 'requestable';
}

/**
 * GraphQL and MCP speak in bodies of POST, and no body is both. MCP's GET (a stream of answers) and DELETE (the end of
 * the session) have none to judge.
 */
function carries({ rule }: CompiledRule, request: EgressRequest): boolean {
  if (rule.graphql !== undefined) return request.method === 'POST' && rule.mcp === undefined;
  if (rule.mcp !== undefined) return ['POST', 'GET', 'DELETE'].includes(request.method) && !request.websocket;
  return true;
}

function judge(compiled: CompiledRule, request: EgressRequest, body: RequestBody | undefined): Verdict {
  const { graphql, mcp, query } = compiled.rule;
  if ((graphql === undefined && mcp === undefined) || request.method !== 'POST') return { kind: 'yes', operations: [] };
  // Servers take parts of a message from the URL too, and some of them first (`?query=` before the body).
  const beside = request.parameters.some(({ name }) => query === undefined || GRAPHQL_KEYS.includes(name));
  if (beside) return notUnderstood('a URL with parameters that the rule does not list, beside a body it looks into');
  if (body === undefined) return { kind: 'body' };
  if (graphql !== undefined) {
    const reading = readGraphql(body);
    if (reading.kind !== 'ok') return reading;
    return { kind: withinGraphql(reading, graphql) ? 'yes' : 'no', operations: describeGraphql(reading) };
  }
  const reading = readMcp(body);
  if (reading.kind !== 'ok') return reading;
  return { kind: mcp !== undefined && withinMcp(reading, mcp) ? 'yes' : 'no', operations: describeMcp(reading) };
}

function permit(compiled: CompiledRule, request: EgressRequest, operations: readonly string[]): Decision {
  const { rule, grant } = compiled;
  if (hasUrlCredential(request, rule)) return deny('credential-in-url', { rule, operations });
  // A credential never goes where it could be read on the way, whatever a document says.
  if (grant !== undefined && request.scheme !== 'https') return deny('plain-http', { rule, operations });
  const answer = { rule, ...(grant && { grant }), operations };
  return rule.ask === true ? { kind: 'ask', ...answer } : { kind: 'allow', ...answer };
}

function inspect(unread: readonly CompiledRule[]): Decision {
  const sizes = unread.map(({ rule }) => rule.limits?.maxBodyBytes ?? DEFAULT_INSPECTED_BYTES);
  return { kind: 'inspect', maxBytes: Math.max(...sizes) };
}

function deny(
  code: RefusalCode,
  more: { rule?: CompiledRule['rule']; problem?: string; operations?: readonly string[] } = {},
): Decision {
  return { kind: 'deny', code, operations: [], ...more };
}
