import type { Subject } from '../core/audit/record';
import type { RefusalCode } from '../core/egress/refusal';
import type { SessionRow } from '../core/session/row';

/** Of a session: the task it is in, as its row has it. */
export type CallerTask = Pick<SessionRow, 'generation' | 'state' | 'taskText'> & {
  readonly taskArn: string;
  readonly lifetimeEndsAt: string;
};

/** Who speaks from an address: a live session, or a service known by its security group. */
export interface Caller {
  /** As records name the caller; has the profile whose document decides. */
  readonly subject: Exclude<Subject, { kind: 'platform' }>;
  /** Unique among callers at any time: the session's id, or the client's name. Limits and open streams are kept by it. */
  readonly key: string;
  /** Ids of requestable rules opened for this session. */
  readonly opened: readonly string[];
  /** Absent for a client, and where nobody knows of tasks. */
  readonly task?: CallerTask;
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
  /** Address of some other live session, where one is known; for the canary, which shows that it can't be reached. */
  neighbourOf?(address: string): string | undefined;
  close(): Promise<void>;
}
