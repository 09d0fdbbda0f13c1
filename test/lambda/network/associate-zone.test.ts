import { associateZone, type ZonePort } from '../../../lambda/network/associate-zone';
import type { CustomResourceEvent } from '../../../runtime/custom-resource';

const PAIR = { HostedZoneId: 'Z1', VpcId: 'vpc-2', VpcRegion: 'eu-west-1' };

const event = (RequestType: CustomResourceEvent['RequestType'], properties: Record<string, string> = PAIR) => ({
  RequestType,
  ResponseURL: '',
  StackId: '',
  RequestId: '',
  LogicalResourceId: '',
  ResourceProperties: properties,
});

/** A zone that remembers, and the calls that change it. */
function zone(vpcs: readonly string[], failures: Partial<Record<keyof ZonePort, Error>> = {}) {
  const associated = new Set(vpcs);
  const calls: string[] = [];
  const fail = (name: keyof ZonePort) => {
    const error = failures[name];
    if (error) throw error;
  };
  const port: ZonePort = {
    async associate(zoneId, vpcId, region) {
      fail('associate');
      calls.push(`associate ${zoneId} ${vpcId} ${region}`);
      associated.add(vpcId);
    },
    async disassociate(zoneId, vpcId, region) {
      fail('disassociate');
      calls.push(`disassociate ${zoneId} ${vpcId} ${region}`);
      associated.delete(vpcId);
    },
    async vpcsOf() {
      fail('vpcsOf');
      return [...associated];
    },
  };
  return { work: associateZone(port), calls, associated };
}

const named = (name: string) => Object.assign(new Error(`${name} happened`), { name });

describe('F8 a zone in a second VPC', () => {
  it.each(['Create', 'Update'] as const)('F8 %s associates it', async (request) => {
    const { work, calls } = zone(['vpc-1']);
    expect(await work(event(request))).toEqual({ physicalId: 'Z1/vpc-2' });
    expect(calls).toEqual(['associate Z1 vpc-2 eu-west-1']);
  });

  it('F8 asked again, it changes nothing: CloudFormation repeats requests', async () => {
    const { work, calls } = zone(['vpc-1']);
    const answers = [await work(event('Create')), await work(event('Create')), await work(event('Update'))];
    expect(new Set(answers.map(({ physicalId }) => physicalId))).toEqual(new Set(['Z1/vpc-2']));
    expect(calls).toHaveLength(1);
  });

  it('F8 another pair is another resource, so CloudFormation deletes the old one', async () => {
    const { work } = zone([]);
    const ids = await Promise.all(
      [PAIR, { ...PAIR, VpcId: 'vpc-3' }, { ...PAIR, HostedZoneId: 'Z2' }].map((pair) => work(event('Update', pair))),
    );
    expect(new Set(ids.map(({ physicalId }) => physicalId)).size).toBe(3);
  });

  it('F8 a delete takes it away, and only from the VPC it names', async () => {
    const { work, calls, associated } = zone(['vpc-1', 'vpc-2']);
    expect(await work(event('Delete'))).toEqual({ physicalId: 'Z1/vpc-2' });
    expect(calls).toEqual(['disassociate Z1 vpc-2 eu-west-1']);
    expect([...associated]).toEqual(['vpc-1']);
  });

  it.each(['NoSuchHostedZone', 'VPCAssociationNotFound'])(
    'F8 a delete that meets %s has done its work',
    async (name) => {
      const { work } = zone([], { disassociate: named(name) });
      await expect(work(event('Delete'))).resolves.toEqual({ physicalId: 'Z1/vpc-2' });
    },
  );

  it.each([
    ['LastVPCAssociation', 'Delete', 'disassociate'],
    ['AccessDenied', 'Delete', 'disassociate'],
    ['ConflictingDomainExists', 'Create', 'associate'],
    // A zone that is gone is no success for who wants to be in it.
    ['NoSuchHostedZone', 'Create', 'vpcsOf'],
    ['NoSuchHostedZone', 'Update', 'associate'],
  ] as const)('F8 %s at a %s is a failure', async (name, request, call) => {
    const { work } = zone([], { [call]: named(name) });
    await expect(work(event(request))).rejects.toThrow(`${name} happened`);
  });

  it.each([
    ['HostedZoneId', 'Create'],
    ['VpcId', 'Update'],
    ['VpcRegion', 'Delete'],
  ] as const)('F8 without %s a %s fails and says which properties there must be', async (missing, request) => {
    const { work, calls } = zone([]);
    const given = Object.fromEntries(Object.entries(PAIR).filter(([key]) => key !== missing));
    const expected = `got the properties ${Object.keys(given).join(', ')}, expected HostedZoneId, VpcId and VpcRegion`;
    await expect(work(event(request, given))).rejects.toThrow(expected);
    await expect(work(event(request, { ...given, [missing]: '' }))).rejects.toThrow(/expected HostedZoneId, VpcId and/);
    expect(calls).toEqual([]);
  });
});
