import { createHash } from 'node:crypto';
import { principalOf } from '../../../core/access/principal';
import { actionsOf, signingName } from '../../../core/credentials/aws-services';
import {
  type AwsGrant,
  type AwsSession,
  awsSession,
  BUCKET_ACTIONS,
  externalId,
  sessionPolicy,
} from '../../../core/credentials/aws-session';
import { liveRow } from '../session/samples';

const GRANT: AwsGrant = {
  kind: 'aws-role',
  id: 'cloud',
  roleArn: 'arn:aws:iam::111122223333:role/x',
  region: 'eu-west-1',
  services: [],
  buckets: [],
};
const buckets = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => `${i}`.padStart(length, 'b'));

describe('C2 a session policy says what the grant says', () => {
  it.each<[string, readonly string[] | undefined]>([
    ['dynamodb', ['dynamodb:*']],
    ['streams.dynamodb', ['dynamodb:*']],
    ['monitoring', ['cloudwatch:*']],
    ['email', ['ses:*']],
    ['bedrock-runtime', ['bedrock:*']],
    ['sts', ['sts:GetCallerIdentity']],
    ['unknown.service', undefined],
    ['Upper', undefined],
    ['a*', undefined],
    ['constructor', ['constructor:*']],
  ])('C2 endpoint %s: %j', (endpoint, actions) => {
    expect(actionsOf(endpoint)).toEqual(actions);
  });

  it('C2 no action of STS that gives keys is among them, whatever stands beside it', () => {
    const policy = sessionPolicy({ ...GRANT, services: ['sts', 'sqs', 's3-outposts'] });
    expect(policy.kind === 'ok' && JSON.parse(policy.policy).Statement[0].Action).toEqual([
      'sts:GetCallerIdentity',
      'sqs:*',
      's3-outposts:*',
    ]);
  });

  it('C2 services are bound to the region, buckets to their names, both to the account of the role', () => {
    const policy = sessionPolicy({
      ...GRANT,
      roleArn: 'arn:aws-us-gov:iam::123456789012:role/x',
      services: ['sqs'],
      buckets: ['a'],
    });
    expect(policy.kind === 'ok' && JSON.parse(policy.policy).Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['sqs:*'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1', 'aws:ResourceAccount': '123456789012' } },
      },
      {
        Effect: 'Allow',
        Action: BUCKET_ACTIONS,
        Resource: ['arn:aws-us-gov:s3:::a', 'arn:aws-us-gov:s3:::a/*'],
        Condition: { StringEquals: { 'aws:ResourceAccount': '123456789012' } },
      },
    ]);
  });

  it.each<[string, Partial<AwsGrant>, string]>([
    ['nothing named', {}, 'service-unknown'],
    ['a service without a known prefix', { services: ['sqs', 'what.ever'] }, 'service-unknown'],
    ['no ARN', { services: ['sqs'], roleArn: 'x' }, 'service-unknown'],
    ['no account', { services: ['sqs'], roleArn: 'arn:aws:iam::*:role/x' }, 'service-unknown'],
    ['too many buckets', { buckets: buckets(11, 63) }, 'policy-too-large'],
  ])('C2 %s is refused', (_, change, code) => {
    expect(sessionPolicy({ ...GRANT, ...change })).toMatchObject({ kind: 'refused', code });
  });

  it('C2 takes as many characters as AWS does, and not one more', () => {
    expect(sessionPolicy({ ...GRANT, buckets: buckets(10, 63) })).toMatchObject({ kind: 'ok' });
    const length = (name: number) => {
      const made = sessionPolicy({ ...GRANT, services: ['sqs'], buckets: [...buckets(9, 63), 'x'.repeat(name)] });
      return made.kind === 'ok' ? made.policy.length : made.code;
    };
    const lengths = Array.from({ length: 60 }, (_, i) => length(i + 3));
    expect(Math.max(...lengths.filter((one) => typeof one === 'number'))).toBeGreaterThan(2045);
    expect(Math.max(...lengths.filter((one) => typeof one === 'number'))).toBeLessThanOrEqual(2048);
    expect(lengths.at(-1)).toBe('policy-too-large');
  });

  it('C2 the external id is of one platform, profile and grant', () => {
    expect(externalId('acme', 'coder', 'cloud')).toBe('acme/coder/cloud');
    expect(awsSession('acme', liveRow, { ...GRANT, services: ['sqs'] })).toMatchObject({
      session: { externalId: 'acme/coder/cloud', sessionName: liveRow.sessionId, sourceIdentity: liveRow.sessionId },
    });
  });

  it('C2 who asked is a tag for every requester there is, as what a tag can hold', () => {
    const claims = { iss: 'https://idp.example.com', sub: 'auth0|ada', groups: ['all'] };
    const mapping = { groupsClaim: 'groups', groups: [{ group: 'all', roles: ['submitter' as const], team: 'a' }] };
    const made = principalOf(claims, mapping);
    if (made.kind === 'refused') throw new Error(made.reason);
    const requester = made.caller.principal;
    const { session } = awsSession('acme', { ...liveRow, requester }, { ...GRANT, services: ['sqs'] }) as {
      session: AwsSession;
    };
    const hash = createHash('sha256').update('https://idp.example.com|auth0|ada').digest('hex');
    expect(session.tags).toContainEqual({ key: 'agent-platform:requester-sha256', value: hash });
    for (const { value } of session.tags) expect(value).toMatch(/^[A-Za-z0-9_.:/=+@ -]{1,256}$/);
  });

  it('C2 a bucket is for its objects: nothing of it can be changed that stays', () => {
    expect(BUCKET_ACTIONS.filter((action) => !/^s3:[A-Za-z]+$/.test(action))).toEqual([]);
    expect(
      BUCKET_ACTIONS.filter((action) =>
        /Acl|Policy|Configuration|Tagging|Notification|Replicat|Retention/.test(action),
      ),
    ).toEqual([]);
    expect(BUCKET_ACTIONS.filter((action) => /^s3:(Put|Delete|Create)/.test(action))).toEqual([
      's3:PutObject',
      's3:DeleteObject',
    ]);
  });

  it.each<[string, readonly string[]]>([
    ['api.ecr', ['ecr:GetAuthorizationToken']],
    ['api.ecr-public', ['ecr-public:GetAuthorizationToken']],
    ['codeartifact', ['codeartifact:GetAuthorizationToken']],
    ['redshift', ['redshift:GetClusterCredentials*']],
    ['redshift-serverless', ['redshift-serverless:GetCredentials']],
    ['cognito-identity', ['cognito-identity:GetCredentialsForIdentity', 'cognito-identity:GetOpenIdToken*']],
    ['lakeformation', ['lakeformation:GetTemporary*Credentials']],
    ['ssm', ['ssm:StartSession', 'ssm:ResumeSession']],
    ['sts', ['sts:*']],
    ['iam', ['iam:*']],
    ['rds-db', ['rds-db:*']],
    ['runtime.sagemaker', ['sagemaker:CreatePresigned*']],
  ])('C2 answers that are credentials are denied where %s is granted', (service, denied) => {
    const policy = sessionPolicy({ ...GRANT, services: ['sqs', service], buckets: buckets(7, 63) });
    expect(policy.kind === 'ok' && JSON.parse(policy.policy).Statement.at(-1)).toEqual({
      Effect: 'Deny',
      Action: denied,
      Resource: '*',
    });
  });

  it('C2 all of these together fit', () => {
    const services = ['api.ecr', 'api.ecr-public', 'codeartifact', 'redshift', 'redshift-serverless'].concat([
      'cognito-identity',
      'lakeformation',
      'ssm',
      'sts',
      'iam',
      'rds-db',
      'constructor',
    ]);
    expect(sessionPolicy({ ...GRANT, services, buckets: ['acme-data'] })).toMatchObject({ kind: 'ok' });
  });

  it('C2 signatures name services as AWS does', () => {
    expect(['api.ecr', 'email', 'sqs'].map(signingName)).toEqual(['ecr', 'ses', 'sqs']);
  });
});
