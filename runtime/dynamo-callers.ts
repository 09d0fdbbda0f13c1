import { BINDING_KEY, type ClosedSession, interfaceAddress } from '../core/session/binding';
import { type Bound, isLive, isSettled, readBinding, readBound } from '../core/session/live';
import { SESSION_KEY } from '../core/session/row';
import { plainAddress } from './address';
import type { Caller, CallerResult, Callers } from './caller';
import { type Clock, systemClock } from './clock';
import { ClosedListeners } from './closed-listeners';
import type { ReadItem } from './dynamo-items';
import { FEED_POLL_MS, SessionFeed } from './session-feed';

export interface DynamoCallersOptions {
  readonly read: ReadItem;
  readonly sessionsTable: string;
  readonly bindingsTable: string;
  readonly clock?: Clock;
  /** Addresses remembered; default 4096. */
  readonly maxAddresses?: number;
  /** Sessions whose end is watched; default 10,000. Beyond them the one that called least lately is told to be over. */
  readonly maxWatched?: number;
  /** Why the feed or an answer was not good: a word or two, without values. */
  readonly onProblem?: (problem: string) => void;
}

/** Time from the read until nothing is believed of it any more. */
const GOOD_MS = 1000;
/** Shorter, so that a session is let in soon after it is bound; long enough that a storm is four reads a second. */
const REFUSED_MS = 250;

interface Answer {
  readonly readAt: number;
  readonly result: { readonly bound: Bound; readonly caller: Caller } | Refusal;
}
type Refusal = Extract<CallerResult, { kind: 'refused' }>;

/** Callers from the tables of bindings and sessions. */
export class DynamoCallers implements Callers {
  private readonly clock: Clock;
  private readonly feed: SessionFeed;
  private readonly answers = new Map<string, Answer>();
  private readonly reading = new Map<string, Promise<Answer>>();
  /** Ends of lifetimes, by the callers' keys, the one that called last at the end. */
  private readonly watched = new Map<string, number>();
  private readonly listeners = new ClosedListeners();
  private readonly stopWatching: () => void;
  private highest: { readonly wall: number; readonly at: number };

  constructor(private readonly options: DynamoCallersOptions) {
    this.clock = options.clock ?? systemClock;
    this.highest = { wall: this.clock.wall(), at: this.clock.monotonic() };
    this.feed = new SessionFeed({
      read: options.read,
      bindingsTable: options.bindingsTable,
      clock: this.clock,
      onClosed: (closed) => this.closed(closed),
      onProblem: (problem) => options.onProblem?.(problem),
    });
    this.stopWatching = this.clock.every(FEED_POLL_MS, () => this.endLifetimes());
  }

  /** Resolves after the first look at the feed; before, everybody is refused. */
  async ready(): Promise<void> {
    await this.feed.first();
  }

  /** Whether anybody can be let in, for the health endpoint. */
  get fresh(): boolean {
    const state = this.feed.get();
    return state.kind === 'open' || state.code === 'platform-paused';
  }

  async identify(socketAddress: string): Promise<CallerResult> {
    const address = plainAddress(socketAddress);
    // Before any read: "epoch" and "closed" are keys of the table as well.
    if (!interfaceAddress.safeParse(address).success) return refused('unbound-address');
    const before = this.feed.get();
    if (before.kind === 'refused') return refused(before.code);
    const { result } = this.remembered(address) ?? (await this.lookUp(address));
    if ('kind' in result) return result;
    // Asked again after the wait, and for an answer that was remembered: a close or a panic is not undone by either.
    const state = this.feed.get();
    if (state.kind === 'refused') return refused(state.code);
    if (!isSettled(result.bound, this.now())) return refused('unbound-address');
    if (!isLive(result.bound, { now: this.now(), epoch: state.epoch, closed: state.closed }))
      return refused('session-closed');
    this.watch(result.caller.key, result.bound.endsAt);
    return { kind: 'caller', caller: result.caller };
  }

  onClosed(listener: (key: string | undefined) => void): void {
    this.listeners.add(listener);
  }

