import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { hashLine, NO_PREVIOUS, parseRecord } from '../../core/audit/record';

/**
 * The writer as a process of its own, on a pipe of the kernel whose other end this test holds. What the child
 * acknowledged lies in a file, which a kill does not take back.
 */
const folder = mkdtempSync(join(tmpdir(), 'record-writer-'));
const bundle = join(folder, 'child.js');
const children: ChildProcess[] = [];

beforeAll(() => {
  buildSync({ entryPoints: [join(__dirname, 'writer-child.ts')], outfile: bundle, bundle: true, platform: 'node' });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let runs = 0;
function start(count: number, mode = '') {
  const fifo = join(folder, `pipe-${++runs}`);
  const acknowledged = join(folder, `acknowledged-${runs}`);
  execFileSync('mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY);
  const notes = openSync(acknowledged, 'w');
  const child = spawn(process.execPath, [bundle, String(count), mode], { stdio: ['ignore', writer, 'inherit', notes] });
  children.push(child);
  closeSync(writer);
  closeSync(notes);
  const said = () => readFileSync(acknowledged, 'utf8').split('\n').slice(0, -1);
  return {
    child,
    reader,
    exit: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    said,
    numbers: () => said().flatMap((word) => (/^\d+$/.test(word) ? [Number(word)] : [])),
    async until(condition: () => boolean) {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

/** Reads to the end; `onData` may look at what came so far. */
async function readAll(fd: number, onData: (bytes: number) => void = () => undefined): Promise<string> {
  const socket = new Socket({ fd, readable: true, writable: false });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket) {
    chunks.push(chunk);
    bytes += chunk.length;
    onData(bytes);
  }
  return Buffer.concat(chunks).toString();
}

/** Whole lines only; each is a record and follows the one before. */
function chainOf(output: string): number {
  let previous = NO_PREVIOUS;
  const lines = output.split('\n').slice(0, -1);
  lines.forEach((line, sequence) => {
    const parsed = parseRecord(line);
    if (parsed.kind !== 'ok') throw new Error(parsed.problems.join());
    expect(parsed.record.writer).toMatchObject({ sequence, previous });
    expect(parsed.record.detail).toMatchObject({ path: `/${sequence}` });
    previous = hashLine(line);
  });
  return lines.length;
}

describe('O1 records on a pipe, written by a process', () => {
  it('O1 wait for a reader that stalls, and arrive whole once it reads', async () => {
    const run = start(2000);
    await run.until(() => run.said().includes('pressure'));
    // The pipe holds 64 KiB, which is fewer than a hundred of these.
    expect(run.numbers().length).toBeLessThan(150);
    const output = await readAll(run.reader);
    expect(await run.exit).toEqual([0, null]);
    expect(chainOf(output)).toBe(2000);
    expect(run.numbers()).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  it('O1 are in the output where they were acknowledged, though the process is killed half way', async () => {
    const run = start(20_000);
    await run.until(() => run.said().includes('pressure'));
    const output = await readAll(run.reader, (bytes) => {
      if (bytes > 1_000_000) run.child.kill('SIGKILL');
    });
    expect(await run.exit).toEqual([null, 'SIGKILL']);
    const acknowledged = run.numbers();
    expect(acknowledged.length).toBeGreaterThan(500);
    expect(acknowledged.length).toBeLessThan(20_000);
    expect(chainOf(output)).toBeGreaterThan(acknowledged.at(-1) ?? 0);
  });

  it('O1 are all refused once the reader is gone, and the process ends', async () => {
    const run = start(2000);
    await run.until(() => run.said().includes('pressure'));
    closeSync(run.reader);
    expect(await run.exit).toEqual([7, null]);
    expect(run.said()).toContain('EPIPE');
    expect(run.said()).not.toContain('done');
  });

  it('O1 do not keep the process from leaving while the reader stalls', async () => {
    const run = start(2000, 'exit-under-pressure');
    expect(await run.exit).toEqual([3, null]);
    closeSync(run.reader);
  });
});
