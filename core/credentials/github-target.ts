import type { DocumentGrant } from '../egress/document';
import type { Method } from '../egress/rule';

export type GithubGrant = Extract<DocumentGrant, { kind: 'github-app' }>;

/** What a token is for, and with it the permissions it needs. A session's own requests never need `push`. */
export type GithubPurpose = 'read' | 'propose' | 'push';

export interface GithubTarget {
  /** As the grant spells it. */
  readonly repository: string;
  readonly purpose: GithubPurpose;
}

/** Where GitHub answers: `github.com`, a tenant of `ghe.com`, or a server of one's own. */
export interface GithubHosts {
  readonly web: string;
  readonly api: string;
  /** In front of every path of the API. */
  readonly apiPrefix: '' | '/api/v3';
}

/** Sources: GitHub REST reference, "Getting started"; GitHub Enterprise Cloud, "About data residency". */
export function githubHosts(host: string): GithubHosts {
  const ours = host === 'github.com' || host.endsWith('.ghe.com');
  return ours ? { web: host, api: `api.${host}`, apiPrefix: '' } : { web: host, api: host, apiPrefix: '/api/v3' };
}

const NAME = '([A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}?)';
const GIT = new RegExp(`^/${NAME}(?:\\.git)?/(info/refs|git-upload-pack|git-receive-pack)$`);
const API = new RegExp(`^/repos/${NAME}(/.*)?$`);

/**
 * One repository and one purpose for a request, so that a token opens no more than the request needs; undefined where
 * the grant is not for it. The proxy's rules let nothing else through, and the broker does not rely on them.
 */
export function githubTarget(
  grant: GithubGrant,
  hosts: GithubHosts,
  { host, method, path }: { readonly host: string; readonly method: Method; readonly path: string },
): GithubTarget | undefined {
  const git = host === hosts.web ? GIT.exec(path) : null;
  if (git) {
    const repository = named(grant, git[1]);
    if (repository === undefined) return undefined;
    if (git[2] !== 'git-receive-pack') return { repository, purpose: 'read' };
    return grant.access === 'write' ? { repository, purpose: 'push' } : undefined;
  }
  if (host !== hosts.api || !path.startsWith(`${hosts.apiPrefix}/`)) return undefined;
  const api = API.exec(path.slice(hosts.apiPrefix.length));
  const repository = named(grant, api?.[1]);
  if (repository === undefined) return undefined;
  if (method === 'GET' || method === 'HEAD') return { repository, purpose: 'read' };
  const opens = method === 'POST' && api?.[2] === '/pulls' && grant.access === 'write';
  return opens ? { repository, purpose: 'propose' } : undefined;
}

/** GitHub takes names in any case. */
function named({ repositories }: GithubGrant, name: string | undefined): string | undefined {
  return repositories.find((repository) => repository.toLowerCase() === name?.toLowerCase());
}
