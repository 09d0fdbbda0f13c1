import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { UrlBudget } from '../../core/egress/dlp';
import { SeenUrls } from '../../core/egress/provenance';
import { countRequest, type RateState } from '../../core/egress/rate';
import { type CompiledSecrets, compileSecrets, MAX_SECRETS, secretProblem } from '../../core/egress/redact';
import { urlHash } from '../../core/egress/url-set';
import type { Caller } from '../../runtime/caller';
import type { Clock } from '../../runtime/clock';
import { BodyBudget } from './body-budget';

export interface CallerLimits {
  /** Connections of one caller open at a time. */
  readonly connections: number;
  /** WebSockets of one caller open at a time: each may hold a message in memory, both ways. */
  readonly websockets: number;
  /** Requests of one caller under way at a time. */
  readonly requests: number;
  /** Bytes of one caller's bodies that are read whole at a time: those that are judged or signed, and small ones. */
  readonly bodyBytes: number;
  /** The same of all callers. */
  readonly allBodyBytes: number;
  /** Host names without a rule, for whose refusals one caller may have certificates made in a minute. */
  readonly refusedNames: number;
}

export const DEFAULT_CALLER_LIMITS: CallerLimits = {
  connections: 256,
  websockets: 16,
  requests: 128,
  bodyBytes: 32 * 1024 * 1024,
  allBodyBytes: 256 * 1024 * 1024,
  refusedNames: 20,
};

/** Times that a session may read its task's text in a minute. */
const MOST_TEXTS = 60;

/** Something of a caller that is under way and can be ended at once. */
export interface Cuttable {
  readonly profile: string;
  cut(reason: 'session-closed' | 'policy-changed'): void;
  /** Whether the document as it is now would still let it go on. */
  allowedStill(): boolean;
}

const hash = urlHash(randomBytes(32));

/** What the proxy keeps of one caller, in memory. */
export class CallerState {
  readonly connections = new Set<Duplex>();
  readonly open = new Set<Cuttable>();
  /** URLs that somebody else than the agent named. */
  readonly seen = new SeenUrls(hash);
  readonly budget = new UrlBudget(hash);
  readonly bodies: BodyBudget;
  private readonly rates = new Map<string, RateState>();
  private values: string[] = [];
  private compiled: CompiledSecrets | undefined;
  private websockets = 0;
  private textsRead = 0;
  private textsSince = 0;
  private readingText = false;
  private refusedNames = 0;
  private refusedSince = 0;
  usedAt = 0;

  constructor(
    readonly key: string,
    private readonly limits: CallerLimits,
    private readonly clock: Clock,
    allBodies?: BodyBudget,
  ) {
    this.bodies = new BodyBudget(limits.bodyBytes, allBodies);
  }

  /** False where the caller has as many open as it may. */
  connect(connection: Duplex): boolean {
    if (this.connections.has(connection)) return true;
    if (this.connections.size >= this.limits.connections) return false;
    this.connections.add(connection);
    connection.once('close', () => this.connections.delete(connection));
    return true;
  }

  begin(work: Cuttable): boolean {
    if (this.open.size >= this.limits.requests) return false;
    this.open.add(work);
    return true;
  }

  /** False where the caller has as many as it may; else one more, until `closeWebSocket`. */
  openWebSocket(): boolean {
    if (this.websockets >= this.limits.websockets) return false;
    this.websockets++;
    return true;
  }

  closeWebSocket(): void {
    this.websockets--;
  }

  /** One at a time and few a minute: session-init needs one, and an agent may be there before the state says so. */
  beginText(): boolean {
    const now = this.clock.monotonic();
    if (now - this.textsSince >= 60_000) {
      this.textsSince = now;
      this.textsRead = 0;
    }
    if (this.readingText || this.textsRead >= MOST_TEXTS) return false;
    this.readingText = true;
    this.textsRead++;
    return true;
  }

  endText(): void {
    this.readingText = false;
  }

  end(work: Cuttable): void {
    this.open.delete(work);
  }

  /** Whether one more refused name may have a certificate, so that its refusal can be read by the client. */
  mayMintRefusal(): boolean {
    const now = this.clock.monotonic();
    if (now - this.refusedSince >= 60_000) {
      this.refusedSince = now;
      this.refusedNames = 0;
    }
    return ++this.refusedNames <= this.limits.refusedNames;
  }

  /** Seconds until a rule may be used again; undefined where it may be used now, which is counted. */
  use(ruleId: string, requestsPerMinute: number): number | undefined {
    const result = countRequest(this.rates.get(ruleId), requestsPerMinute, this.clock.monotonic());
    this.rates.set(ruleId, result.state);
    return result.kind === 'limited' ? result.retryAfterSeconds : undefined;
  }

  /** Remembers what is injected for this caller, so that it is known wherever it turns up; false where it can't be. */
  learn(secrets: readonly string[]): boolean {
    const fresh = secrets.filter((secret) => !this.values.includes(secret));
    if (fresh.length === 0) return true;
    if (fresh.some((secret) => secretProblem(secret) !== undefined)) return false;
    this.values = [...this.values, ...fresh].slice(-MAX_SECRETS);
    this.compiled = compileSecrets(this.values);
    return true;
  }

  get secrets(): CompiledSecrets | undefined {
    return this.compiled;
  }

  /** False where a caller would gain by it: what it has spent would be new, what is masked for it would be shown. */
  get isForgettable(): boolean {
    return this.connections.size === 0 && this.open.size === 0 && this.budget.isEmpty && this.values.length === 0;
  }

  cut(): void {
    for (const work of this.open) work.cut('session-closed');
    for (const connection of this.connections) connection.destroy();
    this.values = [];
    this.compiled = undefined;
  }
}

/** How long a caller without connections is remembered: longer than any rate looks back. */
const FORGET_MS = 10 * 60_000;

export class CallerStates {
  private readonly states = new Map<string, CallerState>();
  private readonly bodies: BodyBudget;

  constructor(
    private readonly clock: Clock,
    private readonly limits: CallerLimits = DEFAULT_CALLER_LIMITS,
  ) {
    this.bodies = new BodyBudget(limits.allBodyBytes);
  }

  of(caller: Caller): CallerState {
    let state = this.states.get(caller.key);
    if (!state) {
      state = new CallerState(caller.key, this.limits, this.clock, this.bodies);
      this.states.set(caller.key, state);
    }
    state.usedAt = this.clock.monotonic();
    return state;
  }

  /** Ends everything of one caller, or of all. */
  cut(key: string | undefined): void {
    for (const state of key === undefined ? [...this.states.values()] : [this.states.get(key)]) {
      state?.cut();
      if (state) this.states.delete(state.key);
    }
  }

  /** Ends what a new document does not allow any more. */
  review(profile: string): void {
    for (const state of this.states.values()) {
      for (const work of state.open) if (work.profile === profile && !work.allowedStill()) work.cut('policy-changed');
    }
  }

  forgetIdle(): void {
    const before = this.clock.monotonic() - FORGET_MS;
    for (const state of this.states.values()) {
      if (state.isForgettable && state.usedAt < before) this.states.delete(state.key);
    }
  }

  get size(): number {
    return this.states.size;
  }

  get openRequests(): number {
    let sum = 0;
    for (const state of this.states.values()) sum += state.open.size;
    return sum;
  }

  get openConnections(): number {
    let sum = 0;
    for (const state of this.states.values()) sum += state.connections.size;
    return sum;
  }
}
