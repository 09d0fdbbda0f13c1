import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestBody as InspectedBody } from '../../core/egress/body';
import { decide } from '../../core/egress/decide';
import { forwardHeaders, injectedHeader } from '../../core/egress/headers';
import { observedRule } from '../../core/egress/observe';
import type { RefusalCode } from '../../core/egress/refusal';
import type { EgressRequest } from '../../core/egress/request';
import type { EgressRule } from '../../core/egress/rule';
import type { Caller } from '../../runtime/caller';
import type { Credential, RequestSigner, SignResult } from '../../runtime/credential';
import { Account } from './account';
import { Answer, type AnswerOwner } from './answer';
import type { CallerState, Cuttable } from './caller-states';
import type { ReadyPolicy } from './compiled-policies';
import type { Target } from './dial';
import { type Allowed, type Ingress, judgeRequest } from './judge';
import type { EgressPorts } from './ports';
import { clientOf, sendRefusal } from './refuse';
import { BodyRefused, RequestBody } from './request-body';
import { Teacher } from './screening';
import { relay, switchProtocols } from './switching';
import { upstreamError } from './upstream-error';
import type { WebSocketRelay } from './websocket';

/** One request of a known caller: normalise, decide, inject, forward, record. */
export class Exchange implements Cuttable, AnswerOwner {
  readonly profile: string;
  private readonly account: Account;
  private readonly state: CallerState;
  private normal: EgressRequest | undefined;
  /** What it is let through by, from that moment on. */
  private allowed: Allowed | undefined;
  private inspected: InspectedBody | undefined;
  private answer: Answer | undefined;
  private readonly body: RequestBody;
  private resend: (() => void) | undefined;
  private relay: WebSocketRelay | undefined;
  private retried = false;
  private cutFor: string | undefined;

  constructor(
    private readonly ports: EgressPorts,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly ingress: Ingress,
    private readonly caller: Caller,
    private readonly ready: ReadyPolicy,
  ) {
    this.profile = caller.subject.profile;
    this.state = ports.states.of(caller);
    this.body = new RequestBody(request, response, ports.limits.bufferedBodyBytes, this.state.bodies);
    this.account = new Account(ports.records, ports.clock, caller, ready.hash, {
      way: ingress.way,
      method: request.method ?? '',
      scheme: 'https',
      host: ingress.tunnel?.host ?? request.headers.host ?? '',
      port: 443,
    });
  }

  async run(): Promise<void> {
    // A tunnel was counted when it was opened.
    const connected = this.ingress.way === 'connect' || this.state.connect(this.request.socket);
    if (!connected || !this.state.begin(this)) return await this.refuse('session-limit');
    this.response.once('close', () => this.state.end(this));
    try {
      await this.judge();
    } catch (error) {
      if (error instanceof BodyRefused) await this.refuse(error.code);
      else await this.abandon(error);
    }
  }

  cut(reason: 'session-closed' | 'policy-changed'): void {
    this.cutFor = reason;
    if (this.relay) this.relay.cut(reason);
    else if (this.answer) this.answer.cut(reason);
    else this.response.destroy();
  }

  allowedStill(): boolean {
    const now = this.ports.compiled.get(this.profile);
    if (!now) return false;
    const { normal, allowed } = this;
    if (now === this.ready || !normal || !allowed) return true;
    const facts = { opened: this.caller.opened };
    const again = decide(now.policy, facts, normal, this.inspected);
    if (!this.account.facts.enforced) {
      if (now.policy.document.mode !== 'observe') return false;
      return again.kind === 'allow' || (again.kind === 'deny' && !!observedRule(now.policy, facts, normal, again));
    }
    return again.kind === 'allow' && again.rule.id === allowed.rule.id && again.grant?.id === allowed.grant?.id;
  }

  private async judge(): Promise<void> {
    const { request, ingress, caller, ready, state, body } = this;
    const judged = await judgeRequest({ request, ingress, caller, ready, state, body, facts: this.account.facts });
    this.normal = judged.normal;
    if (judged.kind === 'refused') return await this.refuse(judged.code, judged.problem);
    this.inspected = judged.inspected;
    await this.forward(judged.normal, judged.allowed);
  }

