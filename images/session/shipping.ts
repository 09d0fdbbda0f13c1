import { readSync } from 'node:fs';
import {
  CHUNK_BYTES,
  type Cut,
  chunkOf,
  type FrameBody,
  frameLine,
  type RecordingEnd,
  shownName,
  type TranscriptSource,
} from '../../core/session/transcript';
import { type FoundFile, walk } from './walk';

export interface ShippingLimits {
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes written for all transcripts, and by themselves for the agent's output: one must not crowd out the other. */
  readonly transcriptBytes: number;
  readonly outputBytes: number;
  readonly files: number;
  readonly entries: number;
  /** Bytes of one file at a time, so that a large one does not keep the others waiting. */
  readonly bytesAtOnce: number;
}

/** 80 MiB of log at most, for each of which CloudWatch takes less than a tenth of a cent. */
export const SHIPPING_LIMITS: ShippingLimits = {
  fileBytes: 32 * 1024 * 1024,
  transcriptBytes: 64 * 1024 * 1024,
  outputBytes: 16 * 1024 * 1024,
  files: 1000,
  entries: 20_000,
  bytesAtOnce: 256 * 1024,
};

interface Tracked {
  readonly id: number;
  at: number;
  /** Nothing more of it is shipped. */
  full: boolean;
}

/**
 * Ships what is new in files that somebody else writes, names and takes away as they like. A file is known by what the
 * file system knows it by, and not by its name: renamed it goes on, and another one under its name begins anew.
 */
export class Shipping {
  private readonly tracked = new Map<string, Tracked>();
  private readonly told = new Set<string>();
  private readonly written = { transcripts: 0, output: 0 };
  private seq = 0;
  private fileBytes = 0;
  private lines: string[] = [];
  private readonly buffer = Buffer.alloc(64 * 1024);

  /** `home`: of the agent, open. */
  constructor(
    private readonly home: number,
    private readonly limits: ShippingLimits = SHIPPING_LIMITS,
  ) {}

  /** Lines for what is new since the last time; `last`: nothing will be added any more. */
  next(last: boolean): string {
    walk({
      home: this.home,
      mostEntries: this.limits.entries,
      onFile: (file) => this.ship(file, last),
      onCut: (why) => this.cutOnce(why),
    });
    return this.take();
  }

  end(why: RecordingEnd): string {
    this.push({ kind: 'end', why, files: this.tracked.size, bytes: this.fileBytes });
    return this.take();
  }

  private take(): string {
    const text = this.lines.join('');
    this.lines = [];
    return text;
  }

  private ship({ source, path, fd, stats }: FoundFile, last: boolean): void {
    const key = `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
    const file = this.tracked.get(key) ?? this.track(key, source, path);
    if (file === undefined || file.full) return;
    const size = Number(stats.size);
    if (size < file.at) {
      this.push({ kind: 'cut', file: file.id, why: 'started-over' });
      file.at = 0;
    }
    for (let left = this.limits.bytesAtOnce; left > 0 && file.at < size; ) {
      const shipped = this.shipOnce(fd, file, source, last);
      if (shipped === 0) return;
      left -= shipped;
    }
  }

  private track(key: string, source: TranscriptSource, path: Buffer): Tracked | undefined {
    if (this.tracked.size >= this.limits.files) {
      this.cutOnce('too-many-files');
      return undefined;
    }
    const file = { id: this.tracked.size + 1, at: 0, full: false };
    this.tracked.set(key, file);
    this.push({ kind: 'file', file: file.id, source, name: shownName(path.toString('utf8')) });
    return file;
  }

  /** Bytes shipped; 0 where there is nothing to ship now. */
  private shipOnce(fd: number, file: Tracked, source: TranscriptSource, last: boolean): number {
    const group = source === 'output' ? 'output' : 'transcripts';
    const total = group === 'output' ? this.limits.outputBytes : this.limits.transcriptBytes;
    if (file.at >= this.limits.fileBytes) return this.full(file, 'file-limit');
    if (this.written[group] >= total) return this.full(file, 'total-limit');
    let length: number;
    try {
      length = readSync(fd, this.buffer, 0, this.buffer.length, file.at);
    } catch {
      return 0;
    }
    let shipped = 0;
    while (shipped < length && this.written[group] < total) {
      const rest = this.buffer.subarray(shipped, length);
      const { used, content } = chunkOf(rest, last && rest.length <= CHUNK_BYTES && length < this.buffer.length);
      if (used === 0) break;
      this.written[group] += this.push({ kind: 'data', file: file.id, at: file.at, ...content });
      file.at += used;
      shipped += used;
      this.fileBytes += used;
    }
    return shipped;
  }

  private full(file: Tracked, why: Cut): 0 {
    file.full = true;
    this.push({ kind: 'cut', file: file.id, why });
    return 0;
  }

  /** Of what is so over and over again. */
  private cutOnce(why: Cut): void {
    if (this.told.has(why)) return;
    this.told.add(why);
    this.push({ kind: 'cut', why });
  }

  private push(body: FrameBody): number {
    const line = frameLine(this.seq++, body);
    this.lines.push(line);
    return Buffer.byteLength(line);
  }
}
