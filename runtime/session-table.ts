import {
  type AddressBinding,
  addressBinding,
  CLOSED_ADDRESS,
  type ClosedItem,
  closedToExtend,
  type EpochItem,
} from '../core/session/binding';
import {
  type BindingPlan,
  type Holder,
  mustClose,
  planBinding,
  planClosing,
  putRow,
} from '../core/session/binding-plan';
import type { SessionEffect, SessionEvent } from '../core/session/event';
import { idempotencyItem, idempotencyKey, SLOTS_KEY, type Wait, waitItem, waitKey } from '../core/session/items';
import { reduce } from '../core/session/reduce';
import { type SessionRow, sessionRow } from '../core/session/row';
import { isTerminal, LIVE_STATES, type SessionState, TERMINAL_STATES } from '../core/session/state';
import type { TaskSnapshot } from '../core/session/task';
import type { Transaction, Write } from '../core/session/transaction';
import { type Clock, systemClock } from './clock';
import type { ItemStore, TransactResult } from './item-store';
import { PanicSwitch } from './panic-switch';

export interface SessionTableOptions {
  readonly store: ItemStore;
  readonly clock?: Clock;
  /** Sessions that hold a place at a time; default 1000. */
  readonly maxSessions?: number;
  /** From 0 up to 1, for the wait before a conflict is tried again. */
  readonly random?: () => number;
}

export type Created =
  | { readonly kind: 'created'; readonly row: SessionRow }
  /** The key was used before. `same`: for the same request. */
  | { readonly kind: 'repeated'; readonly sessionId: string; readonly same: boolean }
  /** The id is taken; make another. */
  | { readonly kind: 'id-taken' };

export type Applied =
  /** `before` is the same object where nothing changed. */
  | {
      readonly kind: 'applied';
      readonly before: SessionRow;
      readonly row: SessionRow;
      readonly effects: readonly SessionEffect[];
    }
  /** As many sessions as there may be hold a place. */
  | { readonly kind: 'full' }
  | { readonly kind: 'unknown' };

export type Bound =
  | {
      readonly kind: 'bound';
      readonly before: SessionRow;
      readonly row: SessionRow;
      readonly superseded?: { readonly sessionId: string; readonly generation: number };
    }
  | Exclude<BindingPlan, { readonly kind: 'bind' }>;

export type TaskWithAddress = TaskSnapshot & { readonly address: string };
/** Asks ECS how these tasks are now. A task it does not know is gone. */
export type LookAtTasks = (taskArns: readonly string[]) => Promise<ReadonlyMap<string, Holder>>;

export interface ListSessions {
  /** Only this person's. */
  readonly requester?: string;
  /** Only those that have not ended. */
  readonly live?: boolean;
  /** Default 50. A page may be shorter and not be the last. */
  readonly limit?: number;
  /** Of the page before. */
  readonly cursor?: string;
}

export interface SessionPage {
  readonly rows: readonly SessionRow[];
  readonly cursor?: string;
}

/** Writers of one row are few: its own events, the machine, the reaper. Those of the closed list are as many as ends. */
const MOST_TRIES = 12;
const IDEMPOTENCY_SECONDS = 86_400;
/** As long as a state machine may run. */
const WAIT_SECONDS = 366 * 86_400;

/** Gives up after so many conflicts that somebody has to look; whoever called is called again. */
export class TooManyConflicts extends Error {
  override readonly name = 'TooManyConflicts';
}

/** Rows, bindings and what stands beside them, as their transactions leave them. The only code that writes either table. */
export class SessionTable {
  readonly panicSwitch: PanicSwitch;
  private readonly store: ItemStore;
  private readonly clock: Clock;
  private readonly maxSessions: number;
  private readonly random: () => number;

  constructor(options: SessionTableOptions) {
    this.store = options.store;
    this.clock = options.clock ?? systemClock;
    this.maxSessions = options.maxSessions ?? 1000;
    this.random = options.random ?? Math.random;
    this.panicSwitch = new PanicSwitch(this.store, this.clock);
  }

