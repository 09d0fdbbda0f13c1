import { type CidrRange, containsCidr, DEFAULT_CIDRS, overlapsCidr, PRIVATE_RANGES, parseCidr } from '../network/cidr';
import { REGIONS } from '../network/regions';
import { checkDistinct } from './check';
import type { NetworkConfig } from './config';
import type { Problem, ProblemPath } from './problem';

/** A region whose facts the library has, unless the file brings them itself. */
export function checkRegion(region: string, network: NetworkConfig): Problem[] {
  if (region in REGIONS || network.s3PrefixList !== undefined) return [];
  return [
    {
      path: ['region'],
      got: `"${region}"`,
      expected: `a region the library knows: ${Object.keys(REGIONS).sort().join(', ')}`,
      fix: 'check the spelling; for another region set network.s3PrefixList (docs/platform-yaml.md says how to find it)',
    },
  ];
}

/** Two zones are what the tier is. */
export function checkTier(tier: string, network: NetworkConfig): Problem[] {
  const zones = network.availabilityZones;
  const count = typeof zones === 'number' ? zones : zones?.length;
  if (tier !== 'maximum' || count === undefined || count >= 2) return [];
  return [
    {
      path: ['network', 'availabilityZones'],
      got: JSON.stringify(zones),
      expected: '2 or 3 zones for tier maximum',
      fix: 'leave it out for two, or choose tier standard',
    },
  ];
}

/** Zones of the region deployed to, each once: a subnet elsewhere fails in the middle of a deploy. */
export function checkZones(network: NetworkConfig, region: string): Problem[] {
  const zones = network.availabilityZones;
  if (zones === undefined || typeof zones === 'number') return [];
  const path: ProblemPath = ['network', 'availabilityZones'];
  const foreign = zones.flatMap((zone, i): Problem[] =>
    zone.slice(0, -1) === region
      ? []
      : [
          {
            path: [...path, i],
            got: `"${zone}"`,
            expected: `a zone of ${region}`,
            fix: `write for example ${region}a`,
          },
        ],
  );
  return [...foreign, ...checkDistinct(path, zones)];
}

/** Private ranges, big enough, and not overlapping: peering refuses VPCs that do. */
export function checkCidrs(network: NetworkConfig): Problem[] {
  const problems: Problem[] = [];
  const given = (['sessionsCidr', 'egressCidr'] as const).flatMap((key) => {
    const text = network[key];
    return text === undefined ? [] : [{ key, text, range: parseCidr(text) }];
  });
  for (const { key, text, range } of given) {
    if (range !== undefined && range.length >= 16 && range.length <= 22 && isPrivate(range)) continue;
    problems.push({
      path: ['network', key],
      got: `"${text}"`,
      expected: 'a private IPv4 range of /16 to /22 on its boundary, in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16',
      fix: 'write for example 10.64.0.0/16',
    });
  }
  const sessions = parseCidr(network.sessionsCidr ?? DEFAULT_CIDRS.sessions);
  const egress = parseCidr(network.egressCidr ?? DEFAULT_CIDRS.egress);
  if (problems.length === 0 && sessions && egress && overlapsCidr(sessions, egress)) {
    problems.push({
      path: ['network', network.egressCidr ? 'egressCidr' : 'sessionsCidr'],
      got: `sessions ${network.sessionsCidr ?? DEFAULT_CIDRS.sessions}, egress ${network.egressCidr ?? DEFAULT_CIDRS.egress}`,
      expected: 'two ranges that do not overlap',
      fix: 'peered VPCs can not share addresses; move one of them',
    });
  }
  return problems;
}

function isPrivate(range: CidrRange): boolean {
  return PRIVATE_RANGES.flatMap((text) => parseCidr(text) ?? []).some((block) => containsCidr(block, range));
}
