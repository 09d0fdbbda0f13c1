import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { authorizerSettings } from '../../../core/access/environment';
import { OPERATION_IDS } from '../../../core/access/may-do';
import { OPERATIONS } from '../../../core/access/operations';
import { RECORDER_STREAM } from '../../../core/access/transcript-stream';
import { AccessIssuer, AccessRole, AgentPlatform, type PlatformProps } from '../../../lib';
import { rootProps } from '../../variants';

const OIDC = { issuer: 'https://idp.example.com', audience: 'agents', clientId: 'agentctl' };

function templateWith(props: Partial<PlatformProps> = {}): Template {
  const stack = new Stack(new App(), 'Stack', { env: { region: 'eu-west-1' } });
  new AgentPlatform(stack, 'Agents', { ...rootProps(), ...props });
  return Template.fromStack(stack);
}

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}
const template = templateWith();
const resources = Object.entries(template.toJSON().Resources as Record<string, Resource>);
const ofType = (type: string) =>
  resources.filter(([, { Type }]) => Type === type).map(([, { Properties }]) => Properties);

/** Actions that one of the API's functions may do, each with its conditions, as its role's policies say. */
function statementsOf(name: string): { Action: string | string[]; Resource: unknown; Condition?: object }[] {
  const roles = resources.flatMap(([id, { Type }]) =>
    Type === 'AWS::IAM::Role' && id.startsWith(`AgentsControlApiFunctions${name}Role`) ? [id] : [],
  );
  expect(roles).toHaveLength(1);
  return ofType('AWS::IAM::Policy').flatMap(({ Roles, PolicyDocument }) =>
    JSON.stringify(Roles).includes(`"${roles[0]}"`)
      ? (PolicyDocument as { Statement: { Action: string | string[]; Resource: unknown; Condition?: object }[] })
          .Statement
      : [],
  );
}
const actionsOf = (name: string): string[] => [...new Set(statementsOf(name).flatMap(({ Action }) => Action))].sort();

