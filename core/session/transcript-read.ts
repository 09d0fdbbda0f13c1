import {
  type Cut,
  type RecordingEnd,
  type TranscriptFrame,
  type TranscriptSource,
  transcriptFrame,
} from './transcript';

/** One file as far as it was shipped. */
export interface ShippedFile {
  readonly source: TranscriptSource;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Why there is less than there was. */
  readonly cuts: readonly Cut[];
}

export interface Transcripts {
  readonly files: readonly ShippedFile[];
  /** Of the recording as a whole. */
  readonly cuts: readonly Cut[];
  /** Absent where the recorder had no time to say why: killed, or still running. */
  readonly end?: RecordingEnd;
  /** Numbers of lines that are not there, though later ones are: lost, or taken out. */
  readonly missing: number;
  /** Lines that are none of the recorder's. */
  readonly foreign: number;
}

/** Puts files together again. Lines may come twice and in any order, as a log gives them after a retry. */
export function readTranscripts(lines: Iterable<string>): Transcripts {
  const frames = new Map<number, TranscriptFrame>();
  let foreign = 0;
  for (const line of lines) {
    const frame = readLine(line);
    if (frame === undefined) foreign += line.trim() === '' ? 0 : 1;
    else if (!frames.has(frame.seq)) frames.set(frame.seq, frame);
  }
  const ordered = [...frames.values()].sort((a, b) => a.seq - b.seq);
  const files = new Map<number, { source: TranscriptSource; name: string; parts: Uint8Array[]; cuts: Cut[] }>();
  const cuts: Cut[] = [];
  let end: RecordingEnd | undefined;
  for (const frame of ordered) {
    const file = 'file' in frame && frame.file !== undefined ? files.get(frame.file) : undefined;
    if (frame.kind === 'file') files.set(frame.file, { source: frame.source, name: frame.name, parts: [], cuts: [] });
    else if (frame.kind === 'data') file?.parts.push(contentOf(frame));
    else if (frame.kind === 'cut') (file?.cuts ?? cuts).push(frame.why);
    else end = frame.why;
  }
  const last = ordered.at(-1)?.seq;
  return {
    files: [...files.values()].map(({ parts, ...file }) => ({ ...file, bytes: new Uint8Array(Buffer.concat(parts)) })),
    cuts,
    ...(end !== undefined && { end }),
    missing: last === undefined ? 0 : last + 1 - ordered.length,
    foreign,
  };
}

function readLine(line: string): TranscriptFrame | undefined {
  try {
    const parsed = transcriptFrame.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function contentOf({ text, base64 }: Extract<TranscriptFrame, { kind: 'data' }>): Uint8Array {
  return text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text, 'utf8');
}
