import type { Decision, SessionFacts } from './decision';
import type { CompiledPolicy } from './match';
import type { RefusalCode } from './refusal';
import type { EgressRequest } from './request';

/** What a rule that names the host says of method, path, query, body and URL. No other refusal is ever observed only. */
export const OBSERVED: readonly RefusalCode[] = ['no-rule', 'body-not-understood', 'url-not-seen', 'url-too-opaque'];

/**
 * Whether a request that was refused with `code` passes after all because its document only observes: without a
 * credential, and recorded with `enforced: false` and the code. See MODES in document.ts.
 */
export function passesObserved(
  { document, rules, blocked }: CompiledPolicy,
  facts: SessionFacts,
  request: EgressRequest,
  { code }: Pick<Extract<Decision, { kind: 'deny' }>, 'code'>,
): boolean {
  if (document.mode !== 'observe' || !OBSERVED.includes(code)) return false;
  // A WebSocket is a channel and no request; plain http is read and changed by whoever is on the way.
  if (request.websocket || request.scheme !== 'https') return false;
  if (blocked.find(request.host).length > 0) return false;
  return rules
    .find(request.host)
    .some(({ rule, requestable }) => rule.port === request.port && (!requestable || facts.opened.includes(rule.id)));
}
