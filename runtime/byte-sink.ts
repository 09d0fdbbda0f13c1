import { closeSync, constants, fstatSync, openSync, write as systemWrite, writeSync } from 'node:fs';
import { type Clock, systemClock } from './clock';

/** Takes bytes one after another. */
export interface ByteSink {
  /** Resolves when the operating system has all of them. After a rejection nothing more is written, ever. */
  write(bytes: Uint8Array): Promise<void>;
}

export type SystemWrite = (
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export interface FdSinkOptions {
  readonly clock?: Clock;
  readonly write?: SystemWrite;
}

const fsWrite: SystemWrite = (fd, bytes, offset, length, done) => systemWrite(fd, bytes, offset, length, null, done);
const LONGEST_WAIT_MS = 16;

/**
 * Writes to a file descriptor, whatever it is (pipe, file, terminal) and whether it blocks or not. node's own stdout
 * stream buffers without end and says nothing when the reader is slow, or loses what is buffered at exit.
 */
export class FdSink implements ByteSink {
  private tail: Promise<void> = Promise.resolve();
  private readonly clock: Clock;
  private readonly systemWrite: SystemWrite;

  constructor(
    private readonly fd: number,
    options: FdSinkOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.systemWrite = options.write ?? fsWrite;
  }

  write(bytes: Uint8Array): Promise<void> {
    // In a chain that a rejection ends: a line after half a line would be no line.
    this.tail = this.tail.then(() => this.all(bytes));
    this.tail.catch(() => undefined);
    return this.tail;
  }

  private async all(bytes: Uint8Array): Promise<void> {
    let wait = 1;
    for (let at = 0; at < bytes.length; ) {
      const taken = await this.once(bytes, at);
      if (taken > 0) {
        at += taken;
        wait = 1;
        continue;
      }
      await new Promise<void>((resolve) => this.clock.after(wait, resolve));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  /** 0 where the reader is slow and the descriptor does not block. */
  private once(bytes: Uint8Array, at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.systemWrite(this.fd, bytes, at, bytes.length - at, (error, written) => {
        if (!error) resolve(written);
        else if (error.code === 'EAGAIN' || error.code === 'EINTR') resolve(0);
        else reject(error);
      });
    });
  }
}

/**
 * A pipe is opened anew through /proc, without blocking: a write that blocks holds one of node's four pool threads, and
 * the process can't exit while it does (libuv joins its threads). As an opening of its own the flag is ours alone, and
 * not that of whoever shares the pipe. Where that can't be done the descriptor is used as it is.
 */
export function openWithoutBlocking(fd: number): number {
  try {
    if (!fstatSync(fd).isFIFO()) return fd;
    const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    if (fstatSync(own).isFIFO()) return own;
    closeSync(own);
  } catch {
    // No /proc, or a pipe of another user's.
  }
  return fd;
}

/** For a descriptor that does not block: the pool thread that a write would otherwise go through costs more than it. */
const writeAtOnce: SystemWrite = (fd, bytes, offset, length, done) => {
  let written: number;
  try {
    written = writeSync(fd, bytes, offset, length);
  } catch (error) {
    done(error as NodeJS.ErrnoException, 0);
    return;
  }
  done(null, written);
};

/** What a service writes its records to: without blocking where that can be, through the pool where it can't. */
export function sinkOf(fd: number): FdSink {
  const own = openWithoutBlocking(fd);
  return new FdSink(own, own === fd ? {} : { write: writeAtOnce });
}
