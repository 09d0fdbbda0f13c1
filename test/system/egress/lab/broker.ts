import { connect } from 'node:net';

/**
 * Opens connections inside the namespace and hands them to the test's own process, outside of it: a socket stays in the
 * network it was made in. So tests read and write real connections, with nothing in between.
 */
export interface SocketOrder {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  /** The address it comes from. */
  readonly from: string;
}

export interface SocketAnswer {
  readonly id: number;
  readonly error?: string;
}

process.on('message', ({ id, host, port, from }: SocketOrder) => {
  const socket = connect({ host, port, localAddress: from, allowHalfOpen: true });
  // Nothing may be read here, it would be missing there.
  socket.pause();
  const failed = (error: Error): void => void process.send?.({ id, error: error.message } satisfies SocketAnswer);
  socket.once('error', failed);
  socket.once('connect', () => {
    socket.off('error', failed);
    socket.on('error', () => undefined);
    process.send?.({ id } satisfies SocketAnswer, socket);
  });
});
process.once('disconnect', () => process.exit(0));
process.stdout.write('ready\n');
