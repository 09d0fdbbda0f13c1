import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { principal } from '../audit/field';
import type { DocumentGrant } from '../egress/document';
import type { OauthProvider } from './environment';
import { type CredentialRefused, refusedFor } from './refusal';
import { type Intersection, intersect } from './rights';

export type OauthGrant = Extract<DocumentGrant, { kind: 'oauth' }>;

const tokenText = z.string().check(z.regex(/^[!-~]{8,8192}$/));
/** RFC 6749, section 3.3. */
const scope = z.string().check(z.regex(/^[!#-[\]-~]{1,256}$/));

/** A requester's consent, as its secret has it. */
export const refreshSecret = z.strictObject({
  version: z.literal(1),
  requester: principal.check(z.describe('whose it is; compared, since a name of a secret is only a name')),
  refreshToken: tokenText,
  scopes: z.array(scope).check(z.describe('what the requester consented to')),
});
export type RefreshSecret = z.infer<typeof refreshSecret>;

/** Where a requester's consent is kept: names of secrets take no `|` and no more than 512 characters. */
export function refreshSecretName(prefix: string, provider: string, requester: string): string {
  return `${prefix}/${provider}/${createHash('sha256').update(requester, 'utf8').digest('hex')}`;
}

/** RFC 6749, section 5.1. Not strict: providers add fields. */
const tokenAnswer = z.object({
  access_token: tokenText,
  token_type: z.string(),
  expires_in: z.optional(z.int().check(z.minimum(1))),
  refresh_token: z.optional(tokenText),
  scope: z.optional(z.string()),
});

export interface OauthTokens {
  readonly kind: 'ok';
  readonly accessToken: string;
  /** Seconds. */
  readonly life: number;
  /** In place of the one that was used. */
  readonly refreshToken: string | undefined;
  /** Undefined where the provider says they are those asked for. */
  readonly scopes: readonly string[] | undefined;
}

/** Where a provider does not say how long it lives: so that it is asked again soon. */
const UNSAID_LIFE_SECONDS = 300;

export function readTokens(status: number, text: string): OauthTokens | CredentialRefused {
  // Its words stay out: they may repeat what was sent.
  if (status >= 500 || status === 429) return refusedFor('provider-unreachable', `the provider answered ${status}`);
  if (status !== 200) {
    return refusedFor('provider-refused', `the provider answered ${status}; the requester may have to consent again`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refusedFor('provider-refused', 'the provider answered no JSON');
  }
  const parsed = tokenAnswer.safeParse(json);
  if (!parsed.success) return refusedFor('provider-refused', "the provider's answer was not understood");
  const { access_token, token_type, expires_in, refresh_token, scope: scopes } = parsed.data;
  if (token_type.toLowerCase() !== 'bearer') {
    return refusedFor('provider-refused', 'the provider gives tokens of another kind than bearer');
  }
  return {
    kind: 'ok',
    accessToken: access_token,
    life: expires_in ?? UNSAID_LIFE_SECONDS,
    refreshToken: refresh_token,
    scopes: scopes?.split(' ').filter((one) => one !== ''),
  };
}

/** The grant's scopes, or all that were consented to where it names none. */
export function oauthIntersection(grant: OauthGrant, consented: readonly string[]): Intersection {
  return intersect(grant.scopes.length > 0 ? grant.scopes : consented, consented);
}

export interface TokenRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** RFC 6749, sections 2.3.1 and 6. */
export function tokenRequest(
  { clientId, authentication }: OauthProvider,
  clientSecret: string | undefined,
  refreshToken: string,
  scopes: readonly string[],
): TokenRequest {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
  // A list of all would be refused by providers that gave it under other names.
  if (scopes.length > 0) body.set('scope', scopes.join(' '));
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (clientSecret !== undefined && authentication === 'basic') {
    const pair = [clientId, clientSecret].map((part) => new URLSearchParams({ part }).toString().slice('part='.length));
    headers.authorization = `Basic ${Buffer.from(pair.join(':'), 'utf8').toString('base64')}`;
  } else {
    body.set('client_id', clientId);
    if (clientSecret !== undefined) body.set('client_secret', clientSecret);
  }
  return { headers, body: body.toString() };
}
