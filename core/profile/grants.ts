import type { DocumentGrant } from '../egress/document';
import type { GrantConfig, RuleConfig, TargetConfig } from './config';

/** A rule that a grant yields. `via` sends it to a service of the platform instead of to the host. */
export interface GrantRule extends RuleConfig {
  readonly reason: string;
  readonly via?: 'commit-broker';
}

/** Egress iff grant: exactly the requests a grant is good for, so that removing the grant removes them. */
export function rulesOfGrant(id: string, grant: GrantConfig): readonly GrantRule[] {
  switch (grant.kind) {
    case 'github-app':
      return grant.repositories.flatMap((repository) => githubRules(id, repository, grant.access));
    case 'aws-role':
      return awsHosts(grant).map((host) => ({
        host,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        reason: `grant ${id}: AWS API as ${grant.role}; what may be done is the role's policy`,
      }));
    default:
      return [{ ...targetOf(grant), reason: `grant ${id}: ${grant.kind} credential added outside the sandbox` }];
  }
}

export function documentGrant(id: string, grant: GrantConfig): DocumentGrant {
  switch (grant.kind) {
    case 'github-app':
      return { kind: grant.kind, id, repositories: [...grant.repositories], access: grant.access };
    case 'aws-role':
      return {
        kind: grant.kind,
        id,
        roleArn: grant.role,
        region: grant.region,
        services: [...(grant.services ?? [])],
        buckets: [...(grant.buckets ?? [])],
      };
    case 'secret-header':
      return { kind: grant.kind, id, secretArn: grant.secret, header: grant.header, prefix: grant.prefix ?? '' };
    case 'oauth':
      return { kind: grant.kind, id, provider: grant.provider, scopes: [...(grant.scopes ?? [])] };
    case 'oidc':
      return { kind: grant.kind, id, audience: grant.audience };
  }
}

function targetOf(grant: TargetConfig): TargetConfig {
  const { host, methods, paths, query, graphql, mcp, maxBody, rate, websocket, ask } = grant;
  const { urls, maxUrlBytes, maxOpaqueBytes, distinctUrls, allowPrivate } = grant;
  return {
    ...{ host, methods, paths, query, graphql, mcp, maxBody, rate, websocket, ask },
    ...{ urls, maxUrlBytes, maxOpaqueBytes, distinctUrls, allowPrivate },
  };
}

/** git asks with and without `.git`; both are the same repository. */
function githubRules(id: string, repository: string, access: 'read' | 'write'): GrantRule[] {
  const names = [`/${repository}.git`, `/${repository}`];
  const host = 'github.com';
  const read: GrantRule[] = [
    {
      host,
      methods: ['GET', 'HEAD'],
      paths: names.map((name) => `${name}/info/refs`),
      query: [{ name: 'service', values: ['git-upload-pack'] }],
      reason: `grant ${id}: clone and fetch ${repository}, references`,
    },
    {
      host,
      methods: ['POST'],
      paths: names.map((name) => `${name}/git-upload-pack`),
      reason: `grant ${id}: clone and fetch ${repository}, objects`,
    },
    {
      host: 'api.github.com',
      methods: ['GET', 'HEAD'],
      paths: [`/repos/${repository}`, `/repos/${repository}/**`],
      reason: `grant ${id}: read ${repository} through the API`,
    },
  ];
  if (access === 'read') return read;
  return [
    ...read,
    {
      host,
      methods: ['GET', 'HEAD'],
      paths: names.map((name) => `${name}/info/refs`),
      query: [{ name: 'service', values: ['git-receive-pack'] }],
      via: 'commit-broker',
      reason: `grant ${id}: push to ${repository}, references; answered by the commit broker`,
    },
    {
      host,
      methods: ['POST'],
      paths: names.map((name) => `${name}/git-receive-pack`),
      via: 'commit-broker',
      reason: `grant ${id}: push to ${repository}; scanned, signed and written by the commit broker`,
    },
    {
      host: 'api.github.com',
      methods: ['POST'],
      paths: [`/repos/${repository}/pulls`],
      reason: `grant ${id}: open pull requests in ${repository}`,
    },
  ];
}

/**
 * Exact hosts only: below `s3.<region>.amazonaws.com` everybody's buckets live. The zone is the standard one; a
 * partition with another (China) is not supported, see docs/threat-model.md.
 */
function awsHosts(grant: Extract<GrantConfig, { kind: 'aws-role' }>): string[] {
  const services = (grant.services ?? []).map((service) => `${service}.${grant.region}.amazonaws.com`);
  const buckets = (grant.buckets ?? []).map((bucket) => `${bucket}.s3.${grant.region}.amazonaws.com`);
  return [...services, ...buckets];
}
