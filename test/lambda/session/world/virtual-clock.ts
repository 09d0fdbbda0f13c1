import type { Clock, Stop } from '../../../../runtime/clock';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
  off?: boolean;
}

/** Milliseconds are rounded up to this, so that a thousand seconds are a few ten thousand moments. */
const GRAIN_MS = 10;

/** A clock that jumps from one thing that falls due to the next. What falls due together is done in the order it was asked for. */
export class VirtualClock implements Clock {
  private time = 0;
  private asked = 0;
  private readonly heap: Due[] = [];
  private readonly failures: unknown[] = [];

  constructor(private readonly start = Date.parse('2026-11-03T09:15:00.000Z')) {}

  wall(): number {
    return this.start + this.time;
  }

  monotonic(): number {
    return this.time;
  }

  every(milliseconds: number, work: () => void): Stop {
    let stopped = false;
    const again = (): void => {
      if (stopped) return;
      work();
      this.after(milliseconds, again);
    };
    this.after(milliseconds, again);
    return () => {
      stopped = true;
    };
  }

  after(milliseconds: number, work: () => void): Stop {
    const at = Math.ceil((this.time + milliseconds) / GRAIN_MS) * GRAIN_MS;
    const due: Due = { at: Math.max(at, this.time), order: this.asked++, work };
    this.push(due);
    return () => {
      due.off = true;
    };
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  /** Work nobody waits for; what it throws ends the run. */
  begin(work: () => Promise<void>): void {
    work().catch((error) => this.failures.push(error));
  }

  /** Until it is so, or nothing falls due any more, or the time is over. */
  async run(until: () => boolean, mostMs: number): Promise<void> {
    while (this.heap.length > 0 && !until()) {
      const next = this.heap[0]?.at ?? 0;
      if (next > mostMs) return;
      this.time = next;
      while (this.heap.length > 0 && this.heap[0]?.at === next) {
        const due = this.pop();
        if (!due.off) due.work();
      }
      // All that is in memory settles within one turn of the loop.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.failures.length > 0) throw this.failures[0];
    }
  }

  private push(due: Due): void {
    const { heap } = this;
    let i = heap.push(due) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Due;
      if (before(parent, due)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = due;
  }

  private pop(): Due {
    const { heap } = this;
    const first = heap[0] as Due;
    const last = heap.pop() as Due;
    if (heap.length > 0) {
      let i = 0;
      for (;;) {
        let down = 2 * i + 1;
        if (down >= heap.length) break;
        if (down + 1 < heap.length && before(heap[down + 1] as Due, heap[down] as Due)) down++;
        if (before(last, heap[down] as Due)) break;
        heap[i] = heap[down] as Due;
        i = down;
      }
      heap[i] = last;
    }
    return first;
  }
}

const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export type Random = () => number;

/** mulberry32: the same numbers for the same seed, everywhere. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
