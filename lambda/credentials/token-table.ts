import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { ITEM_KEY, OWNER_KEY, TOKEN_ITEM, type TokenItem, tokenItem } from '../../core/credentials/stored';
import type { LiveToken, LiveTokens } from './live-tokens';

/** Data keys. A port, so that tests need no KMS. */
export interface DataKeys {
  make(context: Readonly<Record<string, string>>): Promise<{ readonly plain: Uint8Array; readonly sealed: Uint8Array }>;
  open(sealed: Uint8Array, context: Readonly<Record<string, string>>): Promise<Uint8Array>;
}

export function kmsDataKeys(client: KMSClient, KeyId: string): DataKeys {
  return {
    async make(EncryptionContext) {
      const answer = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));
      if (!answer.Plaintext || !answer.CiphertextBlob) throw new Error('KMS answered without a data key');
      return { plain: answer.Plaintext, sealed: answer.CiphertextBlob };
    },
    async open(CiphertextBlob, EncryptionContext) {
      const { Plaintext } = await client.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext }));
      if (!Plaintext) throw new Error('KMS answered without plaintext');
      return Plaintext;
    },
  };
}

/**
 * Encrypted besides the table's own key: who may read the table sees none. The context names session and mint, so a
 * ciphertext moved to another item opens nothing.
 */
export function tokenTable(documents: DynamoDBDocumentClient, TableName: string, keys: DataKeys): LiveTokens {
  const keyOf = (sessionId: string, mintId: string) => ({
    [OWNER_KEY]: sessionId,
    [ITEM_KEY]: `${TOKEN_ITEM}${mintId}`,
  });
  return {
    async put(live) {
      const { sessionId, mintId, grantId, grantKind, caller, target, token, expiresAt } = live;
      const { plain, sealed } = await keys.make(contextOf(sessionId, mintId));
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', plain, nonce);
      const text = Buffer.concat([cipher.update(token, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      const item: TokenItem = {
        version: 1,
        owner: sessionId,
        item: `${TOKEN_ITEM}${mintId}`,
        ...{ mintId, grantId, grantKind, caller, target },
        expiresAt: new Date(expiresAt).toISOString(),
        dataKey: Buffer.from(sealed).toString('base64'),
        nonce: nonce.toString('base64'),
        sealed: text.toString('base64'),
        ttl: Math.ceil(expiresAt / 1000),
      };
      await documents.send(new PutCommand({ TableName, Item: item }));
    },
    async list(sessionId) {
      const found: LiveToken[] = [];
      let from: Record<string, unknown> | undefined;
      do {
        const page = await documents.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: '#owner = :owner AND begins_with(#item, :token)',
            ExpressionAttributeNames: { '#owner': OWNER_KEY, '#item': ITEM_KEY },
            ExpressionAttributeValues: { ':owner': sessionId, ':token': TOKEN_ITEM },
            ...(from && { ExclusiveStartKey: from }),
          }),
        );
        for (const item of page.Items ?? []) found.push(await openItem(tokenItem.parse(item), keys));
        from = page.LastEvaluatedKey;
      } while (from);
      return found;
    },
    async remove(sessionId, mintId) {
      await documents.send(new DeleteCommand({ TableName, Key: keyOf(sessionId, mintId) }));
    },
  };
}

async function openItem(item: TokenItem, keys: DataKeys): Promise<LiveToken> {
  const { owner: sessionId, mintId, grantId, grantKind, caller, target, expiresAt } = item;
  const plain = await keys.open(Buffer.from(item.dataKey, 'base64'), contextOf(sessionId, mintId));
  const sealed = Buffer.from(item.sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', plain, Buffer.from(item.nonce, 'base64'));
  decipher.setAuthTag(sealed.subarray(-16));
  const token = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString('utf8');
  return { sessionId, mintId, grantId, grantKind, caller, target, token, expiresAt: Date.parse(expiresAt) };
}

function contextOf(sessionId: string, mintId: string): Readonly<Record<string, string>> {
  return { session: sessionId, mint: mintId };
}
