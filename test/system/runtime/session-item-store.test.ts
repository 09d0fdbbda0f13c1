import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESSION_INDEXES } from '../../../core/session/indexes';
import { TABLE_KEYS } from '../../../core/session/transaction';
import { DynamoItemStore } from '../../../runtime/dynamo-item-store';
import { itemStoreContract } from '../../runtime/item-store-contract';
import { MiniStack } from './ministack';

/** The same contract as the tables in memory keep, through the real SDK, from an emulator of DynamoDB. */
let stack: MiniStack;
let store: DynamoItemStore;
beforeAll(async () => {
  stack = await MiniStack.start();
  const client = new DynamoDBClient(stack.client);
  const indexes = Object.values(SESSION_INDEXES);
  for (const [table, key] of Object.entries(TABLE_KEYS)) {
    const attributes = table === 'sessions' ? [key, 'createdAt', ...indexes.map((one) => one.partitionKey)] : [key];
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
        ...(table === 'sessions' && {
          GlobalSecondaryIndexes: indexes.map(({ index, partitionKey, sortKey }) => ({
            IndexName: index,
            KeySchema: [
              { AttributeName: partitionKey, KeyType: 'HASH' as const },
              { AttributeName: sortKey, KeyType: 'RANGE' as const },
            ],
            Projection: { ProjectionType: 'ALL' as const },
          })),
        }),
      }),
    );
  }
  client.destroy();
  store = new DynamoItemStore({ tables: { sessions: 'sessions', bindings: 'bindings' }, client: stack.client });
});
afterAll(async () => {
  store.close();
  await stack.stop();
});

describe('S5 tables in DynamoDB', () => itemStoreContract(() => store));
