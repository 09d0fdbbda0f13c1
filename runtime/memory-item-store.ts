import { holds, type Item, TABLE_KEYS, type TableName, type Transaction, written } from '../core/session/transaction';
import type { ItemStore, RowPage, RowQuery, TransactResult } from './item-store';

/** The tables in memory, with the same conditions. For tests, and for whoever tries handlers without an account. */
export class MemoryItemStore implements ItemStore {
  private readonly tables: Readonly<Record<TableName, Map<string, Item>>> = {
    sessions: new Map(),
    bindings: new Map(),
  };

  async read(table: TableName, key: string): Promise<Item | undefined> {
    return this.tables[table].get(key);
  }

  async transact(transaction: Transaction): Promise<TransactResult> {
    const items = transaction.map(({ table, key }) => this.tables[table].get(key));
    const failed = transaction.flatMap(({ guard }, i) =>
      guard === undefined || holds(guard.condition, items[i]) ? [] : guard.name,
    );
    if (failed.length > 0) return { kind: 'conflict', failed };
    for (const [i, write] of transaction.entries()) {
      const item = written(write, items[i]);
      if (item === undefined) this.tables[write.table].delete(write.key);
      else this.tables[write.table].set(write.key, frozen(item));
    }
    return { kind: 'done' };
  }

  async query({ by, value, limit, after }: RowQuery): Promise<RowPage> {
    const before = after && placeOf(after);
    const items = [...this.tables.sessions.values()]
      // As an index has it: only items with its attributes, so none but rows.
      .filter((item) => item[by] === value && typeof item.createdAt === 'string')
      .sort((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1))
      .filter((item) => before === undefined || placeOf(item) < before);
    const page = items.slice(0, limit);
    const last = page.at(-1);
    return { items: page, ...(last !== undefined && items.length > limit && { after: last }) };
  }

  /** Everything in a table, for assertions. */
  all(table: TableName): ReadonlyMap<string, Item> {
    return this.tables[table];
  }

  /** As if written by somebody else, past every condition. */
  put(table: TableName, item: Item): void {
    this.tables[table].set(String(item[TABLE_KEYS[table]]), frozen(item));
  }
}

/** A copy that nobody can change, so that reading needs none. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const copy = Array.isArray(value)
    ? value.map(frozen)
    : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, frozen(inner)]));
  return Object.freeze(copy) as T;
}

const placeOf = (item: Item): string => `${item.createdAt} ${item.sessionId}`;
