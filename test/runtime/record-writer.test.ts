import * as fc from 'fast-check';
import { type EgressFacts, egressDetailOf } from '../../core/audit/egress-fields';
import { type AuditRecord, hashLine, NO_PREVIOUS, parseRecord } from '../../core/audit/record';
import type { ByteSink } from '../../runtime/byte-sink';
import { InvalidRecord, RecordWriter, type RecordWriterOptions } from '../../runtime/record-writer';
import type { RecordDraft } from '../../runtime/records';
import { FULL } from '../core/audit/samples';
import { ManualClock, settle } from './manual-clock';

const facts: EgressFacts = {
  way: 'connect',
  method: 'GET',
  scheme: 'https',
  host: 'api.github.com',
  port: 443,
  verdict: 'allow',
  enforced: true,
  reason: 'rule',
  strippedCredentials: 0,
  redactedValues: 0,
  bytesOut: 0,
  bytesIn: 0,
  durationMs: 1,
};
const subject = { kind: 'client', name: 'nightly-build', profile: 'builder' } as const;
const documentHash = 'ab'.repeat(32);

const egress = (change: Partial<EgressFacts> = {}): Extract<RecordDraft, { kind: 'egress' }> => ({
  kind: 'egress',
  subject,
  documentHash,
  detail: egressDetailOf({ ...facts, ...change }),
});
function draftOf(record: AuditRecord): RecordDraft {
  const { version: _v, id: _i, time: _t, writer: _w, ...draft } = record;
  return draft;
}
const DRAFTS = [...Object.values(FULL).map(draftOf), egress(), egress({ path: '/a b\n', host: 'x y' })];

/** Takes a batch when told to. */
class HeldSink implements ByteSink {
  readonly batches: string[] = [];
  open = false;
  private readonly held: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  async write(bytes: Uint8Array): Promise<void> {
    this.batches.push(Buffer.from(bytes).toString());
    if (!this.open) await new Promise<void>((resolve, reject) => this.held.push({ resolve, reject }));
  }

  async take(): Promise<void> {
    this.held.shift()?.resolve();
    await settle();
  }

  async break(error: Error): Promise<void> {
    this.held.shift()?.reject(error);
    await settle();
  }

  get lines(): string[] {
    return this.batches.join('').split('\n').slice(0, -1);
  }
}

function setUp(change: Partial<RecordWriterOptions> = {}) {
  const sink = new HeldSink();
  const fatal: Error[] = [];
  const invalid: (readonly string[])[] = [];
  const writer = new RecordWriter({
    service: 'egress-proxy',
    sink,
    clock: new ManualClock(),
    onFatal: (error) => fatal.push(error),
    onInvalid: (_, problems) => invalid.push(problems),
    ...change,
  });
  return { sink, writer, fatal, invalid };
}

/** Every line as its record, after the chain was followed from its beginning. */
function followed(lines: readonly string[]): AuditRecord[] {
  let previous = NO_PREVIOUS;
  return lines.map((line, sequence) => {
    const parsed = parseRecord(line);
    if (parsed.kind !== 'ok') throw new Error(parsed.problems.join());
    expect(parsed.record.writer).toMatchObject({ service: 'egress-proxy', sequence, previous });
    previous = hashLine(line);
    return parsed.record;
  });
}

