import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';

/**
 * One item by its key, as it is at this moment; undefined where there is none. Settles soon, whatever the network does.
 * A port, so that tests can have it fail.
 */
export type ReadItem = (table: string, key: Readonly<Record<string, string>>) => Promise<unknown>;

export interface DynamoItemsOptions {
  /** Default: the region and credentials of the environment. */
  readonly client?: DynamoDBClientConfig;
  /** A read as a whole, its second try included; default 1200 ms. */
  readonly deadlineMs?: number;
}

/**
 * Strongly consistent reads that end soon: a reader that hangs is told apart from one that has nothing to say only by
 * time. The SDK's own defaults wait without end for an answer.
 */
export function dynamoItems(options: DynamoItemsOptions = {}): { readonly read: ReadItem; close(): void } {
  const client = new DynamoDBClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 400, requestTimeout: 600, throwOnRequestTimeout: true },
    ...options.client,
  });
  const documents = DynamoDBDocumentClient.from(client);
  return {
    async read(TableName, Key) {
      const answer = await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }), {
        abortSignal: AbortSignal.timeout(options.deadlineMs ?? 1200),
      });
      return answer.Item;
    },
    close: () => client.destroy(),
  };
}
