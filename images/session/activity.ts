import { readFileSync } from 'node:fs';

/** Bytes a second that an interface has without anybody doing anything: ARP, DHCP, time. */
const NOISE = 200;

/** Whether the network of the task is in use. All containers of a task have one, the recorder's included. */
export class NetworkActivity {
  private bytes: number;
  private at: number;

  constructor(
    private readonly readBytes: () => number = interfaceBytes,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.bytes = readBytes();
    this.at = now();
  }

  /** Since the last time it was asked. */
  was(): boolean {
    const [bytes, at] = [this.readBytes(), this.now()];
    const grown = bytes - this.bytes;
    const noise = (NOISE * (at - this.at)) / 1000;
    this.bytes = bytes;
    this.at = at;
    return grown > noise;
  }
}

/** In and out, of all interfaces but the loopback. Source: Linux, Documentation/filesystems/proc.rst, section 1.4. */
export function interfaceBytes(): number {
  return totalOf(readFileSync('/proc/self/net/dev', 'utf8'));
}

export function totalOf(table: string): number {
  let total = 0;
  for (const line of table.split('\n')) {
    const [, name, counters = ''] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || name === 'lo') continue;
    const fields = counters.trim().split(/\s+/).map(Number);
    total += (fields[0] ?? 0) + (fields[8] ?? 0);
  }
  return total;
}
