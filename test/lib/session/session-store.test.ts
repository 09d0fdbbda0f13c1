import { BINDING_KEY } from '../../../core/session/binding';
import { SESSION_KEY } from '../../../core/session/row';
import { type CfnResource, resourcesOf, variantNames } from '../../templates';

/** What Sessions makes beside the task: the role that starts it, repositories, rows, payloads, the cluster. */

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const text = (value: unknown): string => JSON.stringify(value ?? null);
const ofType = (variant: string, type: string): [string, CfnResource][] =>
  resourcesOf(variant).flatMap(([, id, resource]) => (resource.Type === type ? [[id, resource] as const] : []));
const statements = ({ Properties = {} }: CfnResource, key = 'PolicyDocument') =>
  (Properties[key] as { Statement: Statement[] }).Statement;

const idOf = (variant: string, type: string, part: string): string => {
  const found = ofType(variant, type).filter(([id]) => id.includes(part));
  expect(found).toHaveLength(1);
  return found[0]?.[0] ?? '';
};
const keyOf = (variant: string) => ({ 'Fn::GetAtt': [idOf(variant, 'AWS::KMS::Key', 'SessionsKey'), 'Arn'] });

describe.each(variantNames())('S4 the execution role of %s', (variant) => {
  const roles = ofType(variant, 'AWS::IAM::Role').filter(
    ([roleId, role]) => text(role).includes('ecs-tasks.amazonaws.com') && !roleId.includes('EgressProxy'),
  );
  const [[id, role] = ['', { Type: '' }]] = roles;

  it('S4 is the only role ECS may take for a session, and only for this account', () => {
    expect(roles).toHaveLength(1);
    expect(statements(role, 'AssumeRolePolicyDocument')).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Condition: {
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          ArnLike: { 'aws:SourceArn': expect.anything() },
        },
      },
    ]);
    expect(text(role.Properties)).toMatch(
      /aws:SourceArn":\{"Fn::Join":\["",\["arn:.*ecs:.*\{"Ref":"AWS::AccountId"\},":\*"\]\]\}/,
    );
    expect(Object.keys(role.Properties ?? {}).sort()).toEqual(['AssumeRolePolicyDocument', 'Description']);
  });

  it('S4 U1 pulls the images of the profiles, writes one log group, and nothing else', () => {
    const policies = ofType(variant, 'AWS::IAM::Policy').filter(([, policy]) =>
      text(policy.Properties?.Roles).includes(id),
    );
    expect(policies).toHaveLength(1);
    const [[, policy] = ['', { Type: '' }]] = policies;
    const [login, pull, logs, ...more] = statements(policy);
    expect(more).toEqual([]);
    expect(login).toEqual({ Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' });
    expect(pull).toEqual({
      Effect: 'Allow',
      Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      Resource: expect.anything(),
    });
    const repositories = [pull?.Resource].flat().map(text);
    const companion = repositories.filter((arn) => arn.includes('platform/session'));
    expect(companion).toHaveLength(['session-image', 'one-stack-maximum'].includes(variant) ? 1 : 0);
    // The profile's image is built by cdk deploy, so it comes from the repository of CDK's assets.
    expect(repositories.filter((arn) => arn.includes('container-assets'))).toHaveLength(1);
    // GuardDuty puts its agent beside the task, and the task's own role has to pull it.
    const guardDuty = repositories.filter((arn) => arn.includes('repository/aws-guardduty-agent-fargate'));
    expect(guardDuty).toHaveLength(variant.includes('maximum') ? 1 : 0);
    expect(repositories).toHaveLength(1 + companion.length + guardDuty.length);
    for (const arn of repositories) expect(arn).not.toMatch(/repository\/?\*|\/\*/);
    expect(logs).toEqual({
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: { 'Fn::GetAtt': [idOf(variant, 'AWS::Logs::LogGroup', 'SessionsLogs'), 'Arn'] },
    });
  });
});

