import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IRepository, Repository, RepositoryEncryption, TagMutability } from 'aws-cdk-lib/aws-ecr';
import { Cluster, ContainerInsights, type ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { RECORDER_STREAM } from '../../core/access/transcript-stream';
import { taskTextKey } from '../../core/session/self';
import { ExecutionRole } from '../execution-role';
import type { IAgentNetwork } from '../network/agent-network-ref';
import { guardDutyAgent } from '../network/guard-duty';
import { Tier } from '../network/tier';
import { allowLogs, platformKey } from '../platform-key';
import type { AgentImage, AgentImageConfig, IAgentRepositories } from '../profile/agent-image';
import type { SessionProfile } from '../profile/session-profile';
import { pascal } from './construct-id';
import { grantsOf, PolicyDocuments, secretsOf } from './policy-documents';
import { grantReadStreams } from './session-logs';
import { SessionStore } from './session-store';
import { SessionTask } from './session-task';
import type { ISessions, PolicyLocation } from './sessions-ref';

export interface SessionsProps {
  readonly network: IAgentNetwork;
  readonly profiles: SessionProfile[];
  /**
   * Hosts closed for every profile.
   *
   * @default none
   */
  readonly blockedHosts?: string[];
  /**
   * Repositories to make for agent images, by name: immutable tags, scanned on push, encrypted.
   *
   * @default none
   */
  readonly repositories?: string[];
  /**
   * The platform's own image with session-init and session-recorder.
   *
   * @default none; tasks then end before an agent runs
   */
  readonly sessionImage?: AgentImage;
  /**
   * Key of tables, payloads, repositories, logs and the tasks' disks.
   *
   * @default a new one
   */
  readonly encryptionKey?: IKey;
  /**
   * Whether AWS refuses to delete tables and logs.
   *
   * @default true, unless throwaway
   */
  readonly deletionProtection?: boolean;
  /**
   * Deletes tables, buckets, repositories and keys with the stack, and protects nothing.
   *
   * @default false
   */
  readonly throwaway?: boolean;
}

/** Where sessions run: the cluster, a task definition for each profile, their images, rows and payloads. */
export class Sessions extends Construct implements ISessions, IAgentRepositories {
  readonly cluster: ICluster;
  /** Starts tasks; no container can get at it. */
  readonly executionRole: IRole;
  /** ARNs of every repository a task's images come from, GuardDuty's agent with tier MAXIMUM included. */
  readonly repositoryArns: string[];
  readonly logGroup: ILogGroup;
  readonly encryptionKey: IKey;
  readonly bindingsTableName: string;
  readonly rowsTableName: string;
  readonly payloadsBucketName: string;
  readonly logGroupName: string;
  readonly policies: PolicyLocation[];
  readonly secretArns: string[];
  readonly roleArns: string[];
  readonly grantKinds: string[];
  readonly oauthProviders: string[];

  /** @internal */
  readonly _repositories = new Map<string, Repository>();

  private readonly store: SessionStore;
  private readonly documents: PolicyDocuments;
  private readonly taskDefinitions = new Map<string, string>();

  constructor(scope: Construct, id: string, props: SessionsProps) {
    super(scope, id);
    // Before anything is named after them: CDK would speak of constructs.
    const names = props.profiles.map((profile) => profile.name);
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) throw new Error(`profiles: got "${twice}" twice, expected each name once; rename one`);
    const removalPolicy = props.throwaway ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const protection = props.deletionProtection ?? !props.throwaway;
    const key = props.encryptionKey ?? platformKey(this, 'Key', { removalPolicy });
    if (props.encryptionKey) allowLogs(this, props.encryptionKey);
    this.encryptionKey = key;
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: props.network.sessionsVpc,
      containerInsightsV2: ContainerInsights.ENHANCED,
      managedStorageConfiguration: { fargateEphemeralStorageKmsKey: key },
    });
    for (const name of props.repositories ?? []) this.addRepository(name, key, removalPolicy);
    this.logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: key,
      retention: RetentionDays.ONE_YEAR,
      removalPolicy,
      deletionProtectionEnabled: protection,
    });
    this.store = new SessionStore(this, 'Store', { encryptionKey: key, removalPolicy, deletionProtection: protection });
    this.bindingsTableName = this.store.bindings.tableName;
    this.rowsTableName = this.store.sessions.tableName;
    this.payloadsBucketName = this.store.payloads.bucketName;
    this.logGroupName = this.logGroup.logGroupName;

    // A scope for each profile, under its own name: no name of a profile can meet an id of ours.
    const places = new Construct(this, 'Profiles');
    const placeOf = (name: string): Construct =>
      (places.node.tryFindChild(name) as Construct) ?? new Construct(places, name);
    const images = new Map<string, AgentImageConfig>(
      props.profiles.map((profile) => [profile.name, profile._image._bind(placeOf(profile.name), 'Image', this)]),
    );
    const companion = props.sessionImage?._bind(this, 'SessionImage', this);
    const guardDuty = props.network.tier === Tier.MAXIMUM ? [guardDutyAgent(Stack.of(this)).repositoryArn] : [];
    this.repositoryArns = [
      ...new Set([...images.values(), ...(companion ? [companion] : [])].map((image) => image.repositoryArn)),
      ...guardDuty,
    ];
    // No container of a task can get at it, and there is no other role: a session is not an IAM principal.
    this.executionRole = new ExecutionRole(this, 'ExecutionRole', {
      description: 'Pulls the images of sessions and writes the logs of the containers beside the agent',
      repositoryArns: this.repositoryArns,
      logGroup: this.logGroup,
    });
    const documents = props.profiles.map((profile) =>
      profile._document(images.get(profile.name)?.imageUri, props.blockedHosts ?? []),
    );
    for (const document of documents) {
      const task = new SessionTask(placeOf(document.profile), 'Task', {
        document,
        executionRole: this.executionRole,
        logGroup: this.logGroup,
        zoneName: props.network.zoneName,
        sessionImageUri: companion?.imageUri,
      });
      this.taskDefinitions.set(document.profile, task.taskDefinitionArn);
    }
    this.documents = new PolicyDocuments(this, 'Policy', {
      documents,
      encryptionKey: key,
      deletionProtection: protection,
    });
    this.policies = [...this.documents.locations];
    this.secretArns = secretsOf(documents);
    const { roleArns, grantKinds, oauthProviders } = grantsOf(documents);
    this.roleArns = roleArns;
    this.grantKinds = grantKinds;
    this.oauthProviders = oauthProviders;
  }

  taskDefinitionArn(profile: string): string {
    const arn = this.taskDefinitions.get(profile);
    if (arn !== undefined) return arn;
    throw new Error(
      `profile "${profile}": got no such name, expected one of ${[...this.taskDefinitions.keys()].join(', ')}`,
    );
  }

  grantReadBindings(grantee: IGrantable): void {
    this.store.grantReadItems(grantee, this.store.bindings);
  }

  grantReadRows(grantee: IGrantable): void {
    this.store.grantReadItems(grantee, this.store.sessions);
  }

  grantWriteRows(grantee: IGrantable): void {
    this.store.grantWriteRows(grantee);
  }

  grantListRows(grantee: IGrantable): void {
    this.store.grantListRows(grantee);
  }

  grantWriteBindings(grantee: IGrantable): void {
    this.store.grantWriteBindings(grantee);
  }

  grantWriteEpoch(grantee: IGrantable): void {
    this.store.grantWriteEpoch(grantee);
  }

  grantReadPayloads(grantee: IGrantable): void {
    this.store.grantReadPayloads(grantee);
  }

  grantReadTaskTexts(grantee: IGrantable): void {
    this.store.grantReadPayloads(grantee, taskTextKey('*'));
  }

  grantWriteTaskTexts(grantee: IGrantable): void {
    this.store.grantWritePayloads(grantee, taskTextKey('*'));
  }

  grantReadTranscripts(grantee: IGrantable): void {
    grantReadStreams(this, grantee, this.logGroup, `*-${RECORDER_STREAM}/*`);
  }

  grantReadPolicies(grantee: IGrantable): void {
    this.documents.grantRead(grantee);
  }

  /**
   * A repository made for agent images.
   *
   * @throws where none has the name
   */
  repository(name: string): IRepository {
    const repository = this._repositories.get(name);
    if (repository) return repository;
    throw new Error(
      `repository "${name}": got no such name, expected one of ${[...this._repositories.keys()].join(', ') || 'none'}`,
    );
  }

  private addRepository(name: string, key: IKey, removalPolicy: RemovalPolicy): void {
    const repository = new Repository(this, `${pascal(name)}Repository`, {
      imageTagMutability: TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      encryption: RepositoryEncryption.KMS,
      encryptionKey: key,
      removalPolicy,
    });
    this._repositories.set(name, repository);
  }
}