describe('O4 whatever is written at once, the lines are one valid chain in the order of asking', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...DRAFTS) },
    { weight: 1, arbitrary: fc.constant('take' as const) },
    { weight: 1, arbitrary: fc.constant('turn' as const) },
  );

  it('O4 for any mix of records, full queues and slow writes, with one instance for all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 6000 }),
        async (steps, highWater) => {
          const { sink, writer } = setUp({ highWaterBytes: highWater });
          const asked: RecordDraft[] = [];
          const done: Promise<void>[] = [];
          for (const what of steps) {
            if (what === 'take') await sink.take();
            else if (what === 'turn') await settle();
            else {
              asked.push(what);
              done.push(writer.write(what));
            }
          }
          sink.open = true;
          await settle();
          await sink.take();
          await writer.close();
          await Promise.all(done);
          const records = followed(sink.lines);
          expect(records.map(draftOf)).toEqual(asked);
          expect(new Set(records.map((record) => record.writer.instance)).size).toBeLessThanOrEqual(1);
          expect(new Set(records.map((record) => record.id)).size).toBe(records.length);
          expect(writer.queuedBytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('O4 each start has an instance of its own', async () => {
    const lines = await Promise.all(
      [setUp(), setUp()].map(async ({ sink, writer }) => {
        sink.open = true;
        await writer.write(egress());
        return sink.lines;
      }),
    );
    const [one, two] = lines.map((each) => followed(each)[0]?.writer.instance);
    expect(one).not.toBe(two);
  });

  it('O4 the way without the schema writes what the way with it writes', async () => {
    const lines = await Promise.all(
      [true, false].map(async (checkAll) => {
        const { sink, writer } = setUp({ checkAll, random: (bytes) => new Uint8Array(bytes) });
        sink.open = true;
        for (const host of ['a.example', 'B"\n'])
          await writer.write(egress({ host, path: '/ü', operations: ['query:x'] }));
        return sink.lines.map((line) => JSON.parse(line.replaceAll(/"previous":"[^"]*"/g, '"previous":""')));
      }),
    );
    expect(lines[0]).toHaveLength(2);
    expect(lines[0]).toEqual(lines[1]);
  });
});

describe('O1 a record is acknowledged once the operating system has it, and never dropped', () => {
  it('O1 not before', async () => {
    const { sink, writer } = setUp();
    let done = false;
    const write = writer.write(egress()).then(() => {
      done = true;
    });
    await settle();
    expect([sink.batches.length, done]).toEqual([1, false]);
    await sink.take();
    await write;
    expect(done).toBe(true);
  });

  it('O1 lines of one turn go out in one write, those that come meanwhile in the next', async () => {
    const { sink, writer } = setUp();
    for (let i = 0; i < 3; i++) void writer.write(egress());
    await settle();
    for (let i = 0; i < 4; i++) void writer.write(egress());
    await settle();
    await sink.take();
    expect(sink.batches.map((batch) => batch.split('\n').length - 1)).toEqual([3, 4]);
  });

  it('O1 one write is at most what a pipe holds, so that early lines do not wait for late ones', async () => {
    const { sink, writer } = setUp();
    for (let i = 0; i < 300; i++) void writer.write(egress());
    await settle();
    expect(Buffer.byteLength(sink.batches.join(''))).toBeLessThanOrEqual(64 * 1024);
    expect(sink.batches).toHaveLength(1);
  });

  it('O1 above the high-water mark records wait outside of the queue, and say so', async () => {
    const { sink, writer } = setUp({ highWaterBytes: 2000 });
    const done: number[] = [];
    const writes = Array.from({ length: 40 }, (_, i) => writer.write(egress()).then(() => done.push(i)));
    await settle();
    const [size = 0] = sink.batches.map((batch) => Buffer.byteLength(batch));
    expect(size).toBeGreaterThanOrEqual(2000);
    expect(writer.queuedBytes).toBe(size);
    expect(size).toBeLessThan(2000 + 1000);
    expect(writer.pressure).toBe(true);
    while (done.length < 40) {
      await sink.take();
      expect(writer.queuedBytes).toBeLessThan(3000);
    }
    await Promise.all(writes);
    expect(done).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(writer.pressure).toBe(false);
    expect(followed(sink.lines)).toHaveLength(40);
  });

  it('O1 closing waits for what is under way and takes nothing more', async () => {
    const { sink, writer } = setUp({ highWaterBytes: 1 });
    const writes = [writer.write(egress()), writer.write(egress())];
    let closed = false;
    const close = writer.close().then(() => {
      closed = true;
    });
    await expect(writer.write(egress())).rejects.toThrow('closed');
    await settle();
    await sink.take();
    expect(closed).toBe(false);
    await sink.take();
    await close;
    await Promise.all(writes);
    expect(sink.lines).toHaveLength(2);
  });

  it('O1 once the reader is gone every record is refused, those that wait too, and the process is told once', async () => {
    const { sink, writer, fatal } = setUp({ highWaterBytes: 1500 });
    const writes = Array.from({ length: 9 }, () => writer.write(egress()));
    const outcomes = Promise.allSettled(writes);
    await settle();
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    await sink.break(gone);
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(9).fill('rejected'));
    await expect(writer.write(egress())).rejects.toBe(gone);
    expect(fatal).toEqual([gone]);
    expect(sink.batches).toHaveLength(1);
    await writer.close();
  });
});

describe('O1 a record that fits no schema is never lost silently, and never written', () => {
  const good = egress();
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  it.each<[string, unknown, AuditRecord['subject']]>([
    ['a key too many', { ...good, headers: { authorization: 'Bearer s3cret-s3cret' } }, subject],
    ['a detail bent afterwards', { ...good, detail: { ...good.detail, method: 'G T' } }, subject],
    ['a detail that was not made from facts', { ...good, detail: { ...good.detail, host: 'x"y' } }, subject],
    ['a hash that is none', { ...good, documentHash: '"' }, subject],
    [
      'a subject that is none',
      { ...good, subject: { kind: 'client', name: 'A B', profile: 'x' } },
      { kind: 'platform' },
    ],
    ['a kind that is none', { ...good, kind: 'x"y' }, { kind: 'platform' }],
    ['what JSON has no form for', { ...good, detail: circular }, subject],
    ['a number JSON can not write', { ...good, detail: { ...good.detail, bytesIn: 10n } }, subject],
  ])('O1 %s', async (_, draft, whose) => {
    const { sink, writer, invalid } = setUp();
    sink.open = true;
    await writer.write(good);
    await expect(writer.write(draft as RecordDraft)).rejects.toBeInstanceOf(InvalidRecord);
    await writer.write(good);
    const [, marker, after] = followed(sink.lines);
    expect(after?.kind).toBe('egress');
    expect(marker).toMatchObject({ kind: 'refusal', subject: whose });
    expect(marker?.detail).toMatchObject({ control: 'record-writer', reason: 'record-invalid', times: 1 });
    expect(invalid).toHaveLength(1);
    expect(invalid.join() + sink.lines.join()).not.toContain('s3cret');
  });

  it('O1 the caller is told only when the marker is written', async () => {
    const { sink, writer } = setUp();
    let told = false;
    const write = writer.write({ ...good, documentHash: 'x' }).catch(() => {
      told = true;
    });
    await settle();
    expect([sink.lines.length, told]).toEqual([1, false]);
    await sink.take();
    await write;
    expect(told).toBe(true);
  });
});
