import { certificatesOf, parseAuthorities } from '../../core/egress/certificate-rotation';
import type { Clock } from '../../runtime/clock';
import type { ReadSecret } from '../../runtime/secrets-manager-credentials';
import type { AuthorityPem } from './leaf-certificates';
import type { AuthoritySource } from './sources';

/** Far below the overlap in which clients trust the old authority and the new one. */
const POLL_MS = 5 * 60_000;
/** At a start beside the deployment that makes the secret, it may not be there yet. */
const FIRST_TRIES = 20;
const FIRST_WAIT_MS = 3_000;

interface Current {
  readonly pem: AuthorityPem;
  readonly certificates: string;
  readonly expiresAt: number;
}

/** The authority that signs now, read from its secret every few minutes. */
export class SecretAuthority implements AuthoritySource {
  private readonly listeners: ((pem: AuthorityPem) => void)[] = [];

  private constructor(
    private current: Current,
    private readonly read: () => Promise<Current>,
    private readonly onProblem: (problem: string) => void,
    clock: Clock,
  ) {
    clock.every(POLL_MS, () => void this.poll());
  }

  /** @throws where the secret can't be read for a minute, or holds no authority */
  static async open(
    secretArn: string,
    readSecret: ReadSecret,
    clock: Clock,
    onProblem: (problem: string) => void,
  ): Promise<SecretAuthority> {
    const read = async (): Promise<Current> => {
      const parsed = parseAuthorities((await readSecret(secretArn)) ?? '');
      if (parsed.kind === 'invalid') throw new Error(`certificate authority: ${parsed.problems.join('; ')}`);
      const { certificate, privateKey, expiresAt } = parsed.authorities.current;
      const certificates = certificatesOf(parsed.authorities);
      return { pem: { certificate, privateKey }, certificates, expiresAt: Date.parse(expiresAt) };
    };
    for (let tries = 1; ; tries++) {
      try {
        return new SecretAuthority(await read(), read, onProblem, clock);
      } catch (error) {
        if (tries >= FIRST_TRIES) throw error;
        onProblem(`certificate authority: not yet (${(error as Error).name})`);
        await new Promise<void>((resolve) => clock.after(FIRST_WAIT_MS, resolve));
      }
    }
  }

  get pem(): AuthorityPem {
    return this.current.pem;
  }

  get certificates(): string {
    return this.current.certificates;
  }

  get expiresAt(): number {
    return this.current.expiresAt;
  }

  onChange(listener: (pem: AuthorityPem) => void): void {
    this.listeners.push(listener);
  }

  /** What can't be read changes nothing: the one in use is good until it expires, and an alarm watches that. */
  private async poll(): Promise<void> {
    try {
      const now = await this.read();
      const signs = this.current.pem.certificate;
      this.current = now;
      if (now.pem.certificate === signs) return;
      for (const listener of this.listeners) listener(now.pem);
    } catch (error) {
      this.onProblem(`certificate authority: ${(error as Error).name}`);
    }
  }
}
