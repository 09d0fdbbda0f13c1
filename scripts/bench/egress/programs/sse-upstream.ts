import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { FRAME_MS, PATHS, STREAMS } from '../layout';

/** Event streams: one frame to every reader each 20 ms, which says when it was written. */

const [key = '', cert = ''] = process.argv.slice(2);
const readers = new Set<ServerResponse>();

createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  if (request.url !== PATHS.stream) {
    response.writeHead(404, { 'content-length': 0 }).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  readers.add(response);
  response.once('close', () => readers.delete(response));
}).listen(443, STREAMS);

// Spread over the time between two frames, as streams that know nothing of each other are. By the clock: an interval of
// node's comes late and never catches up, and frames that were never sent would look like the proxy's.
const PARTS = 10;
const begin = performance.now();
let sent = 0;
setInterval(() => {
  const due = Math.floor((performance.now() - begin) / (FRAME_MS / PARTS));
  for (; sent < due; sent++) sendPart(sent % PARTS);
}, 1);

function sendPart(part: number): void {
  let number = 0;
  for (const response of readers) {
    if (number++ % PARTS !== part || response.writableLength > 64 * 1024) continue;
    response.write(`data: ${(Number(process.hrtime.bigint()) / 1e6).toFixed(3)}\n\n`);
  }
}
