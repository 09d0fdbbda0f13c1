import { readEnvironment } from '../../../core/egress/environment';
import { METRIC_NAMESPACE, METRICS } from '../../../core/egress/metrics';
import { type CfnResource, resourcesOf, variantNames } from '../../templates';

/** The egress proxy as every variant of the platform has it. */

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Principal?: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

const text = (value: unknown): string => JSON.stringify(value ?? null);
const ofType = (variant: string, type: string): [string, CfnResource][] =>
  resourcesOf(variant).flatMap(([, id, resource]) => (resource.Type === type ? [[id, resource] as const] : []));
const proxys = (variant: string, type: string, part = 'EgressProxy'): [string, Record<string, unknown>][] =>
  ofType(variant, type)
    .filter(([id]) => id.includes(part))
    .map(([id, { Properties = {} }]) => [id, Properties]);
function the(variant: string, type: string, part?: string): [string, Record<string, unknown>] {
  const [first, ...more] = proxys(variant, type, part);
  if (first === undefined || more.length > 0) throw new Error(`${variant}: not one ${type} ${part ?? ''}`);
  return first;
}
const statements = (properties: Record<string, unknown>, key = 'PolicyDocument'): Statement[] =>
  (properties[key] as { Statement: Statement[] }).Statement;
const policyOf = (variant: string, role: string): Statement[] => {
  const found = ofType(variant, 'AWS::IAM::Policy').filter(([, { Properties }]) =>
    text(Properties?.Roles).includes(`"${role}"`),
  );
  return found.flatMap(([, { Properties = {} }]) => statements(Properties));
};
const list = <T>(value: T | T[]): T[] => [value].flat() as T[];

/** A value as it would be once deployed: references as the words they are made of. */
const deployed = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  if (join) return join[1].map(deployed).join(join[0]);
  return 'later';
};

