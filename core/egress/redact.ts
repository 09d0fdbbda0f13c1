import { anyHasSecret } from './secret-finder';
import { formsOf } from './secret-forms';
import { CompiledSecrets } from './secret-patterns';

export type { CompiledSecrets } from './secret-patterns';

/** In bytes. Below the first a value stands in ordinary text by chance; above the last it is a file, not a credential. */
export const SECRET_BYTES = { min: 8, max: 8192 } as const;
/** In one {@link compileSecrets}. */
export const MAX_SECRETS = 64;
const MIN_DIFFERENT_BYTES = 4;

/**
 * Why a value can't be found and redacted safely; undefined where it can. Whoever loads a credential asks first and does
 * not use it where this answers: a mask for `token` or `00000000` would go over ordinary text.
 */
export function secretProblem(secret: string): string | undefined {
  const bytes = Buffer.from(secret);
  if (bytes.length < SECRET_BYTES.min || bytes.length > SECRET_BYTES.max) {
    return `got a secret of ${bytes.length} bytes, expected ${SECRET_BYTES.min} to ${SECRET_BYTES.max}; use a longer one`;
  }
  if (new Set(bytes).size < MIN_DIFFERENT_BYTES) {
    return `got a secret of fewer than ${MIN_DIFFERENT_BYTES} different bytes, expected a random value; replace it`;
  }
  return undefined;
}

/**
 * Makes the patterns that find these secrets in any of their {@link formsOf}.
 *
 * @throws where {@link secretProblem} has an answer, or there are more than {@link MAX_SECRETS}; names none of them
 */
export function compileSecrets(secrets: readonly string[]): CompiledSecrets {
  const distinct = [...new Set(secrets)];
  const problem = distinct.map(secretProblem).find((text) => text !== undefined);
  if (problem !== undefined) throw new Error(problem);
  if (distinct.length > MAX_SECRETS) {
    throw new Error(`got ${distinct.length} secrets, expected at most ${MAX_SECRETS}; forget the oldest`);
  }
  return new CompiledSecrets(distinct.flatMap(formsOf));
}

/** `*`: no encoder's output for a secret begins with it, and it breaks neither a line, a JSON string, nor a URL. */
const MASK = 0x2a;

/**
 * Takes known secrets out of a stream, in whatever chunks it comes. Masks them byte for byte, so Content-Length and
 * chunk sizes stay right and a reader still sees that something stood there. What a client verifies by hash or
 * signature fails then, and should: its content is not what the upstream sent.
 *
 * Bytes are held back only while they could be the beginning of a secret: an event stream is passed on event by event.
 */
export class StreamRedactor {
  /** Matches so far. */
  count = 0;
  private held: Buffer = EMPTY;
  /** How many of the held bytes belong to a match already counted. They are kept as sent: another may begin in them. */
  private masked = 0;

  constructor(private readonly patterns: CompiledSecrets) {}

  /** What may be passed on now. The chunk itself where it has nothing to hide, and never changed in place. */
  push(chunk: Buffer): Buffer {
    return this.advance(this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]), false);
  }

  /** What was held back at the end of the stream. */
  end(): Buffer {
    return this.advance(this.held, true);
  }

  private advance(bytes: Buffer, last: boolean): Buffer {
    const found: number[] = [];
    const decided = this.patterns.scan(bytes, last, found);
    const masked = this.masked;
    let out = bytes;
    let maskedUpTo = masked;
    if (masked > 0 || found.length > 0) {
      out = Buffer.from(bytes);
      out.fill(MASK, 0, masked);
      for (let i = 0; i < found.length; i += 2) {
        const end = found[i + 1] ?? 0;
        out.fill(MASK, found[i], end);
        maskedUpTo = Math.max(maskedUpTo, end);
      }
      this.count += found.length / 2;
    }
    // A copy: a slice would keep a whole network buffer alive for a few bytes.
    this.held = decided === bytes.length ? EMPTY : Buffer.from(bytes.subarray(decided));
    this.masked = Math.max(0, maskedUpTo - decided);
    return decided === bytes.length ? out : out.subarray(0, decided);
  }
}

const EMPTY = Buffer.alloc(0);

/** The same for a text that is there as a whole, such as a header's value. Returns the text itself where it is clean. */
export function redactText(patterns: CompiledSecrets, text: string): string {
  if (text.length < patterns.fewestCharacters) return text;
  // node gives headers one character for each byte; what has other characters is no header and was UTF-8.
  const encoding = /[^\0-\xff]/.test(text) ? 'utf8' : 'latin1';
  const bytes = Buffer.from(text, encoding);
  const found: number[] = [];
  patterns.scan(bytes, true, found);
  if (found.length === 0) return text;
  for (let i = 0; i < found.length; i += 2) bytes.fill(MASK, found[i], found[i + 1]);
  return bytes.toString(encoding);
}

/** The same for several. Returns the list itself where all are clean. */
export function redactTexts(patterns: CompiledSecrets, texts: readonly string[]): readonly string[] {
  return anyHasSecret(patterns, texts) ? texts.map((text) => redactText(patterns, text)) : texts;
}
