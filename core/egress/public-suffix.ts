import { getPublicSuffix } from 'tldts';
import type { HostPattern } from './host';

/**
 * Cloud providers' roots that are no public suffix themselves but have tenants' names somewhere below them (a bucket of
 * anybody's is `x.s3.eu-west-1.amazonaws.com`). The public suffix list names only some of the lower ones.
 */
const TENANT_ROOTS: readonly string[] = [
  'aliyuncs.com',
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazoncognito.com',
  'api.aws',
  'azure.com',
  'backblazeb2.com',
  'cloudapp.net',
  'cloudflarestorage.com',
  'fastly.net',
  'googleapis.com',
  'googleusercontent.com',
  'on.aws',
  'oraclecloud.com',
  'platform.sh',
  'sagemaker.aws',
  'scw.cloud',
  'wasabisys.com',
  'windows.net',
];

/**
 * Whether a wildcard takes in names that belong to strangers: `*.com`, `*.co.uk`, of the list's private part
 * `*.github.io` or `*.s3.amazonaws.com`, and the roots above with what lies between them and a tenant: one that stops
 * at the list lets `*.eu-west-1.amazonaws.com` through, which has every bucket of that region in. Exact names are never
 * refused: `github.io` itself has one owner. Source: publicsuffix.org, as packaged by tldts.
 */
export function isPublicSuffixWildcard(pattern: HostPattern): boolean {
  if (pattern.kind === 'exact') return false;
  const suffix = getPublicSuffix(pattern.name, { allowPrivateDomains: true });
  if (suffix === pattern.name) return true;
  const root = TENANT_ROOTS.find((name) => pattern.name === name || pattern.name.endsWith(`.${name}`));
  // A suffix below the root means that the name is inside one tenant's own: *.mine.s3.amazonaws.com.
  return root !== undefined && !suffix?.endsWith(`.${root}`);
}
