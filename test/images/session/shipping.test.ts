import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTranscripts, type Transcripts } from '../../../core/session/transcript-read';
import { openRoot } from '../../../images/session/open-inside';
import { SHIPPING_LIMITS, Shipping, type ShippingLimits } from '../../../images/session/shipping';

const SECRET = 'the-environment-of-the-recorder';

let folder: string;
let home: string;
let projects: string;
let fd: number;
let lines: string[];
let shipping: Shipping;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shipping-'));
  home = join(folder, 'home');
  projects = join(home, '.claude/projects/-workspace');
  mkdirSync(projects, { recursive: true });
  writeFileSync(join(folder, 'secret.jsonl'), SECRET);
  start();
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true, force: true });
});

function start(limits: Partial<ShippingLimits> = {}): void {
  fd = openRoot(home);
  lines = [];
  shipping = new Shipping(fd, { ...SHIPPING_LIMITS, ...limits });
}
const ship = (last = false): string => {
  const text = shipping.next(last);
  lines.push(...text.split('\n').filter((line) => line !== ''));
  return text;
};
/** Until nothing is new, as at the end. */
const shipAll = (): Transcripts => {
  while (ship(true) !== '');
  return readTranscripts(lines);
};
const contents = ({ files }: Transcripts): Record<string, string> =>
  Object.fromEntries(files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('utf8')]));

describe('A3 what is shipped', () => {
  it('A3 transcripts of Claude Code and Codex and the agent’s output, and nothing else', () => {
    const codex = join(home, '.codex/sessions/2026/11/22');
    mkdirSync(codex, { recursive: true });
    mkdirSync(join(projects, 'one/subagents'), { recursive: true });
    writeFileSync(join(projects, 'one.jsonl'), '{"a":1}\n');
    writeFileSync(join(projects, 'one/subagents/two.jsonl'), '{"b":2}\n');
    writeFileSync(join(projects, 'notes.md'), SECRET);
    writeFileSync(join(codex, 'rollout.jsonl'), '{"c":3}\n');
    writeFileSync(join(home, '.agent-output'), 'hello\n');
    writeFileSync(join(home, 'other.jsonl'), SECRET);
    const read = shipAll();
    expect(contents(read)).toEqual({
      '.agent-output': 'hello\n',
      '.claude/projects/-workspace/one.jsonl': '{"a":1}\n',
      '.claude/projects/-workspace/one/subagents/two.jsonl': '{"b":2}\n',
      '.codex/sessions/2026/11/22/rollout.jsonl': '{"c":3}\n',
    });
    expect(read.files.map(({ source }) => source).sort()).toEqual(['claude', 'claude', 'codex', 'output']);
    expect([read.cuts, read.missing, read.foreign]).toEqual([[], 0, 0]);
  });

  it('A3 as it is written: each look ships what is new', () => {
    const file = join(projects, 'one.jsonl');
    writeFileSync(file, 'first\n');
    expect(ship()).toContain('first');
    expect(ship()).toBe('');
    appendFileSync(file, 'second\n');
    expect(ship()).toContain('second');
    expect(contents(readTranscripts(lines))['.claude/projects/-workspace/one.jsonl']).toBe('first\nsecond\n');
  });

  it('A3 every byte, whatever it is, and no line that a container runtime would cut', () => {
    const bytes = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * 7919) % 256));
    const quotes = Buffer.from('"\\\n'.repeat(20_000));
    const words = Buffer.from('añ€😀'.repeat(9_000));
    writeFileSync(join(projects, 'bytes.jsonl'), bytes);
    writeFileSync(join(projects, 'quotes.jsonl'), quotes);
    writeFileSync(join(projects, 'words.jsonl'), words);
    const { files } = shipAll();
    const of = (name: string): Uint8Array | undefined => files.find((file) => file.name.endsWith(name))?.bytes;
    expect(Buffer.compare(Buffer.from(of('bytes.jsonl') ?? []), bytes)).toBe(0);
    expect(Buffer.compare(Buffer.from(of('quotes.jsonl') ?? []), quotes)).toBe(0);
    expect(Buffer.compare(Buffer.from(of('words.jsonl') ?? []), words)).toBe(0);
    for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThan(16_000);
    expect(lines.filter((line) => line.includes('base64') && line.includes('"file":3')).length).toBe(0);
  });

  it('A3 a character that is half written is waited for, and not at the end', () => {
    const file = join(projects, 'one.jsonl');
    const euro = Buffer.from('€');
    writeFileSync(file, euro.subarray(0, 2));
    ship();
    expect(ship()).toBe('');
    appendFileSync(file, euro.subarray(2));
    expect(ship()).toContain('€');
    appendFileSync(file, euro.subarray(0, 1));
    expect(Buffer.from(shipAll().files[0]?.bytes ?? [])).toEqual(Buffer.concat([euro, euro.subarray(0, 1)]));
  });

  it('A3 a file that is renamed goes on, one that is truncated or replaced begins anew and says so', () => {
    const file = join(projects, 'one.jsonl');
    writeFileSync(file, 'first\n');
    ship();
    renameSync(file, join(projects, 'renamed.jsonl'));
    appendFileSync(join(projects, 'renamed.jsonl'), 'second\n');
    writeFileSync(file, 'another\n');
    ship();
    truncateSync(file, 0);
    ship();
    appendFileSync(file, 'anew\n');
    const read = shipAll();
    expect(read.files.map(({ bytes, cuts }) => [Buffer.from(bytes).toString(), cuts])).toEqual([
      ['first\nsecond\n', []],
      ['another\nanew\n', ['started-over']],
    ]);
  });
});

