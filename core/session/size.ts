/**
 * Memory in MiB that Fargate offers for each number of vCPUs: from, to, step.
 * Source: Amazon ECS Developer Guide, "Amazon ECS task definition parameters for Fargate", task size.
 */
const FARGATE: Readonly<Record<number, { readonly from: number; readonly to: number; readonly step: number }>> = {
  0.25: { from: 512, to: 2048, step: 512 },
  0.5: { from: 1024, to: 4096, step: 1024 },
  1: { from: 2048, to: 8192, step: 1024 },
  2: { from: 4096, to: 16384, step: 1024 },
  4: { from: 8192, to: 30720, step: 1024 },
  8: { from: 16384, to: 61440, step: 4096 },
  16: { from: 32768, to: 122880, step: 8192 },
};

/** GiB. 20 come with every task; 200 is the most. Source: as above, ephemeral storage. */
export const STORAGE_GIB = { min: 21, max: 200, free: 20 } as const;

export const FARGATE_CPUS = Object.keys(FARGATE)
  .map(Number)
  .sort((a, b) => a - b);

export type SizeVerdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cpu' }
  | { readonly kind: 'memory'; readonly offered: string };

/** Whether Fargate sells this pair. 0.25 vCPU takes 512, 1024 and 2048 MiB, not 1536. */
export function checkSize(cpu: number, memoryMiB: number): SizeVerdict {
  const offer = FARGATE[cpu];
  if (offer === undefined) return { kind: 'cpu' };
  const fits = memoryMiB >= offer.from && memoryMiB <= offer.to && (memoryMiB - offer.from) % offer.step === 0;
  if (fits && !(cpu === 0.25 && memoryMiB === 1536)) return { kind: 'ok' };
  return {
    kind: 'memory',
    offered: `${offer.from / 1024}GiB to ${offer.to / 1024}GiB in steps of ${offer.step / 1024}GiB`,
  };
}
