import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { SESSION_INDEXES } from '../core/session/indexes';
import {
  type Condition,
  type Item,
  TABLE_KEYS,
  type TableName,
  type Transaction,
  type Write,
} from '../core/session/transaction';
import type { ItemStore, RowPage, RowQuery, TransactResult } from './item-store';

export interface DynamoItemStoreOptions {
  readonly tables: Readonly<Record<TableName, string>>;
  /** Default: the region and credentials of the environment. */
  readonly client?: DynamoDBClientConfig;
}

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** The tables in DynamoDB. */
export class DynamoItemStore implements ItemStore {
  private readonly client: DynamoDBClient;
  private readonly documents: DynamoDBDocumentClient;

  constructor(private readonly options: DynamoItemStoreOptions) {
    this.client = new DynamoDBClient({
      maxAttempts: 4,
      requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
      ...options.client,
    });
    this.documents = DynamoDBDocumentClient.from(this.client, { marshallOptions: { removeUndefinedValues: true } });
  }

  async read(table: TableName, key: string): Promise<Item | undefined> {
    const { Item } = await this.documents.send(
      new GetCommand({
        TableName: this.options.tables[table],
        Key: { [TABLE_KEYS[table]]: key },
        ConsistentRead: true,
      }),
    );
    return Item;
  }

  async transact(transaction: Transaction): Promise<TransactResult> {
    try {
      await this.documents.send(
        new TransactWriteCommand({ TransactItems: transaction.map((write) => this.item(write)) }),
      );
      return { kind: 'done' };
    } catch (error) {
      return conflictOf(error, transaction);
    }
  }

  async query({ by, value, limit, after }: RowQuery): Promise<RowPage> {
    const { index, partitionKey } = SESSION_INDEXES[by];
    const { Items, LastEvaluatedKey } = await this.documents.send(
      new QueryCommand({
        TableName: this.options.tables.sessions,
        IndexName: index,
        KeyConditionExpression: '#p = :p',
        ExpressionAttributeNames: { '#p': partitionKey },
        ExpressionAttributeValues: { ':p': value },
        ScanIndexForward: false,
        Limit: limit,
        ...(after && { ExclusiveStartKey: startKey(after, partitionKey) }),
      }),
    );
    return { items: Items ?? [], ...(LastEvaluatedKey && { after: LastEvaluatedKey }) };
  }

  close(): void {
    this.client.destroy();
  }

  private item(write: Write): TransactItem {
    const { table, key, guard } = write;
    const TableName = this.options.tables[table];
    const Key = { [TABLE_KEYS[table]]: key };
    const condition: Partial<Expression> = guard ? expression(guard.condition, TABLE_KEYS[table]) : {};
    switch (write.op) {
      case 'put':
        return { Put: { TableName, Item: write.item, ...condition } };
      case 'delete':
        return { Delete: { TableName, Key, ...condition } };
      case 'add':
        return {
          Update: {
            TableName,
            Key,
            UpdateExpression: 'ADD #add :add',
            ...condition,
            ExpressionAttributeNames: { ...condition.ExpressionAttributeNames, '#add': write.attribute },
            ExpressionAttributeValues: { ...condition.ExpressionAttributeValues, ':add': write.amount },
          },
        };
    }
  }
}

interface Expression {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

function expression(condition: Condition, key: string): Expression {
  switch (condition.kind) {
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(#k)', ExpressionAttributeNames: { '#k': key } };
    case 'below':
      return {
        ConditionExpression: 'attribute_not_exists(#c) OR #c < :c',
        ExpressionAttributeNames: { '#c': condition.attribute },
        ExpressionAttributeValues: { ':c': condition.limit },
      };
    case 'equals': {
      const all = Object.entries(condition.values);
      const some = all.filter(([, value]) => value !== undefined);
      return {
        ConditionExpression: [
          'attribute_exists(#k)',
          ...all.map(([, value], i) => (value === undefined ? `attribute_not_exists(#c${i})` : `#c${i} = :c${i}`)),
        ].join(' AND '),
        ExpressionAttributeNames: { '#k': key, ...Object.fromEntries(all.map(([name], i) => [`#c${i}`, name])) },
        // An empty map of values is refused.
        ...(some.length > 0 && {
          ExpressionAttributeValues: Object.fromEntries(
            all.flatMap(([, value], i) => (value === undefined ? [] : [[`:c${i}`, value]])),
          ),
        }),
      };
    }
  }
}

/**
 * TransactionConflict and throttling inside of a transaction come as reasons of the same error. The SDK does not repeat
 * them, and whoever planned the transaction has to read again anyway. Any other reason is a mistake of ours.
 */
function conflictOf(error: unknown, transaction: Transaction): TransactResult {
  const reasons = (error as { CancellationReasons?: { Code?: string }[] }).CancellationReasons;
  const codes = (reasons ?? []).map(({ Code }) => Code ?? 'None');
  const expected = ['None', 'ConditionalCheckFailed', 'TransactionConflict', 'ThrottlingError'];
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') throw error;
  if (codes.length === 0 || codes.some((code) => !expected.includes(code))) throw error;
  return {
    kind: 'conflict',
    failed: codes.flatMap((code, i) =>
      code === 'ConditionalCheckFailed' ? (transaction[i]?.guard?.name ?? 'exists') : [],
    ),
  };
}

/** An index' key is its own two attributes and the table's. */
function startKey(after: Item, partitionKey: string): Record<string, unknown> {
  const { sessionId, createdAt } = after;
  return { sessionId, createdAt, [partitionKey]: after[partitionKey] };
}
