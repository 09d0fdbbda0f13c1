import type { EgressRequest } from './request';
import type { EgressRule } from './rule';

/** Parameters in which a caller identifies itself. Compared without case, `-`, `_` and a `[...]` at the end. */
export const CREDENTIAL_PARAMETERS: ReadonlySet<string> = new Set([
  'accesstoken',
  'apikey',
  'apitoken',
  'appkey',
  'authorization',
  'authtoken',
  'awsaccesskeyid',
  'bearer',
  'bearertoken',
  'clientassertion',
  'clientsecret',
  'googleaccessid',
  'idtoken',
  'jobtoken',
  'keypairid',
  'oauthtoken',
  'passwd',
  'password',
  'personaltoken',
  'privatetoken',
  'refreshtoken',
  'secret',
  'secretkey',
  'sessionid',
  'sessiontoken',
  'subscriptionkey',
  'usertoken',
  'xamzcredential',
  'xamzsecuritytoken',
  'xapikey',
  'xauthtoken',
  'xgoogcredential',
]);

/** Credentials at some hosts and plain words at others; a rule that lists the parameter by name takes it. */
export const AMBIGUOUS_PARAMETERS: ReadonlySet<string> = new Set(['auth', 'jwt', 'key', 'sid', 'token']);

/**
 * What makes a URL pre-signed: a signature and who signed, as S3 (both versions), Google, CloudFront and Azure have
 * them; GitHub's release files are redirects to such URLs. On GET and HEAD they stay: the signature is for one object
 * for some minutes, it opens nothing but what lies at the rule's host, and without it no release file, image layer or
 * package could be read. On a write it would carry data into an account that only the signer knows.
 */
export const PRESIGNED: readonly (readonly [signature: string, signer: string])[] = [
  ['xamzsignature', 'xamzcredential'],
  ['signature', 'awsaccesskeyid'],
  ['xgoogsignature', 'xgoogcredential'],
  ['signature', 'googleaccessid'],
  ['signature', 'keypairid'],
  ['sig', 'sv'],
];

/** Parts of pre-signed URLs that are credentials by themselves, or read as such. */
export const PRESIGNED_PARAMETERS: ReadonlySet<string> = new Set([
  'awsaccesskeyid',
  'googleaccessid',
  'jwt',
  'keypairid',
  'xamzcredential',
  'xamzsecuritytoken',
  'xgoogcredential',
]);

/** Whether a URL carries a credential that the agent has no business to use: C5 holds for URLs as for headers. */
export function hasUrlCredential(request: EgressRequest, rule: EgressRule): boolean {
  if (request.parameters.length === 0) return false;
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const names = request.parameters.map(({ name }) => canonicalParameter(name));
  const presigned = reads && PRESIGNED.some((both) => both.every((part) => names.includes(part)));
  return request.parameters.some(({ value }, i) => {
    const canonical = names[i] ?? '';
    if (value === '') return false;
    if (PRESIGNED_PARAMETERS.has(canonical) && presigned) return false;
    if (CREDENTIAL_PARAMETERS.has(canonical)) return true;
    // A rule with a list of parameters takes no others, so there it is listed by name.
    return AMBIGUOUS_PARAMETERS.has(canonical) && rule.query === undefined;
  });
}

function canonicalParameter(name: string): string {
  const bracket = name.indexOf('[');
  return (bracket === -1 ? name : name.slice(0, bracket)).toLowerCase().replaceAll(/[-_]/g, '');
}
