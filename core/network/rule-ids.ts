/**
 * Suricata rule ids (sids). 1,000,000 to 1,999,999 is the range reserved for local rules (Emerging Threats "SID
 * allocation"), so ours never meet those of AWS's managed groups in a policy or in a log query.
 */
export const DENY_SIDS = { first: 1_000_000, last: 1_000_999 } as const;
export const HOST_SIDS = { first: 1_001_000, last: 1_999_999 } as const;

/**
 * Gives each key a sid made from the key's hash. A running number would be simpler, but one added host would then change
 * the sid of every rule after it: each deploy would show as a rewrite, and a saved log query on a sid would silently mean
 * another host. With the hash a key keeps its sid unless it collides, and then only the later key of the pair moves on.
 * Keys must come without duplicates and in a fixed order.
 */
export function hostSids(keys: readonly string[]): ReadonlyMap<string, number> {
  const size = HOST_SIDS.last - HOST_SIDS.first + 1;
  const taken = new Set<number>();
  return new Map(
    keys.map((key) => {
      let slot = fnv1a(key) % size;
      while (taken.has(slot)) slot = (slot + 1) % size;
      taken.add(slot);
      return [key, HOST_SIDS.first + slot];
    }),
  );
}

/** 32-bit FNV-1a (draft-eastlake-fnv). Not for security: anyone may know a sid. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
