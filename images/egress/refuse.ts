import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RefusalInput, refusalAnswer } from '../../core/egress/refuse';

/** The fields of a refusal that come from the client's own headers. */
export function clientOf(request: IncomingMessage): Pick<RefusalInput, 'accept' | 'userAgent'> {
  const { accept, 'user-agent': userAgent } = request.headers;
  return { ...(accept !== undefined && { accept }), ...(userAgent !== undefined && { userAgent }) };
}

/** Answers, and closes: what the client still sends of its request is never read as another one. */
export function sendRefusal(response: ServerResponse, input: RefusalInput): void {
  const answer = refusalAnswer(input);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.shouldKeepAlive = false;
  response.sendDate = false;
  response.writeHead(answer.status, answer.reasonPhrase, answer.headers);
  response.end(response.req.method === 'HEAD' ? undefined : answer.body);
}

/** For a connection on which no answer of Node's can be written: CONNECT, upgrades, what the parser refused. */
export function writeRefusal(socket: Duplex, input: RefusalInput): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const answer = refusalAnswer(input);
  const head = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${answer.status} ${answer.reasonPhrase}\r\n${head.join('')}\r\n${answer.body}`);
  // A client that does not read or close must not keep the connection.
  setTimeout(() => socket.destroy(), 2_000).unref();
}
