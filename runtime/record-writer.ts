import { randomBytes } from 'node:crypto';
import { isMadeDetail } from '../core/audit/egress-fields';
import { makeUuid } from '../core/audit/id';
import {
  type AuditRecord,
  callers,
  formatRecord,
  hashLine,
  NO_PREVIOUS,
  RECORD_VERSION,
  type WRITER_SERVICES,
} from '../core/audit/record';
import type { ByteSink } from './byte-sink';
import { type Clock, systemClock } from './clock';
import type { RecordDraft, Records } from './records';

export interface RecordWriterOptions {
  readonly service: (typeof WRITER_SERVICES)[number];
  readonly sink: ByteSink;
  readonly clock?: Clock;
  /** Cryptographic, as many bytes as asked for. */
  readonly random?: (bytes: number) => Uint8Array;
  /** Bytes waiting to be written above which further records wait outside of the queue; default 1 MiB. */
  readonly highWaterBytes?: number;
  /** Records waiting outside of the queue from which on it is overwhelmed; default 8192. */
  readonly mostWaiting?: number;
  /** Checks every record by the schema, also those known to fit. For tests. */
  readonly checkAll?: boolean;
  /** The reader is gone or the disk is full: nothing will be written any more, and the process should end. Once. */
  readonly onFatal: (error: Error) => void;
  /** A record did not fit the schema, so a marker stands in its place. `problems` name places, never values. */
  readonly onInvalid?: (kind: string, problems: readonly string[]) => void;
}

/** A record that fits no schema: its place in the chain holds a refusal that says so. */
export class InvalidRecord extends Error {
  override readonly name = 'InvalidRecord';
  constructor(readonly problems: readonly string[]) {
    super(`the record does not fit the schema: ${problems.join('; ')}`);
  }
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}
interface Line extends Waiter {
  readonly text: string;
  readonly bytes: number;
  readonly invalid: InvalidRecord | undefined;
}

/** What a pipe holds (pipe(7)): a larger write would have early lines wait for late ones. */
const BATCH_BYTES = 64 * 1024;
const HASH = /^[0-9a-f]{64}$/;

/** Writes records as lines, in order, chained by hash; lines that come while one write is under way go out in the next. */
export class RecordWriter implements Records {
  private readonly clock: Clock;
  private readonly random: (bytes: number) => Uint8Array;
  private readonly highWater: number;
  private readonly instance: string;
  private readonly subjects = new WeakMap<object, string>();
  private sequence = 0;
  private now = { milliseconds: -1, text: '' };
  private previous = NO_PREVIOUS;
  private lines: Line[] = [];
  private waiting: ({ readonly draft: RecordDraft } & Waiter)[] = [];
  private queued = 0;
  private draining: Promise<void> | undefined;
  private failure: Error | undefined;
  private closed = false;

  constructor(private readonly options: RecordWriterOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? pooledRandom();
    this.highWater = Math.max(1, options.highWaterBytes ?? 1024 * 1024);
    this.instance = Buffer.from(this.random(10)).toString('hex');
  }

  /** True where records wait outside of the queue: whoever makes them should take in nothing new. */
  get pressure(): boolean {
    return this.queued >= this.highWater;
  }

  get overwhelmed(): boolean {
    return this.waiting.length >= (this.options.mostWaiting ?? 8192);
  }

  /** Bytes not yet taken by the operating system. */
  get queuedBytes(): number {
    return this.queued;
  }

