import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { expectedFrames, isHeld } from '../figures';
import { AnswerReader } from '../http-answer';
import type { ConnectsJob, IdleJob, Job, LoadResult, ProbeJob, RequestsJob, StreamStep, StreamsJob } from '../job';
import { callerAddress, FRAME_MS, HOST, PATHS, STREAM_HOSTS, STREAMS, UPSTREAM } from '../layout';
import { readTree } from '../process-tree';

/** The load generator. Runs one job, prints what it gave, and ends; every job is bounded in time or in number. */

/** Longer than any job here. */
const LONGEST_MS = 5 * 60_000;

let secureContext: SecureContext | undefined;
let opened = 0;

async function open(job: Job, name: string): Promise<TLSSocket> {
  secureContext ??= createSecureContext({ ca: readFileSync(job.authorities) });
  const tls = { servername: name, secureContext, ALPNProtocols: ['http/1.1'] };
  const { via } = job;
  if (via.kind === 'direct') {
    const host = (STREAM_HOSTS as readonly string[]).includes(name) ? STREAMS : UPSTREAM;
    return await secured(connectTls({ host, port: 443, ...tls }));
  }
  const to = { host: via.host, port: via.port, localAddress: callerAddress(opened++) };
  if (via.kind === 'reverse') return await secured(connectTls({ ...to, ...tls }));
  const tunnel = await tunnelTo(connectTcp(to), name);
  return await secured(connectTls({ socket: tunnel, ...tls }));
}

function secured(socket: TLSSocket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    socket.setNoDelay();
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function tunnelTo(socket: Socket, name: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.setNoDelay();
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before an answer to CONNECT')));
    socket.once('connect', () => socket.write(`CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}:443\r\n\r\n`));
    socket.once('data', (chunk: Buffer) => {
      const line = chunk.toString('latin1', 0, 12);
      if (/^HTTP\/1\.[01] 200/.test(line)) {
        socket.removeAllListeners();
        resolve(socket);
      } else {
        reject(new Error(`got "${line}" to CONNECT`));
      }
    });
  });
}

function requestOf(path: string, name: string, gzip: boolean): Buffer {
  const encoding = gzip ? 'Accept-Encoding: gzip\r\n' : '';
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: bench/1\r\nAccept: */*\r\n${encoding}\r\n`);
}

/** Counts and clocks of the time between `begin` and `end`. */
class Window {
  private cpu = process.cpuUsage();
  private subject = 0;
  private from = 0;

  constructor(private readonly root: number) {}

  begin(): void {
    this.cpu = process.cpuUsage();
    this.subject = readTree(this.root).cpuMs;
    this.from = performance.now();
  }

  end(): { ms: number; generatorCpuMs: number; subjectCpuMs: number } {
    const ms = performance.now() - this.from;
    const { user, system } = process.cpuUsage(this.cpu);
    return { ms, generatorCpuMs: (user + system) / 1000, subjectCpuMs: readTree(this.root).cpuMs - this.subject };
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function requests(job: RequestsJob): Promise<LoadResult> {
  const request = requestOf(job.path, HOST, job.gzip);
  const latencies: number[] = [];
  let stopped = false;
  let failed: Error | undefined;
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => open(job, HOST)));
  const window = new Window(job.subject);
  for (const socket of sockets) {
    const reader = new AnswerReader();
    let from = performance.now();
    socket.on('data', (chunk: Buffer) => {
      try {
        if (!reader.push(chunk)) return;
        // A proxy that has to open what is compressed may send it as it is then.
        if (reader.status !== 200 || (job.gzip ? reader.bytes === 0 : reader.bytes !== job.bytes)) {
          throw new Error(`got ${reader.status} with ${reader.bytes} bytes for ${job.path}`);
        }
      } catch (error) {
        failed ??= error as Error;
        socket.destroy();
        return;
      }
      const now = performance.now();
      latencies.push(now - from);
      from = now;
      if (!stopped) socket.write(request);
    });
    socket.on('error', (error) => {
      failed ??= error;
    });
    socket.on('close', () => {
      if (!stopped) failed ??= new Error('a connection was closed');
    });
    socket.write(request);
  }
  await sleep(job.warmupMs);
  latencies.length = 0;
  window.begin();
  await sleep(job.ms);
  const times = window.end();
  const count = latencies.length;
  stopped = true;
  for (const socket of sockets) socket.destroy();
  if (failed) throw failed;
  return { count, ...times, latenciesMs: job.connections === 1 ? latencies : [] };
}

async function connects(job: ConnectsJob): Promise<LoadResult> {
  const request = requestOf(job.path, HOST, false);
  const window = new Window(job.subject);
  let count = 0;
  let stopped = false;
  const worker = async (): Promise<void> => {
    while (!stopped) {
      const socket = await open(job, HOST);
      await once(socket, request, job);
      socket.destroy();
      count++;
    }
  };
  const workers = Promise.all(Array.from({ length: job.connections }, worker));
  workers.catch(() => undefined);
  await Promise.race([workers, sleep(job.warmupMs)]);
  count = 0;
  window.begin();
  await Promise.race([workers, sleep(job.ms)]);
  const times = window.end();
  const done = count;
  stopped = true;
  await workers;
  return { count: done, ...times, latenciesMs: [] };
}

/** One request and its answer. */
function once(socket: TLSSocket, request: Buffer, job: { path: string; bytes: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader();
    const take = (chunk: Buffer): void => {
      try {
        if (!reader.push(chunk)) return;
      } catch (error) {
        reject(error);
        return;
      }
      socket.off('data', take);
      if (reader.status === 200 && reader.bytes === job.bytes) resolve();
      else reject(new Error(`got ${reader.status} with ${reader.bytes} bytes for ${job.path}`));
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before an answer')));
    socket.write(request);
  });
}

async function streams(job: StreamsJob): Promise<{ steps: StreamStep[] }> {
  const steps: StreamStep[] = [];
  const window = new Window(job.subject);
  let frames = 0;
  let late = 0;
  let open_ = 0;
  for (const wanted of job.steps) {
    while (open_ < wanted) {
      const some = Math.min(10, wanted - open_);
      await Promise.all(Array.from({ length: some }, (_, i) => stream(open_ + i)));
      open_ += some;
    }
    await sleep(job.settleMs);
    frames = 0;
    late = 0;
    window.begin();
    await sleep(job.ms);
    const counted = { frames, late };
    const { ms, ...cpu } = window.end();
    const step = { streams: wanted, ...counted, expected: expectedFrames(wanted, ms), ...cpu };
    steps.push(step);
    if (!isHeld(step)) break;
  }
  return { steps };

  async function stream(index: number): Promise<void> {
    const name = STREAM_HOSTS[index % STREAM_HOSTS.length] ?? STREAM_HOSTS[0];
    const socket = await open(job, name);
    let rest = '';
    await new Promise<void>((resolve, reject) => {
      const reader = new AnswerReader((chunk) => {
        const parts = (rest + chunk.toString('latin1')).split('\n\n');
        rest = parts.pop() ?? '';
        const now = monotonicMs();
        for (const part of parts) {
          frames++;
          if (now - Number(part.slice('data: '.length)) > FRAME_MS) late++;
        }
        resolve();
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          if (reader.push(chunk)) throw new Error('an event stream ended');
          if (reader.status !== 0 && reader.status !== 200) throw new Error(`got ${reader.status} for a stream`);
        } catch (error) {
          reject(error);
        }
      });
      socket.once('error', reject);
      socket.write(requestOf(PATHS.stream, name, false));
      setTimeout(() => reject(new Error('no frame within 10 s')), 10_000).unref();
    });
  }
}

