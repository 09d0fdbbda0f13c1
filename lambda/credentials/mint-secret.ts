import { type CredentialRefused, refusedFor } from '../../core/credentials/refusal';
import { type SecretHeaderGrant, type SecretHeaderResult, secretHeader } from '../../core/credentials/secret-header';
import type { SessionRow } from '../../core/session/row';
import type { ReadSecret } from '../../runtime/secrets-manager-credentials';
import type { Asked, Minter, MintResult, Told } from './minter';

/** How long a secret that was rotated may still be used. */
const USE_MS = 5 * 60_000;
const RIGHTS = { asked: ['header:use'], held: ['header:use'], granted: ['header:use'] };

/** A secret of Secrets Manager in a header. */
export class SecretHeaderMinter implements Minter<SecretHeaderGrant> {
  constructor(private readonly read: ReadSecret) {}

  async mint({ now }: Asked, grant: SecretHeaderGrant): Promise<MintResult> {
    const target = grant.secretArn;
    const found = await this.find(grant);
    if (found.kind === 'refused') return { ...found, target, rights: RIGHTS };
    const { name, value, secrets } = found;
    return {
      kind: 'minted',
      target,
      rights: RIGHTS,
      form: { kind: 'headers', headers: [{ name, value }], secrets: [...secrets] },
      expiresAt: now + USE_MS,
    };
  }

  async check(_row: SessionRow, grant: SecretHeaderGrant): Promise<readonly (CredentialRefused & Told)[]> {
    const found = await this.find(grant);
    return found.kind === 'refused' ? [{ ...found, target: grant.secretArn }] : [];
  }

  private async find(grant: SecretHeaderGrant): Promise<SecretHeaderResult> {
    try {
      return secretHeader(grant, await this.read(grant.secretArn));
    } catch (error) {
      // The name only: messages of IAM name principals and ARNs.
      return refusedFor('provider-unreachable', `Secrets Manager: ${error instanceof Error ? error.name : 'failed'}`);
    }
  }
}
