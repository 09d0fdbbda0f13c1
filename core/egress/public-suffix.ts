import { getPublicSuffix } from 'tldts';
import type { HostPattern } from './host';

/**
 * Cloud providers' roots that are no public suffix themselves but have tenants' suffixes below them (a bucket of
 * anybody's is `x.s3.amazonaws.com`). The public suffix list names only the lower ones.
 */
const TENANT_ROOTS: ReadonlySet<string> = new Set([
  'amazonaws.com',
  'amazonaws.com.cn',
  'azure.com',
  'cloudapp.net',
  'googleapis.com',
  'googleusercontent.com',
  'oraclecloud.com',
  'windows.net',
]);

/**
 * Whether a wildcard takes in names that belong to strangers: `*.com`, `*.co.uk`, of the list's private part
 * `*.github.io` or `*.s3.amazonaws.com`, and the roots above. Exact names are never refused: `github.io` itself has
 * one owner. Source: publicsuffix.org, as packaged by tldts.
 */
export function isPublicSuffixWildcard(pattern: HostPattern): boolean {
  if (pattern.kind === 'exact') return false;
  return (
    TENANT_ROOTS.has(pattern.name) || getPublicSuffix(pattern.name, { allowPrivateDomains: true }) === pattern.name
  );
}
