import type { IdleResult, LoadResult, StreamStep, StreamsResult } from './job';
import { FRAME_MS } from './layout';

/** Metrics of this suite, in the order of the table. */
export const METRICS = [
  { name: 'requests/s per core 1KB', unit: 'req/s' },
  { name: 'requests/s per core 1KB gzip', unit: 'req/s' },
  { name: 'requests/s 1KB', unit: 'req/s' },
  { name: 'MB/s per core 1MB', unit: 'MB/s' },
  { name: 'idle latency p50', unit: 'ms' },
  { name: 'idle latency p99', unit: 'ms' },
  { name: 'added idle latency p50', unit: 'ms' },
  { name: 'added idle latency p99', unit: 'ms' },
  { name: 'new CONNECT/s per core', unit: 'conn/s' },
  { name: 'SSE frames/s per core', unit: 'frames/s' },
  { name: 'SSE streams held', unit: 'streams' },
  { name: 'SSE frames late', unit: '%' },
  { name: 'RSS per idle connection', unit: 'KB' },
  { name: 'RSS idle', unit: 'MB' },
  { name: 'generator 1KB', unit: '%' },
  { name: 'generator 1MB', unit: '%' },
  { name: 'generator CONNECT', unit: '%' },
  { name: 'generator SSE', unit: '%' },
] as const;

export type MetricName = (typeof METRICS)[number]['name'];

/** A step is held while at most this part of its frames is late or missing. */
const LATE_PART = 0.01;
const MISSING_PART = 0.02;

/** What one fully used core would do: `count` for each second of CPU time of the whole process tree. */
export function perCore(count: number, cpuMs: number): number {
  if (cpuMs <= 0) throw new Error('the subject took no CPU time; measure longer');
  return (count * 1000) / cpuMs;
}

/** The generator's CPU time, as a part of what it and the subject took. */
export function share({ generatorCpuMs, subjectCpuMs }: Pick<LoadResult, 'generatorCpuMs' | 'subjectCpuMs'>): number {
  return generatorCpuMs / (generatorCpuMs + subjectCpuMs);
}

/** Nearest rank: a value that was measured. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
  if (value === undefined) throw new Error('got no value to take a percentile of');
  return value;
}

export function isHeld({ expected, frames, late }: StreamStep): boolean {
  return late <= expected * LATE_PART && frames >= expected * (1 - MISSING_PART);
}

export interface SseFigures {
  readonly held: number;
  readonly latePercent: number;
  readonly framesPerCore: number;
  readonly generatorPercent: number;
}

/** The most streams that were held; frames and lateness of the largest step that was tried by everybody: the first. */
export function sseFigures({ steps }: StreamsResult): SseFigures {
  const [first] = steps;
  if (first === undefined) throw new Error('got no step of streams');
  const end = steps.findIndex((step) => !isHeld(step));
  const held = steps[(end === -1 ? steps.length : end) - 1]?.streams ?? 0;
  return {
    held,
    latePercent: (first.late / Math.max(1, first.frames)) * 100,
    framesPerCore: perCore(first.frames, first.subjectCpuMs),
    generatorPercent: share(first) * 100,
  };
}

/** How many frames an upstream sends to so many streams. */
export function expectedFrames(streams: number, ms: number): number {
  return (streams * ms) / FRAME_MS;
}

export function perConnectionKb({ connections, beforeBytes, afterBytes }: IdleResult): number {
  return (afterBytes - beforeBytes) / 1024 / connections;
}
