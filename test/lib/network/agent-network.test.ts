import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  AgentImage,
  AgentNetwork,
  type AgentNetworkProps,
  AgentPlatform,
  EgressRule,
  SessionProfile,
  Tier,
} from '../../../lib';
import type { CfnResource } from '../../templates';

type Resources = Record<string, CfnResource>;

const networkIn = (props: AgentNetworkProps, region: string | undefined = 'eu-west-1', account?: string) =>
  new AgentNetwork(new Stack(new App(), 'Stack', { env: { region, account } }), 'Network', props);

function resourcesOf(props: AgentNetworkProps): Resources {
  return Template.fromStack(Stack.of(networkIn(props))).toJSON().Resources;
}

/** Paths below `Properties` at which two resources differ. */
function differences(a: unknown, b: unknown, path = ''): string[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isTree(a) || !isTree(b) || Array.isArray(a) || Array.isArray(b)) return [path];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differences(a[key], b[key], path === '' ? key : `${path}.${key}`),
  );
}

/** What changes of the resources both templates have, and the ids only one of them has. */
function diff(before: Resources, after: Resources) {
  const shared = Object.keys(before).filter((id) => id in after);
  return {
    changed: shared
      .flatMap((id) => differences(before[id], after[id]).map((path) => `${before[id]?.Type} ${path}`))
      .sort(),
    removed: Object.keys(before).filter((id) => !(id in after)),
    added: Object.keys(after).filter((id) => !(id in before)),
  };
}

describe('W2 adding an availability zone moves nothing', () => {
  const standard = [1, 2, 3].map((zoneCount) => resourcesOf({ zoneCount }));

  it.each([
    [1, 2],
    [2, 3],
    [1, 3],
  ])('W2 from %i to %i zones: all that stood keeps its id, its range and its zone', (from, to) => {
    const { changed, removed, added } = diff(standard[from - 1] ?? {}, standard[to - 1] ?? {});
    expect(removed).toEqual([]);
    expect(added.length).toBeGreaterThan(0);
    // The one thing said of all zones in one place: which ranges the firewall judges. It updates in place.
    expect(changed).toEqual([
      'AWS::NetworkFirewall::FirewallPolicy Properties.FirewallPolicy.PolicyVariables.RuleVariables.HOME_NET.Definition',
    ]);
  });

  it.each([1, 2, 3])(
    'W2 %i zones asked for are as many in both VPCs, in a stack whose account is not known',
    (count) => {
      const subnets = Object.values(standard[count - 1] ?? {}).filter(({ Type }) => Type === 'AWS::EC2::Subnet');
      const zonesOf = (name: string) =>
        new Set(
          subnets
            .filter(({ Properties }) => JSON.stringify(Properties?.Tags).includes(`"${name}"`))
            .map(({ Properties }) => JSON.stringify(Properties?.AvailabilityZone)),
        );
      for (const name of ['Session', 'Public', 'Firewall', 'Service', 'Endpoint'])
        expect(zonesOf(name).size).toBe(count);
      expect(zonesOf('Session')).toEqual(zonesOf('Service'));
      const numberOf = (type: string) =>
        Object.values(standard[count - 1] ?? {}).filter(({ Type }) => Type === type).length;
      expect([numberOf('AWS::EC2::NatGateway'), numberOf('AWS::NetworkFirewall::Firewall')]).toEqual([count, count]);
    },
  );

  it('W2 in LEAN too', () => {
    const [one = {}, three = {}] = [1, 3].map((zoneCount) => resourcesOf({ tier: Tier.LEAN, zoneCount }));
    expect(diff(one, three)).toMatchObject({ changed: [], removed: [] });
  });

  it('W2 says so where an account has fewer zones than asked for', () => {
    const stack = new Stack(
      new App({
        context: {
          'availability-zones:account=111122223333:region=us-west-1': ['us-west-1a', 'us-west-1c'],
        },
      }),
      'Stack',
      { env: { region: 'us-west-1', account: '111122223333' } },
    );
    expect(() => new AgentNetwork(stack, 'Three', { zoneCount: 3 })).toThrow(
      /availability zones: got 3, but this account has 2 \(us-west-1a, us-west-1c\).*lower zoneCount/,
    );
    expect(() => new AgentNetwork(stack, 'Two', { zoneCount: 2 })).not.toThrow();
  });
});

