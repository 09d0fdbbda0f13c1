import type { RefusalCode } from '../egress/refusal';
import { type AddressBinding, addressBinding, type ClosedSession } from './binding';
import { type SessionRow, sessionRow } from './row';
import type { SessionState } from './state';

/**
 * States in which a task may call services.
 *
 * - STARTING is one: session-init runs in it, and has to be answered as this task before it fetches the task text and
 *   before the canary means anything (a proxy that refuses everybody passes every probe). The agent's container does not
 *   exist yet. Its first requests may still fall into this state, since ECS starts it as soon as session-init is done,
 *   and the row says RUNNING a moment later.
 * - PENDING, QUEUED and PREFLIGHT have no task: whoever calls as one of them is not it.
 * - STOPPING is none: from there on nothing a session does may have an effect, and what the recorder still has to bring
 *   home goes to S3 and not through a service.
 */
export const CALLING_STATES = ['STARTING', 'RUNNING', 'AWAITING_APPROVAL'] as const satisfies readonly SessionState[];

const WITHOUT_TASK: readonly SessionState[] = ['PENDING', 'QUEUED', 'PREFLIGHT'];

export type Refused = Extract<RefusalCode, 'unbound-address' | 'session-closed' | 'feed-stale'>;

/** What stays true of an address however much time passes: a binding and the row it names, which agree. */
export interface Bound {
  readonly binding: AddressBinding;
  readonly row: SessionRow;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

export type BoundResult =
  | { readonly kind: 'bound'; readonly bound: Bound }
  | { readonly kind: 'refused'; readonly code: Refused };

const refused = (code: Refused): { readonly kind: 'refused'; readonly code: Refused } => ({ kind: 'refused', code });

export type BindingResult =
  | { readonly kind: 'open'; readonly binding: AddressBinding }
  | { readonly kind: 'refused'; readonly code: Refused };

/** An item of the table of bindings, for the address it was asked for. */
export function readBinding(address: string, item: unknown): BindingResult {
  if (item === undefined) return refused('unbound-address');
  const binding = addressBinding.safeParse(item);
  // Not understood is not known: a newer writer may mean something by it that this reader can't keep.
  if (!binding.success || binding.data.address !== address) return refused('feed-stale');
  return binding.data.closedAt === undefined ? { kind: 'open', binding: binding.data } : refused('session-closed');
}

/** The row that an open binding names. */
export function readBound(binding: AddressBinding, item: unknown): BoundResult {
  if (item === undefined) return refused('unbound-address');
  const parsed = sessionRow.safeParse(item);
  if (!parsed.success || parsed.data.sessionId !== binding.sessionId) return refused('feed-stale');
  const row = parsed.data;
  if (WITHOUT_TASK.includes(row.state)) return refused('unbound-address');
  if (!(CALLING_STATES as readonly string[]).includes(row.state)) return refused('session-closed');
  // A binding of the task before: the session lives on, in another.
  if (row.generation !== binding.generation || row.taskArn !== binding.taskArn) return refused('session-closed');
  if (row.lifetimeEndsAt === undefined) return refused('session-closed');
  return { kind: 'bound', bound: { binding, row, endsAt: Date.parse(row.lifetimeEndsAt) } };
}

/** What is true only now, and therefore asked at each request. */
export interface Present {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly epoch: number;
  readonly closed: readonly ClosedSession[];
}

export function isLive(bound: Bound, { now, epoch, closed }: Present): boolean {
  const { binding, endsAt } = bound;
  if (binding.epoch < epoch || !(now < endsAt) || !isSettled(bound, now)) return false;
  return !closed.some((one) => one.sessionId === binding.sessionId && one.generation >= binding.generation);
}

/**
 * Whether every service has forgotten who had the address before. Until then nobody is answered there: else a task that
 * one service already knows would be taken for another session by the next.
 */
export function isSettled({ binding }: Bound, now: number): boolean {
  return binding.usableAt === undefined || now >= Date.parse(binding.usableAt);
}
