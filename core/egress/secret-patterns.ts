/**
 * Finds every pattern in one pass that skips: Wu and Manber, "A fast algorithm for multi-pattern searching" (1994), with
 * blocks of two bytes. The two bytes at the end of a window as long as the shortest pattern say how far the window may
 * move; only where they end some pattern's window is anything compared. The number of patterns hardly matters, which it
 * does where each is searched by itself, and most bytes are never read, which they are by an automaton.
 */
export class CompiledSecrets {
  /** Length of the longest pattern: no more than one byte less is ever held back. */
  readonly longest: number;
  /** A text that has fewer has no pattern in: each character has one byte in UTF-8 that continues none. */
  readonly fewestCharacters: number;
  private readonly shortest: number;
  private readonly patterns: readonly Buffer[];
  private readonly shifts = new Uint8Array(65536);
  private readonly byBlock = new Map<number, Buffer[]>();
  private readonly byFirst: Buffer[][] = Array.from({ length: 256 }, () => []);

  constructor(patterns: readonly Buffer[]) {
    this.patterns = patterns;
    const lengths = patterns.map((pattern) => pattern.length);
    this.longest = Math.max(0, ...lengths);
    this.shortest = Math.min(...lengths);
    this.fewestCharacters = Math.min(...patterns.map((pattern) => pattern.filter(beginsCharacter).length));
    const window = this.shortest;
    this.shifts.fill(Math.min(255, window - 1));
    for (const pattern of patterns) {
      for (let end = 1; end < window; end++) {
        const block = blockAt(pattern, end);
        this.shifts[block] = Math.min(at(this.shifts, block), window - 1 - end);
      }
      const last = blockAt(pattern, window - 1);
      this.byBlock.set(last, [...(this.byBlock.get(last) ?? []), pattern]);
      this.byFirst[at(pattern, 0)]?.push(pattern);
    }
  }

  /**
   * Writes where patterns stand into `found` as start, end, start, end ..., and returns how many leading bytes are
   * decided: a match that starts in them is in `found`. Behind them begins the longest suffix that the next bytes could
   * make a pattern of; with `last` there are no next bytes, and all are decided.
   */
  scan(bytes: Uint8Array, last: boolean, found: number[]): number {
    const length = bytes.length;
    if (this.patterns.length === 0) return length;
    const { shortest, shifts } = this;
    let end = shortest - 1;
    while (end < length) {
      const block = blockAt(bytes, end);
      const shift = at(shifts, block);
      if (shift > 0) {
        end += shift;
        continue;
      }
      const start = end - shortest + 1;
      for (const pattern of this.byBlock.get(block) ?? []) {
        const same = commonLength(bytes, start, pattern);
        if (same === pattern.length) found.push(start, start + same);
        else if (!last && start + same === length) return withoutFrom(found, start);
      }
      end++;
    }
    return last ? length : this.decidedAtEnd(bytes);
  }

  /** Of the starts too near the end for a whole window, the first from which all bytes left begin a pattern. */
  private decidedAtEnd(bytes: Uint8Array): number {
    const length = bytes.length;
    for (let start = Math.max(0, length - this.shortest + 1); start < length; start++) {
      for (const pattern of this.byFirst[at(bytes, start)] ?? []) {
        if (start + commonLength(bytes, start, pattern) === length) return start;
      }
    }
    return length;
  }
}

/** A pattern that ended may begin where a longer one is still open: it is found again when the rest is there. */
function withoutFrom(found: number[], start: number): number {
  while (found.length > 0 && found[found.length - 2] === start) found.length -= 2;
  return start;
}

function commonLength(bytes: Uint8Array, start: number, pattern: Uint8Array): number {
  const most = Math.min(pattern.length, bytes.length - start);
  let same = 0;
  while (same < most && bytes[start + same] === pattern[same]) same++;
  return same;
}

const beginsCharacter = (byte: number): boolean => (byte & 0xc0) !== 0x80;

const blockAt = (bytes: Uint8Array, end: number): number => at(bytes, end - 1) | (at(bytes, end) << 8);

/** Callers stay within bounds; the zero is for the type. */
const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;
