import { createPublicKey } from 'node:crypto';
import { makeUuid } from '../../core/audit/id';
import { keyIdOf, OIDC_TOKEN_SECONDS, type OidcGrant, oidcClaims, subjectOf } from '../../core/credentials/oidc';
import { type CredentialRefused, refusedFor } from '../../core/credentials/refusal';
import type { SessionRow } from '../../core/session/row';
import type { Asked, Minter, MintResult, Told } from './minter';
import { makeJwt, type SignRs256 } from './sign';

export interface OidcMinterOptions {
  readonly issuer: string;
  readonly sign: SignRs256;
  /** DER (SubjectPublicKeyInfo), as KMS gives it. */
  readonly publicKey: () => Promise<Uint8Array>;
  /** Cryptographic. */
  readonly random: (bytes: number) => Uint8Array;
}

/** Tokens of our own for systems outside that trust the platform. Nothing inside takes them. */
export class OidcMinter implements Minter<OidcGrant> {
  private keyId: Promise<string> | undefined;

  constructor(private readonly options: OidcMinterOptions) {}

  async mint({ row, grants, now }: Asked, grant: OidcGrant): Promise<MintResult> {
    const { issuer, sign, random } = this.options;
    const target = grant.audience;
    const claims = oidcClaims(issuer, row, grants, grant, makeUuid(now, random(10)), now);
    const rights = [`sub:${subjectOf(row.profile, grant.id)}`.slice(0, 64)];
    try {
      const token = await makeJwt(sign, claims, await this.findKeyId());
      return {
        kind: 'minted',
        target,
        rights: { asked: rights, held: rights, granted: rights },
        form: {
          kind: 'headers',
          headers: [{ name: 'authorization', value: `Bearer ${token}` }],
          // The signature by itself opens nothing; the token does, and every prefix of it that is long enough is content.
          secrets: [token],
        },
        expiresAt: now + OIDC_TOKEN_SECONDS * 1000,
      };
    } catch (error) {
      return { ...refusedFor('provider-unreachable', `KMS: ${nameOf(error)}`), target };
    }
  }

  async check(_row: SessionRow, grant: OidcGrant): Promise<readonly (CredentialRefused & Told)[]> {
    try {
      await this.findKeyId();
      return [];
    } catch (error) {
      return [{ ...refusedFor('provider-unreachable', `KMS: ${nameOf(error)}`), target: grant.audience }];
    }
  }

  private async findKeyId(): Promise<string> {
    this.keyId ??= this.options.publicKey().then((der) => {
      const { n = '', e = '' } = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }).export({
        format: 'jwk',
      });
      return keyIdOf({ n, e });
    });
    // One that failed is tried again.
    this.keyId.catch(() => {
      this.keyId = undefined;
    });
    return await this.keyId;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'failed';
}
