import { Fn, Stack, Token } from 'aws-cdk-lib';
import type { VpcProps } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { Tier } from './tier';

/** As many zones as addresses are kept for: a zone can be added later without moving the subnets that are there. */
const MOST_ZONES = 3;

/**
 * Which availability zones a VPC uses. Both VPCs get the same ones: traffic stays in its zone.
 *
 * @internal
 */
export class Zones {
  readonly count: number;
  readonly vpcProps: Pick<VpcProps, 'availabilityZones' | 'maxAzs' | 'reservedAzs'>;

  constructor(scope: Construct, tier: Tier, names: readonly string[] | undefined, count: number | undefined) {
    if (names !== undefined && count !== undefined && names.length !== count) {
      throw new Error(`availability zones: got ${names.length} names and the number ${count}; give one of the two`);
    }
    const twice = names?.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) throw new Error(`availability zones: got ${twice} twice, expected each zone once`);
    this.count = names?.length ?? count ?? (tier === Tier.MAXIMUM ? 2 : 1);
    if (!Number.isInteger(this.count) || this.count < 1 || this.count > MOST_ZONES) {
      throw new Error(`availability zones: got ${this.count}, expected 1 to ${MOST_ZONES}`);
    }
    if (tier === Tier.MAXIMUM && this.count < 2)
      throw new Error('tier maximum: got one availability zone, expected 2 or 3');
    const reservedAzs = MOST_ZONES - this.count;
    const zones = names ?? zonesByIndex(scope, this.count);
    this.vpcProps = zones ? { availabilityZones: [...zones], reservedAzs } : { maxAzs: this.count, reservedAzs };
  }
}

/**
 * Where `maxAzs` would give fewer than asked for, and say nothing: without an account, CDK knows two zones of a region,
 * however many it has. They are taken by their index then, as CDK does with the two.
 */
function zonesByIndex(scope: Construct, count: number): string[] | undefined {
  const known = Stack.of(scope).availabilityZones;
  if (known.length >= count) return undefined;
  if (Token.isUnresolved(known[0])) return Array.from({ length: count }, (_, i) => Fn.select(i, Fn.getAzs()));
  throw new Error(
    `availability zones: got ${count}, but this account has ${known.length} (${known.join(', ')}) in the region; lower ` +
      'zoneCount (network.availabilityZones in platform.yaml)',
  );
}
