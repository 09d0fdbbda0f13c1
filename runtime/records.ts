import type { AuditRecord } from '../core/audit/record';

type Draft<R> = R extends AuditRecord ? Omit<R, 'version' | 'id' | 'time' | 'writer'> : never;
/** A record as the code that knows the facts gives it; the writer adds id, time and its place in the chain. */
export type RecordDraft = Draft<AuditRecord>;

/** Writes records in order. */
export interface Records {
  /**
   * Resolves when the operating system has taken the whole line, so a full pipe holds the request it tells about.
   * Rejects only where the record can't be written at all; the caller then fails the request.
   */
  write(draft: RecordDraft): Promise<void>;
  /** So many records wait that nothing new may be taken in, not even to be refused: each would add one. */
  readonly overwhelmed?: boolean;
  /** Waits for what is under way. */
  close(): Promise<void>;
}
