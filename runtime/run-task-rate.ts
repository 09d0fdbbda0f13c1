import { RATE_KEY, rateItem } from '../core/session/items';
import type { Clock } from './clock';
import type { ItemStore } from './item-store';

export interface RunTaskRateOptions {
  readonly store: ItemStore;
  readonly clock: Clock;
  /** ECS takes 20 calls a second of an account. */
  readonly perSecond: number;
  readonly random?: () => number;
}

/**
 * When RunTask may be asked, for all functions together: one item holds the moment from which on nobody has been
 * promised a call, and whoever wants some moves it on. Evenly spaced calls never meet a limit that is counted by the
 * second, wherever its seconds begin.
 */
export class RunTaskRate {
  private readonly spacing: number;

  constructor(private readonly options: RunTaskRateOptions) {
    this.spacing = 1000 / options.perSecond;
  }

  /**
   * Milliseconds since 1970 of each of so many calls; undefined where the last would be further off than `mostMs`. None
   * is sooner than `leadMs` from now: whoever then calls at once calls too late, into the turns of the next.
   */
  async take(calls: number, leadMs: number, mostMs: number): Promise<readonly number[] | undefined> {
    const { store, clock, random = Math.random } = this.options;
    for (let tries = 0; ; tries++) {
      const item = await store.read('sessions', RATE_KEY);
      const promised = item === undefined ? 0 : rateItem.parse(item).nextAt;
      const now = clock.wall();
      const first = Math.max(now + leadMs, promised);
      const nextAt = Math.ceil(first + calls * this.spacing);
      if (nextAt - now > mostMs) return undefined;
      const result = await store.transact([
        {
          table: 'sessions',
          key: RATE_KEY,
          op: 'put',
          item: { version: 1, sessionId: RATE_KEY, nextAt },
          guard: {
            name: 'rate as read',
            condition: item === undefined ? { kind: 'absent' } : { kind: 'equals', values: { nextAt: promised } },
          },
        },
      ]);
      if (result.kind === 'done') return Array.from({ length: calls }, (_, i) => Math.ceil(first + i * this.spacing));
      await new Promise<void>((resolve) => clock.after(random() * Math.min(10 * 2 ** tries, 500), resolve));
    }
  }
}
