import { type BigIntStats, closeSync, constants, fstatSync, opendirSync, openSync } from 'node:fs';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/** Something below a folder that an agent may write: what is behind a name may be another thing at every moment. */
export type Opened =
  | { readonly kind: 'folder'; readonly fd: number }
  | { readonly kind: 'file'; readonly fd: number; readonly stats: BigIntStats }
  /** A link, a pipe, a socket, a device, on another file system, gone, or not ours to read. */
  | { readonly kind: 'nothing' };

const NOTHING = { kind: 'nothing' } as const;

/** The folder everything is looked for in. Its path is the platform's own. */
export function openRoot(path: string): number {
  return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/**
 * Opens a name in a folder that is open already, as openat does (node has none): through the folder's own descriptor, so
 * that no folder above can be swapped for a link meanwhile, and never through a link at the end. Judged only once it is
 * open: whatever a name was before does not matter. Not blocking, since a pipe without a writer would wait for ever.
 *
 * Hard links need no care: an agent can make one only to a file on the same mount, which is its own volume.
 */
export function openInside(folder: number, name: Buffer): Opened {
  // A directory entry has no slash in it; a name that came from elsewhere could.
  if (name.length === 0 || name.includes(0x2f) || name.equals(Buffer.from('.')) || name.equals(Buffer.from('..'))) {
    return NOTHING;
  }
  let fd: number;
  try {
    fd = openSync(below(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return NOTHING;
  }
  try {
    const stats = fstatSync(fd, { bigint: true });
    const sameDevice = stats.dev === fstatSync(folder, { bigint: true }).dev;
    if (sameDevice && stats.isDirectory()) return { kind: 'folder', fd };
    if (sameDevice && stats.isFile()) return { kind: 'file', fd, stats };
  } catch {
    // As if it were not there.
  }
  closeSync(fd);
  return NOTHING;
}

/** Names in an open folder, at most so many. */
export function* namesIn(folder: number, most: number): Generator<Buffer> {
  let entries: ReturnType<typeof opendirSync>;
  try {
    entries = opendirSync(`/proc/self/fd/${folder}`, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  } catch {
    return;
  }
  try {
    for (let read = 0; read < most; read++) {
      const entry = entries.readSync();
      if (entry === null) return;
      yield entry.name as unknown as Buffer;
    }
  } finally {
    entries.closeSync();
  }
}

function below(folder: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]);
}