  /** `idempotency.key` is a hash of caller and key, so that nobody meets the key of another. */
  async create(row: SessionRow, idempotency?: { readonly key: string; readonly request: string }): Promise<Created> {
    const transaction: Write[] = [
      {
        table: 'sessions',
        key: row.sessionId,
        op: 'put',
        item: row,
        guard: { name: 'new id', condition: { kind: 'absent' } },
      },
    ];
    const key = idempotency && idempotencyKey(idempotency.key);
    if (idempotency && key) {
      transaction.push({
        table: 'sessions',
        key,
        op: 'put',
        item: {
          version: 1,
          sessionId: key,
          session: row.sessionId,
          request: idempotency.request,
          ttl: this.seconds() + IDEMPOTENCY_SECONDS,
        },
        // TTL deletes days late; what has run out is as good as gone.
        guard: { name: 'new request', condition: { kind: 'below', attribute: 'ttl', limit: this.seconds() } },
      });
    }
    const result = await this.transact(transaction);
    if (result.kind === 'done') return { kind: 'created', row };
    if (!result.failed.includes('new request')) return { kind: 'id-taken' };
    const earlier = idempotencyItem.parse(await this.store.read('sessions', key ?? ''));
    return { kind: 'repeated', sessionId: earlier.session, same: earlier.request === idempotency?.request };
  }

  /** @throws where the row is there and can't be understood */
  async get(sessionId: string): Promise<SessionRow | undefined> {
    const item = await this.store.read('sessions', sessionId);
    return item === undefined ? undefined : sessionRow.parse(item);
  }

  /** Newest first, by state where it is nobody's in particular. */
  async list({ requester, live, limit = 50, cursor }: ListSessions): Promise<SessionPage> {
    const states: readonly SessionState[] = live ? LIVE_STATES : [...LIVE_STATES, ...TERMINAL_STATES];
    const from = readCursor(cursor);
    const state = states[from.part];
    if (requester === undefined && state === undefined) return { rows: [] };
    const page = await this.store.query({
      by: requester === undefined ? 'state' : 'requester',
      value: requester ?? state ?? '',
      limit,
      ...(from.after && { after: from.after }),
    });
    const rows = page.items.map((item) => sessionRow.parse(item)).filter((row) => !live || !isTerminal(row.state));
    const next =
      page.after !== undefined
        ? { part: from.part, after: page.after }
        : requester === undefined && from.part + 1 < states.length
          ? { part: from.part + 1 }
          : undefined;
    return { rows, ...(next && { cursor: Buffer.from(JSON.stringify(next)).toString('base64url') }) };
  }

