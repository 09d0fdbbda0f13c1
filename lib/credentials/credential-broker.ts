import { Duration, Names, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Alias, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { BROKER_CALLERS, type BrokerCaller } from '../../core/credentials/callers';
import { BROKER_ENVIRONMENT as NAMES } from '../../core/credentials/environment';
import { ITEM_KEY, OWNER_KEY } from '../../core/credentials/stored';
import { TTL_ATTRIBUTE } from '../../core/session/row';
import { alarmTopic } from '../egress/alarm-topic';
import { knownValue } from '../known-output';
import { grantUseThrough } from '../platform-key';
import { prebuiltFunction } from '../prebuilt-function';
import { secretResources } from '../secret-resources';
import { pascal } from '../session/construct-id';
import type { ISessions } from '../session/sessions-ref';
import { BrokerAlarms } from './broker-alarms';
import type { ICredentialBroker } from './credential-broker-ref';
import type { OauthProvider } from './oauth-provider';
import { SIGNING_CONDITIONS, SigningKey } from './signing-key';
import { TokenIssuer } from './token-issuer';

export interface CredentialBrokerProps {
  readonly sessions: ISessions;
  /**
   * First part of the external ids by which roles are assumed: `NAME/PROFILE/GRANT`.
   *
   * @default agent-platform
   */
  readonly platformName?: string;
  /** Where GitHub is: `github.com`, a tenant of ghe.com, or a server of yours. @default github.com */
  readonly githubHost?: string;
  /** Providers that OAuth grants name. @default none: grants of that kind are refused */
  readonly oauthProviders?: OauthProvider[];
  /** Keys of the secrets that grants name. @default none: the secrets are under AWS's own key */
  readonly secretKeys?: IKey[];
  /**
   * Whether the broker has runs reserved: as many as it has at most, so that sessions asking without end leave the
   * account's other functions alone. The deployment fails where fewer than 100 runs would be left for the rest; new
   * accounts have 10 in all.
   *
   * @default true
   */
  readonly reserveConcurrency?: boolean;
  /** Where alarms go. @default a new topic; subscribe to `alarmTopic` */
  readonly alarmTopic?: ITopic;
  /** Whether AWS refuses to delete table and records. @default true, unless throwaway */
  readonly deletionProtection?: boolean;
  /** Deletes table, records and keys with the stack, and protects nothing. @default false */
  readonly throwaway?: boolean;
}

/** Runs at a time; a mint takes about a second at a provider, and the proxy keeps what it got for minutes. */
const RUNS = 20;

/**
 * Gives credentials to the platform's services, for sessions that live, as their profiles grant them. It has the right to
 * sign with the GitHub App's key, to assume the roles and to read the secrets that grants name; nobody else of the
 * platform has any of it, and a session has no way to it.
 *
 * @throws where a profile names an OAuth provider that is not given
 */
export class CredentialBroker extends Construct implements ICredentialBroker {
  readonly egressProxyAliasArn: string;
  readonly commitBrokerAliasArn: string;
  readonly lifecycleAliasArn: string;
  /** As the trust policies of roles that grants name have to have it. */
  readonly role: IRole;
  /** What it gave, refused and took back, a line each. */
  readonly records: ILogGroup;
  readonly alarmTopic: ITopic;
  /** Linked accounts of requesters, and tokens that live. */
  readonly tableName: string;
  /** Key for the GitHub App, to import its private key to. Undefined where no profile has such a grant. */
  readonly githubAppKeyArn?: string;
  /** Name of the SSM parameter for the GitHub App's client id; written when the App is connected. */
  readonly githubAppParameter?: string;
  /** In front of the names of secrets with refresh tokens. Undefined where no profile has such a grant. */
  readonly oauthSecretPrefix?: string;
  /** What systems outside have to trust. Undefined where no profile has a grant for one. */
  readonly issuerUrl?: string;

  private readonly handler: LambdaFunction;

  constructor(scope: Construct, id: string, props: CredentialBrokerProps) {
    super(scope, id);
    const { sessions } = props;
    const kinds = new Set(sessions.grantKinds);
    checkProviders(sessions, props.oauthProviders ?? []);
    const removalPolicy = props.throwaway ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const deletionProtection = props.deletionProtection ?? !props.throwaway;
    const key = sessions.encryptionKey;

    this.records = new LogGroup(this, 'Records', {
      encryptionKey: key,
      retention: RetentionDays.ONE_YEAR,
      removalPolicy,
      deletionProtectionEnabled: deletionProtection,
    });
    const table = this.table(key, removalPolicy, deletionProtection);
    this.tableName = table.tableName;
    this.handler = prebuiltFunction(this, 'Function', 'credentials', {
      description: 'Credential broker: what the grants of a live session come to, for the services that inject it',
      encryptionKey: key,
      timeout: Duration.seconds(29),
      memoryMiB: 512,
      removalPolicy,
      ...(props.reserveConcurrency === false
        ? { sharesPoolBecause: 'the operator said so: the account has too few runs to reserve any' }
        : { reservedConcurrency: RUNS }),
      noDeadLettersBecause:
        'services wait for its answer and refuse the request they wanted it for; the life cycle tries again',
      environment: {
        [NAMES.platform]: props.platformName ?? 'agent-platform',
        [NAMES.sessionsTable]: sessions.rowsTableName,
        [NAMES.bindingsTable]: sessions.bindingsTableName,
        [NAMES.table]: table.tableName,
        [NAMES.tokenKey]: key.keyArn,
        [NAMES.records]: this.records.logGroupName,
        [NAMES.policies]: Stack.of(this).toJsonString(sessions.policies),
      },
    });
    this.role = roleOf(this.handler);
    sessions.grantReadRows(this.handler);
    sessions.grantReadBindings(this.handler);
    sessions.grantReadPolicies(this.handler);
    this.grantTable(table, key);
    this.records.grantWrite(this.handler);
    this.grantSecrets(props);
    this.grantRoles(sessions.roleArns, props.platformName ?? 'agent-platform');
    if (kinds.has('github-app')) {
      const github = this.addGithub(props.githubHost ?? 'github.com', removalPolicy);
      this.githubAppKeyArn = github.keyArn;
      this.githubAppParameter = github.parameter;
    }
    if (kinds.has('oauth')) this.oauthSecretPrefix = this.addOauth(props.oauthProviders ?? [], props.secretKeys ?? []);
    if (kinds.has('oidc')) this.issuerUrl = this.addIssuer(removalPolicy, key);

    const aliases = this.addAliases();
    this.egressProxyAliasArn = aliases['egress-proxy'];
    this.commitBrokerAliasArn = aliases['commit-broker'];
    this.lifecycleAliasArn = aliases['session-lifecycle'];
    this.alarmTopic = props.alarmTopic ?? alarmTopic(this, 'Alarms', key);
    new BrokerAlarms(this, 'Alarm', {
      broker: this.handler,
      records: this.records,
      action: new SnsAction(this.alarmTopic),
    });
  }

  private table(encryptionKey: IKey, removalPolicy: RemovalPolicy, deletionProtection: boolean): Table {
    const table = new Table(this, 'Table', {
      partitionKey: { name: OWNER_KEY, type: AttributeType.STRING },
      sortKey: { name: ITEM_KEY, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: TTL_ATTRIBUTE,
      deletionProtection,
      removalPolicy,
    });
    Validations.of(table).acknowledge({
      id: 'NIST.800.53.R5-DynamoDBInBackupPlan',
      reason: 'point-in-time recovery is on; a backup plan belongs to the account and would name this table by itself',
    });
    return table;
  }

  private grantTable(table: Table, key: IKey): void {
    this.allow(['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'], [table.tableArn]);
    grantUseThrough(this.handler, key, 'dynamodb', ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey']);
    // Tokens are encrypted once more by the function itself, under a context that nothing else with this key has.
    this.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], {
      'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['session', 'mint'] },
      Null: { 'kms:EncryptionContext:session': 'false', 'kms:EncryptionContext:mint': 'false' },
    });
  }

  private grantSecrets({ sessions, secretKeys = [] }: CredentialBrokerProps): void {
    if (sessions.secretArns.length > 0) {
      this.allow(['secretsmanager:GetSecretValue'], sessions.secretArns.flatMap(secretResources));
    }
    for (const key of secretKeys) grantUseThrough(this.handler, key, 'secretsmanager', ['kms:Decrypt']);
  }

  private grantRoles(roleArns: readonly string[], platform: string): void {
    if (roleArns.length === 0) return;
    // The condition's key is there for the first action only.
    this.allow(['sts:AssumeRole'], [...roleArns], { StringLike: { 'sts:ExternalId': `${platform}/*` } });
    this.allow(['sts:SetSourceIdentity', 'sts:TagSession'], [...roleArns]);
  }

  private addGithub(host: string, removalPolicy: RemovalPolicy): { keyArn: string; parameter: string } {
    const { keyArn } = new SigningKey(this, 'GithubAppKey', {
      description: 'Private key of the GitHub App; imported by hand, never by a template',
      signer: this.role,
      imported: true,
      removalPolicy,
    });
    const { partition, region, account } = Stack.of(this);
    // Made by whoever connects the App: as CloudFormation's resource, an update would put the template's value back.
    const parameter = `/${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}/github-app`;
    this.allow(['kms:Sign'], [keyArn], SIGNING_CONDITIONS);
    this.allow(['ssm:GetParameter'], [`arn:${partition}:ssm:${region}:${account}:parameter${parameter}`]);
    this.set(NAMES.github, { host, keyId: keyArn, appParameter: parameter });
    return { keyArn, parameter };
  }

  private addOauth(providers: readonly OauthProvider[], keys: readonly IKey[]): string {
    const secretPrefix = `${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}/oauth`;
    const clients = providers.flatMap(({ _clientSecret: secret }) => (secret ? [secret.secretArn] : []));
    if (clients.length > 0) this.allow(['secretsmanager:GetSecretValue'], clients.flatMap(secretResources));
    // Written back where a provider gives a new refresh token with each access token.
    const { value, inFindings } = this.secretsBelow(secretPrefix);
    this.allow(['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], [value]);
    Validations.of(this.role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${inFindings}]`,
      reason:
        'consents of requesters, each in a secret of its own that is made after the deployment; under a prefix of ours',
    });
    for (const key of keys) grantUseThrough(this.handler, key, 'secretsmanager', ['kms:GenerateDataKey']);
    const rendered = Object.fromEntries(providers.map((provider) => [provider.name, provider._render()]));
    this.set(NAMES.oauth, { secretPrefix, providers: rendered });
    return secretPrefix;
  }

  /** As a policy names them, and as a finding about the policy spells that. */
  private secretsBelow(prefix: string): { value: string; inFindings: string } {
    const { partition, region, account } = Stack.of(this);
    const arn = (of: string, at: string, by: string) => `arn:${of}:secretsmanager:${at}:${by}:secret:${prefix}/*`;
    const spelled = (value: string) => knownValue(this, 'Pseudo', value, this).inFindings;
    return {
      value: arn(partition, region, account),
      inFindings: arn(spelled(partition), spelled(region), spelled(account)),
    };
  }

  private addIssuer(removalPolicy: RemovalPolicy, encryptionKey: IKey): string {
    const { keyArn } = new SigningKey(this, 'IssuerKey', {
      description: 'Signs tokens for systems outside that trust the platform',
      signer: this.role,
      imported: false,
      removalPolicy,
    });
    const issuer = new TokenIssuer(this, 'Issuer', { keyArn, encryptionKey, removalPolicy });
    this.allow(['kms:Sign'], [keyArn], SIGNING_CONDITIONS);
    this.allow(['kms:GetPublicKey'], [keyArn]);
    this.set(NAMES.issuer, { url: issuer.url, keyId: keyArn });
    return issuer.url;
  }

  private addAliases(): Record<BrokerCaller, string> {
    const version = this.handler.currentVersion;
    const made = BROKER_CALLERS.map((caller) => {
      const alias = new Alias(this, `${pascal(caller)}Alias`, { aliasName: caller, version });
      return [caller, alias.functionArn] as const;
    });
    return Object.fromEntries(made) as Record<BrokerCaller, string>;
  }

  private set(name: string, value: object): void {
    this.handler.addEnvironment(name, Stack.of(this).toJsonString(value));
  }

  private allow(actions: string[], resources: string[], conditions?: Record<string, Record<string, unknown>>): void {
    this.handler.addToRolePolicy(new PolicyStatement({ actions, resources, ...(conditions && { conditions }) }));
  }
}

function roleOf({ role }: LambdaFunction): IRole {
  if (role) return role;
  throw new Error('credential broker: its function has no role');
}

function checkProviders({ oauthProviders }: ISessions, given: readonly OauthProvider[]): void {
  const names = given.map(({ name }) => name);
  const missing = oauthProviders.filter((name) => !names.includes(name));
  if (missing.length === 0 || given.length === 0) return;
  throw new Error(
    `OAuth provider "${missing[0]}": a grant names it and it is none of ${names.join(', ')}; give it to the platform`,
  );
}
