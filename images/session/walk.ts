import { type BigIntStats, closeSync } from 'node:fs';
import type { Cut, TranscriptSource } from '../../core/session/transcript';
import { namesIn, openInside } from './open-inside';

/** Where a client leaves what is to be shipped, below the agent's home. */
interface Place {
  readonly source: TranscriptSource;
  readonly folders: readonly string[];
  /** One name, or every name that ends so, in folders below as well. */
  readonly file: { readonly name: string } | { readonly suffix: string };
}

const PLACES: readonly Place[] = [
  { source: 'output', folders: [], file: { name: '.agent-output' } },
  { source: 'claude', folders: ['.claude', 'projects'], file: { suffix: '.jsonl' } },
  { source: 'codex', folders: ['.codex', 'sessions'], file: { suffix: '.jsonl' } },
];

/** Folders below a place. Claude Code and Codex use four; a tree without end must not be walked without end. */
const MOST_FOLDERS_DEEP = 6;

export interface FoundFile {
  readonly source: TranscriptSource;
  /** As the agent called it; of bytes, not of characters. */
  readonly path: Buffer;
  readonly fd: number;
  readonly stats: BigIntStats;
}

export interface WalkOptions {
  /** Of the agent's home, open. */
  readonly home: number;
  /** Entries of folders to look at in all: a folder may hold millions. */
  readonly mostEntries: number;
  readonly onFile: (file: FoundFile) => void;
  readonly onCut: (why: Extract<Cut, 'too-many-entries' | 'too-deep'>) => void;
}

/** Shows every file once. Descriptors are open while they are shown, and no longer. */
export function walk(options: WalkOptions): void {
  let left = options.mostEntries;

  const visit = (source: TranscriptSource, folder: number, path: Buffer, suffix: string, deep: number): void => {
    for (const name of namesIn(folder, left + 1)) {
      if (left-- <= 0) {
        options.onCut('too-many-entries');
        return;
      }
      inside(folder, name, (opened, isFolder) => {
        const below = Buffer.concat([path, Buffer.from('/'), name]);
        if (!isFolder) {
          if (opened.stats && name.toString('latin1').endsWith(suffix)) {
            options.onFile({ source, path: below, fd: opened.fd, stats: opened.stats });
          }
        } else if (deep >= MOST_FOLDERS_DEEP) options.onCut('too-deep');
        else visit(source, opened.fd, below, suffix, deep + 1);
      });
    }
  };

  const enter = (place: Place, folder: number, [next, ...more]: readonly string[]): void => {
    if (next !== undefined) {
      inside(folder, Buffer.from(next), ({ fd }, isFolder) => {
        if (isFolder) enter(place, fd, more);
      });
      return;
    }
    const { source, file } = place;
    if ('suffix' in file) {
      visit(source, folder, Buffer.from(place.folders.join('/')), file.suffix, 0);
      return;
    }
    inside(folder, Buffer.from(file.name), ({ fd, stats }) => {
      if (stats) options.onFile({ source, path: Buffer.from(file.name), fd, stats });
    });
  };

  for (const place of PLACES) enter(place, options.home, place.folders);
}

function inside(
  folder: number,
  name: Buffer,
  use: (opened: { readonly fd: number; readonly stats?: BigIntStats }, isFolder: boolean) => void,
): void {
  const opened = openInside(folder, name);
  if (opened.kind === 'nothing') return;
  try {
    use(opened, opened.kind === 'folder');
  } finally {
    closeSync(opened.fd);
  }
}
