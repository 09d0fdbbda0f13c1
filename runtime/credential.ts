import type { DocumentGrant } from '../core/egress/document';
import type { EgressRequest } from '../core/egress/request';
import type { Caller } from './caller';

/** What a grant puts on one request. */
export interface Credential {
  /** Set on the request after the agent's own were taken off. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Every form in which the value would be worth stealing: the token, and what it is wrapped in. Redacted from answers. */
  readonly secrets: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Id of the mint in the grant's own record. */
  readonly mintId?: string;
}

export type CredentialResult =
  | { readonly kind: 'ok'; readonly credential: Credential }
  | { readonly kind: 'unavailable'; readonly problem: string };

/** Where injected credentials come from. */
export interface Credentials {
  /** Never throws. Caches as long as the credential lives; forgets everything of a caller on {@link forget}. */
  get(caller: Caller, grant: DocumentGrant, request: EgressRequest): Promise<CredentialResult>;
  forget(callerKey: string | undefined): void;
}
