import { Token } from 'aws-cdk-lib';
import { type HostPattern, parseHostPattern, WILDCARD_ON_SUFFIX } from '../../core/egress/host';
import { isPublicSuffixWildcard } from '../../core/egress/public-suffix';

/**
 * Hosts as constructs take them: `a.example.com`, `*.example.com` (below the apex), `.example.com` (with it).
 *
 * @throws where one is not a host; a deploy-time value can't be checked and is refused too.
 */
export function hostPatterns(what: string, hosts: readonly string[]): HostPattern[] {
  return hosts.map((host) => {
    if (Token.isUnresolved(host)) throw new Error(`${what}: got a deploy-time value, expected a host known at synth`);
    const parsed = parseHostPattern(host);
    if (parsed.kind === 'invalid') throw new Error(`${what}: got "${host}", expected a host; ${parsed.problem}`);
    if (isPublicSuffixWildcard(parsed.value)) {
      throw new Error(`${what}: got "${host}", expected hosts of one owner; ${WILDCARD_ON_SUFFIX}`);
    }
    return parsed.value;
  });
}
