import type { PolicyDocument } from '../../core/egress/document';

/** A document that parses, by profile and with something to tell versions apart. */
export function documentOf(profile: string, lifetimeSeconds = 3600): PolicyDocument {
  return {
    version: 1,
    profile,
    session: {
      image: `repo@sha256:${'ab'.repeat(32)}`,
      cpuUnits: 1024,
      memoryMiB: 2048,
      storageGiB: 21,
      lifetimeSeconds,
      idleSeconds: 600,
    },
    rules: [],
    requestable: [],
    blocked: [],
    grants: [],
    models: { allow: [], budgetUsd: 0 },
  };
}
