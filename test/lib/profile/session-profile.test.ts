import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Duration, Lazy, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { type PolicyDocument, parseDocument } from '../../../core/egress/document';
import { PRESET_NAMES } from '../../../core/egress/presets';
import { readPlatformYaml } from '../../../core/profile/read';
import {
  AgentImage,
  AgentPlatform,
  EgressPreset,
  EgressRule,
  Grant,
  HttpMethod,
  type PlatformProps,
  SessionProfile,
  type SessionProfileProps,
} from '../../../lib';
import { propsFromConfig } from '../../../lib/profile/from-config';
import type { CfnResource } from '../../templates';

const ROOT = join(__dirname, '..', '..', '..');
const DIGEST = `sha256:${'a'.repeat(64)}`;
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const IMAGE = AgentImage.fromUri(`${REGISTRY}/agents/coding@${DIGEST}`);
const ROLE_ARN = 'arn:aws:iam::111122223333:role/agent';
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:tickets-AbCdEf';

const profile = (props: Partial<SessionProfileProps>, name = 'coding') =>
  new SessionProfile(name, { image: IMAGE, ...props });
const documentOf = (props: Partial<SessionProfileProps>): PolicyDocument => profile(props)._document('image', []);
const scope = () => new Stack(new App(), 'Stack', { env: { region: 'eu-west-1' } });
const deployTime = () => Lazy.string({ produce: () => 'late.example.com' });

describe('W2 a wrong profile', () => {
  it('W2 is refused with everything that is wrong, each by name and with what to do', () => {
    const make = () =>
      profile({
        cpu: 3,
        storage: Size.gibibytes(20),
        lifetime: Duration.hours(9),
        idleTimeout: Duration.seconds(30),
        rules: [EgressRule.https('*.com'), EgressRule.https('a.example.com', { methods: [HttpMethod.POST] })],
        requestable: [EgressRule.https('10.0.0.1')],
        presets: [EgressPreset.NPM, EgressPreset.NPM],
        grants: [
          Grant.githubApp('github', { repositories: [] }),
          Grant.oidc('store', { host: 'store.example.com', audience: 'store', mcpTools: ['read'] }),
        ],
        models: { allow: [], budgetUsd: 5 },
      });
    let message = '';
    try {
      make();
    } catch (error) {
      message = (error as Error).message;
    }
    const [first, ...lines] = message.split('\n');
    expect(first).toBe('profile "coding":');
    expect(lines.map((line) => /^ {2}([^ ]+): got .+, expected .+; .+$/.exec(line)?.[1])).toEqual([
      'size.cpu',
      'size.storage',
      'lifetime',
      'idleTimeout',
      'models.budget',
      'egress.rules[0].host',
      'egress.requestable[0].host',
      'egress.presets[1]',
      'egress.rules[1].methods',
      'grants.github',
      'grants.store.mcp',
    ]);
  });

  it.each(['C', 'c', '1a', 'a_b', 'a-', '-a', 'a b', 'Coding', '', 'a'.repeat(33)])(
    'W2 refuses the name "%s"',
    (name) => {
      expect(() => profile({}, name)).toThrow(
        `profile name: got "${name}", expected 2 to 32 lower-case letters, digits and inner hyphens`,
      );
      expect(() => Grant.githubApp(name, { repositories: ['acme/shop'] })).toThrow(
        `grant id: got "${name}", expected 2 to 32 lower-case letters, digits and inner hyphens`,
      );
    },
  );

  it('C4 refuses two grants of one id: records could not tell them apart', () => {
    const grant = (repository: string) => Grant.githubApp('github', { repositories: [repository] });
    expect(() => profile({ grants: [grant('acme/shop'), grant('acme/site')] })).toThrow(
      'grants: got "github" twice, expected each id once',
    );
  });

  it('N6 refuses a host known at deploy only, wherever it stands: the firewalls are made of it', () => {
    const host = deployTime();
    const expected = 'egress host: got a deploy-time value, expected a host known at synth';
    const secret = Secret.fromSecretCompleteArn(scope(), 'Secret', SECRET_ARN);
    expect(() => EgressRule.https(host)).toThrow(expected);
    expect(() => Grant.secretHeader('tickets', secret, { host, header: 'Authorization' })).toThrow(expected);
    expect(() => Grant.oauth('wiki', { host, provider: 'wiki' })).toThrow(expected);
    expect(() => Grant.oidc('store', { host, audience: 'store' })).toThrow(expected);
    expect(() => profile({ blockedHosts: [host] })).toThrow(/egress\.blocked\[0\]: got/);
    const role = Role.fromRoleArn(scope(), 'Role', ROLE_ARN);
    const cloud = Grant.awsRole('cloud', role, { region: deployTime(), services: ['sqs'] });
    expect(() => profile({ grants: [cloud] })).toThrow(/grants\.cloud: got a service or bucket that makes the host/);
  });

  it('N4 takes every preset of the library, and calls it as platform.yaml does', () => {
    const presets = Object.values(EgressPreset).filter((value) => value instanceof EgressPreset);
    expect(presets.map(({ name }) => name).sort()).toEqual([...PRESET_NAMES].sort());
    expect(documentOf({ presets }).rules.length).toBeGreaterThanOrEqual(presets.length);
  });

  it('S5 S6 gives modest defaults, and an idle timeout that fits into a short life', () => {
    expect(documentOf({}).session).toEqual({
      image: 'image',
      cpuUnits: 1024,
      memoryMiB: 4096,
      storageGiB: 21,
      lifetimeSeconds: 3600,
      idleSeconds: 900,
    });
    expect(documentOf({ lifetime: Duration.minutes(10) }).session).toMatchObject({
      lifetimeSeconds: 600,
      idleSeconds: 600,
    });
  });

  it('S4 is nothing an IAM policy could name', () => {
    // The types say so too: see not-grantable.types.ts.
    const subjects: object[] = [profile({}), Grant.githubApp('github', { repositories: ['acme/shop'] })];
    for (const subject of subjects) expect('grantPrincipal' in subject).toBe(false);
  });
});

