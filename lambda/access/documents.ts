import { hash } from 'node:crypto';
import type { ProfilePlace } from '../../core/access/environment';
import { parseDocument } from '../../core/egress/document';
import type { AppConfigSource } from '../../runtime/app-config-source';
import type { Clock } from '../../runtime/clock';
import type { LoadedPolicy } from '../../runtime/policies';
import type { Documents } from './ports';

/** AppConfig asks to be polled no more often. */
const KEEP_MS = 15_000;

/**
 * Documents in force, from AppConfig. A new configuration session each time, since its first answer is always the one in
 * force. A session is admitted under what is read here; the services refuse it where theirs is another.
 */
export function appConfigDocuments(source: AppConfigSource, places: readonly ProfilePlace[], clock: Clock): Documents {
  const kept = new Map<string, { readonly policy: LoadedPolicy; readonly at: number }>();
  return {
    profiles: places.map(({ profile }) => profile),
    async current(profile) {
      const known = kept.get(profile);
      if (known && clock.wall() - known.at < KEEP_MS) return known.policy;
      const place = places.find((each) => each.profile === profile);
      if (place === undefined) return undefined;
      const at = clock.wall();
      const { bytes } = await source.latest(await source.start(place.configurationProfileId));
      const parsed = parseDocument(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
      if (parsed.kind === 'invalid' || parsed.document.profile !== profile) return undefined;
      const policy = { document: parsed.document, hash: hash('sha256', bytes, 'hex') };
      kept.set(profile, { policy, at });
      return policy;
    },
  };
}
