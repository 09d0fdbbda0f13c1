import { signedToken, signingInput } from '../../core/credentials/jwt';

/** Signs bytes with RSASSA-PKCS1-v1_5 and SHA-256. A port: the key is in KMS, and no process has it. */
export type SignRs256 = (bytes: Uint8Array) => Promise<Uint8Array>;

export async function makeJwt(sign: SignRs256, claims: object, keyId?: string): Promise<string> {
  const input = signingInput({ alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) }, claims);
  return signedToken(input, await sign(Buffer.from(input, 'ascii')));
}
