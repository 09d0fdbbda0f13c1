import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { AgentImage, AgentPlatform, AgentPlatformStage, type PlatformProps, SessionProfile } from '../../../lib';
import { resourcesOf, templatesOf } from '../../templates';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const PINNED = AgentImage.fromUri(`111122223333.dkr.ecr.eu-west-1.amazonaws.com/agent@${DIGEST}`);
const BUILT = AgentImage.fromAsset(join(__dirname, '../../../examples/coding-agents/image'));

const inOneStack = (props: PlatformProps) =>
  new AgentPlatform(new Stack(new App(), 'Stack', { env: { region: 'eu-west-1' } }), 'Agents', props);
const inStages = (props: PlatformProps) =>
  new AgentPlatformStage(new App(), 'Stage', { ...props, env: { region: 'eu-west-1' } });

describe.each([
  ['AgentPlatform', inOneStack],
  ['AgentPlatformStage', inStages],
])('W2 %s refuses', (_, make) => {
  it('W2 refuses a platform without profiles', () => {
    expect(() => make({ profiles: [] })).toThrow('profiles: got none, expected at least one');
  });

  it.each([
    ['pinned', PINNED],
    ['built', BUILT],
  ])('W2 refuses two profiles of one name, with an image that is %s', (__, image) => {
    const profiles = ['coding', 'review', 'coding'].map((name) => new SessionProfile(name, { image }));
    expect(() => make({ profiles })).toThrow('profiles: got "coding" twice, expected each name once; rename one');
  });

  it('W2 refuses an image in a repository that nobody makes, and names those there are', () => {
    const profiles = [new SessionProfile('coding', { image: AgentImage.fromPlatformRepository('codng', DIGEST) })];
    expect(() => make({ profiles, repositories: ['coding', 'review'] })).toThrow(
      'repository "codng": got no such name, expected one of coding, review',
    );
    expect(() => make({ profiles })).toThrow('repository "codng": got no such name, expected one of none');
  });
});

describe('W2 one stack and several hold the same', () => {
  const types = (variant: string) => {
    const counts = new Map<string, number>();
    for (const [, , { Type }] of resourcesOf(variant)) counts.set(Type, (counts.get(Type) ?? 0) + 1);
    return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  };

  it('W2 AgentPlatform and AgentPlatformStage make the same resources', () => {
    expect(types('one-stack')).toEqual(types('standard'));
  });

  it('W2 each plane in its own stack: network, sessions, credentials, egress proxy, life cycle, access, endpoints', () => {
    const has = Object.entries(templatesOf('standard')).map(([stack, { Resources }]) => [
      stack,
      [
        'AWS::EC2::VPC',
        'AWS::ECS::TaskDefinition',
        'AWS::ECS::Service',
        'AWS::EC2::VPCEndpoint',
        'AWS::Lambda::Alias',
      ].filter((type) => Object.values(Resources).some(({ Type }) => Type === type)),
    ]);
    expect(has).toEqual([
      ['acme-network', ['AWS::EC2::VPC']],
      ['acme-sessions', ['AWS::ECS::TaskDefinition']],
      ['acme-egress', ['AWS::ECS::TaskDefinition', 'AWS::ECS::Service']],
      ['acme-lifecycle', []],
      ['acme-access', []],
      ['acme-endpoints', ['AWS::EC2::VPCEndpoint']],
      ['acme-credentials', ['AWS::Lambda::Alias']],
    ]);
  });

  it('W2 the stacks of the proxy and of the endpoints are deployed after both others', () => {
    const { sessions } = inStages({ profiles: [new SessionProfile('coding', { image: PINNED })] });
    const stage = Stack.of(sessions).node.scope;
    const assembly = (stage as AgentPlatformStage).synth();
    const dependencies = new Map(
      assembly.stacks.map(({ stackName, dependencies: all }) => [
        stackName,
        all.flatMap((artifact) => assembly.stacks.find(({ id }) => id === artifact.id)?.stackName ?? []),
      ]),
    );
    expect(dependencies.get('Stage-network')).toEqual([]);
    expect(dependencies.get('Stage-egress')?.sort()).toEqual(['Stage-network', 'Stage-sessions']);
    expect(dependencies.get('Stage-endpoints')?.sort()).toEqual(['Stage-network', 'Stage-sessions']);
  });
});
