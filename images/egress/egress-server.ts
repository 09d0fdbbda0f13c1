import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { limitConnections } from '../../runtime/http-parts';
import { handleRequest } from './handle-request';
import type { Ingress } from './judge';
import type { EgressPorts } from './ports';
import { sendRefusal, writeRefusal } from './refuse';
import { openTunnel, tunnelOf } from './tunnel';
import { answering, takeTurn } from './turns';

/**
 * The proxy: one port, three ways in, one parser. CONNECT tunnels end in a second server of the same kind that never
 * listens and is handed their TLS sockets.
 */
export class EgressServer {
  private readonly outer: Server;
  private readonly inner: Server;
  private draining = false;

  constructor(private readonly ports: EgressPorts) {
    this.outer = this.server((request) => ({
      way: request.url?.startsWith('/') ? 'named' : 'absolute',
      address: request.socket.remoteAddress ?? '',
    }));
    this.inner = this.server((request) => {
      const tunnel = tunnelOf(request.socket);
      if (!tunnel) throw new Error('a request inside a tunnel that nobody opened');
      const serverName = (request.socket as TLSSocket & { servername?: string | false }).servername;
      return {
        way: 'connect',
        address: tunnel.address,
        tunnel: { host: tunnel.host, port: tunnel.port, serverName: serverName || undefined },
      };
    });
    // Node watches the time-outs of a server's connections, and knows which are idle, from this event on.
    this.inner.emit('listening');
    limitConnections(this.outer, { total: ports.limits.connections, perAddress: ports.limits.connectionsPerAddress });
    // A tunnel through a tunnel would lead past what judges requests.
    this.inner.on('connect', (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => socket.destroy());
      if (answering(socket)) return socket.destroy();
      this.refuseUnread(socket).catch((error) => this.broke(error, socket));
    });
    // Whoever asks and leaves before the answer keeps a record waiting and nothing else, so only this bounds how many.
    this.outer.on('connection', (socket) => {
      if (ports.records.overwhelmed) socket.destroy();
    });
    this.outer.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      // Node has taken its own listeners off.
      socket.on('error', () => socket.destroy());
      if (answering(socket)) return socket.destroy();
      if (this.draining) return writeRefusal(socket, { code: 'shutting-down', way: 'connect' });
      openTunnel(ports, this.inner, request, socket, head).catch((error) => this.broke(error, socket));
    });
    ports.callers.onClosed((key) => {
      ports.states.cut(key);
      ports.credentials.forget(key);
    });
    ports.policies.onChange((profile) => ports.states.review(profile));
  }

  listen(port: number, host?: string): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.outer.once('error', reject);
      this.outer.listen(port, host, () => resolve(this.outer.address() as AddressInfo));
    });
  }

  /** Takes nothing new; what is under way may finish until `deadline` resolves. */
  async drain(deadline: Promise<void>): Promise<void> {
    this.draining = true;
    const closed = new Promise<void>((resolve) => this.outer.close(() => resolve()));
    const closeIdle = (): void => {
      this.outer.closeIdleConnections();
      this.inner.closeIdleConnections();
    };
    closeIdle();
    // Each connection that has finished its request since then.
    const stop = this.ports.clock.every(200, closeIdle);
    await Promise.race([closed, deadline]);
    stop();
    this.ports.states.cut(undefined);
    this.outer.closeAllConnections();
    this.inner.closeAllConnections();
    this.inner.close();
    await this.ports.upstreams.close();
  }

  private server(ingressOf: (request: IncomingMessage) => Ingress): Server {
    const { limits } = this.ports;
    const listener: RequestListener = (request, response) => {
      response.on('error', () => response.destroy());
      if (this.ports.records.overwhelmed) {
        request.socket.destroy();
        return;
      }
      if (this.draining) {
        sendRefusal(response, { code: 'shutting-down', way: 'connect' });
        return;
      }
      takeTurn(request.socket, response, () => {
        handleRequest(this.ports, request, response, ingressOf(request)).catch((error) => this.broke(error, response));
      });
    };
    const server = createServer(
      {
        headersTimeout: limits.headersTimeoutMs,
        requestTimeout: limits.requestTimeoutMs,
        keepAliveTimeout: 65_000,
        maxHeaderSize: 48 * 1024,
        insecureHTTPParser: false,
        // Missing and doubled ones get the same answer as everything else that is malformed.
        requireHostHeader: false,
        joinDuplicateHeaders: false,
        noDelay: true,
        connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
      },
      listener,
    );
    // Without a listener Node sends 100 by itself, and the body of a refused request would already be on its way.
    server.on('checkContinue', listener);
    server.on('checkExpectation', listener);
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      // The connection is not ours to switch while an answer is written on it.
      if (answering(socket)) return socket.destroy();
      // Refusals are written as answers are everywhere else; Node would have made this object, had it kept the socket.
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once('finish', () => socket.end());
      socket.on('error', () => socket.destroy());
      const ingress = { ...ingressOf(request), upgrade: { socket, head } };
      handleRequest(this.ports, request, response, ingress).catch((error) => this.broke(error, socket));
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      // Into the middle of an answer no other one is written.
      if (error.code === 'ECONNRESET' || !socket.writable || answering(socket)?.headersSent) return socket.destroy();
      this.refuseUnread(socket).catch((problem) => this.broke(problem, socket));
      return undefined;
    });
    return server;
  }

  /** Nothing of it was understood, so nothing of it stands in the record but who sent it. */
  private async refuseUnread(socket: Duplex): Promise<void> {
    const { callers, earlyRefusals, metrics } = this.ports;
    const address = tunnelOf(socket)?.address ?? (socket as Socket).remoteAddress ?? '';
    const identity = await callers.identify(address);
    const code = identity.kind === 'caller' ? 'malformed-request' : identity.code;
    metrics.refused(code);
    if (identity.kind === 'caller') await earlyRefusals.unread(address, identity.caller.subject);
    else await earlyRefusals.unknown(address, identity.code);
    writeRefusal(socket, { code, way: 'connect' });
  }

  private broke(error: unknown, end: Duplex | ServerResponse): void {
    this.ports.onError(error);
    end.destroy();
  }
}
