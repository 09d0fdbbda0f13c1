import type * as z from 'zod/mini';
import {
  branchRulesAnswer,
  installationAnswer,
  permissionAnswer,
  repositoryAnswer,
  rulesetAnswer,
  tokenAnswer,
} from '../../core/credentials/github-answers';
import type { GithubPermissions } from '../../core/credentials/github-rights';
import type { GithubHosts } from '../../core/credentials/github-target';
import { type CredentialRefused, refusedFor } from '../../core/credentials/refusal';
import type { HttpAnswer, HttpCall } from './http-call';

export type GithubResult<T> =
  | { readonly kind: 'ok'; readonly value: T; readonly requestId: string | undefined }
  | CredentialRefused;

export interface InstallationToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly permissions: Readonly<Record<string, string>>;
  /** Of each repository it opens. */
  readonly repositories: readonly string[];
}

type Body = Readonly<Record<string, unknown>>;

/** The few calls of GitHub's REST API that the broker makes, in the version it was written for. */
export class GithubApi {
  constructor(
    private readonly hosts: GithubHosts,
    private readonly call: HttpCall,
  ) {}

  /** @param bearer the App's own token */
  async installation(bearer: string, repository: string): Promise<GithubResult<number>> {
    const answer = await this.read(bearer, `/repos/${repository}/installation`, installationAnswer);
    return answer.kind === 'ok' ? { ...answer, value: answer.value.id } : answer;
  }

  /** For one repository and what is named, whatever else the installation has. @param bearer the App's own token */
  async token(
    bearer: string,
    installation: number,
    repository: string,
    permissions: GithubPermissions,
  ): Promise<GithubResult<InstallationToken>> {
    const body = { repositories: [repository.split('/')[1] ?? ''], permissions };
    const answer = await this.send(bearer, 'POST', `/app/installations/${installation}/access_tokens`, body);
    const parsed = parse(answer, 201, tokenAnswer);
    if (parsed.kind === 'refused') return parsed;
    const { token, expires_at, permissions: given, repositories } = parsed.value;
    const value = {
      token,
      expiresAt: Date.parse(expires_at),
      permissions: given,
      repositories: repositories.map(({ full_name }) => full_name),
    };
    return { ...parsed, value };
  }

  /** What a person may do in a repository; `none` for somebody whom GitHub does not know there. */
  async permission(
    bearer: string,
    repository: string,
    login: string,
  ): Promise<GithubResult<z.infer<typeof permissionAnswer> | 'none'>> {
    const path = `/repos/${repository}/collaborators/${encodeURIComponent(login)}/permission`;
    const answer = await this.send(bearer, 'GET', path);
    if (answer.status === 404) return { kind: 'ok', value: 'none', requestId: undefined };
    return parse(answer, 200, permissionAnswer);
  }

  async repository(bearer: string, repository: string) {
    return await this.read(bearer, `/repos/${repository}`, repositoryAnswer);
  }

  async branchRules(bearer: string, repository: string, branch: string) {
    const path = `/repos/${repository}/rules/branches/${encodeURIComponent(branch)}?per_page=100`;
    return await this.read(bearer, path, branchRulesAnswer);
  }

  async ruleset(bearer: string, repository: string, id: number) {
    return await this.read(bearer, `/repos/${repository}/rulesets/${id}?includes_parents=true`, rulesetAnswer);
  }

  /** Ends the very token it is called with; one that is over already is as good. */
  async revoke(token: string): Promise<boolean> {
    const { status } = await this.send(token, 'DELETE', '/installation/token');
    return status === 204 || status === 401;
  }

  private async read<T extends z.ZodMiniType>(
    bearer: string,
    path: string,
    schema: T,
  ): Promise<GithubResult<z.infer<T>>> {
    return parse(await this.send(bearer, 'GET', path), 200, schema);
  }

  private send(bearer: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: Body): Promise<HttpAnswer> {
    const { api, apiPrefix } = this.hosts;
    return this.call({
      method,
      url: `https://${api}${apiPrefix}${path}`,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${bearer}`,
        'x-github-api-version': '2022-11-28',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }
}

function parse<T extends z.ZodMiniType>(
  { status, text, headers }: HttpAnswer,
  expected: number,
  schema: T,
): GithubResult<z.infer<T>> {
  // GitHub's own words stay out: they may repeat what was sent.
  if (status !== expected) {
    const code = status >= 500 || status === 429 ? 'provider-unreachable' : 'provider-refused';
    return refusedFor(code, `GitHub answered ${status}${HINTS[status] ?? ''}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refusedFor('provider-refused', 'GitHub answered no JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return { kind: 'ok', value: result.data, requestId: headers['x-github-request-id'] };
  return refusedFor(
    'provider-refused',
    `GitHub's answer was not understood: ${result.error.issues[0]?.path.join('.')}`,
  );
}

const HINTS: Readonly<Record<number, string>> = {
  401: "; the App's key or number is wrong, or the clock",
  404: '; the App is not installed there, or the repository has another name',
  422: '; the installation lacks a permission that the grant needs, or the repository',
};