describe.each(variantNames())('N5 the egress proxy of %s', (variant) => {
  const [, task] = the(variant, 'AWS::ECS::TaskDefinition');
  const [container = {}, ...others] = task.ContainerDefinitions as Record<string, unknown>[];
  const environment = container.Environment as { Name: string; Value: unknown }[];
  const [roleId] = the(variant, 'AWS::IAM::Role', 'EgressProxyTaskRole');
  const [functionRoleId] = the(variant, 'AWS::IAM::Role', 'AuthorityFunctionRole');
  const [secretId, secret] = the(variant, 'AWS::SecretsManager::Secret');
  const [keyId, key] = the(variant, 'AWS::KMS::Key', 'AuthorityKey');
  const [, service] = the(variant, 'AWS::ECS::Service');
  const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

  it('N5 is one container that changes nothing in itself: not root, read-only, no capability', () => {
    expect(others).toEqual([]);
    expect(container).toMatchObject({
      User: '65532:65532',
      ReadonlyRootFilesystem: true,
      Privileged: false,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] }, InitProcessEnabled: true },
      Ulimits: [{ Name: 'nofile', SoftLimit: 65535, HardLimit: 65535 }],
    });
    for (const name of ['Secrets', 'EnvironmentFiles', 'MountPoints', 'EntryPoint', 'Command']) {
      expect(Object.keys(container)).not.toContain(name);
    }
    expect(task).toMatchObject({ NetworkMode: 'awsvpc', RequiresCompatibilities: ['FARGATE'] });
    expect(text(container.Image)).toMatch(/:[0-9a-f]{64}"/);
  });

  it('F13 its lines are evidence: the log mode is blocking', () => {
    expect(container.LogConfiguration).toMatchObject({ LogDriver: 'awslogs', Options: { mode: 'blocking' } });
    const [, log] = the(variant, 'AWS::Logs::LogGroup', 'EgressProxyLogs');
    expect(log).toMatchObject({ RetentionInDays: 365, KmsKeyId: expect.anything() });
  });

  it('N5 has two minutes to end, and is asked for its health on the loopback', () => {
    expect(container).toMatchObject({ StopTimeout: 120, PortMappings: [{ ContainerPort: 3128, Protocol: 'tcp' }] });
    const { Command: command } = container.HealthCheck as { Command: string[] };
    expect(command.slice(0, 3)).toEqual(['CMD', 'node', '-e']);
    expect(command[3]).toContain("host:'127.0.0.1',port:8081,path:'/livez'");
    expect(() => new Function(command[3] ?? '')).not.toThrow();
  });

  it('N5 is told by its environment what the image reads, and no secret', () => {
    const variables = Object.fromEntries(environment.map(({ Name, Value }) => [Name, deployed(Value)]));
    expect(readEnvironment(variables)).toMatchObject({
      kind: 'ok',
      value: {
        port: 3128,
        identity: { kind: 'sessions' },
        policies: [{ profile: 'coding', applicationId: 'later', environmentId: 'later' }],
      },
    });
    expect(variables.AWS_ACCOUNT_ID_ENDPOINT_MODE).toBe('disabled');
    expect(environment.find(({ Name }) => Name === 'EGRESS_AUTHORITY_SECRET')?.Value).toEqual({ Ref: secretId });
    expect(text(environment)).not.toMatch(/resolve:|PRIVATE/);
  });

  it('S4 its role reads items of two tables, its documents and its authority, each by ARN, and does nothing else', () => {
    const policy = policyOf(variant, roleId);
    // Without the feature flag that merges them, statements come one by one.
    const resources = (action: string) =>
      policy.filter(({ Action }) => list(Action).includes(action)).flatMap(({ Resource }) => list(Resource));
    expect([...new Set(policy.flatMap(({ Action }) => list(Action)))].sort()).toEqual([
      'appconfig:GetLatestConfiguration',
      'appconfig:StartConfigurationSession',
      'dynamodb:GetItem',
      'kms:Decrypt',
      'lambda:InvokeFunction',
      's3:GetObject',
      'secretsmanager:GetSecretValue',
    ]);
    for (const { Effect, Resource, Action } of policy) {
      expect(Effect).toBe('Allow');
      if (Action !== 's3:GetObject') expect(text([Resource, Action])).not.toMatch(/\*|\?/);
    }
    expect(text(resources('lambda:InvokeFunction'))).toMatch(/EgressProxyAlias/);
    expect(resources('lambda:InvokeFunction')).toHaveLength(1);
    expect(resources('dynamodb:GetItem')).toHaveLength(2);
    expect(resources('appconfig:GetLatestConfiguration')).toHaveLength(1);
    expect(deployed(resources('appconfig:GetLatestConfiguration')[0])).toMatch(
      /:application\/later\/environment\/later\/configuration\/later$/,
    );
    expect(resources('secretsmanager:GetSecretValue')).toEqual([{ Ref: secretId }]);
    const [, role] = the(variant, 'AWS::IAM::Role', 'EgressProxyTaskRole');
    expect(Object.keys(role).sort()).toEqual(['AssumeRolePolicyDocument', 'Description']);
  });

  it('S4 with a key alone it can do nothing: each is for one service', () => {
    const keys = policyOf(variant, roleId).filter(({ Action }) => Action === 'kms:Decrypt');
    const through = keys.map(({ Condition }) => deployed(Condition?.StringEquals?.['kms:ViaService']).split('.')[0]);
    expect(new Set(through)).toEqual(new Set(['dynamodb', 'appconfig', 's3', 'secretsmanager']));
    for (const { Condition } of keys) expect(Object.keys(Condition ?? {})).toEqual(['StringEquals']);
  });

  it('S4 ECS takes its roles for tasks of this account only', () => {
    for (const [, role] of proxys(variant, 'AWS::IAM::Role', 'EgressProxyTask')) {
      expect(statements(role, 'AssumeRolePolicyDocument')).toEqual([
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { Service: 'ecs-tasks.amazonaws.com' },
          Condition: {
            StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
            ArnLike: { 'aws:SourceArn': expect.anything() },
          },
        },
      ]);
    }
  });

  it('N5 the secret with the authority can be read by the proxy and its rotation, whatever else allows it', () => {
    const [, { ResourcePolicy, BlockPublicPolicy, SecretId }] = the(variant, 'AWS::SecretsManager::ResourcePolicy');
    expect([BlockPublicPolicy, SecretId]).toEqual([true, { Ref: secretId }]);
    expect((ResourcePolicy as { Statement: unknown }).Statement).toEqual([
      {
        Sid: 'OnlyTheProxyAndItsRotationRead',
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'secretsmanager:GetSecretValue',
        Resource: '*',
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arnOf(roleId), arnOf(functionRoleId)] } },
      },
      {
        Sid: 'OnlyTheRotationPutsVersions',
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
        Resource: '*',
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arnOf(functionRoleId)] } },
      },
    ]);
    expect(secret).toEqual({ Description: expect.any(String), KmsKeyId: arnOf(keyId) });
  });

  it('N5 the key of the secret decrypts for these two and nobody else, grants included, and for nothing else', () => {
    const [, decrypt, grants, ...more] = statements(key, 'KeyPolicy');
    expect(more).toEqual([]);
    expect(decrypt).toMatchObject({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['kms:Decrypt', 'kms:ReEncryptFrom'],
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arnOf(roleId), arnOf(functionRoleId)] } },
    });
    expect(grants).toMatchObject({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 'kms:CreateGrant',
      Condition: { BoolIfExists: { 'kms:GrantIsForAWSResource': 'false' } },
    });
    const users = resourcesOf(variant).filter(
      ([, , resource]) => resource.Type !== 'AWS::IAM::Policy' && text(resource).includes(`"${keyId}"`),
    );
    expect(users.map(([, id]) => id)).toEqual([secretId]);
  });

  it('N5 no other role of the platform may ask for the secret, and no session knows of it', () => {
    const readers = ofType(variant, 'AWS::IAM::Policy').filter(([, { Properties }]) =>
      text(Properties).includes('secretsmanager:'),
    );
    expect(readers.flatMap(([, { Properties }]) => list(Properties?.Roles))).toEqual([
      { Ref: roleId },
      { Ref: functionRoleId },
    ]);
    const agents = ofType(variant, 'AWS::ECS::TaskDefinition').filter(([id]) => !id.includes('EgressProxy'));
    expect(text(agents)).not.toMatch(/Authority|certificates/);
  });

  it('N5 the rotation runs each day and may write one secret and one parameter', () => {
    expect(the(variant, 'AWS::Events::Rule')[1]).toMatchObject({ ScheduleExpression: 'rate(1 day)', State: 'ENABLED' });
    const policy = policyOf(variant, functionRoleId);
    expect(policy.map(({ Action }) => list(Action))).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
      ['ssm:DeleteParameter', 'ssm:GetParameter', 'ssm:PutParameter'],
      ['kms:Decrypt', 'kms:GenerateDataKey'],
    ]);
    for (const { Resource } of policy) expect(text(Resource)).not.toContain('*');
    expect(deployed(policy[2]?.Resource)).toMatch(/:parameter\/[\w-]+\/certificates$/);
  });

  it('N5 only sessions reach its port: from their group, and nothing public', () => {
    const [groupId] = the(variant, 'AWS::EC2::SecurityGroup');
    const rules = ofType(variant, 'AWS::EC2::SecurityGroupIngress').filter(([, { Properties }]) =>
      text(Properties?.GroupId).includes(`"${groupId}"`),
    );
    expect(rules.map(([, { Properties }]) => Properties)).toEqual([
      {
        Description: expect.any(String),
        GroupId: arnish(groupId),
        SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringContaining('SessionSecurityGroup'), 'GroupId'] },
        IpProtocol: 'tcp',
        FromPort: 3128,
        ToPort: 3128,
      },
    ]);
    expect(text(ofType(variant, 'AWS::EC2::SecurityGroup'))).not.toContain('SecurityGroupIngress');
    const vpc = (service.NetworkConfiguration as Record<string, Record<string, unknown>>).AwsvpcConfiguration;
    expect(text(vpc?.SecurityGroups)).toContain(groupId);
    expect(vpc?.AssignPublicIp).toBe(variant === 'lean' ? 'ENABLED' : 'DISABLED');
  });

  it('N5 deployments stay at full strength and are taken back where they fail; nobody gets a shell', () => {
    expect(service).toMatchObject({
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      EnableExecuteCommand: false,
      LaunchType: 'FARGATE',
    });
    // A number here would send the service back to it at each deployment, and take the tunnels of the others.
    expect(service.DesiredCount).toBeUndefined();
  });

  it('N5 waits for its authority and for a way out: without them the first deployment would be taken back', () => {
    const [[, resource] = ['', { Type: '', DependsOn: [] }]] = ofType(variant, 'AWS::ECS::Service');
    const waits = list(resource.DependsOn ?? []);
    expect(waits.some((id) => /EgressProxyAuthority[0-9A-F]{8}$/.test(id))).toBe(true);
    if (variant.startsWith('one-stack')) {
      expect(waits.some((id) => id.includes('FirewallDefaultRoute'))).toBe(true);
      expect(waits.some((id) => id.includes('ZoneAssociation'))).toBe(true);
    }
  });

  it('F8 is registered as "egress" in the zone that sessions resolve', () => {
    const [registryId, registry] = the(variant, 'AWS::ServiceDiscovery::Service');
    expect(registry).toMatchObject({
      Name: 'egress',
      DnsConfig: { DnsRecords: [{ Type: 'A', TTL: 10 }], RoutingPolicy: 'MULTIVALUE' },
    });
    expect(text(registry.NamespaceId)).toMatch(/Namespace/);
    expect(text(service.ServiceRegistries)).toContain(registryId);
  });

  it('N5 scales on CPU and connections, from one task in LEAN and two elsewhere', () => {
    const [, target] = the(variant, 'AWS::ApplicationAutoScaling::ScalableTarget');
    expect([target.MinCapacity, target.MaxCapacity]).toEqual([variant === 'lean' ? 1 : 2, 10]);
    const policies = proxys(variant, 'AWS::ApplicationAutoScaling::ScalingPolicy').map(
      ([, { TargetTrackingScalingPolicyConfiguration: own }]) => own,
    );
    expect(policies).toMatchObject([
      { PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' }, TargetValue: 60 },
      { CustomizedMetricSpecification: { MetricName: 'OpenTunnels', Statistic: 'Average' }, TargetValue: 500 },
    ]);
  });

  it('O5 alarms watch metrics that exist, of this proxy, and reach the topic', () => {
    const proxy = environment.find(({ Name }) => Name === 'EGRESS_PROXY')?.Value;
    const [topicId] = the(variant, 'AWS::SNS::Topic');
    const alarms = proxys(variant, 'AWS::CloudWatch::Alarm');
    for (const [, { AlarmActions, AlarmDescription }] of alarms) {
      expect(AlarmActions).toEqual([{ Ref: topicId }]);
      expect(text(AlarmDescription).length).toBeGreaterThan(40);
    }
    const own = alarms.map(([, alarm]) => alarm).filter(({ Namespace }) => Namespace === METRIC_NAMESPACE);
    for (const { MetricName, Dimensions } of own) {
      expect(Object.keys(METRICS)).toContain(MetricName);
      expect(Dimensions).toEqual([{ Name: 'Proxy', Value: proxy }]);
    }
    expect(own.map(({ MetricName }) => MetricName).sort()).toEqual([
      'AuthorityDaysLeft',
      'CredentialFailures',
      'OpenTunnels',
      'PolicyProblems',
      'RecordFailures',
      'StaleFeed',
    ]);
    const silent = alarms.filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching');
    expect(silent.map(([, { MetricName }]) => MetricName).sort()).toEqual(['AuthorityDaysLeft', 'OpenTunnels']);
  });

  it('O5 CloudWatch may publish to the encrypted topic, for this account', () => {
    const [, policy] = the(variant, 'AWS::SNS::TopicPolicy');
    expect(statements(policy).filter(({ Effect }) => Effect === 'Allow')).toMatchObject([
      {
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    const keys = ofType(variant, 'AWS::KMS::Key').filter(([, { Properties }]) =>
      text(Properties).includes('cloudwatch.amazonaws.com'),
    );
    expect(keys.map(([id]) => id)).toEqual([expect.stringContaining('SessionsKey')]);
  });

  it('W7 what stays follows the switch', () => {
    const stays = variant === 'throwaway' ? 'Delete' : 'Retain';
    const kept = ofType(variant, 'AWS::SecretsManager::Secret').concat(
      ofType(variant, 'AWS::KMS::Key').filter(([id]) => id === keyId),
      ofType(variant, 'AWS::Logs::LogGroup').filter(([id]) => id.includes('EgressProxy')),
    );
    expect(kept.map(([, { DeletionPolicy }]) => DeletionPolicy)).toEqual([stays, stays, stays, stays]);
  });
});

function arnish(groupId: string): unknown {
  return { 'Fn::GetAtt': [groupId, 'GroupId'] };
}

describe('N14 what the proxy itself reaches at AWS', () => {
  const NAMES = [
    'api.ecr.eu-west-1.amazonaws.com',
    '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
    'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com',
    'logs.eu-west-1.amazonaws.com',
    'appconfigdata.eu-west-1.amazonaws.com',
    'dynamodb.eu-west-1.amazonaws.com',
    'secretsmanager.eu-west-1.amazonaws.com',
    's3.eu-west-1.amazonaws.com',
    'lambda.eu-west-1.amazonaws.com',
  ];
  const filled = (value: unknown): string => {
    if (typeof value === 'string') return value;
    const { Ref, 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
    if (join) return join[1].map(filled).join(join[0]);
    return (
      { 'AWS::AccountId': '111122223333', 'AWS::URLSuffix': 'amazonaws.com', 'AWS::Region': 'eu-west-1' }[Ref ?? ''] ??
      '?'
    );
  };

  it.each(variantNames())(
    'N14 %s: exact names in the DNS list of the egress VPC, asked before what is blocked',
    (variant) => {
      const [listId, { Domains }] = the(variant, 'AWS::Route53Resolver::FirewallDomainList', 'EgressDnsServices');
      expect((Domains as unknown[]).map(filled)).toEqual(NAMES);
      const [, { FirewallRules }] = the(variant, 'AWS::Route53Resolver::FirewallRuleGroup', 'EgressDns');
      const rules = FirewallRules as { Action: string; Priority: number; FirewallDomainListId: unknown }[];
      const [first] = [...rules].sort((a, b) => a.Priority - b.Priority);
      expect(first).toMatchObject({ Action: 'ALLOW', FirewallDomainListId: { 'Fn::GetAtt': [listId, 'Id'] } });
      expect(new Set(rules.map(({ Priority }) => Priority)).size).toBe(rules.length);
      expect(rules.at(-1)).toMatchObject({ Action: 'BLOCK' });
    },
  );

  it.each(variantNames().filter((name) => name !== 'lean'))('N14 %s: the same names at the firewall', (variant) => {
    const [, { RuleGroup }] = the(variant, 'AWS::NetworkFirewall::RuleGroup', 'Firewall');
    const rules = filled((RuleGroup as { RulesSource: { RulesString: unknown } }).RulesSource.RulesString);
    expect(rules).not.toMatch(/xx-|\?\./);
    const passed = rules.split('\n').flatMap((line) => /^pass tls .*msg:"service ([^"]+)";/.exec(line)?.[1] ?? []);
    expect(passed.sort()).toEqual([...NAMES].sort());
  });
});
