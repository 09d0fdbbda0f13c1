import { Duration, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BINDING_KEY, EPOCH_ADDRESS } from '../../core/session/binding';
import { SESSION_INDEXES } from '../../core/session/indexes';
import { SESSION_KEY, TTL_ATTRIBUTE } from '../../core/session/row';
import { knownValue } from '../known-output';
import { grantUseThrough } from '../platform-key';

export interface SessionStoreProps {
  readonly encryptionKey: IKey;
  readonly removalPolicy: RemovalPolicy;
  readonly deletionProtection: boolean;
}

/**
 * What is known of sessions: one row each, the bindings of addresses to them, and their payloads (task text in, result
 * out), which are kept out of RunTask's overrides because those are readable in DescribeTasks, CloudTrail and events.
 *
 * @internal
 */
export class SessionStore extends Construct {
  /** Rows, as core/session/row.ts has them. */
  readonly sessions: Table;
  /** Addresses, as core/session/binding.ts has them. */
  readonly bindings: Table;
  readonly payloads: Bucket;

  private readonly encryptionKey: IKey;

  constructor(scope: Construct, id: string, props: SessionStoreProps) {
    super(scope, id);
    this.encryptionKey = props.encryptionKey;
    this.sessions = this.table('Sessions', SESSION_KEY, props);
    for (const { index, partitionKey, sortKey } of Object.values(SESSION_INDEXES)) {
      this.sessions.addGlobalSecondaryIndex({
        indexName: index,
        partitionKey: { name: partitionKey, type: AttributeType.STRING },
        sortKey: { name: sortKey, type: AttributeType.STRING },
      });
    }
    this.bindings = this.table('Bindings', BINDING_KEY, props);
    const accessLogs = new Bucket(this, 'AccessLogs', {
      // S3 delivers access logs to a bucket with its own keys only.
      encryption: BucketEncryption.S3_MANAGED,
      ...this.closedBucket(props.removalPolicy),
      lifecycleRules: [{ expiration: Duration.days(365) }],
    });
    Validations.of(accessLogs).acknowledge({
      id: 'NIST.800.53.R5-S3DefaultEncryptionKMS',
      reason: 'S3 delivers access logs only to buckets with its own keys',
    });
    this.payloads = new Bucket(this, 'Payloads', {
      encryption: BucketEncryption.KMS,
      encryptionKey: props.encryptionKey,
      bucketKeyEnabled: true,
      ...this.closedBucket(props.removalPolicy),
      lifecycleRules: [{ expiration: Duration.days(30), noncurrentVersionExpiration: Duration.days(7) }],
    });
    logAccess(this.payloads, accessLogs, 'payloads/');
    Validations.of(this).acknowledge({
      id: 'NIST.800.53.R5-S3BucketReplicationEnabled',
      reason: 'payloads live for 30 days and are evidence of nothing; records have a store of their own',
    });
  }

  /** Items that the caller names, and no others: nothing here can list who is there. */
  grantReadItems(grantee: IGrantable, table: Table): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['dynamodb:GetItem'], resources: [table.tableArn] }),
    );
    grantUseThrough(grantee, this.encryptionKey, 'dynamodb', ['kms:Decrypt']);
  }

  /** Rows, and what stands beside them; by key, in transactions. */
  grantWriteRows(grantee: IGrantable): void {
    this.grantReadItems(grantee, this.sessions);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
        resources: [this.sessions.tableArn],
      }),
    );
    grantUseThrough(grantee, this.encryptionKey, 'dynamodb', ['kms:Encrypt', 'kms:GenerateDataKey']);
  }

  /** Rows without knowing their keys: by requester, or by state. */
  grantListRows(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: Object.values(SESSION_INDEXES).map(({ index }) => `${this.sessions.tableArn}/index/${index}`),
      }),
    );
    grantUseThrough(grantee, this.encryptionKey, 'dynamodb', ['kms:Decrypt']);
  }

  /** Bindings and the list of closed ones. The epoch is another's: whoever could write it could undo a panic. */
  grantWriteBindings(grantee: IGrantable): void {
    this.grantReadItems(grantee, this.bindings);
    this.writeBindings(grantee, 'ForAllValues:StringNotEquals');
  }

  /** The epoch, and nothing else of that table. */
  grantWriteEpoch(grantee: IGrantable): void {
    this.grantReadItems(grantee, this.bindings);
    this.writeBindings(grantee, 'ForAllValues:StringEquals');
  }

  private writeBindings(grantee: IGrantable, operator: string): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:PutItem'],
        resources: [this.bindings.tableArn],
        conditions: {
          [operator]: { 'dynamodb:LeadingKeys': [EPOCH_ADDRESS] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      }),
    );
    grantUseThrough(grantee, this.encryptionKey, 'dynamodb', ['kms:Encrypt', 'kms:GenerateDataKey']);
  }

  /** `keys`: pattern of the objects' keys; all of them where it is left out. */
  grantReadPayloads(grantee: IGrantable, keys = '*'): void {
    const principal = grantee.grantPrincipal;
    const { value, inFindings } = knownValue(this, 'PayloadsArn', this.payloads.bucketArn, principal);
    principal.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: [`${value}/${keys}`] }));
    grantUseThrough(grantee, this.encryptionKey, 's3', ['kms:Decrypt']);
    if (!Construct.isConstruct(principal)) return;
    Validations.of(principal).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${inFindings}/${keys}]`,
      reason: 'objects are named after sessions, which are there at run time only; reading is all that is allowed',
    });
  }

  /** `keys`: pattern of the objects' keys. */
  grantWritePayloads(grantee: IGrantable, keys: string): void {
    const principal = grantee.grantPrincipal;
    const { value, inFindings } = knownValue(this, 'PayloadsArn', this.payloads.bucketArn, principal);
    principal.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:PutObject'], resources: [`${value}/${keys}`] }));
    grantUseThrough(grantee, this.encryptionKey, 's3', ['kms:GenerateDataKey']);
    if (!Construct.isConstruct(principal)) return;
    Validations.of(principal).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${inFindings}/${keys}]`,
      reason: 'objects are named after sessions, which are there at run time only; writing is all that is allowed',
    });
  }

  private table(name: string, key: string, props: SessionStoreProps): Table {
    const table = new Table(this, name, {
      partitionKey: { name: key, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: props.encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: TTL_ATTRIBUTE,
      deletionProtection: props.deletionProtection,
      removalPolicy: props.removalPolicy,
    });
    Validations.of(table).acknowledge({
      id: 'NIST.800.53.R5-DynamoDBInBackupPlan',
      reason: 'point-in-time recovery is on; a backup plan belongs to the account and would name this table by itself',
    });
    return table;
  }

  private closedBucket(removalPolicy: RemovalPolicy) {
    return {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      removalPolicy,
    };
  }
}

/**
 * By bucket policy, whatever the app's feature flags say: without one of them, `serverAccessLogsBucket` falls back to an
 * ACL, which this bucket refuses. Source: S3 User Guide, "Enabling Amazon S3 server access logging".
 */
function logAccess(source: Bucket, target: Bucket, prefix: string): void {
  (source.node.defaultChild as CfnBucket).loggingConfiguration = {
    destinationBucketName: target.bucketName,
    logFilePrefix: prefix,
  };
  target.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [target.arnForObjects(`${prefix}*`)],
      conditions: {
        ArnLike: { 'aws:SourceArn': source.bucketArn },
        StringEquals: { 'aws:SourceAccount': Stack.of(target).account },
      },
    }),
  );
}
