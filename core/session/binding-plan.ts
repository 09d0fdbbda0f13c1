import {
  type AddressBinding,
  BINDING_VERSION,
  CLOSED_ADDRESS,
  type ClosedItem,
  type EpochItem,
  withClosed,
} from './binding';
import { reduce } from './reduce';
import type { SessionRow } from './row';
import { isCalling } from './row-change';
import type { TaskSnapshot } from './task';
import type { Guard, Transaction, Write } from './transaction';

/**
 * How long after an address changed hands nobody is answered there. A service remembers who is calling for a second from
 * its read, so from one second after the older binding was closed none can still take the new task for the old session;
 * the other second is for clocks that differ between the function that writes the time and the service that reads it.
 */
export const SETTLE_MS = 2000;
/** Longer than any report of a task comes late (EventBridge and Lambda try for a day): until then it is asked for. */
const CLOSED_KEPT_SECONDS = 7 * 86_400;

/** What ECS says, when asked now, of the task that an open binding names. */
export type Holder = 'alive' | 'gone';

export interface BindingFacts {
  readonly row: SessionRow;
  readonly task: TaskSnapshot & { readonly address: string };
  /** The address's item, read before ECS was asked about either task. */
  readonly existing: AddressBinding | undefined;
  /** Of the task that `existing` names, and of the one that is to be bound; needed where they are two. */
  readonly holder: Holder | undefined;
  readonly wanter: Holder | undefined;
  readonly epoch: EpochItem | undefined;
  readonly closed: ClosedItem | undefined;
  readonly at: string;
}

export type BindingPlan =
  | {
      readonly kind: 'bind';
      readonly row: SessionRow;
      readonly transaction: Transaction;
      /** Whose address this was while it said it lived. */
      readonly superseded?: { readonly sessionId: string; readonly generation: number };
    }
  /** Two live tasks at one address can't be; one report is wrong and it is not known which. Both sessions have to end. */
  | { readonly kind: 'conflict'; readonly other: { readonly sessionId: string; readonly generation: number } }
  /** The task is over, or its session is, or it is bound already. */
  | { readonly kind: 'none' }
  /** No epoch item, or a panic: nobody is bound. */
  | { readonly kind: 'paused' };

/**
 * The address's item is put on condition that it is still what was read, and the row on condition that it still calls. So
 * a report that comes late can't take an address from the task that has it now: where another had it, its own task has to
 * be found alive, and the other gone, by asking ECS after the item was read. The epoch is not among the conditions: a
 * binding made with one from before a panic is dead from its first moment, and all that are made would wait for each other.
 */
export function planBinding(facts: BindingFacts): BindingPlan {
  const { row, task, existing, epoch, at } = facts;
  const next = reduce(row, { kind: 'bound', task }, at).row;
  if (next === row) return { kind: 'none' };
  if (epoch === undefined || !epoch.open) return { kind: 'paused' };
  const other = existing?.taskArn === task.taskArn ? undefined : existing;
  // Of a closed binding too: its task may still run, and what came late of one before must not speak for it.
  if (other && facts.wanter !== 'alive') return { kind: 'none' };
  const open = other !== undefined && other.closedAt === undefined;
  const older = other && { sessionId: other.sessionId, generation: other.generation };
  if (open && older && facts.holder !== 'gone') return { kind: 'conflict', other: older };
  const usableAt = settlesAt(existing, at);
  const binding: AddressBinding = {
    version: BINDING_VERSION,
    address: task.address,
    sessionId: row.sessionId,
    taskArn: task.taskArn,
    generation: task.generation,
    epoch: epoch.epoch,
    eventVersion: task.version,
    openedAt: at,
    ...(usableAt !== undefined && { usableAt }),
    ...(open && older && { supersedes: older.sessionId }),
  };
  return {
    kind: 'bind',
    row: next,
    transaction: [
      putRow(row, next),
      { table: 'bindings', key: task.address, op: 'put', item: binding, guard: unchanged(existing) },
      ...(open && older ? [putClosed(facts.closed, { ...older, closedAt: at })] : []),
    ],
    ...(open && older && { superseded: older }),
  };
}

/** After this no service remembers the session that had the address before. */
function settlesAt(existing: AddressBinding | undefined, at: string): string | undefined {
  if (existing === undefined) return undefined;
  const settles = Date.parse(existing.closedAt ?? at) + SETTLE_MS;
  return settles > Date.parse(at) ? new Date(settles).toISOString() : undefined;
}

export interface ClosingFacts {
  readonly before: SessionRow;
  readonly next: SessionRow;
  /** Of the row's address. */
  readonly existing: AddressBinding | undefined;
  readonly closed: ClosedItem | undefined;
  readonly at: string;
}

/** Whether the session's last word on its address has to go with this change of its row. */
export function mustClose(before: SessionRow, next: SessionRow): boolean {
  return before.address !== undefined && isCalling(before) && !isCalling(next);
}

/** The row and its binding end in one transaction, so there is no moment in which one says yes and the other no. */
export function planClosing({ before, next, existing, closed, at }: ClosingFacts): Transaction {
  const its =
    existing !== undefined && existing.sessionId === before.sessionId && existing.generation === before.generation;
  const ttl = Math.floor(Date.parse(at) / 1000) + CLOSED_KEPT_SECONDS;
  return [
    putRow(before, next),
    // Where a newer binding has the address, there is nothing of ours to close but the streams that are open.
    ...(its && existing.closedAt === undefined
      ? [
          {
            table: 'bindings',
            key: existing.address,
            op: 'put',
            item: { ...existing, closedAt: at, ttl },
            guard: unchanged(existing),
          } as const,
        ]
      : []),
    putClosed(closed, { sessionId: before.sessionId, generation: before.generation, closedAt: at }),
  ];
}

export function putRow(before: SessionRow, next: SessionRow): Write {
  return {
    table: 'sessions',
    key: next.sessionId,
    op: 'put',
    item: next,
    guard: { name: 'row as read', condition: { kind: 'equals', values: { revision: before.revision } } },
  };
}

/** Task and opening time say which binding; `closedAt` whether it is still open. */
function unchanged(existing: AddressBinding | undefined): Guard {
  const name = 'address as read';
  if (existing === undefined) return { name, condition: { kind: 'absent' } };
  const { taskArn, openedAt, closedAt } = existing;
  return { name, condition: { kind: 'equals', values: { taskArn, openedAt, closedAt } } };
}

function putClosed(item: ClosedItem | undefined, one: Parameters<typeof withClosed>[1]): Write {
  return {
    table: 'bindings',
    key: CLOSED_ADDRESS,
    op: 'put',
    item: withClosed(item, one),
    guard: {
      name: 'closed list as read',
      condition: item === undefined ? { kind: 'absent' } : { kind: 'equals', values: { closings: item.closings } },
    },
  };
}
