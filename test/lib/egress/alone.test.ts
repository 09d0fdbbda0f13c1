import { App, Lazy, SecretValue, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  AgentImage,
  AgentNetwork,
  ClientIdentity,
  EgressProxy,
  type EgressProxyProps,
  EgressRule,
  Grant,
  ServiceImage,
  ServiceNetwork,
  SessionProfile,
} from '../../../lib';
import { AgentPlatformChecks } from '../../../lib/checks';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const IMAGE = AgentImage.fromUri(`111122223333.dkr.ecr.eu-west-1.amazonaws.com/agent@${DIGEST}`);

interface Place {
  readonly stack: Stack;
  readonly network: ServiceNetwork;
  readonly clients: SecurityGroup;
}

function place(): Place {
  const stack = new Stack(new App(), 'Stack', { env: { region: 'eu-west-1', account: '111122223333' } });
  const vpc = new Vpc(stack, 'Vpc', { availabilityZones: ['eu-west-1a', 'eu-west-1b'] });
  const network = new ServiceNetwork(stack, 'Services', {
    vpc,
    serviceSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
    namespace: new PrivateDnsNamespace(stack, 'Zone', { name: 'build.internal', vpc }),
  });
  return { stack, network, clients: new SecurityGroup(stack, 'Clients', { vpc, allowAllOutbound: false }) };
}

const profileWith = (grants: Grant[] = []) =>
  new SessionProfile('builds', { image: IMAGE, rules: [EgressRule.https('anything.npmjs.org')], grants });
const identity = ({ clients }: Place, grants: Grant[] = []) =>
  ClientIdentity.securityGroup(clients, { name: 'build-fleet', profile: profileWith(grants) });

function proxyIn(here: Place, props: Partial<EgressProxyProps> = {}, grants: Grant[] = []): Template {
  new EgressProxy(here.stack, 'Proxy', { network: here.network, identity: identity(here, grants), ...props });
  return Template.fromStack(here.stack);
}

const idOf = (template: Template, type: string, part: string): string => {
  const [id, ...more] = Object.keys(template.findResources(type)).filter((name) => name.includes(part));
  if (id === undefined || more.length > 0) throw new Error(`not one ${type} with ${part}`);
  return id;
};

describe('W2 EgressProxy alone, for whoever is in a security group', () => {
  const here = place();
  const template = proxyIn(here);

  it('W2 lets that group in on its port, and nobody else; the client may go there', () => {
    const group = { 'Fn::GetAtt': [idOf(template, 'AWS::EC2::SecurityGroup', 'EgressProxy'), 'GroupId'] };
    const clients = { 'Fn::GetAtt': [idOf(template, 'AWS::EC2::SecurityGroup', 'Clients'), 'GroupId'] };
    template.resourcePropertiesCountIs('AWS::EC2::SecurityGroupIngress', { GroupId: group }, 1);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: group,
      SourceSecurityGroupId: clients,
      FromPort: 3128,
      ToPort: 3128,
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: clients,
      DestinationSecurityGroupId: group,
      FromPort: 3128,
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
      GroupId: group,
      DestinationPrefixListId: Match.anyValue(),
      FromPort: 443,
      ToPort: 443,
    });
  });

  it('W2 brings the policy document of its client, and reads that one only', () => {
    template.resourceCountIs('AWS::AppConfig::HostedConfigurationVersion', 1);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        {
          Environment: Match.arrayWith([
            { Name: 'EGRESS_IDENTITY', Value: 'client' },
            { Name: 'EGRESS_CLIENT_NAME', Value: 'build-fleet' },
            { Name: 'EGRESS_CLIENT_PROFILE', Value: 'builds' },
          ]),
        },
      ],
    });
    template.resourceCountIs('AWS::DynamoDB::Table', 0);
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(policies).not.toContain('dynamodb');
    expect(policies).toContain('appconfig:GetLatestConfiguration');
  });

  it('W2 says which AWS APIs it needs, for a firewall of yours', () => {
    expect(here.network.serviceHosts.map((host) => here.stack.resolve(host)).slice(3, 4)).toEqual([
      { 'Fn::Join': ['', ['logs.eu-west-1.', { Ref: 'AWS::URLSuffix' }]] },
    ]);
    expect(here.network.serviceHosts).toHaveLength(7);
  });

  it('W2 is registered in the zone it was given', () => {
    template.hasResourceProperties('AWS::ServiceDiscovery::Service', { Name: 'egress' });
  });

  it("W2 passes the platform's own checks: its document is no session's", () => {
    const { violations } = new AgentPlatformChecks().validate({
      appConstruct: here.stack.node.root,
      templatePaths: [],
      stackTemplates: [],
    });
    expect(violations).toEqual([]);
  });
});