describe('S2 U1 AgentImage is pinned', () => {
  const stack = scope();
  const repository = Repository.fromRepositoryName(stack, 'Repository', 'agents/coding');
  const none = {
    repository(): never {
      throw new Error('no such repository');
    },
  };

  it.each(['latest', 'v1.2', 'sha256:abc', DIGEST.toUpperCase(), `${DIGEST}0`, ''])(
    'U1 refuses "%s" as a digest',
    (tag) => {
      const expected = `image digest: got "${tag}", expected sha256: and 64 hex digits; a tag can be moved to another image`;
      expect(() => AgentImage.fromEcr(repository, tag)).toThrow(expected);
      expect(() => AgentImage.fromPlatformRepository('coding', tag)).toThrow(expected);
    },
  );

  it.each([
    ['a tag', `${REGISTRY}/agents/coding:latest`],
    ['a tag and a digest', `${REGISTRY}/agents/coding:latest@${DIGEST}`],
    ['another registry', `docker.io/library/node@${DIGEST}`],
    ['ECR Public', `public.ecr.aws/acme/coding@${DIGEST}`],
    ['a look-alike', `${REGISTRY}.evil.example/agents/coding@${DIGEST}`],
    ['a host in front', `evil.example/${REGISTRY}/agents/coding@${DIGEST}`],
    ['a short digest', `${REGISTRY}/agents/coding@sha256:abc`],
  ])('U1 refuses %s as an image', (_, uri) => {
    expect(() => AgentImage.fromUri(uri)).toThrow(
      `image: got "${uri}", expected ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:...; push the image to ECR and pin`,
    );
  });

  it('U1 names exactly one repository', () => {
    expect(stack.resolve(IMAGE._bind(stack, 'Image', none).repositoryArn)).toEqual({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':ecr:eu-west-1:111122223333:repository/agents/coding']],
    });
    expect(IMAGE._registryHost).toBe(REGISTRY);
    expect(AgentImage.fromEcr(repository, DIGEST)._bind(stack, 'Ecr', none).imageUri).toContain(`@${DIGEST}`);
  });

  it('S2 refuses an image of another region: sessions have no way there', () => {
    const other = new Stack(new App(), 'Stack', { env: { region: 'us-east-1' } });
    expect(() => IMAGE._bind(other, 'Image', none)).toThrow(
      'image: got one in eu-west-1, expected us-east-1; sessions reach only the ECR of their region',
    );
    expect(() => IMAGE._bind(new Stack(), 'Image', none)).not.toThrow();
  });
});

