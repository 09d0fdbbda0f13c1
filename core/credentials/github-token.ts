import type { GithubHosts } from './github-target';

/**
 * Installation tokens: 40 characters until 2026, since then also `ghs_APPID_JWT` of any length (GitHub changelog, April
 * 2026). Whoever looks for 36 characters after the prefix leaves most of a long one in a log.
 */
const INSTALLATION_TOKEN = /^ghs_[A-Za-z0-9_.-]{30,8192}$/;

export function isInstallationToken(token: string): boolean {
  return INSTALLATION_TOKEN.test(token);
}

export interface GithubHeader {
  readonly name: 'authorization';
  readonly value: string;
  /** All forms worth looking for. */
  readonly secrets: readonly string[];
}

/** git over https takes Basic only; the API takes Bearer. On a server of one's own both have one host, so the path says. */
export function githubHeader(hosts: GithubHosts, request: { host: string; path: string }, token: string): GithubHeader {
  if (request.host === hosts.api && request.path.startsWith(`${hosts.apiPrefix}/`))
    return { name: 'authorization', value: `Bearer ${token}`, secrets: [token] };
  const basic = Buffer.from(`x-access-token:${token}`, 'utf8').toString('base64');
  return { name: 'authorization', value: `Basic ${basic}`, secrets: [token, basic] };
}
