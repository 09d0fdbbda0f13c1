import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { Agent } from 'undici';
import { PROXY } from '../layout';

/**
 * The least that node and undici can do with TLS on both sides of a CONNECT proxy: no policy, no record, no limits, one
 * certificate for every name. What it costs less than the egress proxy is what those cost.
 */

const [key = '', cert = '', roots = ''] = process.argv.slice(2);
const secureContext = createSecureContext({ key: readFileSync(key), cert: readFileSync(cert) });
const agent = new Agent({ connections: 128, connect: { ca: readFileSync(roots) } });
const names = new WeakMap<object, string>();
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade']);

function endToEnd(raw: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!HOP.has(raw[i]?.toLowerCase() ?? '')) headers.push(raw[i] ?? '', raw[i + 1] ?? '');
  }
  return headers;
}

const inner = createServer((request: IncomingMessage, response: ServerResponse) => {
  const origin = `https://${names.get(request.socket)}`;
  const method = request.method ?? 'GET';
  response.once('error', () => response.destroy());
  agent.dispatch(
    {
      origin,
      method: method as 'GET',
      path: request.url ?? '/',
      headers: endToEnd(request.rawHeaders),
      body: method === 'GET' ? null : request,
    },
    {
      onRequestStart: (controller) => {
        response.once('close', () => {
          if (!response.writableFinished) controller.abort(new Error('gone'));
        });
      },
      onResponseStart: (controller, status) => {
        const raw = (controller.rawHeaders as readonly Buffer[]).map((part) => part.toString('latin1'));
        response.sendDate = false;
        response.writeHead(status, endToEnd(raw));
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return;
        controller.pause();
        response.once('drain', () => controller.resume());
      },
      onResponseEnd: () => response.end(),
      onResponseError: () => response.destroy(),
    },
  );
});

const outer = createServer();
outer.on('connect', (request: IncomingMessage, socket: Socket) => {
  socket.on('error', () => socket.destroy());
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
  secure.on('error', () => secure.destroy());
  secure.once('secure', () => {
    names.set(secure, request.url?.replace(/:443$/, '') ?? '');
    inner.emit('connection', secure);
  });
});
outer.listen(PROXY.port, PROXY.host);
