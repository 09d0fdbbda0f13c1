import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ADMITTED_ITEM, type AdmittedItem, admittedItem, ITEM_KEY, OWNER_KEY } from '../../core/credentials/stored';
import type { DocumentGrant } from '../../core/egress/document';
import type { SessionRow } from '../../core/session/row';
import type { Clock } from '../../runtime/clock';

/** What sessions were admitted with. */
export interface AdmittedGrants {
  keep(row: SessionRow, grants: readonly DocumentGrant[]): Promise<void>;
  /** Undefined where nothing was kept for the document of the row. */
  find(row: SessionRow): Promise<readonly DocumentGrant[] | undefined>;
  forget(sessionId: string): Promise<void>;
}

/** Beyond the lifetime: a session may wait for its turn as long. */
const QUEUED_SECONDS = 7 * 86_400;

export function admittedGrants(documents: DynamoDBDocumentClient, TableName: string, clock: Clock): AdmittedGrants {
  const keyOf = (sessionId: string) => ({ [OWNER_KEY]: sessionId, [ITEM_KEY]: ADMITTED_ITEM });
  return {
    async keep({ sessionId, documentHash, lifetimeSeconds }, grants) {
      const item: AdmittedItem = {
        version: 1,
        owner: sessionId,
        item: ADMITTED_ITEM,
        documentHash,
        grants: [...grants],
        ttl: Math.ceil(clock.wall() / 1000) + lifetimeSeconds + QUEUED_SECONDS,
      };
      await documents.send(new PutCommand({ TableName, Item: item }));
    },
    async find({ sessionId, documentHash }) {
      const { Item } = await documents.send(new GetCommand({ TableName, Key: keyOf(sessionId), ConsistentRead: true }));
      const item = admittedItem.safeParse(Item);
      return item.success && item.data.documentHash === documentHash ? item.data.grants : undefined;
    },
    async forget(sessionId) {
      await documents.send(new DeleteCommand({ TableName, Key: keyOf(sessionId) }));
    },
  };
}
