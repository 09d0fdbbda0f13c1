import { createHash } from 'node:crypto';
import { parseDocument } from '../../core/egress/document';
import type { AppConfigSource } from '../../runtime/app-config-source';
import type { Clock } from '../../runtime/clock';
import type { LoadedPolicy } from '../../runtime/policies';

export interface DocumentReader {
  /** The document in force; undefined where there is none that can be read. */
  read(profile: string, expectedHash: string): Promise<LoadedPolicy | undefined>;
}

/** AppConfig asks to be polled no more often. */
const KEEP_MS = 15_000;

interface Kept {
  readonly policy: LoadedPolicy;
  readonly readAt: number;
}

/**
 * Documents from AppConfig, read when asked for: a function has no timers between invocations. A new configuration
 * session each time, since its first answer is always the document in force.
 */
export function documentReader(
  source: AppConfigSource,
  ids: ReadonlyMap<string, string>,
  clock: Clock,
): DocumentReader {
  const kept = new Map<string, Kept>();
  return {
    async read(profile, expectedHash) {
      const known = kept.get(profile);
      // Another one than the session's may have been replaced meanwhile, by the one the session was admitted under.
      if (known?.policy.hash === expectedHash && clock.wall() - known.readAt < KEEP_MS) return known.policy;
      const id = ids.get(profile);
      if (id === undefined) return undefined;
      const readAt = clock.wall();
      const { bytes } = await source.latest(await source.start(id));
      const parsed = parseDocument(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
      if (parsed.kind === 'invalid' || parsed.document.profile !== profile) return undefined;
      const policy = { document: parsed.document, hash: createHash('sha256').update(bytes).digest('hex') };
      kept.set(profile, { policy, readAt });
      return policy;
    },
  };
}
