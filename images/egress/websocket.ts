import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ingress } from './exchange';
import type { EgressPorts } from './ports';
import { writeRefusal } from './refuse';

export async function handleUpgrade(
  _ports: EgressPorts,
  _request: IncomingMessage,
  socket: Duplex,
  _head: Buffer,
  ingress: Ingress,
): Promise<void> {
  writeRefusal(socket, { code: 'websocket-not-allowed', way: ingress.way });
}
