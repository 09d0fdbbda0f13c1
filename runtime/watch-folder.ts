import { watch } from 'node:fs';
import type { Clock, Stop } from './clock';

/**
 * Calls `look` when something in the folder changes, and at each poll: watching says nothing on network file systems, nor
 * where the folder comes into being later. The folder is watched and not the file, since an editor and Kubernetes replace
 * files by renaming. What `look` reads it compares by content: two writes within one tick of the kernel have the same time.
 */
export function watchFolder(folder: string, look: () => void, clock: Clock, pollMs: number): Stop {
  let asked = false;
  let stopped = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    setImmediate(() => {
      asked = false;
      if (!stopped) look();
    });
  };
  let stopWatching: Stop = () => undefined;
  try {
    const watcher = watch(folder, { persistent: false }, soon);
    watcher.on('error', () => watcher.close());
    stopWatching = () => watcher.close();
  } catch {
    // Not there yet, or no inotify watches left: the poll remains.
  }
  const stopPolling = clock.every(pollMs, look);
  return () => {
    stopped = true;
    stopWatching();
    stopPolling();
  };
}
