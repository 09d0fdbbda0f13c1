import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { BROKER_CALLERS } from '../../../core/credentials/callers';
import { readBrokerEnvironment } from '../../../core/credentials/environment';
import {
  AgentImage,
  AgentNetwork,
  ClientIdentity,
  CredentialBroker,
  type CredentialBrokerProps,
  EgressProxy,
  Grant,
  OauthProvider,
  ServiceNetwork,
  SessionProfile,
  Sessions,
} from '../../../lib';
import { acknowledgements, findings, lines, stale, unacknowledged } from '../../checks/findings';

const IMAGE = AgentImage.fromUri(`111122223333.dkr.ecr.eu-west-1.amazonaws.com/agent@sha256:${'a'.repeat(64)}`);
const ROLE = 'arn:aws:iam::111122223333:role/agents/reader';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:jira-AbCdEf';
const CLIENT = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:client-AbCdEf';

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function made(kinds: readonly string[], props: Partial<CredentialBrokerProps> = {}) {
  const app = new App();
  const stack = new Stack(app, 'Stack', { env: { region: 'eu-west-1', account: '111122223333' } });
  const all: Record<string, Grant> = {
    github: Grant.githubApp('github', { repositories: ['acme/shop'] }),
    cloud: Grant.awsRole('cloud', Role.fromRoleArn(stack, 'Role', ROLE), { region: 'eu-west-1', services: ['sqs'] }),
    jira: Grant.secretHeader('jira', Secret.fromSecretCompleteArn(stack, 'Jira', SECRET), {
      host: 'jira.example.com',
      header: 'authorization',
    }),
    docs: Grant.oauth('docs', { host: 'docs.example.com', provider: 'acme' }),
    vault: Grant.oidc('vault', { host: 'vault.example.com', audience: 'https://vault.example.com' }),
  };
  const grants = kinds.flatMap((kind) => all[kind] ?? []);
  const network = new AgentNetwork(stack, 'Network', {});
  const sessions = new Sessions(stack, 'Sessions', {
    network,
    profiles: [new SessionProfile('coder', { image: IMAGE, grants })],
  });
  const broker = new CredentialBroker(stack, 'Broker', { sessions, ...props });
  const proxy = new EgressProxy(stack, 'Proxy', { network, identity: ClientIdentity.sessions(sessions), broker });
  return { app, stack, broker, proxy, sessions, network };
}

const client = Secret.fromSecretCompleteArn;
const providers = (stack: Stack) => [
  OauthProvider.refreshToken('acme', {
    tokenEndpoint: 'https://login.example.com/token',
    clientId: 'platform',
    clientSecret: client(stack, 'Client', CLIENT),
  }),
];
const withEverything = () =>
  made(['github', 'cloud', 'jira', 'docs', 'vault'], { oauthProviders: providers(new Stack()) });
const everything = withEverything();
const template = Template.fromStack(everything.stack);

function statementsOf(of: Template, part: string): Statement[] {
  const found = Object.entries(of.findResources('AWS::IAM::Policy')).filter(([id]) => id.startsWith(part));
  return found.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[]);
}
const allowed = (of: Template, action: string, part = 'BrokerFunctionRole') =>
  statementsOf(of, part).filter(({ Action }) => [Action].flat().includes(action));
const keyIds = (of: Template, usage: string) =>
  Object.entries(of.findResources('AWS::KMS::Key', { Properties: { KeyUsage: usage } })).map(([id]) => id);

