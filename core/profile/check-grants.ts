import { parseHostPattern } from '../egress/host';
import { checkDistinct, checkHost, checkTarget } from './check';
import type { GrantConfig, ProfileConfig, TargetConfig } from './config';
import { rulesOfGrant } from './grants';
import type { Problem } from './problem';

/** GitHub has no repository called `.`, `..` or `x.git`; in a path the first two climb and the last names another. */
export const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}$/i;

/** Framing and routing of the request itself: a credential there would be one request that is read as two. */
const FRAMING: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

export function checkGrants(config: ProfileConfig): Problem[] {
  return [...checkEachGrant(config), ...checkRepositoriesOnce(config)];
}

function checkEachGrant(config: ProfileConfig): Problem[] {
  return Object.entries(config.grants).flatMap(([id, grant]): Problem[] => {
    if (grant.kind === 'github-app' || grant.kind === 'aws-role') {
      const rules = rulesOfGrant(id, grant);
      if (rules.length > 0)
        return [
          ...checkRepositoryNames(id, grant),
          ...checkNoS3(id, grant),
          ...checkGrantLists(id, grant),
          ...checkAwsHosts(id, grant.kind, rules),
        ];
      return [
        {
          path: ['grants', id],
          got: 'a grant that reaches no host',
          expected: grant.kind === 'aws-role' ? 'services or buckets' : 'repositories',
          fix: 'name what the grant is for, or remove it',
        },
      ];
    }
    return [...checkTarget(['grants', id], grant), ...checkCredential(id, grant)];
  });
}

/** Two grants for one repository would match the same requests, and what two rules match is refused. */
function checkRepositoriesOnce(config: ProfileConfig): Problem[] {
  const owner = new Map<string, string>();
  return Object.entries(config.grants).flatMap(([id, grant]): Problem[] => {
    if (grant.kind !== 'github-app') return [];
    return grant.repositories.flatMap((name, i): Problem[] => {
      const other = owner.get(name.toLowerCase()) ?? id;
      owner.set(name.toLowerCase(), other);
      if (other === id) return [];
      return [
        {
          path: ['grants', id, 'repositories', i],
          got: `"${name}", which grant "${other}" names too`,
          expected: 'each repository in one grant',
          fix: 'keep it where the access is what you want; write takes in read',
        },
      ];
    });
  });
}

/** A credential goes to one host, by a header that carries it and nothing else. */
function checkCredential(id: string, grant: Extract<GrantConfig, TargetConfig>): Problem[] {
  const host = parseHostPattern(grant.host);
  const problems: Problem[] = [];
  const wildcard = host.kind === 'ok' && host.value.kind !== 'exact';
  if (wildcard && checkHost([], grant.host).length === 0) {
    problems.push({
      path: ['grants', id, 'host'],
      got: `"${grant.host}"`,
      expected: 'one exact host for a credential',
      fix: 'every name a wildcard takes in would be sent it; make a grant for each host',
    });
  }
  if (
    grant.kind === 'secret-header' &&
    (!/^[A-Za-z0-9-]+$/.test(grant.header) || FRAMING.includes(grant.header.toLowerCase()))
  ) {
    problems.push({
      path: ['grants', id, 'header'],
      got: JSON.stringify(grant.header),
      expected: 'a header that carries a credential',
      fix: 'write Authorization, or the one the API documents, such as x-api-key',
    });
  }
  if (grant.kind === 'secret-header' && !/^[\x20-\x7e]*$/.test(grant.prefix ?? '')) {
    problems.push({
      path: ['grants', id, 'prefix'],
      got: JSON.stringify(grant.prefix),
      expected: 'printable ASCII on one line',
      fix: 'a line break would start another header',
    });
  }
  return problems;
}

/** Checked here and not in the file's schema alone: code writes grants too. */
function checkRepositoryNames(id: string, grant: GrantConfig): Problem[] {
  if (grant.kind !== 'github-app') return [];
  return grant.repositories.flatMap((name, i): Problem[] =>
    REPOSITORY.test(name)
      ? []
      : [
          {
            path: ['grants', id, 'repositories', i],
            got: JSON.stringify(name),
            expected: 'a repository as owner/name',
            fix: 'name each one; a grant has no wildcard',
          },
        ],
  );
}

/** `s3.<region>` is every bucket of everybody, path style; buckets are named one by one. */
function checkNoS3(id: string, grant: GrantConfig): Problem[] {
  if (grant.kind !== 'aws-role') return [];
  return (grant.services ?? []).flatMap((service, i): Problem[] =>
    /(^|\.)s3(-|\.|$)/.test(service)
      ? [
          {
            path: ['grants', id, 'services', i],
            got: JSON.stringify(service),
            expected: 'a service other than S3',
            fix: 'write buckets: [NAME] instead; below that endpoint are the buckets of everybody',
          },
        ]
      : [],
  );
}

function checkGrantLists(id: string, grant: GrantConfig): Problem[] {
  return (['repositories', 'services', 'buckets'] as const).flatMap((key) => {
    const names = (grant as { readonly [list in typeof key]?: readonly string[] })[key];
    return checkDistinct(['grants', id, key], names ?? []);
  });
}

/** Hosts made of a service's or bucket's name: the role's credential goes to them, so each must be one exact host. */
function checkAwsHosts(id: string, kind: GrantConfig['kind'], rules: readonly { readonly host: string }[]): Problem[] {
  if (kind !== 'aws-role') return [];
  return rules.flatMap(({ host }): Problem[] => {
    const parsed = parseHostPattern(host);
    if (parsed.kind === 'ok' && parsed.value.kind === 'exact') return [];
    return [
      {
        path: ['grants', id],
        got: `a service or bucket that makes the host "${host}"`,
        expected: 'names that make an exact host',
        fix: 'write the service as in its endpoint, such as dynamodb, and the bucket by its name',
      },
    ];
  });
}