describe('W2 platform.yaml and code go one way', () => {
  const yaml = `
version: 1
name: acme
region: eu-west-1
repositories: [coding-agent]
blocked: [gist.github.com]
profiles:
  coding:
    image: { repository: coding-agent, digest: ${DIGEST} }
    command: [claude, --print]
    size: { cpu: 2, memory: 8GiB, storage: 30GiB }
    lifetime: 2h
    idleTimeout: 20m
    egress:
      mode: observe
      presets: [npm, github]
      rules:
        - host: API.example.com
          methods: [POST]
          paths: [/graphql]
          query: [{ name: v, values: ['1'] }, { name: w }]
          graphql: { operations: [query], fields: [issue] }
          maxBody: 1MiB
          rate: 30
          websocket: false
          ask: true
          reason: issues
        - { host: .nodejs.org }
        - host: wiki.example.net
          urls: seen
          maxUrlBytes: 512
          maxOpaqueBytes: 64
          distinctUrls: 100
          allowPrivate: true
      requestable:
        - { host: docs.aws.amazon.com, reason: documentation }
      blocked: [codeload.github.com]
    grants:
      github: { kind: github-app, repositories: [acme/shop, acme/site], access: write }
      reader: { kind: github-app, repositories: [acme/docs], access: read }
      cloud: { kind: aws-role, role: '${ROLE_ARN}', services: [sqs], buckets: [acme-data] }
      tickets:
        kind: secret-header
        secret: ${SECRET_ARN}
        header: Authorization
        prefix: 'Bearer '
        host: tickets.example.com
        methods: [GET, POST]
        paths: [/v1/**]
      wiki: { kind: oauth, provider: wiki, scopes: [read], host: wiki.example.com }
      tools: { kind: oidc, audience: tools, host: tools.example.com, methods: [POST], mcp: { tools: [search] } }
    models: { allow: [anthropic.claude], budget: { usd: 20 } }
`;

  const inCode = (): SessionProfile => {
    const stack = scope();
    return new SessionProfile('coding', {
      image: AgentImage.fromPlatformRepository('coding-agent', DIGEST),
      command: ['claude', '--print'],
      cpu: 2,
      memory: Size.gibibytes(8),
      storage: Size.gibibytes(30),
      lifetime: Duration.hours(2),
      idleTimeout: Duration.minutes(20),
      observeOnly: true,
      presets: [EgressPreset.NPM, EgressPreset.GITHUB],
      rules: [
        EgressRule.https('API.example.com', {
          methods: [HttpMethod.POST],
          paths: ['/graphql'],
          query: [{ name: 'v', values: ['1'] }, { name: 'w' }],
          graphql: { operations: ['query'], fields: ['issue'] },
          maxBody: Size.mebibytes(1),
          requestsPerMinute: 30,
          websocket: false,
          ask: true,
          reason: 'issues',
        }),
        EgressRule.https('.nodejs.org'),
        EgressRule.https('wiki.example.net', {
          seenUrlsOnly: true,
          maxUrlBytes: 512,
          maxOpaqueBytes: 64,
          distinctUrls: 100,
          allowPrivate: true,
        }),
      ],
      requestable: [EgressRule.https('docs.aws.amazon.com', { reason: 'documentation' })],
      blockedHosts: ['codeload.github.com'],
      grants: [
        Grant.githubApp('github', { repositories: ['acme/shop', 'acme/site'], write: true }),
        Grant.githubApp('reader', { repositories: ['acme/docs'] }),
        Grant.awsRole('cloud', Role.fromRoleArn(stack, 'Role', ROLE_ARN), {
          region: 'eu-west-1',
          services: ['sqs'],
          buckets: ['acme-data'],
        }),
        Grant.secretHeader('tickets', Secret.fromSecretCompleteArn(stack, 'Secret', SECRET_ARN), {
          header: 'Authorization',
          prefix: 'Bearer ',
          host: 'tickets.example.com',
          methods: [HttpMethod.GET, HttpMethod.POST],
          paths: ['/v1/**'],
        }),
        Grant.oauth('wiki', { provider: 'wiki', scopes: ['read'], host: 'wiki.example.com' }),
        Grant.oidc('tools', {
          audience: 'tools',
          host: 'tools.example.com',
          methods: [HttpMethod.POST],
          mcpTools: ['search'],
        }),
      ],
      models: { allow: ['anthropic.claude'], budgetUsd: 20 },
    });
  };

  const fromYaml = (): PlatformProps => {
    const result = readPlatformYaml(yaml, 'platform.yaml');
    if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
    return propsFromConfig(result.config, ROOT);
  };

  it('W2 the document of a profile is the same to the byte, whoever wrote the profile', () => {
    const { profiles, blockedHosts = [] } = fromYaml();
    const written = (subject: SessionProfile | undefined) =>
      JSON.stringify(subject?._document(`${REGISTRY}/coding-agent@${DIGEST}`, blockedHosts));
    expect(written(profiles[0])).toBe(written(inCode()));
    const read = parseDocument(written(inCode()) ?? '');
    expect(read).toMatchObject({
      kind: 'ok',
      document: { profile: 'coding', blocked: ['codeload.github.com', 'gist.github.com'] },
    });
    if (read.kind === 'ok') {
      expect(read.document.grants.map(({ id }) => id)).toEqual([
        'github',
        'reader',
        'cloud',
        'tickets',
        'wiki',
        'tools',
      ]);
    }
  });

  it('W2 the platform.yaml at the root compiles to documents that services can read', () => {
    const result = readPlatformYaml(readFileSync(join(ROOT, 'platform.yaml'), 'utf8'), 'platform.yaml');
    if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
    for (const subject of propsFromConfig(result.config, ROOT).profiles) {
      expect(parseDocument(JSON.stringify(subject._document('image', []))).kind).toBe('ok');
    }
  });
});