describe('C1 the credential broker has exactly the rights of the grants', () => {
  it('C1 assumes the roles that grants name, under external ids of this platform', () => {
    expect(allowed(template, 'sts:AssumeRole')).toEqual([
      expect.objectContaining({
        Effect: 'Allow',
        Resource: ROLE,
        Condition: { StringLike: { 'sts:ExternalId': 'agent-platform/*' } },
      }),
    ]);
    expect(allowed(template, 'sts:TagSession')).toMatchObject([{ Resource: ROLE }]);
  });

  it('C1 reads the secrets that grants name, by their whole ARNs, and those of its own prefix', () => {
    const resources = allowed(template, 'secretsmanager:GetSecretValue').flatMap(({ Resource }) => [Resource].flat());
    expect(resources.slice(0, 2)).toEqual([expect.stringContaining(SECRET), expect.anything()]);
    expect(JSON.stringify(resources)).not.toContain('"*"');
    const [put, ...more] = allowed(template, 'secretsmanager:PutSecretValue');
    expect(more).toEqual([]);
    expect(deployed(put?.Resource)).toMatch(
      /^arn:later:secretsmanager:eu-west-1:111122223333:secret:[\w-]+\/oauth\/\*$/,
    );
  });

  it('C1 signs whole messages with RS256 and its two keys, and has no other right to them', () => {
    const signs = allowed(template, 'kms:Sign');
    expect(signs).toHaveLength(2);
    for (const statement of signs) {
      expect(statement.Condition).toEqual({
        StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256', 'kms:MessageType': 'RAW' },
      });
      expect(JSON.stringify(statement.Resource)).toMatch(
        /^\{"Fn::GetAtt":\["Broker(GithubApp|Issuer)Key\w+","Arn"\]\}$/,
      );
    }
  });

  it('C1 nobody else signs, whatever rights they have, nor anything else', () => {
    for (const id of keyIds(template, 'SIGN_VERIFY')) {
      const policy = template.findResources('AWS::KMS::Key')[id]?.Properties.KeyPolicy;
      const denied = (policy.Statement as Statement[]).filter(({ Effect }) => Effect === 'Deny');
      expect(denied.filter(({ Action }) => Action === 'kms:Sign').map(({ Condition }) => Condition)).toEqual([
        {
          ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [expect.stringMatching(/^BrokerFunctionRole/), 'Arn'] } },
        },
        { StringNotEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' } },
        { StringNotEquals: { 'kms:MessageType': 'RAW' } },
      ]);
      expect(denied.some(({ Action }) => Action === 'kms:CreateGrant')).toBe(true);
    }
  });

  it("C1 the App's key waits for material that no template has, and stays", () => {
    template.hasResource('AWS::KMS::Key', {
      Properties: { Origin: 'EXTERNAL', KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
      DeletionPolicy: 'Retain',
    });
  });

  it('C1 decrypts what it encrypted for a session and a mint, and nothing else by itself', () => {
    const own = allowed(template, 'kms:GenerateDataKey').filter(({ Condition }) =>
      JSON.stringify(Condition).includes('mint'),
    );
    expect(own).toMatchObject([
      {
        Condition: {
          'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['session', 'mint'] },
          Null: { 'kms:EncryptionContext:session': 'false', 'kms:EncryptionContext:mint': 'false' },
        },
      },
    ]);
    const direct = statementsOf(template, 'BrokerFunctionRole').filter(
      ({ Action, Condition }) =>
        [Action].flat().includes('kms:Decrypt') && !JSON.stringify(Condition).includes('ViaService'),
    );
    expect(direct).toEqual(own);
  });

  it('C1 what no grant needs is not there', () => {
    const { stack } = made(['jira']);
    const small = Template.fromStack(stack);
    expect(keyIds(small, 'SIGN_VERIFY')).toEqual([]);
    small.resourceCountIs('AWS::ApiGateway::RestApi', 0);
    for (const action of ['kms:Sign', 'sts:AssumeRole', 'ssm:GetParameter', 'secretsmanager:PutSecretValue']) {
      expect(allowed(small, action)).toEqual([]);
    }
  });
});

describe('F16 one alias for each service', () => {
  it('F16 each is on the version that was deployed', () => {
    const aliases = Object.values(template.findResources('AWS::Lambda::Alias')).map(({ Properties }) => Properties);
    expect(aliases.map(({ Name }) => Name).sort()).toEqual([...BROKER_CALLERS].sort());
    for (const { FunctionVersion } of aliases)
      expect(FunctionVersion).toMatchObject({ 'Fn::GetAtt': [expect.anything(), 'Version'] });
  });

  it("F16 the proxy's role may invoke its own and nothing else, and reads no secret of a grant", () => {
    const invokes = allowed(template, 'lambda:InvokeFunction', 'ProxyTaskRole');
    expect(invokes.map(({ Resource }) => Resource)).toEqual([
      { Ref: expect.stringMatching(/^BrokerEgressProxyAlias/) },
    ]);
    const secrets = allowed(template, 'secretsmanager:GetSecretValue', 'ProxyTaskRole').map(({ Resource }) => Resource);
    expect(secrets).toEqual([{ Ref: expect.stringMatching(/^ProxyAuthoritySecret/) }]);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Environment: Match.arrayWith([
            { Name: 'EGRESS_BROKER', Value: { Ref: Match.stringLikeRegexp('^BrokerEgressProxyAlias') } },
          ]),
        }),
      ],
    });
  });

  it('F16 there is no other way in: no URL, no permission for a service', () => {
    template.resourceCountIs('AWS::Lambda::Url', 0);
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission'));
    expect(permissions.filter(({ Properties }) => JSON.stringify(Properties).includes('BrokerFunction'))).toEqual([]);
  });

  it('F5 has runs of its own and no more, unless the account has too few', () => {
    const reserved = (of: Template) =>
      Object.entries(of.findResources('AWS::Lambda::Function'))
        .filter(([id]) => id.startsWith('BrokerFunction'))
        .map(([, { Properties }]) => Properties.ReservedConcurrentExecutions);
    expect(reserved(template)).toEqual([20]);
    expect(reserved(Template.fromStack(made(['jira'], { reserveConcurrency: false }).stack))).toStrictEqual([
      undefined,
    ]);
  });
});

