import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import type { DocumentGrant } from '../core/egress/document';
import type { Caller } from './caller';
import { type Clock, systemClock } from './clock';
import type { CredentialResult, Credentials } from './credential';
import { HEADER_NAME, HEADER_VALUE, MIN_SECRET_LENGTH } from './header-value';

/** The current value of a secret; undefined where it holds bytes and no text. A port, so that tests can have it fail. */
export type ReadSecret = (arn: string) => Promise<string | undefined>;

/** Reads with deadlines: a request waits for this one. */
export function readSecretsManager(client: SecretsManagerClientConfig = {}): ReadSecret {
  const secrets = new SecretsManagerClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
    ...client,
  });
  return async (SecretId) => {
    const command = new GetSecretValueCommand({ SecretId });
    return (await secrets.send(command, { abortSignal: AbortSignal.timeout(5000) })).SecretString;
  };
}

export interface SecretsManagerCredentialsOptions {
  readonly read: ReadSecret;
  readonly clock?: Clock;
  /** Default, and most, 5 minutes: as long may a secret that was rotated still be used. */
  readonly keepMs?: number;
  /** Why one could not be had; never holds a value. */
  readonly onProblem?: (grantId: string, problem: string) => void;
}

type SecretResult =
  | { readonly kind: 'ok'; readonly secret: string }
  | { readonly kind: 'unavailable'; readonly problem: string };
interface Kept {
  readonly readAt: number;
  readonly result: SecretResult;
}

const MOST_KEPT_MS = 5 * 60_000;
/** So that requests do not each ask again for what is not there. */
const REFUSED_MS = 2000;

/** Credentials of grants of kind `secret-header`: one header, whose value lies in Secrets Manager. */
export class SecretsManagerCredentials implements Credentials {
  private readonly clock: Clock;
  private readonly keepMs: number;
  private readonly kept = new Map<string, Kept>();
  private readonly reading = new Map<string, Promise<Kept>>();

  constructor(private readonly options: SecretsManagerCredentialsOptions) {
    this.clock = options.clock ?? systemClock;
    this.keepMs = Math.min(options.keepMs ?? MOST_KEPT_MS, MOST_KEPT_MS);
  }

  async get(_caller: Caller, grant: DocumentGrant): Promise<CredentialResult> {
    const result = await this.find(grant);
    if (result.kind === 'unavailable') this.options.onProblem?.(grant.id, result.problem);
    return result;
  }

  /** A secret belongs to a grant and not to a caller, so only the end of everybody forgets it. */
  forget(callerKey: string | undefined): void {
    if (callerKey === undefined) this.kept.clear();
  }

  private async find(grant: DocumentGrant): Promise<CredentialResult> {
    if (grant.kind !== 'secret-header')
      return unavailable(`a grant of kind "${grant.kind}" needs the credential broker, which is not deployed`);
    if (!HEADER_NAME.test(grant.header)) return unavailable('the name of the header is none; mend it in the profile');
    const kept = this.fresh(grant.secretArn) ?? (await this.read(grant.secretArn));
    if (kept.result.kind === 'unavailable') return kept.result;
    const { secret } = kept.result;
    const value = `${grant.prefix}${secret}`;
    // The prefix is the profile's; together they make one line or none.
    if (!HEADER_VALUE.test(value)) return unavailable('prefix and secret together are no header value');
    const left = Math.max(0, this.keepMs - (this.clock.monotonic() - kept.readAt));
    return {
      kind: 'ok',
      credential: {
        headers: [{ name: grant.header, value }],
        secrets: value === secret ? [value] : [value, secret],
        expiresAt: this.clock.wall() + left,
      },
    };
  }

  private fresh(arn: string): Kept | undefined {
    const kept = this.kept.get(arn);
    if (kept === undefined) return undefined;
    const keep = kept.result.kind === 'ok' ? this.keepMs : Math.min(this.keepMs, REFUSED_MS);
    return this.clock.monotonic() - kept.readAt < keep ? kept : undefined;
  }

  private read(arn: string): Promise<Kept> {
    const under = this.reading.get(arn);
    if (under !== undefined) return under;
    const reading = this.readOnce(arn).finally(() => this.reading.delete(arn));
    this.reading.set(arn, reading);
    return reading;
  }

  private async readOnce(arn: string): Promise<Kept> {
    const readAt = this.clock.monotonic();
    let result: SecretResult;
    try {
      result = checkSecret(await this.options.read(arn));
    } catch (error) {
      // The name only: messages of IAM name principals and ARNs.
      result = unavailable(`Secrets Manager: ${error instanceof Error ? error.name : 'failed'}`);
    }
    const kept = { readAt: result.kind === 'ok' ? readAt : this.clock.monotonic(), result };
    this.kept.set(arn, kept);
    return kept;
  }
}

/** A value that is nearly right is refused, not mended: what is sent has to be what is looked for in answers. */
function checkSecret(text: string | undefined): SecretResult {
  if (text === undefined) return unavailable('the secret holds bytes; store it as text');
  if (text.startsWith('{')) return unavailable('the secret holds JSON; store the bare value in a secret of its own');
  if (/[\r\n]$/.test(text)) return unavailable('the secret ends in a line break; store it without');
  if (text.length < MIN_SECRET_LENGTH)
    return unavailable(`the secret is shorter than ${MIN_SECRET_LENGTH} characters, too short to be found in answers`);
  if (!HEADER_VALUE.test(text))
    return unavailable(
      'the secret is no header value: visible ASCII, at most 16 KB, no line break, no space around it',
    );
  return { kind: 'ok', secret: text };
}

function unavailable(problem: string): { readonly kind: 'unavailable'; readonly problem: string } {
  return { kind: 'unavailable', problem };
}
