import type { JWK } from 'jose';
import type { TokenSettings } from '../../core/access/environment';
import type { FetchKeys } from './key-set';

const DEADLINE_MS = 3000;
const MOST_BYTES = 256 * 1024;

/** From the issuer, over https; where it has no address for its keys set, as its discovery document says. */
export function fetchKeysOf({ issuer, jwksUri }: Pick<TokenSettings, 'issuer' | 'jwksUri'>): FetchKeys {
  let found = jwksUri;
  return async () => {
    found ??= await discover(issuer);
    const { keys } = (await readJson(found)) as { readonly keys?: unknown };
    if (!Array.isArray(keys)) throw new Error('the key set has no keys');
    return keys.filter((key): key is JWK => typeof key === 'object' && key !== null);
  };
}

/** Source: OpenID Connect Discovery 1.0, section 4.3: the issuer in it must be the one that was asked. */
async function discover(issuer: string): Promise<string> {
  const document = (await readJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)) as {
    readonly issuer?: unknown;
    readonly jwks_uri?: unknown;
  };
  if (document.issuer !== issuer) throw new Error('the discovery document is of another issuer');
  if (typeof document.jwks_uri !== 'string' || !document.jwks_uri.startsWith('https://')) {
    throw new Error('the discovery document has no https address of keys');
  }
  return document.jwks_uri;
}

async function readJson(url: string): Promise<object> {
  // A redirect would let whoever can write one name the keys.
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(DEADLINE_MS) });
  if (!answer.ok || answer.body === null) throw new Error(`the issuer answered ${answer.status}`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Error('the issuer answered too much');
    parts.push(part);
  }
  const json: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
  if (typeof json !== 'object' || json === null) throw new Error('the issuer answered no object');
  return json;
}
