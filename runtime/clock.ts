import { performance } from 'node:perf_hooks';

export type Stop = () => void;

/** Time as a port, so that tests turn the hands themselves. */
export interface Clock {
  /** Milliseconds since 1970: for what is written down and for comparing with times that were. Can be set back. */
  wall(): number;
  /** Milliseconds from an unknown start that never run back: for every age, or setting the clock back keeps stale things alive. */
  monotonic(): number;
  /** Does not keep the process alive. */
  every(milliseconds: number, work: () => void): Stop;
  after(milliseconds: number, work: () => void): Stop;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  every(milliseconds, work) {
    const timer = setInterval(work, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
};
