import type { Clock, Stop } from '../../runtime/clock';

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly work: () => void;
}

/** A clock whose hands the test turns. The wall and the monotonic hand move apart only where a test says so. */
export class ManualClock implements Clock {
  wallTime = Date.parse('2026-11-03T09:15:00.000Z');
  private time = 1000;
  private timers: Timer[] = [];

  wall(): number {
    return this.wallTime;
  }

  monotonic(): number {
    return this.time;
  }

  every(milliseconds: number, work: () => void): Stop {
    return this.add({ at: this.time + milliseconds, every: milliseconds, work });
  }

  after(milliseconds: number, work: () => void): Stop {
    return this.add({ at: this.time + milliseconds, every: undefined, work });
  }

  get pending(): number {
    return this.timers.length;
  }

  /** Turns both hands, does what falls due, and lets promises that depend on it settle. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      // One that is overdue after a stall runs late and once, as node's intervals do.
      this.turn(Math.max(0, due.at - this.time));
      if (due.every === undefined) this.timers = this.timers.filter((timer) => timer !== due);
      else due.at = this.time + due.every;
      due.work();
      await settle();
    }
    this.turn(end - this.time);
    await settle();
  }

  /** Time passes and nothing that falls due is done: the loop was held up. */
  stall(milliseconds: number): void {
    this.turn(milliseconds);
  }

  private turn(milliseconds: number): void {
    this.time += milliseconds;
    this.wallTime += milliseconds;
  }

  private add(timer: Timer): Stop {
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }
}

/** Lets everything that waits for nothing outside of the process come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
