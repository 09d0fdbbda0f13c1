import { createHash } from 'node:crypto';
import { type BranchRule, describeNeeds, judgeBranchRules } from '../../core/credentials/branch-rules';
import {
  type GithubPermissions,
  githubIntersection,
  isWithin,
  permissionsFor,
} from '../../core/credentials/github-rights';
import {
  type GithubGrant,
  type GithubHosts,
  type GithubPurpose,
  type GithubTarget,
  githubTarget,
} from '../../core/credentials/github-target';
import { githubHeader } from '../../core/credentials/github-token';
import { appClaims } from '../../core/credentials/jwt';
import { type CredentialRefused, refusedFor } from '../../core/credentials/refusal';
import type { Rights } from '../../core/credentials/rights';
import type { SessionRow } from '../../core/session/row';
import type { Clock } from '../../runtime/clock';
import type { GithubApi, GithubResult } from './github-api';
import type { Asked, Minter, MintResult, Told } from './minter';
import { makeJwt, type SignRs256 } from './sign';

/** A person's account; the number stays when the name is given to somebody else. */
export interface GithubAccount {
  readonly login: string;
  readonly id: number;
}

export interface GithubMinterOptions {
  readonly hosts: GithubHosts;
  readonly api: GithubApi;
  /** Undefined where the App is not connected yet. */
  readonly appId: () => Promise<string | undefined>;
  /** With the App's key. */
  readonly sign: SignRs256;
  /** Of a requester; undefined where nobody linked one. */
  readonly accountOf: (requester: string) => Promise<GithubAccount | undefined>;
  readonly clock: Clock;
}

interface Kept<T> {
  readonly value: T;
  readonly until: number;
}

/** Short of the ten minutes and the hour that GitHub gives. */
const APP_TOKEN_MS = 5 * 60_000;
const PROBE_MS = 10 * 60_000;
/** How long a person who lost a right still counts as having it, and a branch as protected. */
const JUDGED_MS = 60_000;

type Judged = { readonly kind: 'ok'; readonly rights: Rights } | (CredentialRefused & { readonly rights?: Rights });

/** Installation tokens of a GitHub App: one repository, least permissions, never more than the requester has. */
export class GithubMinter implements Minter<GithubGrant> {
  private readonly kept = new Map<string, Kept<unknown>>();

  constructor(private readonly options: GithubMinterOptions) {}

  async mint({ caller, row, request }: Asked, grant: GithubGrant): Promise<MintResult> {
    const { hosts } = this.options;
    const found = githubTarget(grant, hosts, request);
    if (!found) return { ...refusedFor('target-not-granted'), target: grant.id };
    const target = found.repository;
    // A session never has a token that writes: what it pushes is replayed by the commit broker.
    if (found.purpose === 'push' && caller !== 'commit-broker') return { ...refusedFor('not-for-caller'), target };
    const judged = await this.judge(row, found);
    if (judged.kind === 'refused') return { ...judged, target };
    const permissions = permissionsFor(found.purpose);
    const minted = await this.appToken(target, permissions);
    if (minted.kind === 'refused') return { ...minted, target, rights: judged.rights };
    const { token, expiresAt } = minted.value;
    const { name, value, secrets } = githubHeader(hosts, request, token);
    return {
      kind: 'minted',
      target,
      rights: judged.rights,
      form: { kind: 'headers', headers: [{ name, value }], secrets: [...secrets] },
      expiresAt,
      credentialSha256: createHash('sha256').update(token, 'utf8').digest('hex'),
      revocable: token,
      ...(minted.requestId !== undefined && { upstreamRequestId: recordable(minted.requestId) }),
    };
  }

  /** Everything a grant is for, so that a session does not fail in the middle of its work. */
  async check(row: SessionRow, grant: GithubGrant): Promise<readonly (CredentialRefused & Told)[]> {
    const purposes: readonly GithubPurpose[] = grant.access === 'write' ? ['propose', 'push'] : ['read'];
    const problems: (CredentialRefused & Told)[] = [];
    for (const repository of grant.repositories) {
      for (const purpose of purposes) {
        const judged = await this.judge(row, { repository, purpose });
        if (judged.kind === 'refused') problems.push({ ...judged, target: repository });
      }
    }
    return problems;
  }

  async revoke(token: string): Promise<boolean> {
    return await this.options.api.revoke(token);
  }

  private async judge(row: SessionRow, { repository, purpose }: GithubTarget): Promise<Judged> {
    const account = await this.options.accountOf(row.requester);
    if (!account) return refusedFor('requester-unknown', 'the requester has no GitHub account linked');
    const permission = await this.permissionOf(repository, account);
    if (permission.kind === 'refused') return permission;
    const { missing, ...rights } = githubIntersection(purpose, permission.value);
    if (missing.length > 0) {
      return { ...refusedFor('requester-rights', `the requester lacks ${missing.join(', ')}`), rights };
    }
    if (purpose === 'read') return { kind: 'ok', rights };
    const branch = await this.keep(`branch ${repository}`, JUDGED_MS, () => this.judgeBranch(repository));
    return branch.kind === 'ok' ? { kind: 'ok', rights } : { ...branch, rights };
  }

