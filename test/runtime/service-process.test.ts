import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { makeFolder } from './folder';

/** The shell in a process of its own, with real signals, its stdout a pipe of the kernel that this test does not read. */
const folder = makeFolder();
const children: ChildProcess[] = [];
beforeAll(() => {
  buildSync({
    entryPoints: [join(__dirname, 'service-child.ts')],
    outfile: folder.file('child.js'),
    bundle: true,
    platform: 'node',
  });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => folder.remove());

let runs = 0;
async function start(bytes: number, finishMs: number) {
  const fifo = folder.file(`pipe-${++runs}`);
  execFileSync('mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY);
  const notes = openSync(folder.file(`notes-${runs}`), 'w');
  const child = spawn(process.execPath, [folder.file('child.js'), String(bytes), String(finishMs)], {
    stdio: ['ignore', writer, notes],
  });
  children.push(child);
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  for (const fd of [writer, notes]) closeSync(fd);
  const said = () => readFileSync(folder.file(`notes-${runs}`), 'utf8');
  while (!said().includes('\n')) await new Promise((resolve) => setTimeout(resolve, 5));
  const [health, port] = said()
    .trim()
    .split(' ')
    .map((each) => `http://127.0.0.1:${each}`);
  return { child, exit, reader, health, port };
}

describe('a service as a process', () => {
  it('serves, and leaves in order when told to', async () => {
    const run = await start(10, 5000);
    expect(await (await fetch(`${run.health}/healthz`)).json()).toEqual({ status: 'ready', reasons: [] });
    expect(await (await fetch(`${run.port}/`)).text()).toBe('served');
    run.child.kill('SIGTERM');
    expect(await run.exit).toEqual([0, null]);
    expect(readFileSync(run.reader, 'utf8')).toBe('x'.repeat(10));
  });

  it('leaves though the reader of its records stalls and a thread hangs in the write', async () => {
    const run = await start(1_000_000, 300);
    run.child.kill('SIGTERM');
    expect(await run.exit).toEqual([null, 'SIGKILL']);
    closeSync(run.reader);
  });

  it('leaves at once at the second signal', async () => {
    const run = await start(1_000_000, 600_000);
    run.child.kill('SIGTERM');
    // Draining once the health port says so, or is gone.
    for (let status = 200; status === 200; ) status = (await fetch(`${run.health}/healthz`)).status;
    run.child.kill('SIGINT');
    expect(await run.exit).toEqual([null, 'SIGKILL']);
    closeSync(run.reader);
  });
});