describe('W2 deploy-time values in a policy document', () => {
  const stack = scope();
  const repository = new Repository(stack, 'Repository');
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
  const secret = new Secret(stack, 'Secret');
  new AgentPlatform(stack, 'Agents', {
    repositories: ['coding-agent'],
    profiles: [
      profile(
        {
          image: AgentImage.fromEcr(repository, DIGEST),
          grants: [
            Grant.awsRole('cloud', role, { region: 'eu-west-1', buckets: ['acme-data'] }),
            Grant.secretHeader('tickets', secret, { host: 'tickets.example.com', header: 'x-api-key' }),
          ],
        },
        'tokens',
      ),
      profile({ image: AgentImage.fromAsset(join(ROOT, 'examples/coding-agents/image')) }, 'built'),
      profile({ image: AgentImage.fromPlatformRepository('coding-agent', DIGEST) }, 'pushed'),
      profile({}, 'pinned'),
    ],
  });
  const resources: Record<string, CfnResource> = Template.fromStack(stack).toJSON().Resources;
  const idOf = (type: string, prefix: string) =>
    Object.keys(resources).find((id) => resources[id]?.Type === type && id.startsWith(prefix)) ?? '';

  /** What CloudFormation would do, with values that show where they came from. */
  const deployed = (value: unknown): string => {
    if (typeof value === 'string') return value;
    const [[kind, of] = ['', undefined]] = Object.entries(value as Record<string, unknown>);
    if (kind === 'Ref') return `ref.${of}`;
    if (kind === 'Fn::GetAtt') return (of as string[]).join('.');
    if (kind === 'Fn::Sub') return (of as string).replace(/\$\{(.+?)\}/g, 'ref.$1');
    if (kind === 'Fn::Join') return (of as [string, unknown[]])[1].map(deployed).join((of as [string, unknown[]])[0]);
    if (kind === 'Fn::Select') {
      const [index, list] = of as [number, unknown];
      return (deployed(list).split('\u0000')[index] ?? '') as string;
    }
    if (kind === 'Fn::Split') {
      const [separator, text] = of as [string, unknown];
      return deployed(text).split(separator).join('\u0000');
    }
    throw new Error(`cannot deploy ${JSON.stringify(value)}`);
  };
  const contentOf = (name: string) =>
    Object.entries(resources).find(
      ([id, { Type }]) => Type === 'AWS::AppConfig::HostedConfigurationVersion' && id.includes(`Policy${name}Document`),
    )?.[1].Properties?.Content;
  const documentAt = (name: string): PolicyDocument => {
    const read = parseDocument(deployed(contentOf(name)));
    if (read.kind === 'invalid') throw new Error(read.problems.join('\n'));
    return read.document;
  };

  it('W2 are references in the template, and after the deploy a document that services can read', () => {
    const content = JSON.stringify(contentOf('tokens'));
    const [roleId, secretId] = [idOf('AWS::IAM::Role', 'Role'), idOf('AWS::SecretsManager::Secret', 'Secret')];
    expect(content).toMatch(/^\{"Fn::Join":/);
    expect(content).toContain(`{"Fn::GetAtt":["${roleId}","Arn"]}`);
    expect(content).toContain(`{"Ref":"${secretId}"}`);
    const { grants, rules } = documentAt('tokens');
    expect(grants).toMatchObject([
      { id: 'cloud', kind: 'aws-role', roleArn: `${roleId}.Arn`, services: [] },
      { id: 'tickets', kind: 'secret-header', secretArn: `ref.${secretId}`, header: 'x-api-key', prefix: '' },
    ]);
    expect(rules.map(({ host }) => host)).toEqual(['acme-data.s3.eu-west-1.amazonaws.com', 'tickets.example.com']);
    // Also where it is said in words, so that a person sees which role.
    expect(rules[0]?.reason).toContain(`${roleId}.Arn`);
  });

  it('U1 the image is the one the task starts, by digest or by the hash of its content', () => {
    const tasks = Object.values(resources).filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition');
    const started = tasks.flatMap(({ Properties = {} }) =>
      (Properties.ContainerDefinitions as { Name: string; Image: unknown }[])
        .filter(({ Name }) => Name === 'agent')
        .map(({ Image }) => deployed(Image)),
    );
    const images = ['tokens', 'built', 'pushed', 'pinned'].map((name) => documentAt(name).session.image);
    expect(images).toEqual(started);
    const [tokens, built, pushed, pinned] = images;
    expect(tokens).toContain(`/ref.${idOf('AWS::ECR::Repository', 'Repository')}@${DIGEST}`);
    expect(built).toMatch(/cdk-hnb659fds-container-assets-ref\.AWS::AccountId-eu-west-1:[0-9a-f]{64}$/);
    expect(pushed).toContain(`/ref.${idOf('AWS::ECR::Repository', 'Agents')}@${DIGEST}`);
    expect(pinned).toBe(`${REGISTRY}/agents/coding@${DIGEST}`);
  });

  it('S2 each image is one the sessions VPC can resolve and the execution role may pull', () => {
    const names = Object.entries(resources)
      .filter(([id, { Type }]) => Type === 'AWS::Route53Resolver::FirewallDomainList' && id.includes('SessionsDns'))
      .flatMap(([, { Properties = {} }]) => (Properties.Domains as unknown[]).map(deployed));
    expect(names).toContain(REGISTRY);
    const pull = Object.values(resources)
      .filter(({ Type }) => Type === 'AWS::IAM::Policy')
      .flatMap(({ Properties = {} }) => (Properties.PolicyDocument as { Statement: { Resource: unknown }[] }).Statement)
      .find((statement) => JSON.stringify(statement).includes('ecr:BatchGetImage'));
    expect([pull?.Resource].flat()).toHaveLength(4);
  });

  it('O3 the environment takes one deployment after the other', () => {
    const deployments = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::AppConfig::Deployment');
    const waits = deployments.map(([, { DependsOn }]) => [DependsOn ?? []].flat());
    expect(waits).toEqual([[], ...deployments.slice(0, -1).map(([id]) => [id])]);
  });
});