  private async forward(normal: EgressRequest, decision: Allowed): Promise<void> {
    this.allowed = decision;
    const { rule, grant } = decision;
    const { facts } = this.account;
    if (rule.via !== undefined) return await this.refuse('service-missing');
    const { requestsPerMinute } = rule.limits ?? {};
    const wait = requestsPerMinute === undefined ? undefined : this.state.use(rule.id, requestsPerMinute);
    if (wait !== undefined) return await this.refuse('rate-limited', undefined, 'deny', wait);

    let credential: Credential | undefined;
    if (grant) {
      facts.grantId = grant.id;
      const got = await this.ports.credentials.get(this.caller, grant, normal);
      if (got.kind === 'unavailable') return await this.refuse('credential-unavailable');
      credential = got.credential;
      // What can't be found again can't be kept from coming back.
      if (!isUsable(credential) || !this.state.learn(credential.secrets)) {
        this.ports.onError(new Error(`grant ${grant.id}: its credential can not be injected, or not be masked`));
        return await this.refuse('credential-unavailable');
      }
      if (credential.mintId !== undefined) facts.mintId = credential.mintId;
    }
    const { secrets } = this.state;
    const { rules } = this.ready.policy.document;
    const learns = rules.some(({ limits }) => limits?.urls === 'seen');
    const forwarded = forwardHeaders(this.request.rawHeaders, {
      host: normal.host,
      redact: secrets !== undefined || learns,
      ...(credential && { inject: credential.headers }),
    });
    facts.strippedCredentials = forwarded.stripped;

    const limit = rule.limits?.maxBodyBytes ?? this.ports.limits.bodyBytes;
    if (normal.websocket) return await this.switch(normal, rule, forwarded.headers, limit);
    const leaving = await this.sign(normal, credential?.signer, forwarded.headers, limit);
    if (leaving.kind === 'refused') return await this.refuse(leaving.code, leaving.problem);
    const body = await this.body.forward(limit, secrets);
    if (this.isGone()) return await this.abandon(new Error('gone'));
    this.pass();
    const dispatch = (): void => {
      this.answer = new Answer({
        response: this.response,
        owner: this,
        secrets,
        injected: credential !== undefined,
        ...(learns && { teacher: new Teacher(this.state.seen, normal, rule, rules) }),
        decodedLimit: this.ports.limits.decodedBytes,
        stalledReaderMs: this.ports.limits.stalledReaderMs,
      });
      const { method } = normal;
      const request = { method, path: leaving.path, headers: leaving.headers, body: body ?? null };
      this.ports.upstreams.dispatch(targetOf(normal, rule), request, this.answer);
    };
    this.resend = dispatch;
    dispatch();
  }

  /** Headers and path as they leave: as they are, or signed over. */
  private async sign(
    request: EgressRequest,
    signer: RequestSigner | undefined,
    headers: string[],
    limit: number,
  ): Promise<SignResult> {
    if (!signer) return { kind: 'ok', headers, path: pathOf(request) };
    const body = (most: number) => this.body.read(Math.min(most, limit));
    return await signer.sign({ request, rawHeaders: this.request.rawHeaders, headers, body });
  }

  /** Whether nothing may leave any more, after what took a while: a body, a credential. */
  private isGone(): boolean {
    if (this.cutFor === undefined && !this.allowedStill()) this.cutFor = 'policy-changed';
    return this.response.destroyed || this.cutFor !== undefined;
  }

  private pass(): void {
    const { facts } = this.account;
    if (!facts.enforced) return;
    facts.verdict = 'allow';
    facts.reason = 'rule';
  }

  private async switch(normal: EgressRequest, rule: EgressRule, headers: string[], sendLimit: number): Promise<void> {
    if (!this.state.openWebSocket()) return await this.refuse('session-limit');
    try {
      await this.switchOpened(normal, rule, headers, sendLimit);
    } finally {
      this.state.closeWebSocket();
    }
  }

