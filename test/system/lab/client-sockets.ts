import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { CLIENT } from './addresses';
import { shapeHello, tlsOptions } from './client-hello';
import type { Answer, ClientResult, TcpAction, TlsAction } from './protocol';

type Outcome = Omit<ClientResult, 'port'>;

/** How long a client waits for an answer that should come, and listens for one that should not. */
const PATIENCE = 8_000;
const QUIET = 1_000;

const ANSWER_OF_ERROR: Readonly<Record<string, Answer>> = {
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNREFUSED: 'refused',
};

interface Connection {
  readonly socket: Socket;
  /** Ends the case; the first answer counts. */
  readonly end: (answer: Answer) => void;
}

/** Connects and lets a scenario speak, until it, the server, the firewall or the clock ends it. */
function converse(
  options: { port: number; to: string; toPort: number; source?: string; patience: number },
  scenario: (connection: Connection) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let received = 0;
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answer, received });
    };
    const timer = setTimeout(() => end('silent'), options.patience);
    const socket = connectTcp({
      host: options.to,
      port: options.toPort,
      localAddress: options.source ?? CLIENT,
      localPort: options.port,
      noDelay: true,
    });
    socket.on('data', (data) => {
      received += data.length;
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(ANSWER_OF_ERROR[error.code ?? ''] ?? `error ${error.message}`),
    );
    socket.on('end', () => end('closed'));
    socket.once('connect', () => scenario({ socket, end }));
  });
}

/** Writes one after the other, each in a segment of its own. */
async function writeAll(socket: Socket, parts: readonly Buffer[], pause: number): Promise<void> {
  for (const [index, part] of parts.entries()) {
    // The pause is what is under test (a slow client), not a wait for something.
    if (index > 0 && pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    if (socket.destroyed) return;
    await new Promise((resolve) => socket.write(part, resolve));
  }
}

/** Says the parts, then listens. An answer is what comes back before it is quiet. */
export function speakTcp(action: TcpAction, port: number): Promise<Outcome> {
  const parts = action.parts.map(({ text, times = 1 }) => Buffer.from(text.repeat(times), 'latin1'));
  return converse({ port, to: action.to, toPort: action.port, patience: PATIENCE }, async ({ socket, end }) => {
    await writeAll(socket, parts, action.pause ?? 0);
    setTimeout(() => end(socket.bytesRead > 0 ? 'answered' : 'silent'), QUIET);
  });
}

/** A handshake whose ClientHello is sent as the action says, then a request; answered is the whole response. */
export function speakTls(action: TlsAction, port: number): Promise<Outcome> {
  const { to, port: toPort = 443, source } = action;
  return converse({ port, to, toPort, source, patience: PATIENCE }, ({ socket, end }) => {
    let isHello = true;
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        const parts = isHello ? shapeHello(chunk, action) : [chunk];
        isHello = false;
        writeAll(socket, parts, action.pause ?? 0).then(() => done(), done);
      },
    });
    socket.on('data', (data) => wire.push(data));
    const tls = connectTls({ ...tlsOptions(action), socket: wire });
    // The socket's own error tells more (reset or not), and comes right after.
    tls.on('error', (error) => setImmediate(() => end(`error ${error.message}`)));
    tls.once('secureConnect', () => {
      const { upload = 0, download = 2 } = action;
      tls.write(`POST /${download} HTTP/1.1\r\nHost: ${action.name}\r\nContent-Length: ${upload}\r\n\r\n`);
      tls.write('u'.repeat(upload));
      let response = '';
      tls.on('data', (data: Buffer) => {
        response += data.toString('latin1');
        const body = response.split('\r\n\r\n')[1] ?? '';
        if (response.startsWith('HTTP/1.1 200') && body.length >= download) end('answered');
      });
    });
  });
}
