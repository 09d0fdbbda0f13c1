import type { BINDING_KEY } from './binding';
import type { SESSION_KEY } from './row';

/** The two tables; what they are called in an account is the store's business. */
export type TableName = 'sessions' | 'bindings';
/** Partition keys; neither table has a sort key. */
export const TABLE_KEYS = { sessions: 'sessionId', bindings: 'address' } as const satisfies {
  sessions: typeof SESSION_KEY;
  bindings: typeof BINDING_KEY;
};

export type Item = Readonly<Record<string, unknown>>;

/** What must be true of the item as it is when the transaction is made; else nothing of it happens. */
export type Condition =
  | { readonly kind: 'absent' }
  /** These attributes have these values; undefined is an attribute that is not there. */
  | { readonly kind: 'equals'; readonly values: Readonly<Record<string, string | number | boolean | undefined>> }
  /** No such attribute, or one that is lower. */
  | { readonly kind: 'below'; readonly attribute: string; readonly limit: number };

/** `name` says in tests and errors which promise the condition keeps. */
export interface Guard {
  readonly name: string;
  readonly condition: Condition;
}

export type Write = { readonly table: TableName; readonly key: string } & (
  | { readonly op: 'put'; readonly item: Item; readonly guard?: Guard }
  /** Adds to a number that begins at 0. */
  | { readonly op: 'add'; readonly attribute: string; readonly amount: number; readonly guard?: Guard }
  | { readonly op: 'delete'; readonly guard?: Guard }
);

/** All of it or nothing. At most one write an item. */
export type Transaction = readonly Write[];

export function holds(condition: Condition, item: Item | undefined): boolean {
  switch (condition.kind) {
    case 'absent':
      return item === undefined;
    case 'equals':
      return (
        item !== undefined && Object.entries(condition.values).every(([attribute, value]) => item[attribute] === value)
      );
    case 'below': {
      const value = item?.[condition.attribute];
      return value === undefined || (typeof value === 'number' && value < condition.limit);
    }
  }
}

/** What the write leaves of an item, where its guard holds. */
export function written(write: Write, item: Item | undefined): Item | undefined {
  switch (write.op) {
    case 'put':
      return write.item;
    case 'delete':
      return undefined;
    case 'add': {
      const before = item?.[write.attribute];
      return {
        ...(item ?? { [TABLE_KEYS[write.table]]: write.key }),
        [write.attribute]: (typeof before === 'number' ? before : 0) + write.amount,
      };
    }
  }
}
