import { Names } from 'aws-cdk-lib';
import { CfnPrefixList, type IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { publicIpv4Ranges } from '../../core/network/cidr';
import { ClosedSecurityGroup } from './closed-security-group';

/**
 * A prefix list of all public IPv4 addresses: security groups have no deny, so "the internet but nothing private" has to
 * be said in this long form. Gives its id.
 */
export function publicIpv4List(scope: Construct, id: string): string {
  const ranges = publicIpv4Ranges();
  return new CfnPrefixList(scope, id, {
    addressFamily: 'IPv4',
    entries: ranges.map((cidr) => ({ cidr })),
    maxEntries: ranges.length,
    prefixListName: Names.uniqueResourceName(scope, { maxLength: 200, separator: '-' }),
  }).attrPrefixListId;
}

/**
 * The group of a service: out to 443 at public addresses, nothing private, and in from nobody yet. A prefix list counts
 * by its length: of the 60 outbound rules that are the default quota, nine are left.
 */
export function serviceGroup(scope: Construct, id: string, vpc: IVpc, publicIpv4: string): ClosedSecurityGroup {
  const description = `${id}: in only from its clients; out 443 to public addresses`;
  const group = new ClosedSecurityGroup(scope, `${id}SecurityGroup`, { vpc, description });
  group.allowToPrefixList('Public', publicIpv4, 443, 'Public addresses only: never a session');
  return group;
}
