import * as z from 'zod/mini';
import { slug, time } from '../audit/field';
import { uuid } from '../audit/id';
import { METHODS } from '../egress/rule';
import { sessionId } from '../session/id';
import { CREDENTIAL_REFUSALS, type CredentialRefusalCode } from './refusal';

export const MESSAGE_VERSION = 1;

const version = z.literal(MESSAGE_VERSION);
const host = z.string().check(z.regex(/^[a-z0-9.-]{1,253}$/));
const path = z.string().check(z.maxLength(8192), z.regex(/^\/[!-~]*$/));

/** What a service asks the broker. Names only: what may be had for them is read from row and document. */
export const brokerRequest = z.discriminatedUnion('op', [
  z.strictObject({
    version,
    op: z.literal('mint'),
    sessionId,
    grantId: slug,
    method: z.enum(METHODS),
    host,
    path: path.check(z.describe('without query: it decides nothing here and may hold content')),
  }),
  z.strictObject({ version, op: z.literal('check'), sessionId }),
  z.strictObject({ version, op: z.literal('revoke'), sessionId }),
]);
export type BrokerRequest = z.infer<typeof brokerRequest>;
export type MintRequest = Extract<BrokerRequest, { op: 'mint' }>;

const secret = z.string().check(z.minLength(8), z.maxLength(16_384));
const minted = { version, mintId: uuid, expiresAt: time };

const REFUSAL_CODES = Object.keys(CREDENTIAL_REFUSALS) as [CredentialRefusalCode, ...CredentialRefusalCode[]];
const refused = {
  code: z.enum(REFUSAL_CODES),
  problem: z.string().check(z.maxLength(500)),
};

/** What a service gets. */
export const brokerAnswer = z.discriminatedUnion('kind', [
  z.strictObject({
    ...minted,
    kind: z.literal('headers'),
    headers: z.array(z.strictObject({ name: z.string(), value: secret })).check(z.minLength(1), z.maxLength(4)),
    secrets: z
      .array(secret)
      .check(z.minLength(1), z.maxLength(8), z.describe('every form to be looked for in answers')),
  }),
  z.strictObject({
    ...minted,
    kind: z.literal('aws-keys'),
    region: z.string().check(z.regex(/^[a-z]{2}(-[a-z]+)+-\d$/)),
    accessKeyId: secret,
    secretAccessKey: secret,
    sessionToken: secret,
  }),
  z.strictObject({ version, kind: z.literal('refused'), ...refused }),
  z.strictObject({
    version,
    kind: z.literal('checked'),
    problems: z
      .array(z.strictObject({ grantId: slug, ...refused }))
      .check(z.describe('grants that could not be had now; none: the session may start')),
  }),
  z.strictObject({
    version,
    kind: z.literal('revoked'),
    revoked: z.int(),
    failed: z.int().check(z.describe('live until they expire; each is recorded')),
  }),
]);
export type BrokerAnswer = z.infer<typeof brokerAnswer>;
export type MintAnswer = Extract<BrokerAnswer, { kind: 'headers' | 'aws-keys' }>;

/** An answer without its frame: what a mint of one kind comes to. */
type WithoutFrame<A> = A extends { kind: string } ? Omit<A, 'version' | 'mintId' | 'expiresAt'> : never;
export type CredentialForm = WithoutFrame<MintAnswer>;
