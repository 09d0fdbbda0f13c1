import type { PolicyDocument } from '../core/egress/document';

/** A document as a service uses it: parsed, checked, and named by the hash of the bytes it was read from. */
export interface LoadedPolicy {
  readonly document: PolicyDocument;
  /** SHA-256 of the bytes read, lower-case hex; stands in every record. */
  readonly hash: string;
}

/** Where documents come from. A new version takes effect for the next request; a broken one never does. */
export interface Policies {
  /** Undefined where no valid document of this profile was read within the time a last good one is kept. */
  get(profile: string): LoadedPolicy | undefined;
  onChange(listener: (profile: string) => void): void;
  close(): Promise<void>;
}
