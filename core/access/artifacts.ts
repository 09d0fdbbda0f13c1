/** What a session leaves in the bucket of payloads, by what it is; whatever writes or reads one keeps to these. */
export const ARTIFACTS = { result: 'result/', logs: 'transcript/' } as const;
export type ArtifactKind = keyof typeof ARTIFACTS;

/** In front of the keys of one session's. Ids have one length, so no prefix takes in a second session's. */
export function artifactPrefix(kind: ArtifactKind, sessionId: string): string {
  return `${ARTIFACTS[kind]}${sessionId}/`;
}
