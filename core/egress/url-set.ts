import { createHash } from 'node:crypto';

/** What a URL is known by: 53 bits. */
export type UrlHash = (url: string) => number;

/**
 * Hashes that nobody outside can aim at. With one that is known, an agent could search for a URL that carries its data
 * and has the hash of a URL that is allowed, which for so few bits is a matter of hours.
 *
 * @param key at least 16 random bytes, made anew for each process
 */
export function urlHash(key: Uint8Array): UrlHash {
  if (key.length < 16) throw new Error(`url hash: got a key of ${key.length} bytes, expected 16 random ones or more`);
  return (url) => {
    const digest = createHash('sha256').update(key).update(url).digest();
    return digest.readUIntBE(0, 6) * 32 + ((digest[6] ?? 0) >> 3);
  };
}

/**
 * A set of hashes with an upper bound. It keeps two generations: once the newer is half of `capacity`, it becomes the
 * older, and what was the older is forgotten. So the last `capacity / 2` that were added or found are always in, and there
 * are never more than `capacity`.
 */
export class BoundedSet {
  private newer = new Set<number>();
  private older = new Set<number>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.newer.size + this.older.size;
  }

  add(hash: number): void {
    this.older.delete(hash);
    this.newer.add(hash);
    if (this.newer.size * 2 < this.capacity) return;
    this.older = this.newer;
    this.newer = new Set();
  }

  /** What is found counts as used, and stays. */
  has(hash: number): boolean {
    if (this.newer.has(hash)) return true;
    if (!this.older.has(hash)) return false;
    this.add(hash);
    return true;
  }
}
