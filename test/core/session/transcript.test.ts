import * as fc from 'fast-check';
import { CHUNK_BYTES, chunkOf, frameLine } from '../../../core/session/transcript';
import { readTranscripts } from '../../../core/session/transcript-read';

/** As the recorder does: everything there is, in frames. */
function framesOf(bytes: Uint8Array): string[] {
  const lines = [frameLine(0, { kind: 'file', file: 1, source: 'claude', name: 'a.jsonl' })];
  for (let at = 0; at < bytes.length; ) {
    const { used, content } = chunkOf(bytes.subarray(at), true);
    lines.push(frameLine(lines.length, { kind: 'data', file: 1, at, ...content }));
    at += used;
  }
  return lines;
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40_000 }),
  fc.string({ unit: 'binary', maxLength: 20_000 }).map((text) => new Uint8Array(Buffer.from(text))),
  fc.string({ maxLength: 20_000 }).map((text) => new Uint8Array(Buffer.from(text))),
);

describe('A3 frames', () => {
  it('A3 hold every byte, in lines below 16 KiB, whatever the bytes are', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const lines = framesOf(given);
        expect(lines.every((line) => Buffer.byteLength(line) < 16_000 && line.indexOf('\n') === line.length - 1)).toBe(
          true,
        );
        const { files, missing, foreign } = readTranscripts(lines);
        expect(Buffer.compare(Buffer.from(files[0]?.bytes ?? []), Buffer.from(given))).toBe(0);
        expect([missing, foreign]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it('A3 cut no character in two while more may come, wherever the cut falls', () => {
    const text = Buffer.from('€'.repeat(CHUNK_BYTES));
    for (let offset = 0; offset < 3; offset++) {
      const { used, content } = chunkOf(Buffer.concat([Buffer.alloc(offset, 'a'), text]), true);
      expect(Object.keys(content)).toEqual(['text']);
      expect(used).toBeGreaterThan(CHUNK_BYTES - 4);
    }
    expect(chunkOf(Buffer.from('€').subarray(0, 2), false).used).toBe(0);
    expect(chunkOf(Buffer.from('€').subarray(0, 2), true).used).toBe(2);
    expect(chunkOf(Buffer.from('😀').subarray(0, 3), false).used).toBe(0);
    expect(chunkOf(Buffer.from('ab'), false).used).toBe(2);
  });

  it('A3 are put together in any order, each once', () => {
    const given = Buffer.from('line\n'.repeat(10_000));
    const lines = framesOf(given);
    const shuffled = [...lines, ...lines].reverse();
    expect(Buffer.from(readTranscripts(shuffled).files[0]?.bytes ?? []).equals(given)).toBe(true);
  });

  it('A3 that are lost are missed, and what is none is counted', () => {
    const lines = framesOf(Buffer.from('line\n'.repeat(10_000)));
    const some = [...lines.slice(0, 2), ...lines.slice(4), 'not json', '{"transcript":2,"seq":1}', ''];
    expect(readTranscripts(some)).toMatchObject({ missing: 2, foreign: 2 });
    expect(readTranscripts([])).toEqual({ files: [], cuts: [], missing: 0, foreign: 0 });
  });

  it('A3 say what was left out, of one file and of all', () => {
    const lines = [
      frameLine(0, { kind: 'file', file: 1, source: 'output', name: '.agent-output' }),
      frameLine(1, { kind: 'cut', file: 1, why: 'file-limit' }),
      frameLine(2, { kind: 'cut', why: 'too-many-files' }),
      frameLine(3, { kind: 'end', why: 'idle', files: 1, bytes: 0 }),
    ];
    expect(readTranscripts(lines)).toEqual({
      files: [{ source: 'output', name: '.agent-output', bytes: new Uint8Array(), cuts: ['file-limit'] }],
      cuts: ['too-many-files'],
      end: 'idle',
      missing: 0,
      foreign: 0,
    });
  });
});
