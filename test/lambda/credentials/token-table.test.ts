import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { LiveToken } from '../../../lambda/credentials/live-tokens';
import { tableLock } from '../../../lambda/credentials/lock';
import { type DataKeys, tokenTable } from '../../../lambda/credentials/token-table';
import { OTHER_SESSION, SESSION } from '../../core/session/samples';
import { ManualClock, settle } from '../../runtime/manual-clock';

const TOKEN: LiveToken = {
  sessionId: SESSION,
  mintId: '019a4b1c-0000-7000-8000-000000000001',
  grantId: 'github',
  grantKind: 'github-app',
  caller: 'egress-proxy',
  target: 'acme/shop',
  token: `ghs_${'x'.repeat(5000)}`,
  expiresAt: Date.parse('2026-11-03T10:15:00.000Z'),
};

let items: Map<string, Record<string, unknown>>;
let documents: DynamoDBDocumentClient;
const keyOf = (key: Record<string, unknown>) => `${key.owner} ${key.item}`;
beforeEach(() => {
  items = new Map();
  documents = { send: async (command: unknown) => await answer(command) } as unknown as DynamoDBDocumentClient;
});

async function answer(command: unknown): Promise<unknown> {
  await settle();
  if (command instanceof PutCommand) {
    const { Item = {}, ConditionExpression, ExpressionAttributeValues: values = {} } = command.input;
    const before = items.get(keyOf(Item));
    if (ConditionExpression !== undefined && before && !(Number(before.until) < Number(values[':now']))) {
      throw Object.assign(new Error('no'), { name: 'ConditionalCheckFailedException' });
    }
    items.set(keyOf(Item), Item);
  } else if (command instanceof DeleteCommand) {
    const { Key = {}, ExpressionAttributeValues: values } = command.input;
    if (!values || items.get(keyOf(Key))?.holder === values[':mine']) items.delete(keyOf(Key));
  } else if (command instanceof QueryCommand) {
    expect(command.input.ConsistentRead).toBe(true);
    const found = [...items.values()].filter(
      ({ owner }) => owner === command.input.ExpressionAttributeValues?.[':owner'],
    );
    // A page has one item, as if they were large.
    const from = found.findIndex(({ item }) => item === command.input.ExclusiveStartKey?.item) + 1;
    return { Items: found.slice(from, from + 1), LastEvaluatedKey: found[from + 1] ? found[from] : undefined };
  }
  return {};
}

/** What KMS does: opens under the context it sealed under, and no other. */
const keys: DataKeys = (() => {
  const master = randomBytes(32);
  const nonce = Buffer.alloc(12);
  return {
    async make(context) {
      const plain = randomBytes(32);
      const cipher = createCipheriv('aes-256-gcm', master, nonce).setAAD(Buffer.from(JSON.stringify(context)));
      return { plain, sealed: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
    },
    async open(sealed, context) {
      const decipher = createDecipheriv('aes-256-gcm', master, nonce).setAAD(Buffer.from(JSON.stringify(context)));
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    },
  };
})();

describe('C7 tokens that live are kept to be revoked', () => {
  it('C7 encrypted, by session, until they expire; of any length', async () => {
    const table = tokenTable(documents, 'tokens', keys);
    const second = { ...TOKEN, mintId: TOKEN.mintId.replace(/1$/, '2') };
    await table.put(TOKEN);
    await table.put(second);
    await table.put({ ...TOKEN, sessionId: OTHER_SESSION });
    expect(JSON.stringify([...items.values()])).not.toContain('xxxx');
    expect([...items.values()].map(({ ttl }) => ttl)).toEqual(Array(3).fill(TOKEN.expiresAt / 1000));
    expect(await table.list(SESSION)).toEqual([TOKEN, second]);
    await table.remove(SESSION, TOKEN.mintId);
    expect(await table.list(SESSION)).toEqual([second]);
  });

  it("C7 one put into another session's item opens nothing", async () => {
    const table = tokenTable(documents, 'tokens', keys);
    await table.put(TOKEN);
    const [item] = items.values();
    items.set('moved', { ...item, owner: OTHER_SESSION });
    await expect(table.list(OTHER_SESSION)).rejects.toThrow();
  });
});

describe('C4 a lock that everybody can see', () => {
  it('C4 is held by one at a time, and given back', async () => {
    const clock = new ManualClock();
    const lock = tableLock(documents, 'tokens', clock);
    const order: string[] = [];
    const work = (name: string) =>
      lock.withLock('x', async () => {
        order.push(`${name} in`);
        await settle();
        order.push(`${name} out`);
        return name;
      });
    const both = Promise.all([work('a'), work('b')]);
    for (let i = 0; i < 10; i++) await clock.advance(200);
    expect(await both).toEqual(['a', 'b']);
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out']);
    expect(items.size).toBe(0);
  });

  it('C4 of somebody who died is taken when its time is over, and not before', async () => {
    const clock = new ManualClock();
    const lock = tableLock(documents, 'tokens', clock);
    items.set('lock#x lock', { owner: 'lock#x', item: 'lock', holder: 'dead', until: clock.wallTime + 30_000 });
    let result: string | undefined = 'waiting';
    const first = lock
      .withLock('x', async () => 'in')
      .then((value) => {
        result = value;
      });
    for (let i = 0; i < 60; i++) await clock.advance(200);
    await first;
    expect(result).toBeUndefined();
    await clock.advance(20_000);
    expect(await lock.withLock('x', async () => 'in')).toBe('in');
  });

  it('C4 is given back where the work fails', async () => {
    const lock = tableLock(documents, 'tokens', new ManualClock());
    await expect(lock.withLock('x', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(items.size).toBe(0);
  });
});
