import { appendFileSync, readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, createServer as createTls, type SecureContext, type TLSSocket } from 'node:tls';
import { PRIVATE_UPSTREAM, TRAP_PORTS, UPSTREAM, UPSTREAM_IPV6 } from './addresses';
import { behave, behaveUpgraded } from './behaviours';
import { startNameServer } from './name-server';
import { type Issuer, makeLeaf, readIssuer } from './pki';
import type { Counts, Seen, SeenByTrap, SeenRequest, UpstreamCall } from './seen';

/**
 * Every server there is in the lab, in one process: the upstream, the trap at all other addresses, the DNS. What comes is
 * appended to `capture` byte by byte (after TLS), and told in parts when asked. Usage: FOLDER [quiet]; prints `ready`.
 */
const [folder, quiet] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: upstream.ts FOLDER [quiet]');
const MOST_KEPT = 20_000;
const BODY_KEPT = 8_192;

const requests: SeenRequest[] = [];
const trapped: SeenByTrap[] = [];
const asked: string[] = [];
let connections = 0;
let nextId = 0;

function capture(bytes: Buffer): void {
  if (quiet === undefined) appendFileSync(join(folder ?? '', 'capture'), bytes);
}

const read = (name: string): { key: string; certificate: string } => ({
  key: readFileSync(join(folder, `${name}.key`), 'utf8'),
  certificate: readFileSync(join(folder, `${name}.crt`), 'utf8'),
});
const issuers = Promise.all([readIssuer(read('root')), readIssuer(read('other-root'))]);
const contexts = new Map<string, Promise<SecureContext>>();

/** A certificate for every name, valid unless the name says otherwise: the trap has good ones too. */
function contextOf(serverName: string): Promise<SecureContext> {
  let context = contexts.get(serverName);
  if (!context) {
    context = issuers.then(async ([root, otherRoot]) => {
      const { key, certificate } = await makeLeaf(leafOptions(serverName, root, otherRoot));
      return createSecureContext({ key, cert: certificate });
    });
    contexts.set(serverName, context);
  }
  return context;
}

function leafOptions(serverName: string, root: Issuer, otherRoot: Issuer): Parameters<typeof makeLeaf>[0] {
  switch (serverName) {
    case 'expired.test':
      return { issuer: root, names: [serverName], expired: true };
    case 'untrusted.test':
      return { issuer: otherRoot, names: [serverName] };
    case 'wrong-name.test':
      return { issuer: root, names: ['right-name.test'], commonName: serverName };
    default:
      return { issuer: root, names: [serverName] };
  }
}

const serverNames = new WeakMap<object, string>();

function note(request: IncomingMessage): SeenRequest {
  const seen: SeenRequest = {
    id: nextId++,
    serverName: serverNames.get(request.socket),
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.rawHeaders,
    httpVersion: request.httpVersion,
    bodyBytes: 0,
    body: '',
    complete: false,
  };
  if (requests.length < MOST_KEPT) requests.push(seen);
  const { emit } = request;
  // Listening for data would start the flow, and some behaviours want none.
  request.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event === 'data' && Buffer.isBuffer(args[0])) {
      seen.bodyBytes += args[0].length;
      if (seen.body.length < BODY_KEPT) seen.body += args[0].toString('latin1', 0, BODY_KEPT - seen.body.length);
    }
    if (event === 'end') seen.complete = true;
    return emit.call(request, event as string, ...args);
  };
  return seen;
}

const http = createHttp({ requireHostHeader: false, maxHeaderSize: 128 * 1024 });
http.on('request', (request: IncomingMessage, response: ServerResponse) => behave(request, response, note(request)));
http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
  behave(request, response, note(request)),
);
http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
  note(request);
  behaveUpgraded(request, socket, head);
});
http.on('clientError', (_error, socket) => socket.destroy());
http.keepAliveTimeout = 60_000;

function serve(socket: Socket, serverName: string | undefined): void {
  connections++;
  if (serverName !== undefined) serverNames.set(socket, serverName);
  socket.on('error', () => socket.destroy());
  http.emit('connection', socket);
  if (quiet === undefined) socket.on('data', capture);
}

function trap(socket: Socket, serverName?: string): void {
  const address = (socket.localAddress ?? '').replace('::ffff:', '');
  const seen: SeenByTrap = { address, port: socket.localPort ?? 0, bytes: '', ...(serverName && { serverName }) };
  trapped.push(seen);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    if (seen.bytes.length < 1024) seen.bytes += chunk.toString('latin1', 0, 1024);
    capture(chunk);
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\ntrapped');
  });
}

function isUpstream(socket: Socket): boolean {
  const address = (socket.localAddress ?? '').replace('::ffff:', '');
  return [UPSTREAM, UPSTREAM_IPV6, PRIVATE_UPSTREAM].includes(address);
}

const tls = createTls(
  {
    ALPNProtocols: ['h2', 'http/1.1'],
    SNICallback: (serverName, done) => {
      contextOf(serverName).then(
        (context) => done(null, context),
        (error) => done(error),
      );
    },
  },
  (socket: TLSSocket) => {
    const serverName = socket.servername || '';
    if (isUpstream(socket)) serve(socket, serverName);
    else trap(socket, serverName);
  },
);
tls.on('tlsClientError', (_error, socket) => socket.destroy());

function onTls(socket: Socket): void {
  // Somebody who comes without a word is somebody who comes.
  if (!isUpstream(socket)) {
    trapped.push({ address: (socket.localAddress ?? '').replace('::ffff:', ''), port: 443, bytes: '' });
  }
  tls.emit('connection', socket);
}

const listen = (port: number, onConnection: (socket: Socket) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createTcp({ noDelay: true }, onConnection);
    server.once('error', reject);
    server.listen(port, '::', 1024, () => resolve());
  });

process.on('message', ({ id, ...call }: UpstreamCall) => {
  if (call.ask === 'forget') for (const list of [requests, trapped, asked]) list.length = 0;
  const counts: Counts = { requests: requests.length, trapped: trapped.length, connections };
  const seen: Seen = { requests, trapped, connections, asked };
  process.send?.({ id, answer: call.ask === 'seen' ? seen : counts });
});
process.once('disconnect', () => process.exit(0));

Promise.all([
  startNameServer((name) => asked.length < MOST_KEPT && asked.push(name)),
  listen(443, onTls),
  listen(80, (socket) => (isUpstream(socket) ? serve(socket, undefined) : trap(socket))),
  ...TRAP_PORTS.map((port) => listen(port, trap)),
]).then(() => process.stdout.write('ready\n'));