describe('A1 the control API as it is deployed', () => {
  it('A1 has a method for each operation and no other, each behind the authorizer', () => {
    const methods = ofType('AWS::ApiGateway::Method');
    expect(methods.map(({ OperationName }) => OperationName).sort()).toEqual([...OPERATION_IDS].sort());
    for (const { OperationName, HttpMethod, AuthorizationType } of methods) {
      const { method } = OPERATIONS[OperationName as keyof typeof OPERATIONS];
      expect({ OperationName, HttpMethod, AuthorizationType }).toEqual({
        OperationName,
        HttpMethod: method,
        AuthorizationType: 'CUSTOM',
      });
    }
  });

  it('A1 asks the authorizer for each request, also where no token is sent, and keeps no answer', () => {
    const [authorizer = {}] = ofType('AWS::ApiGateway::Authorizer');
    expect(authorizer).toMatchObject({ Type: 'REQUEST', AuthorizerResultTtlInSeconds: 0 });
    expect(authorizer.IdentitySource ?? '').toBe('');
  });

  it('A1 answers in one form, also where API Gateway answers itself', () => {
    for (const { ResponseTemplates, ResponseType, StatusCode } of ofType('AWS::ApiGateway::GatewayResponse')) {
      const problem = JSON.parse((ResponseTemplates as Record<string, string>)['application/json'] ?? '');
      expect({ ResponseType, status: String(problem.status) }).toEqual({ ResponseType, status: StatusCode });
      expect(problem.code).toMatch(/^[a-z-]+$/);
    }
  });

  it('A1 writes no token into a log', () => {
    const [stage = {}] = ofType('AWS::ApiGateway::Stage');
    const { Format } = stage.AccessLogSetting as { Format: string };
    expect(Format).not.toMatch(/header|authorization/i);
    expect(stage.MethodSettings).toMatchObject([
      { DataTraceEnabled: false, LoggingLevel: 'ERROR', ThrottlingRateLimit: 50 },
    ]);
    template.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
      RedactedFields: [{ SingleHeader: { Name: 'authorization' } }],
      ResourceArn: Match.anyValue(),
    });
  });

  it('A1 a task may be about cross-site scripting and long: rules on bodies count', () => {
    const [{ Rules = [] } = {}] = ofType('AWS::WAFv2::WebACL') as { Rules: { Name: string; Statement: object }[] }[];
    expect(Rules.map(({ Name }) => Name)).toEqual([
      'Rate',
      'AWSManagedRulesCommonRuleSet',
      'AWSManagedRulesKnownBadInputsRuleSet',
      'AWSManagedRulesAmazonIpReputationList',
    ]);
    expect(JSON.stringify(Rules[1])).toContain('{"ActionToUse":{"Count":{}},"Name":"SizeRestrictions_BODY"}');
  });

  it('A1 people are invited, have a second factor, and sign in with PKCE alone', () => {
    template.hasResourceProperties('AWS::Cognito::UserPool', {
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      MfaConfiguration: 'ON',
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
      DeletionProtection: 'ACTIVE',
    });
    template.hasResourceProperties('AWS::Cognito::UserPoolClient', {
      AllowedOAuthFlows: ['code'],
      CallbackURLs: ['http://localhost:8976/callback'],
      GenerateSecret: false,
      ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
      PreventUserExistenceErrors: 'ENABLED',
    });
  });

  it('A1 another issuer takes the place of the user pool', () => {
    const other = templateWith({ accessIssuer: AccessIssuer.oidc({ ...OIDC, mfaClaim: 'amr' }) });
    other.resourceCountIs('AWS::Cognito::UserPool', 0);
    const functions = Object.values(other.findResources('AWS::Lambda::Function')) as Resource[];
    const variables = functions
      .map(
        ({ Properties }) => (Properties.Environment as { Variables?: Record<string, string> } | undefined)?.Variables,
      )
      .find((found) => found?.ACCESS_TOKEN !== undefined);
    const { ACCESS_TOKEN, ACCESS_MAPPING } = authorizerSettings(variables ?? {});
    expect(ACCESS_TOKEN).toEqual({
      issuer: 'https://idp.example.com',
      kind: 'oidc',
      audiences: ['agents'],
      mfa: { claim: 'amr', value: 'mfa' },
    });
    expect(ACCESS_MAPPING.groupsClaim).toBe('groups');
  });

  it.each<[string, () => unknown, string]>([
    ['an issuer without TLS', () => AccessIssuer.oidc({ ...OIDC, issuer: 'http://idp.example.com' }), 'expected https'],
    [
      'an issuer with the sign that ends issuers',
      () => AccessIssuer.oidc({ ...OIDC, issuer: 'https://idp.example.com/a|b' }),
      'expected https',
    ],
    ['a client as audience', () => AccessIssuer.oidc({ ...OIDC, audience: 'agentctl' }), 'id tokens have that'],
    ['nobody', () => templateWith({ accessGroups: [] }), 'nobody could get in'],
    ['a group without roles', () => templateWith({ accessGroups: [{ name: 'x', roles: [] }] }), 'got no roles'],
    [
      'submitters without a team',
      () => templateWith({ accessGroups: [{ name: 'x', roles: [AccessRole.SUBMITTER] }] }),
      'got no team',
    ],
    [
      'a profile that is none',
      () =>
        templateWith({ accessGroups: [{ name: 'x', roles: [AccessRole.SUBMITTER], team: 'a', profiles: ['codng'] }] }),
      'got profile "codng"',
    ],
  ])('A1 refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('A2 what the functions of the API may do', () => {
  it('A2 none runs, stops or enters a task, assumes a role, or reads a secret', () => {
    for (const name of ['Authorizer', 'Requests', 'Stop', 'Panic']) {
      const services = new Set(actionsOf(name).map((action) => action.split(':')[0]));
      for (const service of ['ecs', 'sts', 'iam', 'secretsmanager', 'ssm']) expect(services).not.toContain(service);
    }
    expect(actionsOf('Authorizer')).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
  });

  it('A2 what starts sessions can neither end them nor touch the epoch; what writes the epoch binds nothing', () => {
    const bindings =
      resources.find(([id, { Type }]) => Type === 'AWS::DynamoDB::Table' && id.includes('Bindings'))?.[0] ?? '';
    const writesOf = (name: string) =>
      statementsOf(name).filter(
        ({ Action, Resource }) =>
          [Action].flat().some((action) => /^dynamodb:(Put|Update|Delete|Batch)/.test(action)) &&
          JSON.stringify(Resource).includes(bindings),
      );
    expect(writesOf('Requests')).toEqual([]);
    expect(JSON.stringify(writesOf('Stop'))).toContain('ForAllValues:StringNotEquals');
    expect(JSON.stringify(writesOf('Panic'))).toContain('"ForAllValues:StringEquals"');
    expect([writesOf('Stop'), writesOf('Panic')].map((each) => each.length)).toEqual([1, 1]);
    expect(actionsOf('Requests')).toContain('states:StartExecution');
    expect(actionsOf('Requests')).not.toContain('states:SendTaskSuccess');
    expect(actionsOf('Panic')).not.toContain('states:StartExecution');
  });

  it('A2 task texts are written and not read, transcripts are read and not written', () => {
    expect(actionsOf('Requests').filter((action) => action.startsWith('s3:'))).toEqual(['s3:PutObject']);
    const logs = statementsOf('Requests').filter(({ Action }) => [Action].flat().includes('logs:GetLogEvents'));
    expect(JSON.stringify(logs)).toContain(`:log-stream:*-${RECORDER_STREAM}/*`);
    const streams = JSON.stringify(
      Object.values(
        templateWith({ sessionImage: rootProps().profiles[0]?._image }).findResources('AWS::ECS::TaskDefinition'),
      ),
    );
    expect(streams).toContain(`"awslogs-stream-prefix":"coding-${RECORDER_STREAM}"`);
  });

  it('A2 starts, stops and panics have runs of their own, so none starves another', () => {
    const reserved = resources.flatMap(([id, { Type, Properties }]) => {
      const [, name] = /^AgentsControlApiFunctions(Authorizer|Requests|Stop|Panic)[0-9A-F]{8}$/.exec(id) ?? [];
      return Type === 'AWS::Lambda::Function' && name !== undefined
        ? [[name, Properties.ReservedConcurrentExecutions]]
        : [];
    });
    expect(Object.fromEntries(reserved)).toEqual({ Authorizer: 50, Requests: 30, Stop: 10, Panic: 5 });
  });
});
