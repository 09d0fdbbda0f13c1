import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Turn {
  readonly response: ServerResponse;
  readonly begin: () => void;
}

const queues = new WeakMap<object, Turn[]>();

/** Requests that may wait on one connection. Each costs a hundred times the bytes it came in, and no client sends ahead so far. */
const MOST_WAITING = 32;

/**
 * Handles the requests of one connection one after the other. Node gives out all that came in one piece at once, so what
 * a client put behind a request that is refused would be judged, and sent on, before the refusal closes the connection.
 */
export function takeTurn(socket: Duplex, response: ServerResponse, begin: () => void): void {
  const queue = queues.get(socket) ?? [];
  queues.set(socket, queue);
  if (queue.length > MOST_WAITING) {
    socket.destroy();
    return;
  }
  queue.push({ response, begin });
  response.once('close', () => {
    queue.shift();
    if (socket.writable) queue[0]?.begin();
  });
  if (queue.length === 1) begin();
}

/** The answer that is being made on a connection, undefined where none is. */
export function answering(socket: Duplex): ServerResponse | undefined {
  return queues.get(socket)?.[0]?.response;
}
