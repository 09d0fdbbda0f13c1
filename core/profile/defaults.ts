/** Modest: too small shows as a slow build, which people see; too large shows as a bill, which they don't. */
export const DEFAULTS = {
  cpu: 1,
  memoryMiB: 4096,
  storageGiB: 21,
  lifetimeSeconds: 3600,
  idleSeconds: 900,
} as const;
