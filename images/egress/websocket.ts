import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ClientOptions, type RawData, WebSocket, WebSocketServer } from 'ws';
import { type CompiledSecrets, StreamRedactor } from '../../core/egress/redact';
import { SecretFinder } from '../../core/egress/secret-finder';

/** A message beyond this ends the connection: it is read whole, because a secret may be spread over its frames. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Bytes waiting at one side above which the other is not read. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** What the handshake makes by itself, or what has to be agreed on both sides anew. Compression would hide secrets. */
const OWN_HEADERS = /^(?:host|connection|upgrade|sec-websocket-(?:key|version|extensions|protocol|accept))$/i;

const server = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  perMessageDeflate: false,
  // The host has chosen one of what the client offered, or none; see protocolOf.
  handleProtocols: (_offered, request) => chosen.get(request) ?? false,
});
const chosen = new WeakMap<IncomingMessage, string>();

export interface WebSocketTarget {
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** Name, value, name, value ... as they leave. */
  readonly headers: readonly string[];
  /** Verified, and connected to a public address. */
  readonly socket: Socket;
}

export interface RelayOptions {
  /** As they are when a message comes: more may be injected while this is open. */
  readonly secrets: () => CompiledSecrets | undefined;
  /** Bytes the client may send in all. */
  readonly sendLimit: number;
  readonly idleMs: number;
}

/** The host did not switch; its status is all that is told of its answer. */
export class SwitchRefused extends Error {
  override readonly name = 'SwitchRefused';
  constructor(readonly status: number | undefined) {
    super(`the host answered ${status ?? 'nothing'}`);
  }
}

/** Opens the host's side. @throws SwitchRefused */
export function connectWebSocket(target: WebSocketTarget, timeoutMs: number): Promise<WebSocket> {
  // Without a prototype: `constructor` is a header like any other.
  const headers: Record<string, string[]> = Object.create(null);
  const protocols: string[] = [];
  for (let i = 0; i < target.headers.length; i += 2) {
    const [name = '', value = ''] = target.headers.slice(i, i + 2);
    if (/^sec-websocket-protocol$/i.test(name)) protocols.push(...value.split(',').map((each) => each.trim()));
    else if (!OWN_HEADERS.test(name)) headers[name] = [...(headers[name] ?? []), value];
  }
  const options: ClientOptions = {
    headers: headers as unknown as Record<string, string>,
    createConnection: (() => target.socket) as ClientOptions['createConnection'],
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: timeoutMs,
    // As it was judged, not as a URL parser writes it.
    finishRequest: (request) => {
      request.path = target.path;
      request.end();
    },
  };
  return new Promise((resolve, reject) => {
    let upstream: WebSocket;
    try {
      upstream = new WebSocket(`wss://${target.host}/`, protocols, options);
    } catch {
      // Protocols that are no tokens, or stand there twice.
      reject(new SwitchRefused(undefined));
      return;
    }
    upstream.once('unexpected-response', (_request, answer) => {
      target.socket.destroy();
      reject(new SwitchRefused(answer.statusCode));
    });
    upstream.on('error', () => {
      target.socket.destroy();
      reject(new SwitchRefused(undefined));
    });
    // Frames that come with the handshake wait until somebody listens.
    upstream.once('open', () => {
      upstream.pause();
      resolve(upstream);
    });
  });
}

/** Finishes the client's handshake with the sub-protocol that the host chose. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket> {
  if (protocol !== '') chosen.set(request, protocol);
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client went away')));
    server.handleUpgrade(request, socket, head, (client) => {
      client.pause();
      resolve(client);
    });
  });
}

/**
 * Passes messages on in both directions, each read whole: masked ones from the client are screened, those of the host
 * searched for injected values. Pings are answered on each side by itself.
 */
export class WebSocketRelay {
  bytesIn = 0;
  bytesOut = 0;
  redacted = 0;
  private failure: string | undefined;
  private over = false;
  private idle: NodeJS.Timeout | undefined;
  private found: { readonly secrets: CompiledSecrets; readonly finder: SecretFinder } | undefined;

  constructor(
    private readonly client: WebSocket,
    private readonly upstream: WebSocket,
    private readonly options: RelayOptions,
  ) {}

  /** Resolves with what broke it, when both sides are done; `release` is awaited before the client hears of the end. */
  run(release: (failure: string | undefined) => Promise<void>): Promise<void> {
    const { client, upstream } = this;
    return new Promise((resolve) => {
      const end = (code: number, reason: Buffer): void => {
        if (this.over) return;
        this.over = true;
        clearTimeout(this.idle);
        release(this.failure)
          .then(() => {
            closeWith(client, code, reason);
            closeWith(upstream, code, reason);
          })
          .catch(() => {
            client.terminate();
            upstream.terminate();
          })
          .finally(resolve);
      };
      client.once('close', end);
      upstream.once('close', end);
      client.on('error', () => this.cut('client-broke'));
      upstream.on('error', () => this.cut('upstream-broke'));
      client.on('message', (data, binary) => this.send(upstream, client, this.outgoing(bytesOf(data)), binary));
      upstream.on('message', (data, binary) => this.send(client, upstream, this.incoming(bytesOf(data)), binary));
      client.resume();
      upstream.resume();
      this.touch();
    });
  }

  cut(reason: string): void {
    this.failure ??= reason;
    this.client.terminate();
    this.upstream.terminate();
  }

  private outgoing(message: Buffer): Buffer | undefined {
    this.bytesOut += message.length;
    if (this.bytesOut > this.options.sendLimit) this.cut('body-too-large');
    else if (this.finder()?.push(message)) this.cut('secret-in-request');
    else return message;
    return undefined;
  }

  /** Looks at what the client sends, over the ends of messages. */
  private finder(): SecretFinder | undefined {
    const secrets = this.options.secrets();
    if (!secrets) return undefined;
    if (this.found?.secrets !== secrets) this.found = { secrets, finder: new SecretFinder(secrets) };
    return this.found.finder;
  }

  private incoming(message: Buffer): Buffer {
    const secrets = this.options.secrets();
    if (!secrets) {
      this.bytesIn += message.length;
      return message;
    }
    const redactor = new StreamRedactor(secrets);
    const clean = Buffer.concat([redactor.push(message), redactor.end()]);
    this.redacted += redactor.count;
    this.bytesIn += clean.length;
    return clean;
  }

  private send(to: WebSocket, from: WebSocket, message: Buffer | undefined, binary: boolean): void {
    if (!message || to.readyState !== WebSocket.OPEN) return;
    this.touch();
    to.send(message, { binary }, () => {
      if (from.isPaused && to.bufferedAmount < HIGH_WATER_BYTES / 2) from.resume();
    });
    if (to.bufferedAmount > HIGH_WATER_BYTES) from.pause();
  }

  private touch(): void {
    if (this.idle) this.idle.refresh();
    else this.idle = setTimeout(() => this.cut('websocket-idle'), this.options.idleMs);
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}

/** 1005 and 1006 say that there was no code; they may not be sent. */
function closeWith(socket: WebSocket, code: number, reason: Buffer): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (code === 1006) socket.terminate();
  else if (code === 1005) socket.close();
  else socket.close(code, reason);
}
