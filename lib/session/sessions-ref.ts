import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';

/** Where one profile's policy document is in AppConfig. */
export interface PolicyLocation {
  /** Name of the profile. */
  readonly profile: string;
  /** Id of the AppConfig application. */
  readonly applicationId: string;
  /** Id of its environment. */
  readonly environmentId: string;
  /** Id of the profile's configuration profile. */
  readonly configurationProfileId: string;
}

/** Sessions as the other planes need them. What is granted here is granted to services: a session is no principal. */
export interface ISessions {
  /** Where sessions run. */
  readonly cluster: ICluster;
  /** Starts their tasks; no container can get at it. */
  readonly executionRole: IRole;
  /** Key of tables, payloads, documents and logs. */
  readonly encryptionKey: IKey;
  /** Name of the table of bindings: which session speaks from an address. */
  readonly bindingsTableName: string;
  /** Name of the table of session rows. */
  readonly rowsTableName: string;
  /** Name of the bucket of task texts and results. */
  readonly payloadsBucketName: string;
  /** Name of the log group of the containers beside the agent. */
  readonly logGroupName: string;
  /** The policy documents, one a profile. */
  readonly policies: PolicyLocation[];
  /** ARNs of the secrets that grants of the profiles name. */
  readonly secretArns: string[];
  /** ARNs of the roles that grants of the profiles name. */
  readonly roleArns: string[];
  /** Kinds of the profiles' grants, such as `github-app`; none: no session has a credential. */
  readonly grantKinds: string[];
  /** Providers of OAuth tokens that grants of the profiles name. */
  readonly oauthProviders: string[];
  /**
   * Of the task that a session of the profile is started from.
   *
   * @throws where there is no such profile
   */
  taskDefinitionArn(profile: string): string;
  /** Lets a service look up which session speaks from an address, item by item. */
  grantReadBindings(grantee: IGrantable): void;
  /** Lets a service read the rows of sessions, item by item. */
  grantReadRows(grantee: IGrantable): void;
  /** Lets a function write rows, and what stands beside them in their table. */
  grantWriteRows(grantee: IGrantable): void;
  /** Lets a function list rows by requester or state. */
  grantListRows(grantee: IGrantable): void;
  /** Lets a function bind addresses to sessions and close them. Not the epoch. */
  grantWriteBindings(grantee: IGrantable): void;
  /** Lets a function raise the epoch, which makes every service refuse everybody, and lift it. */
  grantWriteEpoch(grantee: IGrantable): void;
  /** Lets a service read task texts and results. */
  grantReadPayloads(grantee: IGrantable): void;
  /** Lets a service read task texts, and no other payload. */
  grantReadTaskTexts(grantee: IGrantable): void;
  /** Lets a function write task texts, and read none. */
  grantWriteTaskTexts(grantee: IGrantable): void;
  /** Lets a function read what session-recorder shipped. */
  grantReadTranscripts(grantee: IGrantable): void;
  /** Lets a service poll every profile's policy document. */
  grantReadPolicies(grantee: IGrantable): void;
}
