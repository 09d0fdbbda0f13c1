import * as z from 'zod/mini';
import { principal, taskArn, text, time } from '../audit/field';
import { interfaceAddress } from './address';
import { sessionId } from './id';
import { generation, ttl } from './row';

export { interfaceAddress } from './address';

/** Partition key of the table of bindings. */
export const BINDING_KEY = 'address';
/** Key of the epoch item in that table, so that one strongly consistent table answers "may anybody pass?" too. */
export const EPOCH_ADDRESS = 'epoch';
/** Key of the item of recently closed sessions, in the same table for the same reason. */
export const CLOSED_ADDRESS = 'closed';

export const BINDING_VERSION = 1;

const epoch = z.int().check(z.minimum(0), z.describe('raised by each panic; a binding made in an older one is dead'));

/**
 * Who speaks from an address. One item an address: opening a binding replaces the older one of that address in the same
 * transaction that closes its session's, so two sessions never share one. Without `closedAt` it is open.
 */
export const addressBinding = z
  .strictObject({
    version: z.literal(BINDING_VERSION),
    address: interfaceAddress,
    sessionId,
    taskArn,
    generation,
    epoch,
    eventVersion: z
      .int()
      .check(
        z.minimum(1),
        z.describe("`detail.version` of the task's ECS event, orders events of one task and never those of two"),
      ),
    openedAt: time,
    usableAt: z.optional(
      time.check(
        z.describe('until then a service may remember another session at this address, so nobody is answered'),
      ),
    ),
    closedAt: z.optional(time),
    supersedes: z.optional(sessionId.check(z.describe('the session whose binding of this address was closed by this'))),
    ttl: z.optional(ttl),
  })
  .check(z.meta({ title: 'Binding of an address to a session, version 1' }));
export type AddressBinding = z.infer<typeof addressBinding>;

/** Read by every service at least each second. Missing, unreadable or closed, everything is refused. */
export const epochItem = z
  .strictObject({
    version: z.literal(BINDING_VERSION),
    address: z.literal(EPOCH_ADDRESS),
    epoch,
    open: z.boolean().check(z.describe('false from a panic until it is lifted')),
    changedAt: time,
    changedBy: principal,
    confirmedBy: z.optional(principal.check(z.describe('the second person, without whom no panic is lifted'))),
    remark: z.optional(text),
  })
  .check(z.meta({ title: 'Epoch item, version 1' }));
export type EpochItem = z.infer<typeof epochItem>;

/**
 * Every service reads this item twice a second and no answer is kept longer than one second, so a minute is plenty; and
 * as many as fit are read at small cost (20 KB).
 */
export const MAX_CLOSED = 256;
const KEPT_MS = 60_000;

const closedSession = z.strictObject({
  sessionId,
  generation: generation.check(
    z.describe('bindings of this one and of those before are dead; a resumed task has a higher'),
  ),
  closedAt: time,
});
export type ClosedSession = z.infer<typeof closedSession>;

/**
 * Recently closed sessions, oldest first: this is what ends a stream that is open already, for which nobody asks again
 * who is calling. `closings` counts all there ever were; whoever sees it rise by more than the list is long missed some,
 * and has to end every stream. Written only on condition that `closings` is what was read, in the transaction that
 * closes the binding.
 */
export const closedItem = z
  .strictObject({
    version: z.literal(BINDING_VERSION),
    address: z.literal(CLOSED_ADDRESS),
    closings: z.int().check(z.minimum(0), z.describe('how many there ever were')),
    sessions: z.array(closedSession).check(z.maxLength(MAX_CLOSED)),
  })
  .check(z.meta({ title: 'Item of recently closed sessions, version 1' }));
export type ClosedItem = z.infer<typeof closedItem>;

/**
 * For whoever adds to the item, at each end of a session: only as far as it is counted and extended. Readers check all of
 * it and refuse everybody where something in it is wrong, so a bad entry lets nobody in.
 *
 * @throws where it can't be extended
 */
export function closedToExtend(item: Readonly<Record<string, unknown>>): ClosedItem {
  const { version, closings, sessions } = item;
  if (version === BINDING_VERSION && Number.isSafeInteger(closings) && Array.isArray(sessions)) {
    return item as unknown as ClosedItem;
  }
  throw new Error('the item of closed sessions is not one; find out who wrote it');
}

/** The item with one more; undefined is the item that is not there yet. Leaves out what is old and what is too many. */
export function withClosed(item: ClosedItem | undefined, closed: ClosedSession): ClosedItem {
  const oldest = new Date(Date.parse(closed.closedAt) - KEPT_MS).toISOString();
  const kept = (item?.sessions ?? []).filter(({ closedAt }) => closedAt >= oldest);
  return {
    version: BINDING_VERSION,
    address: CLOSED_ADDRESS,
    closings: (item?.closings ?? 0) + 1,
    sessions: [...kept, closed].slice(-MAX_CLOSED),
  };
}

export type NewlyClosed =
  | { readonly kind: 'known'; readonly sessions: readonly ClosedSession[] }
  /** More than the list holds, or the count ran back: it can't be told whose. */
  | { readonly kind: 'missed' };

/** Which sessions were closed between two readings of the item. */
export function closedSince(before: ClosedItem | undefined, now: ClosedItem | undefined): NewlyClosed {
  const count = (now?.closings ?? 0) - (before?.closings ?? 0);
  const sessions = now?.sessions ?? [];
  if (count < 0 || count > sessions.length) return { kind: 'missed' };
  return { kind: 'known', sessions: count === 0 ? [] : sessions.slice(-count) };
}