describe('A3 what an agent leaves there for us', () => {
  it('A3 links are not followed, wherever in the path they are', () => {
    symlinkSync('/proc/self/environ', join(projects, 'environ.jsonl'));
    symlinkSync(join(folder, 'secret.jsonl'), join(projects, 'secret.jsonl'));
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere/secret.jsonl'), SECRET);
    symlinkSync(join(folder, 'elsewhere'), join(projects, 'linked'));
    symlinkSync(join(folder, 'elsewhere'), join(home, '.codex'));
    symlinkSync(join(folder, 'secret.jsonl'), join(home, '.agent-output'));
    expect(shipAll().files).toEqual([]);
  });

  it.each(['.claude', '.claude/projects'])('A3 nor where %s itself is one', (name) => {
    rmSync(join(home, '.claude'), { recursive: true });
    mkdirSync(join(folder, 'elsewhere/projects'), { recursive: true });
    writeFileSync(join(folder, 'elsewhere/projects/secret.jsonl'), SECRET);
    writeFileSync(join(folder, 'elsewhere/secret.jsonl'), SECRET);
    if (name.includes('/')) mkdirSync(join(home, '.claude'));
    symlinkSync(join(folder, 'elsewhere'), join(home, name));
    expect(shipAll().files).toEqual([]);
  });

  it('A3 a pipe, a socket and a folder with the name of a transcript hold nothing up', () => {
    execFileSync('mkfifo', [join(projects, 'pipe.jsonl'), join(home, '.agent-output')]);
    execFileSync('python3', [
      '-c',
      'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])',
      join(projects, 's.jsonl'),
    ]);
    mkdirSync(join(projects, 'folder.jsonl'));
    writeFileSync(join(projects, 'real.jsonl'), 'real\n');
    expect(Object.values(contents(shipAll()))).toEqual(['real\n']);
  });

  it('A3 a file under two names is shipped once', () => {
    writeFileSync(join(projects, 'one.jsonl'), 'once\n');
    linkSync(join(projects, 'one.jsonl'), join(projects, 'two.jsonl'));
    expect(Object.values(contents(shipAll()))).toEqual(['once\n']);
  });

  it('A3 a file swapped for a link between two looks, and while we look', () => {
    const file = join(projects, 'one.jsonl');
    writeFileSync(file, 'first\n');
    ship();
    rmSync(file);
    symlinkSync(join(folder, 'secret.jsonl'), file);
    expect(ship()).toBe('');
    // Another process swaps file and link, and folder and link, as fast as it can.
    const swap = `
import os, sys, time
p, secret, end = sys.argv[1], sys.argv[2], time.time() + 2
os.mkdir(p + '/d'); open(p + '/d/x.jsonl', 'w').write('real')
open(p + '/real', 'w').write('real'); os.symlink(secret, p + '/link'); os.symlink(os.path.dirname(secret), p + '/linkd')
while time.time() < end:
    os.rename(p + '/real', p + '/r.jsonl'); os.rename(p + '/r.jsonl', p + '/real')
    os.rename(p + '/link', p + '/r.jsonl'); os.rename(p + '/r.jsonl', p + '/link')
    os.rename(p + '/d', p + '/e'); os.rename(p + '/linkd', p + '/d'); os.rename(p + '/d', p + '/linkd'); os.rename(p + '/e', p + '/d')
`;
    const child = spawn('python3', ['-c', swap, projects, join(folder, 'secret.jsonl')]);
    const ended = new Promise<void>((resolve) => child.once('close', resolve));
    let running = true;
    void ended.then(() => {
      running = false;
    });
    const look = async (): Promise<void> => {
      while (running) {
        ship();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    return look().then(() => {
      expect(lines.join('')).not.toContain(SECRET);
      expect(lines.join('')).toContain('real');
    });
  });

  it('F13 a file of a terabyte that is not there costs its limit, and the others go on', () => {
    start({ fileBytes: 100_000 });
    const huge = openSync(join(projects, 'huge.jsonl'), 'w');
    ftruncateSync(huge, 1e12);
    closeSync(huge);
    writeFileSync(join(projects, 'real.jsonl'), 'real\n');
    const read = shipAll();
    expect(contents(read)['.claude/projects/-workspace/real.jsonl']).toBe('real\n');
    const found = read.files.find(({ name }) => name.endsWith('huge.jsonl'));
    expect(found?.cuts).toEqual(['file-limit']);
    expect(found?.bytes.length).toBeLessThan(170_000);
  });

  it('F13 all together cost their limit, which is seen, and output does not crowd out transcripts', () => {
    start({ transcriptBytes: 50_000, outputBytes: 20_000 });
    writeFileSync(join(home, '.agent-output'), 'y\n'.repeat(1_000_000));
    for (let i = 0; i < 10; i++) writeFileSync(join(projects, `${i}.jsonl`), `${i}`.repeat(20_000));
    writeFileSync(join(projects, 'control.jsonl'), '\0'.repeat(1_000_000));
    const read = shipAll();
    expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(110_000);
    expect(read.files.find(({ source }) => source === 'output')?.cuts).toEqual(['total-limit']);
    expect(read.files.filter(({ source }) => source === 'claude').some(({ bytes }) => bytes.length === 20_000)).toBe(
      true,
    );
    expect(read.files.filter(({ cuts }) => cuts.includes('total-limit')).length).toBeGreaterThan(5);
  });

  it('F13 one file that grows fast does not keep the others waiting', () => {
    writeFileSync(join(projects, 'a.jsonl'), 'a'.repeat(5_000_000));
    writeFileSync(join(projects, 'b.jsonl'), 'b\n');
    const first = ship();
    expect(first).toContain('"text":"b\\n"');
    expect(first.length).toBeLessThan(500_000);
  });

  it('F13 forty thousand files and a tree without end cost a bounded look, which is seen', () => {
    start({ entries: 2_000, files: 100 });
    const crowd = join(projects, 'crowd');
    mkdirSync(crowd);
    execFileSync('python3', [
      '-c',
      'import os,sys\nfor i in range(40000): os.close(os.open(f"{sys.argv[1]}/{i}.jsonl", os.O_CREAT))',
      crowd,
    ]);
    const begun = performance.now();
    const read = shipAll();
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect([...read.cuts].sort()).toEqual(['too-many-entries', 'too-many-files']);
    expect(read.files.length).toBe(100);
  });

  it('F13 a tree without end is not walked without end', () => {
    let deep = projects;
    for (let i = 0; i < 30; i++) deep = join(deep, 'd');
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'x.jsonl'), SECRET);
    const read = shipAll();
    expect(read.cuts).toEqual(['too-deep']);
    expect(read.files).toEqual([]);
  });

  it('A3 names are shown without what forges lines', () => {
    writeFileSync(join(projects, 'a\n{"transcript":1}\u001b[2J\u202e.jsonl'), 'x');
    writeFileSync(Buffer.concat([Buffer.from(`${projects}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.jsonl')]), 'y');
    const read = shipAll();
    expect(read.files).toHaveLength(2);
    expect(read.foreign).toBe(0);
    for (const { name } of read.files) expect(name).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
    expect(lines.join('')).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
  });
});

it('A3 does not begin where the home itself is a link', () => {
  symlinkSync(home, join(folder, 'link'));
  expect(() => openRoot(join(folder, 'link'))).toThrow(/ELOOP|ENOTDIR/);
});