  /** What an event makes of the session, written on condition that nothing else was meanwhile. */
  async apply(sessionId: string, event: SessionEvent): Promise<Applied> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const before = await this.get(sessionId);
      if (before === undefined) return { kind: 'unknown' };
      const at = this.now();
      const { row, effects } = reduce(before, event, at);
      if (row === before) return { kind: 'applied', before, row, effects };
      const result = await this.store.transact([
        ...(mustClose(before, row) ? await this.closing(before, row, at) : [putRow(before, row)]),
        ...this.slot(before, row),
      ]);
      if (result.kind === 'done') return { kind: 'applied', before, row, effects };
      if (result.failed.includes('a free place')) return { kind: 'full' };
      await this.pause(tries);
    }
    throw new TooManyConflicts(`${event.kind} of ${sessionId}`);
  }

  /** Gives the address to the task, where the task is still the session's and nobody alive has it. */
  async bind(task: TaskWithAddress, look: LookAtTasks): Promise<Bound> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const [row, existing, epoch] = await Promise.all([
        this.get(task.sessionId),
        this.binding(task.address),
        this.epoch(),
      ]);
      if (row === undefined) return { kind: 'none' };
      // After the item was read, never before: what ECS says has to be newer than what would be overwritten.
      const lives =
        existing !== undefined && existing.taskArn !== task.taskArn
          ? await look([existing.taskArn, task.taskArn])
          : undefined;
      // Read only where an older binding is closed by this one: the item is large, and everybody wants it.
      const closed = lives && existing?.closedAt === undefined ? await this.closed() : undefined;
      const holder = existing && lives?.get(existing.taskArn);
      const wanter = lives?.get(task.taskArn);
      const plan = planBinding({ row, task, existing, holder, wanter, epoch, closed, at: this.now() });
      if (plan.kind !== 'bind') return plan;
      const result = await this.store.transact(plan.transaction);
      if (result.kind === 'done') {
        return { kind: 'bound', before: row, row: plan.row, ...(plan.superseded && { superseded: plan.superseded }) };
      }
      await this.pause(tries);
    }
    throw new TooManyConflicts(`binding of ${task.sessionId}`);
  }

  /** Undefined where there is none: everybody is refused then. */
  async epoch(): Promise<EpochItem | undefined> {
    return this.panicSwitch.read();
  }

  /** Every service refuses everybody within two seconds; ends nothing by itself. */
  async panic(by: string, remark: string): Promise<EpochItem> {
    return this.panicSwitch.panic(by, remark);
  }

  /** @throws where one person would be both, or where a later panic than `epoch` was raised */
  async lift(by: string, confirmedBy: string, remark: string, epoch?: number): Promise<EpochItem> {
    return this.panicSwitch.lift(by, confirmedBy, remark, epoch);
  }

  /** The state machine's token, in the place of one from before. */
  async wait(sessionId: string, wait: Wait): Promise<void> {
    const key = waitKey(sessionId);
    const item = { version: 1, sessionId: key, ...wait, ttl: this.seconds() + WAIT_SECONDS };
    await this.transact([{ table: 'sessions', key, op: 'put', item }]);
  }

  async waiting(sessionId: string): Promise<Wait | undefined> {
    const item = await this.store.read('sessions', waitKey(sessionId));
    return item === undefined ? undefined : waitItem.parse(item);
  }

  /** The token was used; one that was stored meanwhile stays. */
  async waited(sessionId: string, token: string): Promise<void> {
    const guard = { name: 'token as read', condition: { kind: 'equals', values: { token } } } as const;
    await this.transact([{ table: 'sessions', key: waitKey(sessionId), op: 'delete', guard }]);
  }

  private async closing(before: SessionRow, next: SessionRow, at: string): Promise<Transaction> {
    const [existing, closed] = await Promise.all([this.binding(before.address ?? ''), this.closed()]);
    return planClosing({ before, next, existing, closed, at });
  }

  /** In the row's own transaction, so a place is taken and given back as often as the row says: once. */
  private slot(before: SessionRow, row: SessionRow): Write[] {
    const amount = Number(row.slot ?? false) - Number(before.slot ?? false);
    if (amount === 0) return [];
    const write = { table: 'sessions', key: SLOTS_KEY, op: 'add', attribute: 'used', amount } as const;
    const condition = { kind: 'below', attribute: 'used', limit: this.maxSessions } as const;
    return [amount > 0 ? { ...write, guard: { name: 'a free place', condition } } : write];
  }

  private async binding(address: string): Promise<AddressBinding | undefined> {
    const item = await this.store.read('bindings', address);
    return item === undefined ? undefined : addressBinding.parse(item);
  }

  private async closed(): Promise<ClosedItem | undefined> {
    const item = await this.store.read('bindings', CLOSED_ADDRESS);
    return item === undefined ? undefined : closedToExtend(item);
  }

  /** For what is right whoever was first: repeats where another transaction was in the way, and for nothing else. */
  private async transact(transaction: Transaction): Promise<TransactResult> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const result = await this.store.transact(transaction);
      if (result.kind === 'done' || result.failed.length > 0) return result;
      await this.pause(tries);
    }
    throw new TooManyConflicts('one transaction');
  }

  private async pause(tries: number): Promise<void> {
    const most = Math.min(20 * 2 ** tries, 1000);
    await new Promise<void>((resolve) => this.clock.after(most * this.random(), resolve));
  }

  private now(): string {
    return new Date(this.clock.wall()).toISOString();
  }

  private seconds(): number {
    return Math.floor(this.clock.wall() / 1000);
  }
}

/** A cursor is told to whoever lists, and comes back from them: anything may stand in it. */
function readCursor(cursor: string | undefined): { part: number; after?: Readonly<Record<string, unknown>> } {
  if (cursor === undefined) return { part: 0 };
  try {
    const { part, after } = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Number.isInteger(part) && part >= 0 && (after === undefined || typeof after === 'object')) {
      return { part, ...(after && { after }) };
    }
  } catch {
    // As below.
  }
  throw new InvalidCursor('the cursor is not one that was given; start again without one');
}

export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor';
}