describe.each(variantNames())('S7 what is known of sessions in %s', (variant) => {
  const stays = variant === 'throwaway' ? 'Delete' : 'Retain';
  const isProtected = !['unprotected', 'throwaway'].includes(variant);

  it('S7 rows and bindings: their keys, encrypted, restorable, forgotten in time, refused deletion', () => {
    const tables = ofType(variant, 'AWS::DynamoDB::Table').filter(([id]) => id.includes('SessionsStore'));
    expect(tables.map(([, { Properties }]) => Properties?.KeySchema)).toEqual(
      [SESSION_KEY, BINDING_KEY].map((name) => [{ AttributeName: name, KeyType: 'HASH' }]),
    );
    for (const [, { Properties, DeletionPolicy, UpdateReplacePolicy }] of tables) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyOf(variant) },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      });
      expect(Properties?.DeletionProtectionEnabled ?? false).toBe(isProtected);
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual([stays, stays]);
    }
  });

  it('S4 payloads: closed to the public, encrypted, over TLS 1.2 only, gone after 30 days, each access logged', () => {
    const buckets = new Map(ofType(variant, 'AWS::S3::Bucket'));
    const [payloadsId, logsId] = ['Payloads', 'AccessLogs'].map((part) => idOf(variant, 'AWS::S3::Bucket', part));
    expect(buckets.size).toBe(2);
    for (const [id, { Properties, DeletionPolicy }] of buckets) {
      expect(Properties).toMatchObject({
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        VersioningConfiguration: { Status: 'Enabled' },
      });
      expect(DeletionPolicy).toBe(stays);
      const denied = ofType(variant, 'AWS::S3::BucketPolicy')
        .filter(([, policy]) => text(policy.Properties?.Bucket).includes(`"${id}"`))
        .flatMap(([, policy]) => statements(policy))
        .filter(({ Effect }) => Effect === 'Deny');
      expect(denied.map(({ Action, Condition }) => [Action, Condition])).toEqual([
        ['s3:*', { Bool: { 'aws:SecureTransport': 'false' } }],
        ['s3:*', { NumericLessThan: { 's3:TlsVersion': 1.2 } }],
      ]);
    }
    expect(buckets.get(payloadsId ?? '')?.Properties).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyOf(variant) },
          },
        ],
      },
      LifecycleConfiguration: {
        Rules: [{ Status: 'Enabled', ExpirationInDays: 30, NoncurrentVersionExpiration: { NoncurrentDays: 7 } }],
      },
      LoggingConfiguration: { DestinationBucketName: { Ref: logsId }, LogFilePrefix: 'payloads/' },
    });
  });

  it('S4 only the log service writes access logs, for this bucket of this account', () => {
    const [payloadsId, logsId] = ['Payloads', 'AccessLogs'].map((part) => idOf(variant, 'AWS::S3::Bucket', part));
    const allowed = ofType(variant, 'AWS::S3::BucketPolicy').flatMap(([, policy]) =>
      statements(policy).filter(({ Effect }) => Effect === 'Allow'),
    );
    expect(allowed).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'logging.s3.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [logsId, 'Arn'] }, '/payloads/*']] },
        Condition: {
          ArnLike: { 'aws:SourceArn': { 'Fn::GetAtt': [payloadsId, 'Arn'] } },
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
        },
      },
    ]);
  });

  it('U1 repositories: tags that stay where they are, scanned on push, encrypted with the key', () => {
    const repositories = ofType(variant, 'AWS::ECR::Repository');
    expect(repositories.map(([, { Properties }]) => Properties)).toEqual([
      {
        ImageTagMutability: 'IMMUTABLE',
        ImageScanningConfiguration: { ScanOnPush: true },
        EncryptionConfiguration: { EncryptionType: 'KMS', KmsKey: keyOf(variant) },
      },
    ]);
    for (const [, { DeletionPolicy }] of repositories) expect(DeletionPolicy).toBe(stays);
  });

  it('S1 the cluster encrypts the disks of tasks with the key, and Fargate may use it for that alone', () => {
    const clusters = ofType(variant, 'AWS::ECS::Cluster').filter(([id]) => id.includes('SessionsCluster'));
    const key = idOf(variant, 'AWS::KMS::Key', 'SessionsKey');
    expect(clusters.map(([, { Properties }]) => Properties)).toEqual([
      {
        ClusterSettings: [{ Name: 'containerInsights', Value: 'enhanced' }],
        Configuration: { ManagedStorageConfiguration: { FargateEphemeralStorageKmsKeyId: { Ref: key } } },
      },
    ]);
    const [[, policy] = ['', { Type: '' }]] = ofType(variant, 'AWS::KMS::Key').filter(([id]) => id === key);
    const fargate = statements(policy, 'KeyPolicy').filter((statement) =>
      text(statement).includes('fargate.amazonaws.com'),
    );
    expect(fargate.map(({ Action }) => Action)).toEqual(['kms:GenerateDataKeyWithoutPlaintext', 'kms:CreateGrant']);
    for (const statement of fargate)
      expect(text(statement.Condition)).toContain('kms:EncryptionContext:aws:ecs:clusterAccount');
    expect(policy.Properties?.EnableKeyRotation).toBe(true);
  });

  it('O1 logs: encrypted, kept a year, refused deletion', () => {
    const logs = ofType(variant, 'AWS::Logs::LogGroup').filter(([id]) => id.includes('SessionsLogs'));
    expect(logs).toMatchObject([
      [expect.any(String), { Properties: { KmsKeyId: keyOf(variant), RetentionInDays: 365 } }],
    ]);
    expect(logs[0]?.[1].Properties?.DeletionProtectionEnabled ?? false).toBe(isProtected);
  });

  it('S4 nothing here has a name that would have to be free in the account', () => {
    // A family of task definitions need not be free: another one of the name is its next revision.
    const named = ['TableName', 'BucketName', 'RepositoryName', 'ClusterName', 'LogGroupName', 'RoleName'];
    for (const [, , { Type, Properties = {} }] of resourcesOf(variant)) {
      if (['AWS::EC2::FlowLog', 'AWS::Logs::MetricFilter'].includes(Type)) continue; // there it is the destination or source
      // WAF asks for the beginning of its log group's name; ours ends in the stack's own id.
      if (JSON.stringify(Properties.LogGroupName ?? '').match(/"aws-waf-logs-.*AWS::StackId/)) continue;
      expect(Object.keys(Properties).filter((key) => named.includes(key))).toEqual([]);
    }
  });
});
