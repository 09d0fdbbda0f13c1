import { createHash } from 'node:crypto';
import { parseDocument } from '../core/egress/document';
import type { Clock } from './clock';
import type { LoadedPolicy } from './policies';

/**
 * How long a source may be away before profiles close. Long enough for a short outage, short enough that a rule taken
 * away is gone the same quarter of an hour, whatever happens to its source.
 */
export const KEEP_POLICY_MS = 10 * 60 * 1000;

interface Shelved {
  readonly policy: LoadedPolicy;
  seenGood: number;
}

/**
 * The last good document of each profile. A broken version never takes the place of a good one, and neither lets it live
 * on for ever: what was written to close something would otherwise never take effect.
 */
export class PolicyShelf {
  private readonly shelved = new Map<string, Shelved>();
  private readonly listeners: ((profile: string) => void)[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly keepMs: number,
  ) {}

  get(profile: string): LoadedPolicy | undefined {
    const item = this.shelved.get(profile);
    if (item === undefined) return undefined;
    return this.clock.monotonic() - item.seenGood <= this.keepMs ? item.policy : undefined;
  }

  /** What is wrong with it; empty where it is taken. */
  put(profile: string, bytes: Uint8Array): readonly string[] {
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return ['not UTF-8'];
    }
    const parsed = parseDocument(text);
    if (parsed.kind === 'invalid') return parsed.problems;
    if (parsed.document.profile !== profile) {
      return [`profile: the document is of profile "${parsed.document.profile}", expected "${profile}"`];
    }
    const hash = createHash('sha256').update(bytes).digest('hex');
    const before = this.get(profile);
    const policy = before?.hash === hash ? before : { document: parsed.document, hash };
    this.shelved.set(profile, { policy, seenGood: this.clock.monotonic() });
    if (before?.hash !== hash) for (const listener of this.listeners) listener(profile);
    return [];
  }

  /** The source says that what was put last is still so. */
  confirm(profile: string): void {
    const item = this.shelved.get(profile);
    if (item !== undefined) item.seenGood = this.clock.monotonic();
  }

  onChange(listener: (profile: string) => void): void {
    this.listeners.push(listener);
  }
}
