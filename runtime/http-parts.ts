import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from './clock';

/** Something that takes requests and can be told to take no more. */
export interface Drainable {
  /** Takes nothing new; ends what is under way by itself, or by force once `deadline` resolves. */
  drain(deadline: Promise<void>): Promise<void>;
}

export interface ConnectionLimits {
  readonly total: number;
  /** From one address: one hostile session must not take all there are. */
  readonly perAddress: number;
}

/** Closes at once what is too many. No answer is written: whoever opens that many reads none. */
export function limitConnections(server: Server, limits: ConnectionLimits): { readonly open: number } {
  const byAddress = new Map<string, number>();
  const count = { open: 0 };
  server.on('connection', (socket: Socket) => {
    // Undefined where the other end is gone already.
    const address = socket.remoteAddress ?? '';
    const own = byAddress.get(address) ?? 0;
    if (count.open >= limits.total || own >= limits.perAddress) {
      socket.destroy();
      return;
    }
    count.open++;
    byAddress.set(address, own + 1);
    socket.once('close', () => {
      count.open--;
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
  });
  return count;
}

/** How often connections are looked at that finished their request while draining. */
const IDLE_MS = 200;

/** A plain server as something that drains. Made before it listens, so that it knows every connection. */
export function drainable(server: Server, clock: Clock): Drainable {
  // Node forgets the sockets of upgrades and tunnels, and then waits for them for ever.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    async drain(deadline) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const stop = clock.every(IDLE_MS, () => server.closeIdleConnections());
      await Promise.race([closed, deadline]);
      stop();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
