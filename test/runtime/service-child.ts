import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FdSink } from '../../runtime/byte-sink';
import { systemClock } from '../../runtime/clock';
import { drainable } from '../../runtime/http-parts';
import { HttpService } from '../../runtime/http-service';

/**
 * A service as a process: says its ports on stderr, and before it ends writes as many bytes as told to its stdout, by the
 * descriptor as it is, which blocks.
 */
async function main(): Promise<void> {
  const server = createServer((_, response) => response.end('served'));
  const part = drainable(server, systemClock);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sink = new FdSink(1);
  const service = new HttpService({
    parts: [part],
    problems: () => [],
    health: { port: 0 },
    finish: () => sink.write(Buffer.alloc(Number(process.argv[2]), 'x')),
    finishMs: Number(process.argv[3]),
    say: () => undefined,
  });
  const { port } = await service.start();
  process.stderr.write(`${port} ${(server.address() as AddressInfo).port}\n`);
}

void main();
