import * as z from 'zod/mini';
import { count, plainText, text } from '../audit/field';

/**
 * What session-recorder writes to its log, a line each: pieces of files in the order they were read. A line is shorter
 * than the 16 KiB at which container runtimes cut lines in two, and every byte of a file can be put together again from
 * them. All of it is what a task says of itself: a claim, for people who look into a session, and no proof of anything.
 */
export const TRANSCRIPT_VERSION = 1;

/** Bytes of a file in one frame: twice as many in JSON where each is a quote, with room for the rest of the line. */
export const CHUNK_BYTES = 7000;

export const SOURCES = ['claude', 'codex', 'output'] as const;
export type TranscriptSource = (typeof SOURCES)[number];

/** Why something is not there in full. */
export const CUTS = [
  'file-limit',
  'total-limit',
  'too-many-files',
  'too-many-entries',
  'too-deep',
  /** It became shorter, or another one took its place; what follows begins at 0 again. */
  'started-over',
] as const;
export type Cut = (typeof CUTS)[number];

export const ENDS = ['stopped', 'idle', 'lifetime', 'broken'] as const;
export type RecordingEnd = (typeof ENDS)[number];

const line = { transcript: z.literal(TRANSCRIPT_VERSION), seq: count };
const file = z.int().check(z.minimum(1));

export const transcriptFrame = z.discriminatedUnion('kind', [
  z.strictObject({ ...line, kind: z.literal('file'), file, source: z.enum(SOURCES), name: text }),
  z.strictObject({
    ...line,
    kind: z.literal('data'),
    file,
    at: count,
    text: z.optional(z.string()),
    base64: z.optional(z.string()),
  }),
  z.strictObject({ ...line, kind: z.literal('cut'), file: z.optional(file), why: z.enum(CUTS) }),
  z.strictObject({ ...line, kind: z.literal('end'), why: z.enum(ENDS), files: count, bytes: count }),
]);
export type TranscriptFrame = z.infer<typeof transcriptFrame>;

type Unnumbered<F> = F extends unknown ? Omit<F, 'transcript' | 'seq'> : never;
export type FrameBody = Unnumbered<TranscriptFrame>;

export function frameLine(seq: number, body: FrameBody): string {
  return `${JSON.stringify({ transcript: TRANSCRIPT_VERSION, seq, ...body })}\n`;
}

/** The name of a file as frames have it: an agent chose it, and people see it in a terminal. */
export function shownName(path: string): string {
  return plainText(path);
}

/** Control characters but those of plain text cost six bytes each in JSON; a file full of them is none to read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const NOT_TEXT = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

/**
 * The next frame's worth of bytes. `used` may be less than there are, and none: a character is not cut in two while more
 * may come.
 */
export function chunkOf(
  bytes: Uint8Array,
  last: boolean,
): { readonly used: number; readonly content: { readonly text: string } | { readonly base64: string } } {
  const most = bytes.subarray(0, CHUNK_BYTES);
  const more = !last || bytes.length > most.length;
  const whole = more ? most.subarray(0, most.length - incomplete(most)) : most;
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole);
    if (!NOT_TEXT.test(decoded)) return { used: whole.length, content: { text: decoded } };
  } catch {
    // Not UTF-8.
  }
  return { used: whole.length, content: { base64: Buffer.from(whole).toString('base64') } };
}

/** Bytes at the end that begin a character of which more is to come. */
function incomplete(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}
