import * as z from 'zod/mini';
import { sha256, slug, time } from '../audit/field';
import { uuid } from '../audit/id';
import { GRANT_KINDS } from '../audit/kinds';
import { documentGrant } from '../egress/document';
import { sessionId } from '../session/id';
import { BROKER_CALLERS } from './callers';

/** Keys of the broker's table: whose it is, and what. */
export const OWNER_KEY = 'owner';
export const ITEM_KEY = 'item';

/** In front of the mint's id; the owner is the session. */
export const TOKEN_ITEM = 'token#';
/** The owner is {@link personKey} of the requester. */
export const GITHUB_ITEM = 'github';

const STORED_VERSION = z.literal(1);

/** So that no requester's name can be a session's id. */
export function personKey(requester: string): string {
  return `person#${requester}`;
}

/** A token that lives, to be revoked at the session's end. */
export const tokenItem = z.strictObject({
  version: STORED_VERSION,
  owner: sessionId,
  item: z.string().check(z.startsWith(TOKEN_ITEM)),
  mintId: uuid,
  grantId: slug,
  grantKind: z.enum(GRANT_KINDS),
  caller: z.enum(BROKER_CALLERS),
  target: z.string(),
  expiresAt: time,
  /** Data key under KMS, nonce, ciphertext with tag: base64. */
  dataKey: z.string(),
  nonce: z.string(),
  sealed: z.string(),
  ttl: z.int(),
});
export type TokenItem = z.infer<typeof tokenItem>;

/** The owner is the session. */
export const ADMITTED_ITEM = 'grants';

/**
 * The grants of the document that a session was admitted under: a deployment replaces documents under sessions that run,
 * and the old one is gone.
 */
export const admittedItem = z.strictObject({
  version: STORED_VERSION,
  owner: sessionId,
  item: z.literal(ADMITTED_ITEM),
  documentHash: sha256,
  grants: z.array(documentGrant),
  ttl: z.int(),
});
export type AdmittedItem = z.infer<typeof admittedItem>;

/** Who a requester is at GitHub, as somebody who may say so wrote it. The number stays when the name changes hands. */
export const githubAccountItem = z.object({
  version: STORED_VERSION,
  login: z.string().check(z.regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/)),
  id: z.int().check(z.minimum(1)),
});