  write(draft: RecordDraft): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.closed) return Promise.reject(new Error('the record writer is closed'));
    return new Promise<void>((resolve, reject) => {
      if (this.pressure) this.waiting.push({ draft, resolve, reject });
      else this.enqueue(draft, { resolve, reject });
      this.draining ??= this.drain();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.draining;
  }

  private async drain(): Promise<void> {
    // Behind everything that arrived in this turn of the loop, so that it goes out in one write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.lines.length > 0) {
      const batch = this.takeBatch();
      try {
        await this.options.sink.write(Buffer.from(batch.map(({ text }) => text).join('')));
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)), batch);
        return;
      }
      for (const line of batch) {
        this.queued -= line.bytes;
        if (line.invalid) line.reject(line.invalid);
        else line.resolve();
      }
      this.admit();
    }
    this.draining = undefined;
  }

  private takeBatch(): Line[] {
    let bytes = 0;
    const more = this.lines.findIndex((line) => {
      bytes += line.bytes;
      return bytes > BATCH_BYTES;
    });
    return this.lines.splice(0, more === -1 ? this.lines.length : Math.max(1, more));
  }

  private admit(): void {
    let admitted = 0;
    for (const { draft, ...waiter } of this.waiting) {
      if (this.pressure) break;
      this.enqueue(draft, waiter);
      admitted++;
    }
    if (admitted > 0) this.waiting.splice(0, admitted);
  }

  private fail(error: Error, batch: readonly Line[]): void {
    this.failure = error;
    for (const waiter of [...batch, ...this.lines, ...this.waiting]) waiter.reject(error);
    this.lines = [];
    this.waiting = [];
    this.options.onFatal(error);
  }

  private enqueue(draft: RecordDraft, waiter: Waiter): void {
    const { line, invalid } = this.format(draft);
    const text = `${line}\n`;
    const bytes = Buffer.byteLength(text);
    this.sequence++;
    this.previous = hashLine(line);
    this.queued += bytes;
    this.lines.push({ text, bytes, invalid, resolve: waiter.resolve, reject: waiter.reject });
  }

  private format(draft: RecordDraft): { readonly line: string; readonly invalid?: InvalidRecord } {
    const envelope = this.envelope();
    const fast = this.options.checkAll ? undefined : this.fastLine(envelope, draft);
    if (fast !== undefined) return { line: fast };
    const result = tryFormat({ ...draft, ...envelope } as AuditRecord);
    if (result.kind === 'ok') return { line: result.line };
    this.options.onInvalid?.(draft.kind, result.problems);
    return { line: this.marker(envelope, draft), invalid: new InvalidRecord(result.problems) };
  }

  /** Undefined where it takes the schema to know that the record fits. */
  private fastLine(envelope: Envelope, draft: RecordDraft): string | undefined {
    if (draft.kind !== 'egress' || Object.keys(draft).length !== 4) return undefined;
    if (!isMadeDetail(draft.detail) || !HASH.test(draft.documentHash)) return undefined;
    const subject = this.subjectText(draft.subject);
    if (subject === undefined) return undefined;
    const { version, id, time, writer } = envelope;
    return (
      `{"version":${version},"id":"${id}","time":"${time}","writer":{"service":"${writer.service}",` +
      `"instance":"${writer.instance}","sequence":${writer.sequence},"previous":"${writer.previous}"},"kind":"egress",` +
      `"subject":${subject},"documentHash":"${draft.documentHash}","detail":${JSON.stringify(draft.detail)}}`
    );
  }

  /** A subject speaks for as many records as its session makes requests, and is checked once. */
  private subjectText(subject: object): string | undefined {
    const known = this.subjects.get(subject);
    if (known !== undefined) return known;
    const result = callers.safeParse(subject);
    if (!result.success) return undefined;
    const text = JSON.stringify(result.data);
    this.subjects.set(subject, text);
    return text;
  }

  /** Says that a record was to stand here, of which kind and whose. All but the subject is from us. */
  private marker(envelope: Envelope, draft: RecordDraft): string {
    const record = (subject: AuditRecord['subject']) =>
      tryFormat({
        ...envelope,
        kind: 'refusal',
        subject,
        detail: { control: 'record-writer', reason: 'record-invalid', action: `record-${draft.kind}`, times: 1 },
      });
    const own = record(draft.subject);
    if (own.kind === 'ok') return own.line;
    const nobody = record({ kind: 'platform' });
    if (nobody.kind === 'ok') return nobody.line;
    // The kind itself is none: what is left has nothing of the draft in it.
    return JSON.stringify({
      ...envelope,
      kind: 'refusal',
      subject: { kind: 'platform' },
      detail: { control: 'record-writer', reason: 'record-invalid', action: 'record', times: 1 },
    });
  }

  /** Busy, it writes several records in a millisecond. */
  private text(milliseconds: number): string {
    if (milliseconds !== this.now.milliseconds) this.now = { milliseconds, text: new Date(milliseconds).toISOString() };
    return this.now.text;
  }

  private envelope(): Envelope {
    const now = this.clock.wall();
    return {
      version: RECORD_VERSION,
      id: makeUuid(now, this.random(10)),
      time: this.text(now),
      writer: {
        service: this.options.service,
        instance: this.instance,
        sequence: this.sequence,
        previous: this.previous,
      },
    };
  }
}

type Envelope = Pick<AuditRecord, 'version' | 'id' | 'time' | 'writer'>;

/** A value that JSON has no form for is as bad as one that the schema refuses. */
function tryFormat(record: AuditRecord): ReturnType<typeof formatRecord> {
  try {
    return formatRecord(record);
  } catch {
    return { kind: 'invalid', problems: ['record: can not be written as JSON'] };
  }
}

/** 10 bytes at a time cost a call of OpenSSL each. */
function pooledRandom(): (bytes: number) => Uint8Array {
  let pool = randomBytes(4000);
  let at = 0;
  return (bytes) => {
    if (at + bytes > pool.length) {
      pool = randomBytes(4000);
      at = 0;
    }
    at += bytes;
    return pool.subarray(at - bytes, at);
  };
}
