import type { Decision, SessionFacts } from './decision';
import type { CompiledPolicy } from './match';
import type { RefusalCode } from './refusal';
import type { EgressRequest } from './request';
import type { EgressRule } from './rule';

/** What a rule that names the host says of method, path, query, body and URL. No other refusal is ever observed only. */
export const OBSERVED: readonly RefusalCode[] = ['no-rule', 'body-not-understood', 'url-not-seen', 'url-too-opaque'];

/**
 * The rule by which a request that was refused with `code` passes after all because its document only observes: without
 * what it would inject or route elsewhere, and to be recorded with `enforced: false` and the code. Undefined where the
 * refusal stands. See MODES in document.ts.
 */
export function observedRule(
  { document, rules, blocked }: CompiledPolicy,
  facts: SessionFacts,
  request: EgressRequest,
  { code }: Pick<Extract<Decision, { kind: 'deny' }>, 'code'>,
): EgressRule | undefined {
  if (document.mode !== 'observe' || !OBSERVED.includes(code)) return undefined;
  // A WebSocket is a channel and no request; plain http is read and changed by whoever is on the way.
  if (request.websocket || request.scheme !== 'https') return undefined;
  if (blocked.find(request.host).length > 0) return undefined;
  const named = rules
    .find(request.host)
    .find(({ rule, requestable }) => rule.port === request.port && (!requestable || facts.opened.includes(rule.id)));
  if (!named) return undefined;
  const { inject: _inject, via: _via, ask: _ask, ...rule } = named.rule;
  return rule;
}
