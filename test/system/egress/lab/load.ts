import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Way } from '../../../../core/egress/request';
import { PROXY } from './addresses';
import type { Network } from './raw';
import { opened, textOf } from './request';

/** What the generator is told, as JSON in its only argument. */
export interface LoadOrder {
  readonly port: number;
  readonly from: readonly string[];
  /** PEM file of the platform's authority. */
  readonly authority: string;
  readonly workers: number;
  readonly seconds: number;
  /** Each worker takes them in turn. `{}` in a target becomes the request's own number. */
  readonly requests: readonly {
    readonly way: Way;
    readonly host: string;
    readonly target: string;
    readonly body?: number;
  }[];
  /** Requests on a connection before a new one is opened. */
  readonly perConnection: number;
  /** Milliseconds between two requests of a worker. */
  readonly pauseMs?: number;
}

/**
 * Asks as fast as answers come, from inside the namespace. Prints the number of each request whose answer came whole, and
 * at the end how many did not.
 */
const order: LoadOrder = JSON.parse(process.argv[2] ?? '{}');
const network: Network = {
  authority: readFileSync(order.authority, 'utf8'),
  connect: (port, from) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: PROXY, port, ...(from !== undefined && { localAddress: from }) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        socket.on('error', () => undefined);
        resolve(socket);
      });
    }),
};

let next = 0;
let broken = 0;
let stopped = false;
const end = Date.now() + order.seconds * 1000;

async function work(index: number): Promise<void> {
  for (let turn = index; !stopped && Date.now() < end; turn++) {
    const request = order.requests[turn % order.requests.length];
    const from = order.from[index % order.from.length];
    if (!request) return;
    const { way, host } = request;
    try {
      const connection = await opened(network, order.port, { way, host, ...(from !== undefined && { from }) });
      for (let i = 0; i < order.perConnection && !stopped && Date.now() < end; i++) {
        const number = next++;
        const target = request.target.replace('{}', String(number));
        const body = request.body === undefined ? {} : { method: 'POST', body: Buffer.alloc(request.body, 'x') };
        connection.write(textOf({ way, host, target, ...body }));
        const answer = await connection.answer({ milliseconds: 60_000 });
        if (!answer?.complete || answer.status !== 200) {
          broken++;
          break;
        }
        process.stdout.write(`${number}\n`);
        if (order.pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, order.pauseMs));
      }
      connection.close();
    } catch {
      broken++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

process.once('SIGTERM', () => {
  stopped = true;
});
process.once('disconnect', () => process.exit(0));
process.stdout.write('ready\n');
Promise.all(Array.from({ length: order.workers }, (_, i) => work(i))).then(() => {
  process.stdout.write(`broken ${broken}\n`, () => process.exit(0));
});
