import type { GRANT_KINDS } from '../../core/audit/kinds';
import type { BrokerCaller } from '../../core/credentials/callers';

export type GrantKind = (typeof GRANT_KINDS)[number];

/** A token that lives and can be revoked. */
export interface LiveToken {
  readonly sessionId: string;
  readonly mintId: string;
  readonly grantId: string;
  readonly grantKind: GrantKind;
  readonly caller: BrokerCaller;
  readonly target: string;
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Tokens that live, encrypted, until they are revoked or over: nobody can take back what nobody remembers. */
export interface LiveTokens {
  put(token: LiveToken): Promise<void>;
  /** All of a session, strongly consistent. Throws where they can not be read. */
  list(sessionId: string): Promise<readonly LiveToken[]>;
  remove(sessionId: string, mintId: string): Promise<void>;
}
