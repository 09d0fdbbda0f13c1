import { createPublicKey } from 'node:crypto';
import { jwks } from '../../core/credentials/oidc';

/** The JWKS document for one key, from its DER (SubjectPublicKeyInfo) as KMS gives it. */
export function publishedKeys(der: Uint8Array): string {
  const { n, e, kty } = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }).export({
    format: 'jwk',
  });
  if (kty !== 'RSA' || n === undefined || e === undefined) throw new Error('the key of the issuer is no RSA key');
  return JSON.stringify(jwks([{ n, e }]));
}