  neighbourOf(socketAddress: string): string | undefined {
    const own = plainAddress(socketAddress);
    for (const [address, { result }] of this.answers) {
      if (address !== own && !('kind' in result)) return address;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.feed.close();
    this.stopWatching();
    await Promise.allSettled(this.reading.values());
  }

  private remembered(address: string): Answer | undefined {
    const answer = this.answers.get(address);
    if (answer === undefined) return undefined;
    const keep = 'kind' in answer.result ? REFUSED_MS : GOOD_MS;
    this.answers.delete(address);
    if (!(this.clock.monotonic() - answer.readAt < keep)) return undefined;
    this.answers.set(address, answer);
    return answer;
  }

  private lookUp(address: string): Promise<Answer> {
    const under = this.reading.get(address);
    if (under !== undefined) return under;
    const looking = this.read(address).finally(() => this.reading.delete(address));
    this.reading.set(address, looking);
    return looking;
  }

  private async read(address: string): Promise<Answer> {
    const readAt = this.clock.monotonic();
    let result: Answer['result'];
    try {
      result = await this.readTables(address);
    } catch (error) {
      this.options.onProblem?.(error instanceof Error ? error.name : 'unknown');
      result = refused('feed-stale');
    }
    // A refusal counts from now on: where reads are slow it would be forgotten as soon as it is there.
    const answer = { readAt: 'kind' in result ? this.clock.monotonic() : readAt, result };
    this.answers.delete(address);
    this.answers.set(address, answer);
    forgetOldest(this.answers, this.options.maxAddresses ?? 4096);
    return answer;
  }

  private async readTables(address: string): Promise<Answer['result']> {
    const { read, bindingsTable, sessionsTable } = this.options;
    const binding = readBinding(address, await read(bindingsTable, { [BINDING_KEY]: address }));
    if (binding.kind === 'refused') return refused(binding.code);
    const row = await read(sessionsTable, { [SESSION_KEY]: binding.binding.sessionId });
    const result = readBound(binding.binding, row);
    if (result.kind === 'refused') return refused(result.code);
    return { bound: result.bound, caller: callerOf(result.bound) };
  }

  private closed(closed: ClosedSession | undefined): void {
    for (const [address, { result }] of this.answers) {
      if (closed === undefined || (!('kind' in result) && result.caller.key === closed.sessionId))
        this.answers.delete(address);
    }
    if (closed === undefined) this.watched.clear();
    else this.watched.delete(closed.sessionId);
    this.listeners.tell(closed?.sessionId);
  }

  private watch(key: string, endsAt: number): void {
    this.watched.delete(key);
    this.watched.set(key, endsAt);
    for (const over of forgetOldest(this.watched, this.options.maxWatched ?? 10_000)) this.listeners.tell(over);
  }

  /** A stream that is open asks no more who is calling; its session's lifetime ends all the same. */
  private endLifetimes(): void {
    const now = this.now();
    for (const [key, endsAt] of this.watched) {
      if (now < endsAt) continue;
      this.watched.delete(key);
      this.listeners.tell(key);
    }
  }

  /** Milliseconds since 1970 that never run back: a clock set back would give sessions a longer life. */
  private now(): number {
    const at = this.clock.monotonic();
    this.highest = { wall: Math.max(this.clock.wall(), this.highest.wall + at - this.highest.at), at };
    return this.highest.wall;
  }
}

function refused(code: Refusal['code']): Refusal {
  return { kind: 'refused', code };
}

function callerOf({ row, binding }: Bound): Caller {
  const { sessionId, requester, team, profile, repository, lifetimeEndsAt } = row;
  return {
    subject: { kind: 'session', sessionId, requester, team, profile, ...(repository !== undefined && { repository }) },
    key: sessionId,
    // Rows hold no rules opened for one session; where a document has them, they stay closed.
    opened: [],
    ...(lifetimeEndsAt !== undefined && {
      task: {
        taskArn: binding.taskArn,
        generation: row.generation,
        state: row.state,
        taskText: row.taskText,
        lifetimeEndsAt,
      },
    }),
  };
}

function forgetOldest<K, V>(map: Map<K, V>, most: number): K[] {
  const forgotten: K[] = [];
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
    forgotten.push(key);
  }
  return forgotten;
}
