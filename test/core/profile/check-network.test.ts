import { checkCidrs, checkRegion, checkTier, checkZones } from '../../../core/profile/check-network';
import type { NetworkConfig } from '../../../core/profile/config';
import type { Problem } from '../../../core/profile/problem';

const paths = (problems: readonly Problem[]): string[] => problems.map(({ path }) => path.join('.'));
const ZONES = 'network.availabilityZones';

describe('N3 a region whose facts nobody has is refused', () => {
  it.each<[string, NetworkConfig, string[]]>([
    ['eu-west-1', {}, []],
    ['eu-west-9', {}, ['region']],
    ['eu-west-9', { s3PrefixList: 'pl-6da54004' }, []],
  ])('N3 %s with %j', (region, network, expected) => {
    expect(paths(checkRegion(region, network))).toEqual(expected);
  });
});

describe('W3 zones', () => {
  const two = ['eu-west-1a', 'eu-west-1b'];

  it.each<[string, NetworkConfig['availabilityZones'], string[]]>([
    ['maximum', undefined, []],
    ['maximum', 1, [ZONES]],
    ['maximum', ['eu-west-1a'], [ZONES]],
    ['maximum', 2, []],
    ['maximum', 3, []],
    ['maximum', two, []],
    ['standard', 1, []],
    ['standard', ['eu-west-1a'], []],
  ])('W3 tier %s with %j', (tier, availabilityZones, expected) => {
    const problems = checkTier(tier, { availabilityZones });
    expect(paths(problems)).toEqual(expected);
    expect(problems.map(({ got }) => got)).toEqual(expected.map(() => JSON.stringify(availabilityZones)));
  });

  it.each<[NetworkConfig['availabilityZones'], string[]]>([
    [undefined, []],
    [2, []],
    [two, []],
    [['eu-west-1a', 'us-east-1a'], [`${ZONES}.1`]],
    [['eu-west-1a', 'eu-west-1a'], [`${ZONES}.1`]],
  ])('W3 %j in eu-west-1', (availabilityZones, expected) => {
    expect(paths(checkZones({ availabilityZones }, 'eu-west-1'))).toEqual(expected);
  });
});

describe('W3 ranges of the two VPCs', () => {
  it.each<[NetworkConfig, string[]]>([
    [{}, []],
    [{ sessionsCidr: '10.0.0.0/16', egressCidr: '172.31.252.0/22' }, []],
    [{ sessionsCidr: '10.0.0.0/15' }, ['network.sessionsCidr']],
    [{ egressCidr: '10.0.0.0/23' }, ['network.egressCidr']],
    [{ sessionsCidr: '8.0.0.0/16', egressCidr: '10.0.0.1/16' }, ['network.sessionsCidr', 'network.egressCidr']],
    [{ sessionsCidr: '10.65.0.0/16' }, ['network.sessionsCidr']],
    [{ egressCidr: '10.64.0.0/20' }, ['network.egressCidr']],
    [{ sessionsCidr: '10.0.0.0/16', egressCidr: '10.0.16.0/20' }, ['network.egressCidr']],
  ])('W3 %j', (network, expected) => {
    expect(paths(checkCidrs(network))).toEqual(expected);
  });
});
