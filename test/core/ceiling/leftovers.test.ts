import { leftovers, leftoversText } from '../../../core/ceiling/leftovers';
import { firewall, ref, resource, template } from './templates';

const KEEP = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };
type Body = ReturnType<typeof resource>;

const of = (It: Body) => leftovers({ Platform: template({ It }) });

describe('W7 what stays after npm run destroy', () => {
  it.each([
    ['Retain', 1],
    ['RetainExceptOnCreate', 1],
    ['Snapshot', 1],
    ['Delete', 0],
    [undefined, 0],
  ])('with deletion policy %s: %d', (policy, count) => {
    expect(of(resource('AWS::KMS::Key', {}, { DeletionPolicy: policy })).stays).toHaveLength(count);
  });

  it('has a price for what stays, fixed or by what it holds', () => {
    const recovery = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } };
    const text = leftoversText({
      Platform: template({
        Key: resource('AWS::KMS::Key', {}, KEEP),
        Table: resource('AWS::DynamoDB::Table', { BillingMode: 'PAY_PER_REQUEST', ...recovery }, KEEP),
        Bucket: resource('AWS::S3::Bucket', {}, KEEP),
        Images: resource('AWS::ECR::Repository', {}, KEEP),
        Log: resource('AWS::Logs::LogGroup', {}, KEEP),
        New: resource('AWS::QuantumLedger::Bridge', {}, KEEP),
        Role: resource('AWS::IAM::Role', {}, KEEP),
      }),
    });
    expect(text.split('\n')).toEqual([
      '7 resources stay in the account, $1.00 a month plus what they hold (us-east-1, 2026-11):',
      '  AWS::KMS::Key               Platform/Key     $1.00 a month',
      '  AWS::DynamoDB::Table        Platform/Table   $0.45 a GB-month',
      '  AWS::S3::Bucket             Platform/Bucket  $0.023 a GB-month',
      '  AWS::ECR::Repository        Platform/Images  $0.10 a GB-month',
      '  AWS::Logs::LogGroup         Platform/Log     $0.03 a GB-month',
      '  AWS::QuantumLedger::Bridge  Platform/New     price not known',
      '  AWS::IAM::Role              Platform/Role    free',
      'Not in these templates and never removed with them: CDKToolkit with the images and files of this app.',
    ]);
  });

  it('says what to switch off before it can go by hand', () => {
    const table = resource('AWS::DynamoDB::Table', { DeletionProtectionEnabled: true }, KEEP);
    expect(of(table).stays[0]?.first).toEqual(['switch off DeletionProtectionEnabled']);
    const vault = resource('AWS::S3::Bucket', { ObjectLockEnabled: true }, KEEP);
    expect(of(vault).stays[0]?.first).toEqual(['Object Lock: objects can go only after their retention has ended']);
  });

  it('says that nothing stays', () => {
    expect(leftoversText({ A: template({ Role: resource('AWS::IAM::Role') }) })).toMatch(
      /^Nothing of these stacks stays/,
    );
  });

  it('counts functions whose log group Lambda makes itself', () => {
    const own = resource('AWS::Lambda::Function');
    const given = resource('AWS::Lambda::Function', { LoggingConfig: { LogGroup: ref('Log') } });
    expect(leftovers({ A: template({ own, given }) }).functionsWithOwnLogs).toBe(1);
    expect(leftoversText({ A: template({ own }) })).toContain('the log groups of 1 function.');
  });
});

describe('W7 what stops npm run destroy', () => {
  it.each([
    ['a firewall', firewall(ref('Vpc'), ['a'], { DeleteProtection: true }), 'DeleteProtection'],
    [
      'a DNS Firewall association',
      resource('AWS::Route53Resolver::FirewallRuleGroupAssociation', { MutationProtection: 'ENABLED' }),
      'MutationProtection',
    ],
    ['a table', resource('AWS::DynamoDB::Table', { DeletionProtectionEnabled: true }), 'DeletionProtectionEnabled'],
    ['a log group', resource('AWS::Logs::LogGroup', { DeletionProtectionEnabled: true }), 'DeletionProtectionEnabled'],
    ['a user pool', resource('AWS::Cognito::UserPool', { DeletionProtection: 'ACTIVE' }), 'DeletionProtection'],
    [
      'a global table',
      resource('AWS::DynamoDB::GlobalTable', { Replicas: [{ DeletionProtectionEnabled: true }] }),
      'DeletionProtectionEnabled',
    ],
    [
      'a policy store',
      resource('AWS::VerifiedPermissions::PolicyStore', { DeletionProtection: { Mode: 'ENABLED' } }),
      'DeletionProtection',
    ],
    [
      'a load balancer',
      resource('AWS::ElasticLoadBalancingV2::LoadBalancer', {
        LoadBalancerAttributes: [{ Key: 'deletion_protection.enabled', Value: 'true' }],
      }),
      'deletion_protection.enabled',
    ],
    [
      'an environment in use',
      resource('AWS::AppConfig::Environment', { DeletionProtectionCheck: 'APPLY' }),
      'has read it',
    ],
    ['a bucket with objects', resource('AWS::S3::Bucket'), 'empty it'],
    ['a repository with images', resource('AWS::ECR::Repository'), 'empty it'],
  ])('names %s and what to do', (_, body, what) => {
    const { stays, stops } = of(body);
    expect(stays).toEqual([]);
    expect(stops[0]?.first.join()).toContain(what);
  });

  it.each([
    ['a firewall', firewall(ref('Vpc'), ['a'], { DeleteProtection: false })],
    [
      'a DNS Firewall association',
      resource('AWS::Route53Resolver::FirewallRuleGroupAssociation', { MutationProtection: 'DISABLED' }),
    ],
    [
      'a bucket that CDK empties',
      resource('AWS::S3::Bucket', { Tags: [{ Key: 'aws-cdk:auto-delete-objects', Value: 'true' }] }),
    ],
    ['a repository that empties itself', resource('AWS::ECR::Repository', { EmptyOnDelete: true })],
    ['a key', resource('AWS::KMS::Key')],
  ])('has nothing to say about %s that is throwaway', (_, body) => {
    expect(of(body).stops).toEqual([]);
  });

  it('does not ask to empty what stays', () => {
    expect(of(resource('AWS::S3::Bucket', {}, KEEP)).stays[0]?.first).toEqual([]);
  });
});
