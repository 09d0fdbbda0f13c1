import type { Item, TableName, Transaction } from '../core/session/transaction';

/** Which rows: those of one person, or those in one state. */
export interface RowQuery {
  readonly by: 'requester' | 'state';
  readonly value: string;
  readonly limit: number;
  /** Of the page before. */
  readonly after?: Item;
}

export interface RowPage {
  /** The newest first. Read without strong consistency: what matters is read again by its key. */
  readonly items: readonly Item[];
  readonly after?: Item;
}

export type TransactResult =
  | { readonly kind: 'done' }
  /** Names of the guards that did not hold; none where another transaction was under way with the same items. */
  | { readonly kind: 'conflict'; readonly failed: readonly string[] };

/** The two tables, as far as sessions need them. */
export interface ItemStore {
  /** Strongly consistent. */
  read(table: TableName, key: string): Promise<Item | undefined>;
  transact(transaction: Transaction): Promise<TransactResult>;
  query(query: RowQuery): Promise<RowPage>;
}
