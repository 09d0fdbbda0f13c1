import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { FdSink, openWithoutBlocking, type SystemWrite } from '../../runtime/byte-sink';
import { ManualClock, settle } from './manual-clock';

type Answer = 'EAGAIN' | 'EINTR' | 'EIO' | number;

/** A kernel that takes as much as it is told to, one answer after the other, and then everything. */
function kernel(answers: Answer[]) {
  const got: number[] = [];
  const write: SystemWrite = (_fd, bytes, offset, length, done) => {
    const answer = answers.shift() ?? length;
    setImmediate(() => {
      if (typeof answer === 'string') {
        done(Object.assign(new Error(answer), { code: answer }), 0);
        return;
      }
      const taken = Math.min(answer, length);
      got.push(...bytes.subarray(offset, offset + taken));
      done(null, taken);
    });
  };
  return { got, write };
}

describe('O1 bytes on a file descriptor', () => {
  const answer = fc.oneof(fc.integer({ min: 0, max: 7 }), fc.constantFrom<Answer>('EAGAIN', 'EINTR'));

  it('O1 arrive once each and in order, however the kernel takes them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 }),
        fc.array(answer),
        async (parts, answers) => {
          const clock = new ManualClock();
          const { got, write } = kernel([...answers]);
          const sink = new FdSink(1, { clock, write });
          let open = true;
          const all = Promise.all(parts.map((part) => sink.write(part))).then(() => {
            open = false;
          });
          while (open) await clock.advance(16);
          await all;
          expect(got).toEqual(parts.flatMap((part) => [...part]));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('O1 wait for a slow reader without spinning, longer each time, and quickly again once it reads', async () => {
    const clock = new ManualClock();
    let calls = 0;
    const answers: Answer[] = Array(7).fill('EAGAIN');
    const { write } = kernel([...answers, 1, 'EAGAIN']);
    const sink = new FdSink(1, {
      clock,
      write: (...args) => {
        calls++;
        write(...args);
      },
    });
    const done = sink.write(Uint8Array.from([1, 2]));
    await settle();
    expect(calls).toBe(1);
    for (const wait of [1, 2, 4, 8, 16, 16]) {
      const before = calls;
      await clock.advance(wait - 0.5);
      expect(calls).toBe(before);
      await clock.advance(0.5);
      expect(calls).toBe(before + 1);
    }
    await clock.advance(16);
    expect(calls).toBe(9);
    await clock.advance(1);
    await done;
    expect(calls).toBe(10);
  });

  it('O1 after a failure nothing is written, since a line behind half a line is none', async () => {
    const { got, write } = kernel([2, 'EIO']);
    const sink = new FdSink(1, { clock: new ManualClock(), write });
    const writes = [sink.write(Uint8Array.from([1, 2, 3])), sink.write(Uint8Array.from([4]))];
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(sink.write(Uint8Array.from([5]))).rejects.toThrow('EIO');
    expect(got).toEqual([1, 2]);
  });

  it('O1 go to a file as it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'byte-sink-'));
    const fd = openSync(join(folder, 'out'), 'w');
    expect(openWithoutBlocking(fd)).toBe(fd);
    await new FdSink(fd).write(Buffer.from('one\n'));
    closeSync(fd);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('one\n');
    rmSync(folder, { recursive: true });
    expect(openWithoutBlocking(fd)).toBe(fd);
  });
});
