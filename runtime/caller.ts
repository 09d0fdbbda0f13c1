import type { Subject } from '../core/audit/record';
import type { RefusalCode } from '../core/egress/refusal';

/** Who speaks from an address: a live session, or a service known by its security group. */
export interface Caller {
  /** As records name the caller; has the profile whose document decides. */
  readonly subject: Exclude<Subject, { kind: 'platform' }>;
  /** Unique among callers at any time: the session's id, or the client's name. Limits and open streams are kept by it. */
  readonly key: string;
  /** Ids of requestable rules opened for this session. */
  readonly opened: readonly string[];
}

export type CallerResult =
  | { readonly kind: 'caller'; readonly caller: Caller }
  | {
      readonly kind: 'refused';
      readonly code: Extract<RefusalCode, 'unbound-address' | 'session-closed' | 'platform-paused' | 'feed-stale'>;
    };

/** Says who is calling. There is no other proof of identity: no token, no header, no certificate. */
export interface Callers {
  /** `address`: of the socket's other end; an IPv4 address may be in its mapped form. Never throws. */
  identify(address: string): Promise<CallerResult>;
  /** Tells, within a second of its end, whose session is over; `undefined` means everybody's (panic or stale feed). */
  onClosed(listener: (key: string | undefined) => void): void;
  close(): Promise<void>;
}
