import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, Stop } from './clock';
import { watchFolder } from './watch-folder';

export type Parsed<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

export interface WatchedFileOptions<T> {
  readonly path: string;
  readonly parse: (text: string) => Parsed<T>;
  readonly clock: Clock;
  /** How long the last good content counts once the file is broken or gone. */
  readonly keepMs: number;
  readonly pollMs: number;
  /** Once for each broken content, not at each poll. */
  readonly onProblem: (problems: readonly string[]) => void;
  readonly onChange?: (value: T, previous: T | undefined) => void;
  /** The last good content stopped counting. */
  readonly onStale?: () => void;
}

const MAX_BYTES = 4 * 1024 * 1024;

/** The content of one small file: the newest good one, for as long as it was seen good lately. */
export class WatchedFile<T> {
  private good: { readonly text: string; readonly value: T } | undefined;
  private seenGood = Number.NEGATIVE_INFINITY;
  private reported = '';
  private stale = true;
  private readonly stop: Stop;

  constructor(private readonly options: WatchedFileOptions<T>) {
    this.look();
    this.stop = watchFolder(dirname(options.path), () => this.look(), options.clock, options.pollMs);
  }

  /** Undefined where nothing good was read for `keepMs`, for whatever reason, a poll that did not run among them. */
  get(): T | undefined {
    return this.options.clock.monotonic() - this.seenGood <= this.options.keepMs ? this.good?.value : undefined;
  }

  close(): void {
    this.stop();
  }

  private look(): void {
    const { path, parse, clock, onProblem, onChange } = this.options;
    const text = read(path);
    const same = text.kind === 'ok' && text.value === this.good?.text;
    const parsed = text.kind !== 'ok' ? text : same ? undefined : parse(text.value);
    if (parsed?.kind === 'invalid') {
      const said = parsed.problems.join('\n');
      if (said !== this.reported) {
        this.reported = said;
        onProblem(parsed.problems);
      }
      this.tellStale();
      return;
    }
    // Whoever was told that nothing counts any more hears of it even though it had been read in between.
    this.tellStale();
    this.seenGood = clock.monotonic();
    this.reported = '';
    this.stale = false;
    if (parsed === undefined || text.kind !== 'ok') return;
    const previous = this.good?.value;
    this.good = { text: text.value, value: parsed.value as T };
    onChange?.(this.good.value, previous);
  }

  private tellStale(): void {
    if (this.stale || this.get() !== undefined) return;
    this.stale = true;
    this.options.onStale?.();
  }
}

function read(path: string): Parsed<string> {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) {
      return { kind: 'invalid', problems: [`${path}: ${size} bytes, expected at most ${MAX_BYTES}`] };
    }
    return { kind: 'ok', value: readFileSync(path, 'utf8') };
  } catch (error) {
    return { kind: 'invalid', problems: [`${path}: ${(error as NodeJS.ErrnoException).code ?? 'not readable'}`] };
  }
}