describe('W7 AgentNetwork throwaway', () => {
  it('W7 protects nothing and leaves nothing, where nobody asks for protection by name', () => {
    const resources = Object.values(resourcesOf({ throwaway: true }));
    const of = (type: string) => resources.filter((resource) => resource.Type === type);
    const logs = of('AWS::Logs::LogGroup');
    for (const { DeletionPolicy, Properties } of logs) {
      expect([DeletionPolicy, Properties?.DeletionProtectionEnabled ?? false]).toEqual(['Delete', false]);
    }
    expect(logs.length).toBeGreaterThan(0);
    expect(of('AWS::NetworkFirewall::Firewall').map(({ Properties }) => Properties?.DeleteProtection)).toEqual([false]);
    expect(
      of('AWS::Route53Resolver::FirewallRuleGroupAssociation').map(({ Properties }) => Properties?.MutationProtection),
    ).toEqual(['DISABLED', 'DISABLED']);
    expect(of('AWS::KMS::Key').map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(['Delete']);
  });
});

describe('N6 one more host for a profile', () => {
  const platform = (hosts: readonly string[]): Resources => {
    const stack = new Stack(new App(), 'Stack', { env: { region: 'eu-west-1' } });
    const image = AgentImage.fromUri(`111122223333.dkr.ecr.eu-west-1.amazonaws.com/agent@sha256:${'0'.repeat(64)}`);
    new AgentPlatform(stack, 'Agents', {
      profiles: [
        new SessionProfile('coding', { image, rules: hosts.map((host) => EgressRule.https(host)) }),
        new SessionProfile('review', { image }),
      ],
    });
    return Template.fromStack(stack).toJSON().Resources;
  };
  const before = platform(['a.example.com']);

  it.each([
    ['a name', 'b.example.com'],
    ['a domain', '.example.org'],
  ])('N6 %s changes the rule text, the list of names and the document of that profile, and nothing else', (_, host) => {
    const after = platform(['a.example.com', host]);
    expect(diff(before, after)).toEqual({
      changed: [
        'AWS::AppConfig::HostedConfigurationVersion Properties.Content',
        'AWS::NetworkFirewall::RuleGroup Properties.RuleGroup.RulesSource.RulesString.Fn::Join',
        'AWS::Route53Resolver::FirewallDomainList Properties.Domains',
      ],
      removed: [],
      added: [],
    });
  });

  it('N2 the list that changes is that of the services: the sessions VPC never learns a public name', () => {
    const after = platform(['a.example.com', 'b.example.com']);
    const lists = Object.values(after).filter(({ Type }) => Type === 'AWS::Route53Resolver::FirewallDomainList');
    const withHost = lists.filter(({ Properties }) => JSON.stringify(Properties).includes('b.example.com'));
    expect(withHost.map(({ Properties }) => Properties?.Domains)).toEqual([
      ['*.agents.internal', 'a.example.com', 'agents.internal', 'b.example.com'],
    ]);
  });
});

describe('W2 AgentNetwork refuses', () => {
  const range = (text: string) =>
    `network: got the range ${text}, expected a private IPv4 range of /16 to /22, such as 10.64.0.0/16`;

  it.each<[string, AgentNetworkProps, string]>([
    ['a range that is too wide for a VPC', { sessionsCidr: '10.0.0.0/15' }, range('10.0.0.0/15')],
    ['a range without room for three zones', { egressCidr: '10.65.0.0/23' }, range('10.65.0.0/23')],
    ['public addresses, which the proxy may dial', { egressCidr: '8.8.0.0/20' }, range('8.8.0.0/20')],
    ['carrier addresses', { sessionsCidr: '100.64.0.0/16' }, range('100.64.0.0/16')],
    ['a range that does not start on its boundary', { sessionsCidr: '10.64.0.1/16' }, range('10.64.0.1/16')],
    ['what is no range', { sessionsCidr: 'ten' }, range('ten')],
    [
      'ranges that overlap',
      { sessionsCidr: '10.64.0.0/16', egressCidr: '10.64.16.0/20' },
      'network: 10.64.0.0/16 and 10.64.16.0/20 overlap, and peered VPCs can not share addresses; move one of them',
    ],
    [
      'a range that overlaps the other default',
      { egressCidr: '10.64.0.0/20' },
      'network: 10.64.0.0/16 and 10.64.0.0/20 overlap',
    ],
    ['no zone', { zoneCount: 0 }, 'availability zones: got 0, expected 1 to 3'],
    ['four zones', { zoneCount: 4 }, 'availability zones: got 4, expected 1 to 3'],
    ['an empty list of zones', { availabilityZones: [] }, 'availability zones: got 0, expected 1 to 3'],
    [
      'names of zones and another number',
      { availabilityZones: ['eu-west-1a'], zoneCount: 2 },
      'availability zones: got 1 names and the number 2; give one of the two',
    ],
    [
      'MAXIMUM in one zone by number',
      { tier: Tier.MAXIMUM, zoneCount: 1 },
      'tier maximum: got one availability zone, expected 2 or 3',
    ],
    [
      'MAXIMUM in one zone by name',
      { tier: Tier.MAXIMUM, availabilityZones: ['eu-west-1a'] },
      'tier maximum: got one availability zone, expected 2 or 3',
    ],
  ])('W2 refuses %s', (_, props, expected) => {
    expect(() => networkIn(props)).toThrow(expected);
  });

  it('W2 names the command that finds the prefix list of a region it does not know, and takes its answer', () => {
    expect(() => networkIn({}, 'me-south-1')).toThrow(
      /^region me-south-1: .*run "aws ec2 describe-managed-prefix-lists --region me-south-1 --filters Name=prefix-list-name,Values=com\.amazonaws\.me-south-1\.s3" and set s3PrefixList \(network\.s3PrefixList in platform\.yaml\)$/,
    );
    const known = networkIn({ s3PrefixList: 'pl-0123456789abcdef0' }, 'me-south-1');
    Template.fromStack(Stack.of(known)).hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      DestinationPrefixListId: 'pl-0123456789abcdef0',
      FromPort: 443,
      ToPort: 443,
    });
  });

  it('W2 looks the prefix list up at deploy where the region is known only then, in the same table', () => {
    const stack = new Stack(new App(), 'AnyRegion');
    new AgentNetwork(stack, 'Network', { tier: Tier.LEAN });
    const template = Template.fromStack(stack);
    const [mapping] = Object.keys(template.findMappings('*'));
    template.hasMapping(mapping ?? '', { 'eu-west-1': { s3: 'pl-6da54004' }, 'us-east-1': { s3: 'pl-63a5400a' } });
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      DestinationPrefixListId: { 'Fn::FindInMap': [mapping, { Ref: 'AWS::Region' }, 's3'] },
    });
  });

  it.each([
    ['a region of which the image of GuardDuty is not known', 'me-south-1', 'me-south-1'],
    ['a stack without a region', undefined, 'an unnamed region'],
  ])('W2 O9 refuses MAXIMUM in %s: its agent would never report', (_, region, shown) => {
    const stack = new Stack(new App(), 'Stack', { env: { region } });
    const props = { tier: Tier.MAXIMUM, s3PrefixList: 'pl-0123456789abcdef0' };
    expect(() => new AgentNetwork(stack, 'Network', props)).toThrow(
      `tier maximum: the account of GuardDuty's agent image in ${shown} is not known; set the region of the stack`,
    );
  });
});
