import { randomBytes } from 'node:crypto';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ITEM_KEY, OWNER_KEY } from '../../core/credentials/stored';
import type { Clock } from '../../runtime/clock';

/** Held by one at a time, whichever instance of the function it is in. */
export interface Lock {
  /** Undefined where it stays taken. */
  withLock<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
}

/** As long as a run may take: whoever died with it is gone by then. */
const LEASE_MS = 30_000;
const WAIT_MS = 200;
const WAITS = 40;

/** An item that is put only where there is none, or an old one. */
export function tableLock(documents: DynamoDBDocumentClient, TableName: string, clock: Clock): Lock {
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  return {
    async withLock(name, work) {
      const Key = { [OWNER_KEY]: `lock#${name}`, [ITEM_KEY]: 'lock' };
      const holder = randomBytes(16).toString('hex');
      for (let waits = 0; !(await take(documents, TableName, Key, holder, clock.wall())); waits++) {
        if (waits === WAITS) return undefined;
        await sleep(WAIT_MS);
      }
      try {
        return await work();
      } finally {
        // Only ours: it may be another's by now.
        const mine = { ConditionExpression: 'holder = :mine', ExpressionAttributeValues: { ':mine': holder } };
        await documents.send(new DeleteCommand({ TableName, Key, ...mine })).catch(() => undefined);
      }
    },
  };
}

async function take(
  documents: DynamoDBDocumentClient,
  TableName: string,
  Key: Readonly<Record<string, string>>,
  holder: string,
  now: number,
): Promise<boolean> {
  try {
    await documents.send(
      new PutCommand({
        TableName,
        Item: { ...Key, holder, until: now + LEASE_MS, ttl: Math.ceil((now + LEASE_MS) / 1000) },
        ConditionExpression: 'attribute_not_exists(holder) OR #until < :now',
        ExpressionAttributeNames: { '#until': 'until' },
        ExpressionAttributeValues: { ':now': now },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
    throw error;
  }
}