describe('C4 secrets that grants name', () => {
  const header = (secret: Parameters<typeof Grant.secretHeader>[1]) =>
    Grant.secretHeader('search', secret, { host: 'search.example.com', header: 'x-api-key' });
  const resourcesOf = (template: Template): unknown[] =>
    Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
      (Properties.PolicyDocument.Statement as { Action: unknown; Resource: unknown }[])
        .filter(({ Action }) => Action === 'secretsmanager:GetSecretValue')
        .flatMap(({ Resource }) => Resource),
    );

  it('C4 a secret of the same app by its whole ARN', () => {
    const here = place();
    const secret = new Secret(here.stack, 'Search', { secretStringValue: SecretValue.unsafePlainText('x') });
    const template = proxyIn(here, {}, [header(secret)]);
    const own = idOf(template, 'AWS::SecretsManager::Secret', 'Search');
    expect(resourcesOf(template)).toContainEqual({ Ref: own });
    expect(JSON.stringify(resourcesOf(template))).not.toContain('?');
  });

  it('C4 a secret known by name with the six characters AWS adds, and no star', () => {
    const here = place();
    const template = proxyIn(here, {}, [header(Secret.fromSecretNameV2(here.stack, 'Search', 'search-key'))]);
    const text = JSON.stringify(resourcesOf(template));
    expect(text).toContain(':secret:search-key-??????');
    expect(text).not.toContain('*');
  });

  it('C4 no secret, no right to any but the authority', () => {
    expect(resourcesOf(proxyIn(place())).every((resource) => JSON.stringify(resource).includes('Authority'))).toBe(
      true,
    );
  });

  it('C4 their keys decrypt through Secrets Manager only', () => {
    const here = place();
    const key = new Key(here.stack, 'SearchKey');
    const template = proxyIn(here, { secretKeys: [key] });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Action: 'kms:Decrypt',
            Resource: { 'Fn::GetAtt': [idOf(template, 'AWS::KMS::Key', 'SearchKey'), 'Arn'] },
            Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' } },
          },
        ]),
      },
    });
  });
});

describe('W2 EgressProxy with choices', () => {
  it('W2 takes an image by digest from another registry, and tells the network its host', () => {
    const here = place();
    const repository = Repository.fromRepositoryArn(
      here.stack,
      'Mirror',
      'arn:aws:ecr:eu-west-1:444455556666:repository/mirror/egress',
    );
    const template = proxyIn(here, { image: ServiceImage.fromEcr(repository, DIGEST, CpuArchitecture.ARM64) });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      RuntimePlatform: { CpuArchitecture: 'ARM64' },
      ContainerDefinitions: [{ Image: Match.anyValue() }],
    });
    expect(JSON.stringify(template.findResources('AWS::ECS::TaskDefinition'))).toContain(`mirror/egress@${DIGEST}`);
    expect(here.network.serviceHosts).toContain('444455556666.dkr.ecr.eu-west-1.amazonaws.com');
  });

  it('W2 another base image is another asset, pinned by digest', () => {
    const assetOf = (image?: ServiceImage) => {
      const [definition] = Object.values(proxyIn(place(), { image }).findResources('AWS::ECS::TaskDefinition'));
      return /:([0-9a-f]{64})/.exec(JSON.stringify(definition))?.[1];
    };
    const own = assetOf(ServiceImage.fromPackage({ baseImage: `registry.example.com/node@${DIGEST}` }));
    expect(own).toBeDefined();
    expect(own).not.toBe(assetOf());
    expect(() => ServiceImage.fromPackage({ baseImage: 'node:24' })).toThrow(
      'base image: got "node:24", expected NAME@sha256:',
    );
    expect(() => ServiceImage.fromEcr(new Repository(place().stack, 'Own'), 'latest')).toThrow(
      'image digest: got "latest"',
    );
  });

  it('W2 takes a topic and keeps sizes', () => {
    const here = place();
    const alarmTopic = new Topic(here.stack, 'Pager');
    const template = proxyIn(here, { alarmTopic, cpu: 1024, memoryMiB: 2048, minCapacity: 3, maxCapacity: 20 });
    template.resourceCountIs('AWS::SNS::Topic', 1);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '1024', Memory: '2048' });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 3, MaxCapacity: 20 });
  });

  it('W2 metrics are of this proxy', () => {
    const here = place();
    const proxy = new EgressProxy(here.stack, 'Proxy', { network: here.network, identity: identity(here) });
    const metrics = [
      proxy.metricRequests(),
      proxy.metricRefusals(),
      proxy.metricRefusals('no-rule'),
      proxy.metricStaleFeed(),
      proxy.metricRecordFailures(),
      proxy.metricOpenTunnels(),
      proxy.metricAuthorityDaysLeft(),
    ];
    expect(metrics.map(({ metricName, statistic }) => [metricName, statistic])).toEqual([
      ['Requests', 'Sum'],
      ['Refusals', 'Sum'],
      ['Refusals', 'Sum'],
      ['StaleFeed', 'Sum'],
      ['RecordFailures', 'Sum'],
      ['OpenTunnels', 'Average'],
      ['AuthorityDaysLeft', 'Minimum'],
    ]);
    const [first, , third] = metrics;
    expect(first?.dimensions).toEqual({ Proxy: expect.stringMatching(/^Stack-Proxy/) });
    expect(third?.dimensions).toMatchObject({ Code: 'no-rule' });
  });
});

