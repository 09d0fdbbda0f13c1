import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Way } from '../../../../core/egress/request';
import { AGENTS } from './addresses';

/** Where connections come from: the lab, or a process inside of it. */
export interface Network {
  connect(port: number, from?: string): Promise<Socket>;
  /** PEM. */
  readonly authority: string;
}

/** An answer as it came off the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case, in order. */
  readonly headers: readonly (readonly [string, string])[];
  /** Of the message, chunks put together. */
  readonly body: Buffer;
  /** The message ended as its headers say. */
  readonly complete: boolean;
  readonly trailers: string;
}

export const headerOf = (answer: RawAnswer, name: string): string | undefined =>
  answer.headers.find(([each]) => each === name)?.[1];

/** The code of a refusal; `allow` for any other answer. */
export function verdictOf(answer: RawAnswer | undefined): string {
  if (answer === undefined) return 'no answer';
  return headerOf(answer, 'x-agent-platform-refusal') ?? 'allow';
}

/** Reads one answer from the beginning of what came; undefined while its head is not whole. */
export function readAnswer(
  bytes: Buffer,
  ended: boolean,
  head = false,
): { answer: RawAnswer; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, status = '0', reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first) ?? [];
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const value = (name: string): string | undefined => headers.find(([each]) => each === name)?.[1];
  const rest = bytes.subarray(end + 4);
  const made = (body: Buffer, complete: boolean, after: Buffer, trailers = '') => ({
    answer: { status: Number(status), reason, headers, body, complete, trailers },
    rest: after,
  });
  const nothing = Buffer.alloc(0);
  if (Number(status) < 200 || Number(status) === 204 || Number(status) === 304 || head)
    return made(nothing, true, rest);
  if (value('transfer-encoding') !== undefined) {
    const { body, complete, after, trailers } = readChunks(rest);
    return made(body, complete, after, trailers);
  }
  const length = value('content-length');
  if (length === undefined) return made(rest, ended, nothing);
  const wanted = Number(length);
  return made(rest.subarray(0, wanted), rest.length >= wanted, rest.subarray(wanted));
}

function readChunks(bytes: Buffer): { body: Buffer; complete: boolean; after: Buffer; trailers: string } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    const size = line === -1 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, line), 16);
    if (Number.isNaN(size)) break;
    if (size === 0) {
      const end = bytes.indexOf('\r\n\r\n', line);
      if (end === -1) break;
      const trailers = bytes.toString('latin1', line + 2, Math.max(line + 2, end));
      return { body: Buffer.concat(pieces), complete: true, after: bytes.subarray(end + 4), trailers };
    }
    pieces.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
    if (at > bytes.length) break;
  }
  return { body: Buffer.concat(pieces), complete: false, after: Buffer.alloc(0), trailers: '' };
}

/** A connection on which bytes are written as they stand and answers read as they come. */
export class RawConnection {
  private bytes: Buffer = Buffer.alloc(0);
  private ended = false;
  private readonly waiting = new Set<() => void>();

  constructor(readonly socket: Socket) {
    const wake = (): void => {
      for (const each of this.waiting) each();
    };
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.ended = true;
        wake();
      });
    }
  }

  /** The other side has closed, or the connection broke. */
  get isClosed(): boolean {
    return this.ended;
  }

  /** What came and was not read as an answer. */
  get unread(): Buffer {
    return this.bytes;
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Waits until something holds, something ends the connection, or time is up. */
  async until(condition: () => boolean, milliseconds = 5_000): Promise<boolean> {
    if (condition()) return true;
    return await new Promise((resolve) => {
      const check = (): void => {
        if (!condition() && !this.ended) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve(condition());
      };
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        resolve(condition());
      }, milliseconds);
      this.waiting.add(check);
      check();
    });
  }

  /** The next final answer; undefined where none comes. One that breaks off is not `complete`. */
  async answer(
    options: { head?: boolean; milliseconds?: number; interim?: boolean } = {},
  ): Promise<RawAnswer | undefined> {
    const { head = false, milliseconds = 5_000, interim = false } = options;
    const end = Date.now() + milliseconds;
    for (;;) {
      await this.until(() => readAnswer(this.bytes, this.ended, head)?.answer.complete === true, end - Date.now());
      const read = readAnswer(this.bytes, this.ended, head);
      if (!read) return undefined;
      this.bytes = read.rest;
      if (read.answer.status >= 200 || read.answer.status === 101 || interim) return read.answer;
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

export interface OpenOptions {
  readonly way: Way;
  /** What CONNECT names. */
  readonly host?: string;
  readonly port?: number;
  /** SNI; null for none. */
  readonly serverName?: string | null;
  readonly from?: string;
  readonly alpn?: readonly string[];
}

export type Opened =
  | { readonly kind: 'open'; readonly connection: RawConnection }
  | { readonly kind: 'refused'; readonly answer: RawAnswer | undefined }
  | { readonly kind: 'no-tls'; readonly error: string };

/** A connection on which a request of this way can be sent. */
export async function open(lab: Network, port: number, options: OpenOptions): Promise<Opened> {
  const outer = new RawConnection(await lab.connect(port, options.from ?? AGENTS.lab));
  if (options.way !== 'connect') return { kind: 'open', connection: outer };
  const { host = 'up.test' } = options;
  const authority = `${host}:${options.port ?? 443}`;
  outer.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await outer.until(() => outer.unread.includes('\r\n\r\n'));
  if (!outer.unread.toString('latin1').startsWith('HTTP/1.1 200 ')) {
    const answer = await outer.answer();
    outer.close();
    return { kind: 'refused', answer };
  }
  outer.socket.removeAllListeners('data');
  return await new Promise((resolve) => {
    const name = options.serverName === undefined ? host : options.serverName;
    const secure: TLSSocket = connectTls({
      socket: outer.socket,
      ca: lab.authority,
      ...(name !== null && { servername: name }),
      // Whom the certificate names is looked at where it matters.
      checkServerIdentity: () => undefined,
      ...(options.alpn && { ALPNProtocols: [...options.alpn] }),
    });
    secure.once('secureConnect', () => resolve({ kind: 'open', connection: new RawConnection(secure) }));
    secure.once('error', (error) => resolve({ kind: 'no-tls', error: error.message }));
    secure.once('close', () => resolve({ kind: 'no-tls', error: 'closed' }));
  });
}

/** Sends bytes on a connection of their own, and reads the answer. */
export async function send(
  lab: Network,
  port: number,
  options: OpenOptions,
  bytes: string | Buffer,
  read: { head?: boolean; milliseconds?: number } = {},
): Promise<RawAnswer | undefined> {
  const opened = await open(lab, port, options);
  if (opened.kind === 'refused') return opened.answer;
  if (opened.kind === 'no-tls') return undefined;
  opened.connection.write(bytes);
  const answer = await opened.connection.answer(read);
  opened.connection.close();
  return answer;
}
