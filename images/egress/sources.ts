import type { Callers } from '../../runtime/caller';
import type { Credentials } from '../../runtime/credential';
import type { Policies } from '../../runtime/policies';
import type { TaskTexts } from '../../runtime/task-texts';
import type { AuthorityPem } from './leaf-certificates';

/** What the proxy is told from outside: from AWS, or from files. */
export interface Sources {
  readonly callers: Callers;
  readonly policies: Policies;
  readonly credentials: Credentials;
  readonly authority: AuthoritySource;
  /** Absent where callers are no sessions. */
  readonly taskTexts?: TaskTexts;
  /** PEM certificates that upstreams are verified with, instead of Node's own list. */
  readonly roots?: readonly string[];
}

/** Something could not be read, or is not valid; `problem` holds no value. */
export type OnSourceProblem = (source: Exclude<keyof Sources, 'roots' | 'taskTexts'>, problem: string) => void;

export interface AuthoritySource {
  readonly pem: AuthorityPem;
  /** What sessions should trust now, PEM: what signs, and around a change also what will or did. */
  readonly certificates: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  onChange(listener: (pem: AuthorityPem) => void): void;
}
