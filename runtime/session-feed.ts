import {
  BINDING_KEY,
  CLOSED_ADDRESS,
  type ClosedItem,
  type ClosedSession,
  closedItem,
  closedSince,
  EPOCH_ADDRESS,
  epochItem,
} from '../core/session/binding';
import type { Clock, Stop } from './clock';
import type { ReadItem } from './dynamo-items';

export const FEED_POLL_MS = 500;
export const FEED_STALE_MS = 3000;

export interface SessionFeedOptions {
  readonly read: ReadItem;
  readonly bindingsTable: string;
  readonly clock: Clock;
  /** Sessions newly closed; undefined: everybody's streams have to end. */
  readonly onClosed: (closed: ClosedSession | undefined) => void;
  /** Why a poll was not good. Never holds what was read. */
  readonly onProblem: (problem: string) => void;
}

export type FeedState =
  | { readonly kind: 'open'; readonly epoch: number; readonly closed: readonly ClosedSession[] }
  | { readonly kind: 'refused'; readonly code: 'platform-paused' | 'feed-stale' };

const STALE = { kind: 'refused', code: 'feed-stale' } as const;

/**
 * May anybody call at all, and who just stopped being allowed to: the epoch item and the item of closed sessions, read
 * twice a second. What was read counts for three seconds from the moment the reading began.
 */
export class SessionFeed {
  private state: FeedState = STALE;
  private goodAt = Number.NEGATIVE_INFINITY;
  private epoch = -1;
  private closed: ClosedItem | undefined;
  private everGood = false;
  private toldOver = true;
  private polling: Promise<void> | undefined;
  private readonly stop: Stop;

  constructor(private readonly options: SessionFeedOptions) {
    this.stop = options.clock.every(FEED_POLL_MS, () => this.tick());
    void this.poll();
  }

  get(): FeedState {
    return this.isStale() ? STALE : this.state;
  }

  /** Resolves after the first poll, good or not. */
  async first(): Promise<void> {
    await this.poll();
  }

  close(): void {
    this.stop();
  }

  private isStale(): boolean {
    return !(this.options.clock.monotonic() - this.goodAt <= FEED_STALE_MS);
  }

  private tick(): void {
    this.tellIfStale();
    void this.poll();
  }

  private poll(): Promise<void> {
    this.polling ??= this.readBoth().finally(() => {
      this.polling = undefined;
    });
    return this.polling;
  }

  private async readBoth(): Promise<void> {
    const { read, bindingsTable, clock, onProblem } = this.options;
    const startedAt = clock.monotonic();
    try {
      const [epoch, closed] = await Promise.all(
        [EPOCH_ADDRESS, CLOSED_ADDRESS].map((address) => read(bindingsTable, { [BINDING_KEY]: address })),
      );
      // The loop may have been held up so long that nobody looked: streams that ran on meanwhile have to end as well.
      this.tellIfStale();
      this.take(epoch, closed, startedAt);
    } catch (error) {
      onProblem(error instanceof Error ? error.name : 'unknown');
      this.tellIfStale();
    }
  }

  private take(epochRead: unknown, closedRead: unknown, startedAt: number): void {
    const epoch = epochItem.safeParse(epochRead);
    if (!epoch.success || epoch.data.epoch < this.epoch) {
      // An older epoch, as from a table restored, would bring dead bindings to life.
      this.refuse(
        STALE,
        epoch.success ? 'the epoch ran back' : epochRead === undefined ? 'no epoch item' : 'epoch item not understood',
      );
      return;
    }
    const closed = closedRead === undefined ? undefined : closedItem.safeParse(closedRead);
    if (closed !== undefined && !closed.success) {
      this.refuse(STALE, 'item of closed sessions not understood');
      return;
    }
    const raised = this.everGood && epoch.data.epoch > this.epoch;
    const since = this.everGood ? closedSince(this.closed, closed?.data) : undefined;
    this.epoch = epoch.data.epoch;
    this.closed = closed?.data;
    this.everGood = true;
    this.goodAt = startedAt;
    if (!epoch.data.open) {
      this.refuse({ kind: 'refused', code: 'platform-paused' });
      return;
    }
    this.state = { kind: 'open', epoch: this.epoch, closed: this.closed?.sessions ?? [] };
    this.toldOver = false;
    if (raised || since?.kind === 'missed') this.options.onClosed(undefined);
    else for (const session of since?.sessions ?? []) this.options.onClosed(session);
  }

  /** What was read says no, and says so as long as nothing else is read: there is nothing to wait for. */
  private refuse(state: FeedState, problem?: string): void {
    this.state = state;
    if (problem !== undefined) this.options.onProblem(problem);
    this.tellOver();
  }

  private tellIfStale(): void {
    if (this.isStale()) this.tellOver();
  }

  /** Once for each time that everybody may call no more. */
  private tellOver(): void {
    if (this.toldOver) return;
    this.toldOver = true;
    this.options.onClosed(undefined);
  }
}
