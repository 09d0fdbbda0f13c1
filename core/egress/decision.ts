import type { DocumentGrant } from './document';
import type { RefusalCode } from './refusal';
import type { EgressRule } from './rule';

/**
 * The answer to one request. `inspect` is no answer yet: some rule that could match looks into the body (GraphQL, MCP),
 * so the body is read up to `maxBytes`, and the same function is asked again with it.
 */
export type Decision =
  | {
      readonly kind: 'allow';
      readonly rule: EgressRule;
      readonly grant?: DocumentGrant;
      readonly operations: readonly string[];
    }
  | {
      readonly kind: 'ask';
      readonly rule: EgressRule;
      readonly grant?: DocumentGrant;
      readonly operations: readonly string[];
    }
  | {
      readonly kind: 'deny';
      readonly code: RefusalCode;
      readonly rule?: EgressRule;
      /** More than the code says; text of ours, nothing that was sent. */
      readonly problem?: string;
      readonly operations: readonly string[];
    }
  | { readonly kind: 'inspect'; readonly maxBytes: number };

/** What is known of the session beside its document. */
export interface SessionFacts {
  /** Ids of `requestable` rules that an approver has opened for this session. */
  readonly opened: readonly string[];
}
