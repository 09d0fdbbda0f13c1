import type { Callers } from './caller';

type Listener = Parameters<Callers['onClosed']>[0];

/** Out of everybody's try and catch: the process ends. */
function crash(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/**
 * Those who want to hear that a session is over. One that throws keeps no other from hearing, nor the next session from
 * being told; but it may have left a stream open of a session that is over, so nothing may go on as if it had not.
 */
export class ClosedListeners {
  private readonly listeners: Listener[] = [];

  constructor(private readonly fail: (error: unknown) => void = crash) {}

  add(listener: Listener): void {
    this.listeners.push(listener);
  }

  tell(key: string | undefined): void {
    for (const listener of this.listeners) {
      try {
        listener(key);
      } catch (error) {
        this.fail(error);
      }
    }
  }
}