  private async switchOpened(
    normal: EgressRequest,
    rule: EgressRule,
    headers: string[],
    sendLimit: number,
  ): Promise<void> {
    const { request, response, ports, account } = this;
    const { upgrade } = this.ingress;
    if (this.isGone()) return await this.abandon(new Error('gone'));
    this.pass();
    if (!upgrade) return await this.refuse('malformed-request', 'a WebSocket handshake that asks for no switch');
    const target = targetOf(normal, rule);
    const to = { request, response, upgrade, target, path: pathOf(normal), headers, sendLimit, account };
    const switched = await switchProtocols(ports, { ...to, secrets: () => this.state.secrets });
    if (switched === 'client-closed') {
      response.destroy();
      return await this.abandon(new Error('gone'));
    }
    if (typeof switched === 'string') {
      account.facts.failure = switched;
      return await this.refuse(switched, undefined, 'allow');
    }
    this.relay = switched;
    if (this.cutFor !== undefined) switched.cut(this.cutFor);
    await relay(switched, account, async () => {
      this.state.end(this);
      await this.record();
    });
  }

  async settle(answer: Answer, failure: string | undefined): Promise<void> {
    const { facts } = this.account;
    // The host answered without reading all; what is left of the body would stand in the way of the next request.
    if (!this.request.complete) this.response.once('finish', () => this.request.socket.destroy());
    if (answer.status !== undefined) facts.status = answer.status;
    if (failure !== undefined) facts.failure = this.cutFor ?? failure;
    if (answer.upstreamRequestId !== undefined) facts.upstreamRequestId = answer.upstreamRequestId;
    if (answer.connection?.address !== undefined) facts.upstreamAddress = answer.connection.address;
    facts.bytesIn = answer.bytes;
    facts.redactedValues = answer.redacted;
    await this.record();
  }

  refuseLate(error: unknown): void {
    // A kept connection that the other side closed just then; nothing was read of the request.
    const again = !this.retried && this.body.isRepeatable && ['GET', 'HEAD'].includes(this.request.method ?? '');
    if (again && (error as NodeJS.ErrnoException).code === 'UND_ERR_SOCKET' && !this.response.destroyed) {
      this.retried = true;
      this.resend?.();
      return;
    }
    const code = error instanceof BodyRefused ? error.code : upstreamError(error).code;
    const { facts } = this.account;
    facts.failure = code;
    this.refuse(code, undefined, error instanceof BodyRefused ? 'deny' : 'allow').catch(() => this.response.destroy());
  }

  /** `verdict` allow: what was allowed broke later. */
  private async refuse(
    code: RefusalCode,
    problem?: string,
    verdict: 'deny' | 'allow' = 'deny',
    retryAfterSeconds?: number,
  ): Promise<void> {
    const { facts } = this.account;
    facts.verdict = code === 'approval-required' ? 'ask' : verdict;
    if (verdict === 'deny') {
      facts.reason = code;
      facts.enforced = true;
    }
    this.ports.metrics.refused(code);
    await this.record();
    sendRefusal(this.response, {
      code,
      way: this.ingress.way,
      ...clientOf(this.request),
      ...(this.normal && { host: this.normal.host, method: this.normal.method, path: this.normal.path }),
      ...(facts.ruleId !== undefined && { rule: facts.ruleId }),
      ...(problem !== undefined && { problem }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      ...(this.ports.howToAsk !== undefined && { howToAsk: this.ports.howToAsk }),
    });
  }

  /** The client is gone before an answer began, or something broke that should not. */
  private async abandon(error: unknown): Promise<void> {
    const { facts } = this.account;
    facts.failure = this.cutFor ?? (this.response.destroyed ? 'client-closed' : 'internal-error');
    if (facts.failure === 'internal-error') this.ports.onError(error);
    this.state.end(this);
    await this.record().catch(() => undefined);
    this.response.destroy();
  }

  private async record(): Promise<void> {
    const { name } = this.body;
    if (name) this.account.facts.requestBody = name;
    if (!this.relay) this.account.facts.bytesOut = this.body.bytes;
    if (this.state.secrets) this.account.mask(this.state.secrets);
    try {
      await this.account.write();
    } catch (error) {
      this.ports.metrics.count('RecordFailures');
      throw error;
    }
  }
}

/** Whether its headers can stand on one line each. */
function isUsable({ headers }: Credential): boolean {
  try {
    for (const { name, value } of headers) injectedHeader(name, value);
    return true;
  } catch {
    return false;
  }
}

function targetOf({ host, port, scheme }: EgressRequest, { limits }: EgressRule): Target {
  return { host, port, scheme, allowPrivate: limits?.allowPrivate === true };
}

function pathOf({ path, query }: EgressRequest): string {
  return query === undefined ? path : `${path}?${query}`;
}