describe('C7 the issuer is two fixed documents', () => {
  const methods = Object.values(template.findResources('AWS::ApiGateway::Method')).map(({ Properties }) => Properties);

  it('C7 nothing runs and nothing is read when they are asked for', () => {
    expect(methods.map(({ HttpMethod, Integration }) => [HttpMethod, Integration.Type])).toEqual([
      ['GET', 'MOCK'],
      ['GET', 'MOCK'],
    ]);
    const parts = Object.values(template.findResources('AWS::ApiGateway::Resource')).map(
      ({ Properties }) => Properties.PathPart,
    );
    expect(parts).toEqual(['.well-known', 'openid-configuration', 'jwks.json']);
  });

  it('C7 name the issuer by the URL they are found at', () => {
    const [discovery] = methods.map(({ Integration }) =>
      JSON.stringify(Integration.IntegrationResponses[0].ResponseTemplates),
    );
    expect(discovery).toContain('.execute-api.eu-west-1.');
    expect(discovery).toContain('/oidc/.well-known/jwks.json');
    template.hasResource('AWS::ApiGateway::RestApi', { DeletionPolicy: 'Retain' });
  });
});

describe('W2 the construct', () => {
  it('W2 its function can read what it is given', () => {
    const [properties] = Object.entries(template.findResources('AWS::Lambda::Function'))
      .filter(([id]) => id.startsWith('BrokerFunction'))
      .map(([, { Properties }]) => Properties);
    const variables = Object.fromEntries(
      Object.entries(properties?.Environment.Variables ?? {}).map(([name, value]) => [name, deployed(value)]),
    );
    expect(readBrokerEnvironment(variables)).toMatchObject({
      kind: 'ok',
      settings: {
        platform: 'agent-platform',
        github: { host: 'github.com' },
        oauth: { providers: { acme: { clientSecretArn: CLIENT, authentication: 'basic' } } },
        issuer: { url: 'https://later.execute-api.eu-west-1.later/oidc' },
      },
    });
  });

  it('W1 cdk-nag and own checks find nothing in it, and acknowledgements match what they find', () => {
    const ofBroker = (found: { readonly path: string }) => found.path.startsWith('Stack/Broker');
    expect(lines(findings(everything.app).filter(ofBroker))).toEqual([]);
    const acknowledged = acknowledgements(everything.app).filter(ofBroker);
    expect(stale(acknowledged, findings(unacknowledged(withEverything).app))).toEqual([]);
    for (const { reason } of acknowledged) expect(reason.length).toBeGreaterThan(40);
  });

  it('W2 a provider that is missing, or is sent tokens in the clear, is refused', () => {
    const other = [OauthProvider.refreshToken('other', { tokenEndpoint: 'https://a.example.com/', clientId: 'x' })];
    expect(() => made(['docs'], { oauthProviders: other })).toThrow('OAuth provider "acme"');
    expect(() => OauthProvider.refreshToken('acme', { tokenEndpoint: 'http://a.example.com/', clientId: 'x' })).toThrow(
      'https',
    );
  });

  it('W2 a client that is no session is given no broker', () => {
    const { stack, broker } = made(['jira']);
    const vpc = new Vpc(stack, 'Other', { availabilityZones: ['eu-west-1a'] });
    const identity = ClientIdentity.securityGroup(new SecurityGroup(stack, 'Clients', { vpc }), {
      name: 'ci',
      profile: new SessionProfile('ci', { image: IMAGE }),
    });
    const network = new ServiceNetwork(stack, 'Services', { vpc, serviceSubnets: {} });
    expect(() => new EgressProxy(stack, 'Second', { network, identity, broker })).toThrow('egress proxy: got a broker');
  });
});

/** A value as it would be once deployed: references as the words they are made of. */
function deployed(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  return join ? join[1].map(deployed).join(join[0]) : 'later';
}