describe('W2 EgressProxy refuses', () => {
  it.each<[string, Partial<EgressProxyProps>, string]>([
    ['a size that Fargate does not have', { cpu: 300 }, 'egress proxy: got cpu 300 and memoryMiB 1024'],
    ['memory that does not go with it', { cpu: 512, memoryMiB: 512 }, 'expected 1GiB to 4GiB in steps of 1GiB with it'],
    ['no task', { minCapacity: 0 }, 'egress proxy: got minCapacity 0 and maxCapacity 10'],
    ['a most below the least', { minCapacity: 4, maxCapacity: 3 }, 'egress proxy: got minCapacity 4 and maxCapacity 3'],
    ['half a task', { minCapacity: 1.5 }, 'egress proxy: got minCapacity 1.5'],
  ])('W2 %s', (_, props, message) => {
    expect(() => proxyIn(place(), props)).toThrow(message);
  });

  it('W2 sessions where there are none', () => {
    const here = place();
    expect(() => here.network.addService('Gateway', { port: 443, fromSessions: true })).toThrow(
      /there are no sessions here/,
    );
  });

  it('W2 a client without a name', () => {
    const { clients } = place();
    expect(() => ClientIdentity.securityGroup(clients, { name: 'Build Fleet', profile: profileWith() })).toThrow(
      'client name: got "Build Fleet"',
    );
  });
});

describe('N14 hosts of services', () => {
  const networkIn = () =>
    new AgentNetwork(new Stack(new App(), 'Stack', { env: { region: 'eu-west-1' } }), 'Network', {
      allowedHosts: ['.example.com'],
      blockedHosts: ['kms.eu-west-1.amazonaws.com'],
    });
  const rulesOf = (template: Template) => JSON.stringify(template.findResources('AWS::NetworkFirewall::RuleGroup'));

  it('N14 grow after the network is made, once each, and win over what is blocked for agents', () => {
    const network = networkIn();
    network.addServiceHosts(['kms.eu-west-1.amazonaws.com', 'sts.eu-west-1.amazonaws.com']);
    network.addServiceHosts(['kms.eu-west-1.amazonaws.com']);
    const template = Template.fromStack(Stack.of(network));
    template.hasResourceProperties('AWS::Route53Resolver::FirewallDomainList', {
      Domains: ['kms.eu-west-1.amazonaws.com', 'sts.eu-west-1.amazonaws.com'],
    });
    const rules = rulesOf(template);
    const at = (message: string) => rules.indexOf(`msg:\\"${message}\\"`);
    expect(at('service kms.eu-west-1.amazonaws.com')).toBeGreaterThan(0);
    expect(at('service kms.eu-west-1.amazonaws.com')).toBeLessThan(at('block kms.eu-west-1.amazonaws.com'));
    expect(rules.split('service kms.eu-west-1').length).toBe(2);
  });

  it('N14 none, and the lists are as they were', () => {
    const template = Template.fromStack(Stack.of(networkIn()));
    expect(rulesOf(template)).not.toContain('service ');
    expect(Object.keys(template.findResources('AWS::Route53Resolver::FirewallDomainList')).join()).not.toContain(
      'Services',
    );
  });

  it.each([
    ['a wildcard', () => '*.amazonaws.com', /expected one exact name/],
    ['everything below a name', () => '.amazonaws.com', /expected one exact name/],
    ['an address', () => '10.0.0.1', /expected one exact name/],
    [
      'a deploy-time value that could be any text',
      () => `${Lazy.string({ produce: () => 'x"; sid:1;)' })}.example.com`,
      /got a deploy-time value in a name/,
    ],
  ])('N14 refuse %s', (_, host, message) => {
    expect(() => networkIn().addServiceHosts([host()])).toThrow(message);
  });
});
