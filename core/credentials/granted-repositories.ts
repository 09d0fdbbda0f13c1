import type { DocumentGrant } from '../egress/document';

/** The repositories that grants name, spelled as they name them: what else a requester writes is nobody's to vouch for. */
export function grantedRepositories(grants: readonly DocumentGrant[]): readonly string[] {
  return grants.flatMap((grant) => (grant.kind === 'github-app' ? grant.repositories : []));
}
