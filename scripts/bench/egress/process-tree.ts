import { readdirSync, readFileSync } from 'node:fs';

/** Of one process, from /proc/PID/stat. */
export interface ProcessFigures {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of all its threads. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** USER_HZ, which is 100 on every architecture that Node runs on. */
const TICK_MS = 10;
const PAGE_BYTES = 4096;

/** proc(5). The name in parentheses may hold spaces and parentheses itself, so fields count from the last of them. */
export function parseStat(text: string): ProcessFigures {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // The first one here is the state, which proc(5) calls the third.
  const field = (number: number): number => Number(fields[number - 3]);
  const figures = {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    cpuMs: (field(14) + field(15)) * TICK_MS,
    rssBytes: field(24) * PAGE_BYTES,
  };
  if (!Object.values(figures).every(Number.isInteger)) throw new Error(`got "${text}", expected a line of proc(5)`);
  return figures;
}

/** A process with all its descendants: nginx works in a child, other proxies in several. */
export function sumTree(all: readonly ProcessFigures[], root: number): { cpuMs: number; rssBytes: number } {
  const members = new Set([root]);
  for (let before = 0; before !== members.size; ) {
    before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  const tree = all.filter(({ pid }) => members.has(pid));
  if (!tree.some(({ pid }) => pid === root)) throw new Error(`process ${root} has ended`);
  return {
    cpuMs: tree.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    rssBytes: tree.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
  };
}

export function readTree(root: number): { cpuMs: number; rssBytes: number } {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))];
      } catch (error) {
        // It ended between the two calls.
        if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
        throw error;
      }
    });
  return sumTree(all, root);
}
