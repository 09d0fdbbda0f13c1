import { Aws, CfnMapping, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { REGIONS } from '../../core/network/regions';

/**
 * The id of the AWS-managed prefix list of S3 in a region, from the table in regions.ts; where the region is only known
 * at deploy, a look-up in a mapping of all of them.
 *
 * @throws where the table has no such region
 */
export function s3PrefixList(scope: Construct, region: string): string {
  if (Token.isUnresolved(region)) {
    const mapping = Object.fromEntries(
      Object.entries(REGIONS).map(([name, facts]) => [name, { s3: facts.s3PrefixList }]),
    );
    return new CfnMapping(scope, 'PrefixLists', { mapping }).findInMap(Aws.REGION, 's3');
  }
  const facts = REGIONS[region];
  if (facts === undefined) {
    throw new Error(
      `region ${region}: the id of its S3 prefix list is not in the table; run "aws ec2 describe-managed-prefix-lists ` +
        `--region ${region} --filters Name=prefix-list-name,Values=com.amazonaws.${region}.s3" and set s3PrefixList (network.s3PrefixList ` +
        'in platform.yaml)',
    );
  }
  return facts.s3PrefixList;
}
