import type { OauthProvider } from '../../core/credentials/environment';
import {
  type OauthGrant,
  oauthIntersection,
  type RefreshSecret,
  readTokens,
  refreshSecret,
  refreshSecretName,
  tokenRequest,
} from '../../core/credentials/oauth';
import { type CredentialRefused, refusedFor } from '../../core/credentials/refusal';
import type { Rights } from '../../core/credentials/rights';
import type { SessionRow } from '../../core/session/row';
import type { ReadSecret } from '../../runtime/secrets-manager-credentials';
import type { HttpCall } from './http-call';
import type { Lock } from './lock';
import type { Asked, Minter, MintResult, Told } from './minter';

export interface OauthMinterOptions {
  readonly providers: Readonly<Record<string, OauthProvider>>;
  readonly secretPrefix: string;
  readonly read: ReadSecret;
  /** Writes a new version of a secret. */
  readonly write: (name: string, text: string) => Promise<void>;
  readonly call: HttpCall;
  readonly lock: Lock;
}

type Consent = { readonly kind: 'ok'; readonly name: string; readonly secret: RefreshSecret } | CredentialRefused;
type Judged =
  | { readonly kind: 'ok'; readonly provider: OauthProvider; readonly consent: Extract<Consent, { kind: 'ok' }> }
  | CredentialRefused;

const WRITES = 3;

/** Access tokens of the requester's own, for a consent that was given outside and is kept outside. */
export class OauthMinter implements Minter<OauthGrant> {
  constructor(private readonly options: OauthMinterOptions) {}

  async mint({ row, now }: Asked, grant: OauthGrant): Promise<MintResult> {
    const target = grant.provider;
    // One at a time: a refresh token that is used twice is taken for stolen where each gives a new one, and the whole
    // consent is withdrawn. Source: RFC 9700, section 4.14.
    const name = refreshSecretName(this.options.secretPrefix, target, row.requester);
    const result = await this.options.lock.withLock(name, () => this.refresh(row, grant, now));
    return result ?? { ...refusedFor('provider-unreachable', 'another mint of this requester takes too long'), target };
  }

  async check(row: SessionRow, grant: OauthGrant): Promise<readonly (CredentialRefused & Told)[]> {
    const target = grant.provider;
    const judged = await this.judge(row, grant);
    if (judged.kind === 'refused') return [{ ...judged, target }];
    const { rights, refusal } = rightsOf(grant, judged.consent.secret.scopes);
    return refusal ? [{ ...refusal, target, rights }] : [];
  }

  private async refresh(row: SessionRow, grant: OauthGrant, now: number): Promise<MintResult> {
    const target = grant.provider;
    const judged = await this.judge(row, grant);
    if (judged.kind === 'refused') return { ...judged, target };
    const { provider, consent } = judged;
    const { rights, refusal } = rightsOf(grant, consent.secret.scopes);
    if (refusal) return { ...refusal, target, rights };
    const { clientSecretArn } = provider;
    const clientSecret = clientSecretArn === undefined ? undefined : await this.options.read(clientSecretArn);
    if (clientSecretArn !== undefined && clientSecret === undefined) {
      return { ...refusedFor('secret-unusable', "the client's secret holds bytes; store it as text"), target };
    }
    const request = tokenRequest(provider, clientSecret, consent.secret.refreshToken, grant.scopes);
    const answer = await this.options.call({ method: 'POST', url: provider.tokenEndpoint, ...request });
    const tokens = readTokens(answer.status, answer.text);
    if (tokens.kind === 'refused') return { ...tokens, target, rights };
    // Before anything else can fail: the one that was used is worth nothing any more.
    if (tokens.refreshToken !== undefined && tokens.refreshToken !== consent.secret.refreshToken) {
      const kept = await this.keep(consent.name, { ...consent.secret, refreshToken: tokens.refreshToken });
      if (!kept) {
        const lost =
          'the new refresh token could not be stored, and the old one is used up; the requester consents again';
        return { ...refusedFor('record-failed', lost), target, rights };
      }
    }
    const beyond = tokens.scopes?.filter((scope) => !rights.granted.includes(scope)) ?? [];
    if (beyond.length > 0) {
      return { ...refusedFor('provider-refused', 'the token can do more than was asked for'), target, rights };
    }
    const value = `Bearer ${tokens.accessToken}`;
    return {
      kind: 'minted',
      target,
      rights,
      form: { kind: 'headers', headers: [{ name: 'authorization', value }], secrets: [tokens.accessToken] },
      expiresAt: now + tokens.life * 1000,
    };
  }

  private async judge(row: SessionRow, grant: OauthGrant): Promise<Judged> {
    const { providers } = this.options;
    // An own key only: a provider named "constructor" is a legal name.
    const provider = Object.hasOwn(providers, grant.provider) ? providers[grant.provider] : undefined;
    if (!provider) return refusedFor('not-configured', `no provider "${grant.provider}" is set up`);
    const consent = await this.consentOf(row, grant);
    return consent.kind === 'ok' ? { kind: 'ok', provider, consent } : consent;
  }

  private async consentOf({ requester }: SessionRow, grant: OauthGrant): Promise<Consent> {
    const name = refreshSecretName(this.options.secretPrefix, grant.provider, requester);
    let text: string | undefined;
    try {
      text = await this.options.read(name);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
      return refusedFor('requester-unknown', `the requester did not connect "${grant.provider}"`);
    }
    const parsed = refreshSecret.safeParse(jsonOf(text));
    if (!parsed.success) return refusedFor('secret-unusable', "the requester's consent is not understood");
    if (parsed.data.requester !== requester) return refusedFor('secret-unusable', 'the consent is of somebody else');
    return { kind: 'ok', name, secret: parsed.data };
  }

  private async keep(name: string, secret: RefreshSecret): Promise<boolean> {
    for (let attempt = 1; attempt <= WRITES; attempt++) {
      try {
        await this.options.write(name, JSON.stringify(secret));
        return true;
      } catch {
        // Tried again: nothing that could be said is worth more than the token.
      }
    }
    return false;
  }
}

function rightsOf(
  grant: OauthGrant,
  consented: readonly string[],
): { readonly rights: Rights; readonly refusal?: CredentialRefused } {
  const { missing, ...rights } = oauthIntersection(grant, consented);
  if (missing.length === 0) return { rights };
  return { rights, refusal: refusedFor('requester-rights', `the requester did not consent to ${missing.join(', ')}`) };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