/** CLOCK_MONOTONIC, the same in every process. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function idle(job: IdleJob) {
  const request = requestOf(job.path, HOST, false);
  const held: TLSSocket[] = [];
  const openSome = async (number: number): Promise<void> => {
    for (let i = 0; i < number; i++) {
      const socket = await open(job, HOST);
      await once(socket, request, job);
      held.push(socket);
    }
  };
  // What the first connections load and cache is not theirs.
  await openSome(20);
  for (const socket of held.splice(0)) {
    for (let i = 0; i < 20; i++) await once(socket, request, job);
    socket.destroy();
  }
  await sleep(500);
  const before = readTree(job.subject).rssBytes;
  await openSome(job.connections);
  await sleep(500);
  const after = readTree(job.subject).rssBytes;
  for (const socket of held) socket.destroy();
  return { connections: job.connections, beforeBytes: before, afterBytes: after };
}

async function probe(job: ProbeJob) {
  const until = performance.now() + job.patienceMs;
  for (;;) {
    try {
      const answers = [];
      for (const path of job.paths) answers.push(await ask(job, path));
      return { answers };
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(100);
    }
  }
}

async function ask(job: ProbeJob, path: string) {
  const socket = await open(job, path === PATHS.stream ? STREAM_HOSTS[0] : HOST);
  return await new Promise<{ path: string; status: number; bytes: number; text: string }>((resolve, reject) => {
    const body: Buffer[] = [];
    let head = '';
    const reader = new AnswerReader((chunk) => {
      body.push(chunk);
      if (path === PATHS.stream && body.length >= 3) finish();
    });
    const finish = (): void => {
      socket.destroy();
      const whole = Buffer.concat(body);
      const plain = /\r\ncontent-encoding: *gzip/i.test(head) ? gunzipSync(whole) : whole;
      resolve({ path, status: reader.status, bytes: plain.length, text: plain.toString('latin1', 0, 200) });
    };
    socket.on('data', (chunk: Buffer) => {
      if (head === '') head = chunk.toString('latin1', 0, 4096);
      try {
        if (reader.push(chunk)) finish();
      } catch (error) {
        reject(error);
      }
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`closed before an answer for ${path}`)));
    const name = path === PATHS.stream ? STREAM_HOSTS[0] : HOST;
    socket.write(requestOf(path, name, path === PATHS.smallGzip));
    setTimeout(() => reject(new Error(`no answer for ${path} within 10 s`)), 10_000).unref();
  });
}

async function run(job: Job): Promise<unknown> {
  switch (job.kind) {
    case 'requests':
      return await requests(job);
    case 'connects':
      return await connects(job);
    case 'streams':
      return await streams(job);
    case 'idle':
      return await idle(job);
    case 'probe':
      return await probe(job);
  }
}

setTimeout(() => {
  console.error('the load generator took too long');
  process.exit(1);
}, LONGEST_MS).unref();
run(JSON.parse(process.argv[2] ?? '') as Job).then(
  (result) => process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0)),
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
