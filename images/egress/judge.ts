import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RequestBody as InspectedBody } from '../../core/egress/body';
import { decide } from '../../core/egress/decide';
import type { Decision } from '../../core/egress/decision';
import { normaliseRequest } from '../../core/egress/normalise';
import { observedRule } from '../../core/egress/observe';
import type { RefusalCode } from '../../core/egress/refusal';
import type { EgressRequest, Way, WireRequest } from '../../core/egress/request';
import type { Caller } from '../../runtime/caller';
import type { Account } from './account';
import type { CallerState } from './caller-states';
import type { ReadyPolicy } from './compiled-policies';
import type { RequestBody } from './request-body';
import { screenRequest } from './screening';

/** Where a request came in. */
export interface Ingress {
  readonly way: Way;
  /** Of the socket's other end. */
  readonly address: string;
  readonly tunnel?: WireRequest['tunnel'];
  /** The client asks to switch protocols; Node has left the connection to us. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer };
}

export type Allowed = Extract<Decision, { kind: 'allow' }>;

/** What becomes of a request, before anything of it is sent. */
export type Judged =
  | {
      readonly kind: 'refused';
      readonly code: RefusalCode;
      readonly problem?: string;
      /** Absent where it could not be read. */
      readonly normal?: EgressRequest;
    }
  | {
      readonly kind: 'allowed';
      readonly allowed: Allowed;
      readonly normal: EgressRequest;
      readonly inspected?: InspectedBody;
    };

export interface Judging {
  readonly request: IncomingMessage;
  readonly ingress: Ingress;
  readonly caller: Caller;
  readonly ready: ReadyPolicy;
  readonly state: CallerState;
  readonly body: RequestBody;
  /** Gets what is found out on the way. */
  readonly facts: Account['facts'];
}

/**
 * Normalises, decides, screens.
 *
 * @throws BodyRefused where the body is too large to be looked into
 */
export async function judgeRequest(judging: Judging): Promise<Judged> {
  const { request, ready, body, facts } = judging;
  const normalised = normaliseRequest(wireOf(judging));
  if (normalised.kind === 'refused') return normalised;
  const normal = normalised.request;
  facts.host = normal.host;
  facts.port = normal.port;
  facts.scheme = normal.scheme;
  facts.path = normal.path;
  if (normal.query !== undefined) facts.query = normal.query;

  const opened = { opened: judging.caller.opened };
  let decision = decide(ready.policy, opened, normal);
  let inspected: InspectedBody | undefined;
  if (decision.kind === 'inspect') {
    inspected = {
      bytes: await body.read(decision.maxBytes),
      contentType: request.headers['content-type'],
      contentEncoding: request.headers['content-encoding'],
    };
    decision = decide(ready.policy, opened, normal, inspected);
  }
  if (decision.kind === 'inspect') return { kind: 'refused', code: 'body-not-understood', normal };
  if (decision.operations.length > 0) facts.operations = decision.operations;
  if (decision.rule) facts.ruleId = decision.rule.id;
  if (decision.kind === 'ask') return { kind: 'refused', code: 'approval-required', normal };
  if (decision.kind === 'allow') return screen(judging, normal, decision, inspected);
  const allowed = observed(judging, normal, decision, decision.operations);
  if (allowed) return screen(judging, normal, allowed, inspected);
  return { kind: 'refused', code: decision.code, problem: decision.problem, normal };
}

/** What the request says beyond what a rule can: whether it carries something out. */
function screen(judging: Judging, normal: EgressRequest, decision: Allowed, inspected?: InspectedBody): Judged {
  const found = screenRequest(normal, decision.rule, judging.request.rawHeaders, judging.state);
  if (found.kind === 'clean') return { kind: 'allowed', allowed: decision, normal, inspected };
  const allowed = observed(judging, normal, found, decision.operations);
  return allowed ? { kind: 'allowed', allowed, normal, inspected } : { ...found, normal };
}

/** What is only written down lets pass, by a rule that injects nothing. */
function observed(
  { ready, caller, facts }: Judging,
  normal: EgressRequest,
  refusal: { readonly code: RefusalCode },
  operations: readonly string[],
): Allowed | undefined {
  const rule = observedRule(ready.policy, { opened: caller.opened }, normal, refusal);
  if (!rule) return undefined;
  facts.enforced = false;
  facts.reason = refusal.code;
  return { kind: 'allow', rule, operations };
}

function wireOf({ request, ingress }: Judging): WireRequest {
  return {
    way: ingress.way,
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    ...(ingress.tunnel && { tunnel: ingress.tunnel }),
  };
}
