import { cpus, loadavg, platform, release, totalmem } from 'node:os';

/** What the figures depend on. The load at the start tells a quiet machine from a shared one. */
export function machine(): string {
  const [first, ...others] = cpus();
  const load = loadavg()[0] ?? 0;
  return [
    `${others.length + 1} x ${first?.model.trim() || 'unknown processor'}`,
    `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    `${platform()} ${release()} ${process.arch}`,
    `node ${process.version}`,
    `load ${load.toFixed(1)} at the start`,
  ].join(', ');
}
