/**
 * Confused deputy: the platform's App, role or client can do more than the person who asked for the session. What a
 * session gets is what its profile asks *and* its requester has, and where that is less, it gets nothing: half a right
 * fails later, in the middle of the work, with an error nobody understands.
 */
export interface Rights {
  /** As rights are written in records: `contents:write`. */
  readonly asked: readonly string[];
  readonly held: readonly string[];
  readonly granted: readonly string[];
}

export interface Intersection extends Rights {
  /** Asked for and not held. Empty: it may be granted. */
  readonly missing: readonly string[];
}

/** `holds` says whether one right that is held covers one that is asked for: write takes in read. */
export function intersect(
  asked: readonly string[],
  held: readonly string[],
  holds: (held: string, asked: string) => boolean = (one, other) => one === other,
): Intersection {
  const has = (right: string): boolean => held.some((one) => holds(one, right));
  return { asked, held, granted: asked.filter(has), missing: asked.filter((right) => !has(right)) };
}

/** `contents:write` takes in `contents:read`. */
export function levelHolds(held: string, asked: string): boolean {
  if (held === asked) return true;
  const [subject, level] = asked.split(':');
  return level === 'read' && held === `${subject}:write`;
}
