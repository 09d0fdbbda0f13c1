import { actionsOf, signingName } from '../../../core/credentials/aws-services';
import { type AwsGrant, awsSession, externalId, sessionPolicy } from '../../../core/credentials/aws-session';
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

  it('C2 services are bound to the region, buckets to their names', () => {
    const policy = sessionPolicy({
      ...GRANT,
      roleArn: 'arn:aws-us-gov:iam::1:role/x',
      services: ['sqs'],
      buckets: ['a'],
    });
    expect(policy.kind === 'ok' && JSON.parse(policy.policy).Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['sqs:*'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
      },
      { Effect: 'Allow', Action: 's3:*', Resource: ['arn:aws-us-gov:s3:::a', 'arn:aws-us-gov:s3:::a/*'] },
    ]);
  });

  it.each<[string, Partial<AwsGrant>, string]>([
    ['nothing named', {}, 'service-unknown'],
    ['a service without a known prefix', { services: ['sqs', 'what.ever'] }, 'service-unknown'],
    ['no ARN', { services: ['sqs'], roleArn: 'x' }, 'service-unknown'],
    ['too many buckets', { buckets: buckets(13, 63) }, 'policy-too-large'],
  ])('C2 %s is refused', (_, change, code) => {
    expect(sessionPolicy({ ...GRANT, ...change })).toMatchObject({ kind: 'refused', code });
  });

  it('C2 takes as many characters as AWS does, and not one more', () => {
    expect(sessionPolicy({ ...GRANT, buckets: buckets(12, 63) })).toMatchObject({ kind: 'ok' });
    const length = (name: number) => {
      const made = sessionPolicy({ ...GRANT, services: ['sqs'], buckets: [...buckets(11, 63), 'x'.repeat(name)] });
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

  it.each(['a|b', 'a#b', 'x'.repeat(257)])('C2 a requester that a tag can not hold is left out: %s', (requester) => {
    const made = awsSession('acme', { ...liveRow, requester }, { ...GRANT, services: ['sqs'] });
    expect(made.kind === 'ok' && made.session.tags.map(({ key }) => key)).not.toContain('agent-platform:requester');
  });

  it('C2 signatures name services as AWS does', () => {
    expect(['api.ecr', 'email', 'sqs'].map(signingName)).toEqual(['ecr', 'ses', 'sqs']);
  });
});
