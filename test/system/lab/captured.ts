const TCP = 6;
const UDP = 17;
const SYN = 0x02;

export interface Captured {
  bytes: number;
  syns: number;
}

/**
 * What sniffer.py wrote, by client port. A TCP byte that was sent twice counts once. Packets without a port count for
 * the port that is their IP id, which is how packets.py marks what it sends.
 */
export function capturedAt(capture: string): Map<number, Captured> {
  const spans = new Map<number, [first: number, end: number][]>();
  const captured = new Map<number, Captured>();
  for (const line of capture.trim().split('\n')) {
    const [protocol, clientPort, id = 0, size = 0, flags = 0, sequence = 0] = line.split(' ').map(Number);
    const port = clientPort || id;
    const entry = captured.get(port) ?? { bytes: 0, syns: 0 };
    captured.set(port, entry);
    const isWhole = clientPort !== 0 && (protocol === TCP || protocol === UDP);
    if (protocol !== TCP || !isWhole) {
      entry.bytes += size;
      continue;
    }
    if (flags & SYN) entry.syns += 1;
    // A SYN takes a sequence number before the data it carries.
    const first = sequence + (flags & SYN ? 1 : 0);
    if (size > 0) spans.set(port, [...(spans.get(port) ?? []), [first, first + size]]);
  }
  for (const [port, list] of spans) {
    const entry = captured.get(port);
    if (entry) entry.bytes += covered(list);
  }
  return captured;
}

/** How many numbers the spans cover together. A sequence that wraps past 2^32 would count too much, never too little. */
function covered(spans: readonly [first: number, end: number][]): number {
  let bytes = 0;
  let upTo = Number.NEGATIVE_INFINITY;
  for (const [first, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    bytes += Math.max(0, end - Math.max(first, upTo));
    upTo = Math.max(upTo, end);
  }
  return bytes;
}
