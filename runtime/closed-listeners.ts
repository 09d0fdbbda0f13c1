import type { Callers } from './caller';

type Listener = Parameters<Callers['onClosed']>[0];

/** Those who want to hear that a session is over. One that throws keeps none of the others from hearing. */
export class ClosedListeners {
  private readonly listeners: Listener[] = [];

  add(listener: Listener): void {
    this.listeners.push(listener);
  }

  tell(key: string | undefined): void {
    let thrown: { readonly error: unknown } | undefined;
    for (const listener of this.listeners) {
      try {
        listener(key);
      } catch (error) {
        thrown ??= { error };
      }
    }
    if (thrown !== undefined) throw thrown.error;
  }
}