  private async permissionOf(repository: string, { login, id }: GithubAccount): Promise<GithubResult<string>> {
    return await this.keep(`permission ${id} ${repository}`, JUDGED_MS, async () => {
      const probe = await this.probe(repository);
      if (probe.kind === 'refused') return probe;
      const answer = await this.options.api.permission(probe.value, repository, login);
      if (answer.kind === 'refused') return answer;
      if (answer.value === 'none') return { ...answer, value: 'none' };
      // The name was given to somebody else.
      if (answer.value.user.id !== id) return refusedFor('requester-unknown', 'the linked account has another number');
      return { ...answer, value: answer.value.permission };
    });
  }

  private async judgeBranch(repository: string): Promise<GithubResult<undefined>> {
    const { api } = this.options;
    const probe = await this.probe(repository);
    if (probe.kind === 'refused') return probe;
    const bearer = probe.value;
    const about = await api.repository(bearer, repository);
    if (about.kind === 'refused') return about;
    const { default_branch } = about.value;
    const listed = await api.branchRules(bearer, repository, default_branch);
    if (listed.kind === 'refused') return listed;
    const rules = listed.value.map(({ type, ruleset_id, parameters }): BranchRule => {
      const approvals = parameters?.required_approving_review_count;
      return { type, rulesetId: ruleset_id, ...(approvals !== undefined && { approvals }) };
    });
    const bypasses = new Map<number, string>();
    for (const rulesetId of new Set(rules.map((rule) => rule.rulesetId))) {
      const ruleset = await api.ruleset(bearer, repository, rulesetId);
      const bypass = ruleset.kind === 'ok' ? ruleset.value.current_user_can_bypass : undefined;
      if (bypass !== undefined) bypasses.set(rulesetId, bypass);
    }
    const verdict = judgeBranchRules(rules, bypasses);
    if (verdict.kind === 'protected') return { kind: 'ok', value: undefined, requestId: undefined };
    return refusedFor(
      'branch-unprotected',
      `no ruleset that binds the App asks of the default branch: ${describeNeeds(verdict.missing)}`,
    );
  }

  /** A token that reads one repository's metadata, for the broker's own questions; it leaves this process never. */
  private async probe(repository: string): Promise<GithubResult<string>> {
    return await this.keep(`probe ${repository}`, PROBE_MS, async () => {
      const minted = await this.appToken(repository, { metadata: 'read' });
      return minted.kind === 'ok' ? { ...minted, value: minted.value.token } : minted;
    });
  }

  private async appToken(repository: string, permissions: GithubPermissions) {
    const { api } = this.options;
    const app = await this.keep('app', APP_TOKEN_MS, () => this.signAppToken());
    if (app.kind === 'refused') return app;
    const installation = await this.keep(`installation ${repository}`, APP_TOKEN_MS, () =>
      api.installation(app.value, repository),
    );
    if (installation.kind === 'refused') return installation;
    const minted = await api.token(app.value, installation.value, repository, permissions);
    const wrong = minted.kind === 'ok' ? wrongToken(minted.value, repository, permissions) : undefined;
    if (wrong && minted.kind === 'ok') await api.revoke(minted.value.token).catch(() => false);
    return wrong ?? minted;
  }

  private async signAppToken(): Promise<GithubResult<string>> {
    const { appId, sign, clock } = this.options;
    const id = await appId();
    if (id === undefined) return refusedFor('not-configured', 'no GitHub App is connected');
    return { kind: 'ok', value: await makeJwt(sign, appClaims(id, clock.wall())), requestId: undefined };
  }

  /** Successes only: what failed may be mended the next moment. */
  private async keep<T>(key: string, ms: number, get: () => Promise<GithubResult<T>>): Promise<GithubResult<T>> {
    const now = this.options.clock.wall();
    const known = this.kept.get(key) as Kept<GithubResult<T>> | undefined;
    if (known && now < known.until) return known.value;
    const value = await get();
    if (value.kind === 'ok') this.kept.set(key, { value, until: now + ms });
    else this.kept.delete(key);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value ?? '');
    return value;
  }
}

const MOST_KEPT = 1000;

/** GitHub gave another token than was asked for. */
function wrongToken(
  { repositories, permissions }: { repositories: readonly string[]; permissions: Readonly<Record<string, string>> },
  repository: string,
  asked: GithubPermissions,
): CredentialRefused | undefined {
  const [only, ...more] = repositories;
  if (more.length > 0 || only?.toLowerCase() !== repository.toLowerCase()) {
    return refusedFor('provider-refused', 'the token opens another repository than was asked for; was it renamed?');
  }
  if (!isWithin(permissions, asked)) return refusedFor('provider-refused', 'the token can do more than was asked for');
  return undefined;
}

/** Of GitHub's own making, and for a record. */
function recordable(requestId: string): string {
  return requestId.replaceAll(/[^A-Za-z0-9:_.=-]/g, '').slice(0, 128) || '-';
}
