import type { Body } from '../../core/audit/field';
import type { BrokerCaller } from '../../core/credentials/callers';
import type { CredentialForm, MintRequest } from '../../core/credentials/messages';
import type { CredentialRefused } from '../../core/credentials/refusal';
import type { Rights } from '../../core/credentials/rights';
import type { DocumentGrant } from '../../core/egress/document';
import type { SessionRow } from '../../core/session/row';

/** For whom, and for which request. */
export interface Asked {
  readonly caller: BrokerCaller;
  readonly row: SessionRow;
  /** All that the session has, of its policy document. */
  readonly grants: readonly DocumentGrant[];
  readonly request: MintRequest;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What stands in the record of a mint or of its refusal. */
export interface Told {
  /** Repository, role, provider or audience. */
  readonly target: string;
  readonly rights?: Rights;
  readonly upstreamRequestId?: string;
}

export interface Minted extends Told {
  readonly kind: 'minted';
  readonly form: CredentialForm;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly rights: Rights;
  readonly sessionPolicy?: Body;
  /** Of a token the provider made at random. */
  readonly credentialSha256?: string;
  /** What it takes to revoke it; absent where it can't be. */
  readonly revocable?: string;
}

export type MintResult = Minted | (CredentialRefused & Told);

/** Makes credentials of one kind of grant. Expected failures are values. */
export interface Minter<G> {
  mint(asked: Asked, grant: G): Promise<MintResult>;
  /** Whether the session could have it, without making it: asked before compute is bought. */
  check(row: SessionRow, grant: G, now: number): Promise<readonly (CredentialRefused & Told)[]>;
  /** Makes it useless; false where that failed. Absent where the kind can't. */
  revoke?(revocable: string): Promise<boolean>;
}
