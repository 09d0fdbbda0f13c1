import { type ClosedItem, withClosed } from '../../core/session/binding';
import type { ReadItem } from '../../runtime/dynamo-items';
import { liveRow, openBinding, SESSION, TIME } from '../core/session/samples';

/** Tables in memory that count reads, and fail or wait when told to. */
export class Tables {
  readonly items = new Map<string, unknown>();
  readonly reads: string[] = [];
  fail: ((key: string) => boolean) | undefined;
  private held: (() => void)[] | undefined;
  private holds: (key: string) => boolean = () => true;

  constructor() {
    this.put('epoch', this.epoch(2));
    this.put(openBinding.address, openBinding);
    this.put(SESSION, liveRow);
  }

  readonly read: ReadItem = async (_table, key) => {
    const name = Object.values(key).join();
    this.reads.push(name);
    const item = structuredClone(this.items.get(name));
    if (this.held !== undefined && this.holds(name)) {
      const held = this.held;
      await new Promise<void>((resolve) => held.push(resolve));
    }
    if (this.fail?.(name)) throw Object.assign(new Error('secret detail'), { name: 'TimeoutError' });
    return item;
  };

  put(key: string, item: unknown): void {
    this.items.set(key, item);
  }

  epoch(epoch: number, open = true) {
    return { version: 1, address: 'epoch', epoch, open, changedAt: TIME, changedBy: 'ops' };
  }

  close(sessionId: string, times = 1, generation = 1): void {
    for (let i = 0; i < times; i++) {
      const item = this.items.get('closed') as ClosedItem | undefined;
      this.put('closed', withClosed(item, { sessionId, generation, closedAt: TIME }));
    }
  }

  /** Reads answer with what was there when they were asked, but only later. */
  hold(holds: (key: string) => boolean = () => true): void {
    this.held = [];
    this.holds = holds;
  }

  release(): void {
    for (const resolve of this.held ?? []) resolve();
    this.held = undefined;
  }

  failAt(key: string): void {
    this.fail = (read) => read === key;
  }

  countOf(key: string): number {
    return this.reads.filter((read) => read === key).length;
  }
}
