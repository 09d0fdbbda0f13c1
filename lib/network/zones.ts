import type { VpcProps } from 'aws-cdk-lib/aws-ec2';
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

  constructor(tier: Tier, names: readonly string[] | undefined, count: number | undefined) {
    if (names !== undefined && count !== undefined && names.length !== count) {
      throw new Error(`availability zones: got ${names.length} names and the number ${count}; give one of the two`);
    }
    this.count = names?.length ?? count ?? (tier === Tier.MAXIMUM ? 2 : 1);
    if (!(this.count >= 1 && this.count <= MOST_ZONES)) {
      throw new Error(`availability zones: got ${this.count}, expected 1 to ${MOST_ZONES}`);
    }
    if (tier === Tier.MAXIMUM && this.count < 2)
      throw new Error('tier maximum: got one availability zone, expected 2 or 3');
    const reservedAzs = MOST_ZONES - this.count;
    this.vpcProps = names ? { availabilityZones: [...names], reservedAzs } : { maxAzs: this.count, reservedAzs };
  }
}
