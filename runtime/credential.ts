import type { DocumentGrant } from '../core/egress/document';
import type { Refused } from '../core/egress/refusal';
import type { EgressRequest } from '../core/egress/request';
import type { Caller } from './caller';

/** A request as it is about to leave. */
export interface UnsignedRequest {
  readonly request: EgressRequest;
  /** As the agent sent them. */
  readonly rawHeaders: readonly string[];
  /** As they leave: name, value, name, value ... */
  readonly headers: readonly string[];
  /** Reads the body whole, up to so many bytes; what it throws beyond them refuses the request. */
  readonly body: (limit: number) => Promise<Uint8Array>;
}

export type SignResult =
  | {
      readonly kind: 'ok';
      /** In place of those given. */
      readonly headers: string[];
      /** With its query. */
      readonly path: string;
    }
  | Refused;

/** Puts a credential on a request that no fixed header can: a signature over what is sent. */
export interface RequestSigner {
  sign(request: UnsignedRequest): Promise<SignResult>;
}

/** What a grant puts on one request. */
export interface Credential {
  /** Set on the request after the agent's own were taken off. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Every form in which the value would be worth stealing: the token, and what it is wrapped in. Redacted from answers. */
  readonly secrets: readonly string[];
  /** Signs each request, after its headers were set. */
  readonly signer?: RequestSigner;
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
