import type { CompiledSecrets } from './secret-patterns';

/**
 * Looks for known secrets in what leaves, in whatever pieces it comes. It holds nothing back, so what stood before the
 * last byte of a secret may be gone when it is found: for messages that arrive whole. A stream goes through a
 * {@link SecretGate}.
 */
export class SecretFinder {
  private before: Buffer = EMPTY;

  constructor(private readonly secrets: CompiledSecrets) {}

  /** True where a secret ends in this piece. */
  push(chunk: Buffer): boolean {
    const bytes = this.before.length === 0 ? chunk : Buffer.concat([this.before, chunk]);
    const found: number[] = [];
    const decided = this.secrets.scan(bytes, false, found);
    const open = bytes.subarray(decided);
    // A whole secret may lie in what could still become a longer spelling; nobody may come to say that it was the end.
    if (open.length > 0) this.secrets.scan(open, true, found);
    this.before = open.length === 0 ? EMPTY : Buffer.from(open);
    return found.length > 0;
  }
}

/**
 * Lets a stream pass up to a known secret and not one byte of it: whoever sends a body byte by byte would otherwise get
 * all of a secret out but its last one.
 */
export class SecretGate {
  private held: Buffer = EMPTY;
  private closed = false;

  constructor(private readonly secrets: CompiledSecrets) {}

  /** What may leave now; undefined once a secret was met, for good. */
  push(chunk: Buffer): Buffer | undefined {
    return this.advance(this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]), false);
  }

  /** What was held back at the end; undefined where it is a secret. */
  end(): Buffer | undefined {
    return this.advance(this.held, true);
  }

  private advance(bytes: Buffer, last: boolean): Buffer | undefined {
    if (this.closed) return undefined;
    const found: number[] = [];
    const decided = this.secrets.scan(bytes, last, found);
    if (found.length > 0) {
      this.closed = true;
      this.held = EMPTY;
      return undefined;
    }
    this.held = decided === bytes.length ? EMPTY : Buffer.from(bytes.subarray(decided));
    return decided === bytes.length ? bytes : bytes.subarray(0, decided);
  }
}

const EMPTY = Buffer.alloc(0);

/** Whether a text that is there as a whole has a known secret in, in any spelling. */
export function hasSecret(secrets: CompiledSecrets, text: string): boolean {
  if (text.length < secrets.fewestCharacters) return false;
  const found: number[] = [];
  secrets.scan(Buffer.from(text, /[^\0-\xff]/.test(text) ? 'utf8' : 'latin1'), true, found);
  return found.length > 0;
}

/**
 * Whether any of these texts has one. All are searched in one pass, since the set-up of a search costs more than a
 * header's length of it; what is found there may reach over the seam of two texts, so it is looked for in each again.
 */
export function anyHasSecret(secrets: CompiledSecrets, texts: readonly string[]): boolean {
  const joined = texts.join('\n');
  // One character beyond Latin-1 would have all of them read as UTF-8, and hide a secret with bytes above ASCII.
  if (!/[^\0-\xff]/.test(joined) && !hasSecret(secrets, joined)) return false;
  return texts.some((text) => hasSecret(secrets, text));
}
