import { Names, Stack } from 'aws-cdk-lib';
import {
  CfnApplication,
  CfnConfigurationProfile,
  CfnDeployment,
  CfnDeploymentStrategy,
  CfnEnvironment,
  CfnHostedConfigurationVersion,
} from 'aws-cdk-lib/aws-appconfig';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { PolicyDocument } from '../../core/egress/document';
import { grantUseThrough } from '../platform-key';
import type { PolicyLocation } from './sessions-ref';

export interface PolicyDocumentsProps {
  readonly documents: readonly PolicyDocument[];
  readonly encryptionKey: IKey;
  /** Whether AWS refuses to delete what services still read. */
  readonly deletionProtection: boolean;
}

/**
 * The profiles' policy documents, in AppConfig: the template carries them, deploy-time values (an image's URI, a role's
 * ARN) are filled in by CloudFormation, services poll for the next version, and nothing at run time has the right to
 * write one.
 *
 * @internal
 */
export class PolicyDocuments extends Construct {
  readonly locations: readonly PolicyLocation[];

  private readonly encryptionKey: IKey;

  constructor(scope: Construct, id: string, props: PolicyDocumentsProps) {
    super(scope, id);
    this.encryptionKey = props.encryptionKey;
    const name = Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
    const application = new CfnApplication(this, 'Resource', { name, description: 'What agents may do, by profile' });
    const deletionProtectionCheck = props.deletionProtection ? 'APPLY' : 'BYPASS';
    const environment = new CfnEnvironment(this, 'Environment', {
      applicationId: application.ref,
      name: 'platform',
      deletionProtectionCheck,
    });
    // All at once: a policy that half of the services have is two policies.
    const strategy = new CfnDeploymentStrategy(this, 'Strategy', {
      name,
      deploymentDurationInMinutes: 0,
      growthFactor: 100,
      finalBakeTimeInMinutes: 0,
      replicateTo: 'NONE',
    });
    let previous: CfnDeployment | undefined;
    this.locations = props.documents.map((document) => {
      const place = new Construct(this, document.profile);
      const profile = new CfnConfigurationProfile(place, 'Profile', {
        applicationId: application.ref,
        name: document.profile,
        locationUri: 'hosted',
        deletionProtectionCheck,
        kmsKeyIdentifier: props.encryptionKey.keyArn,
      });
      const version = new CfnHostedConfigurationVersion(place, 'Document', {
        applicationId: application.ref,
        configurationProfileId: profile.ref,
        contentType: 'application/json',
        content: Stack.of(this).toJsonString(document),
      });
      const deployment = new CfnDeployment(place, 'Deployment', {
        applicationId: application.ref,
        environmentId: environment.ref,
        configurationProfileId: profile.ref,
        configurationVersion: version.ref,
        deploymentStrategyId: strategy.ref,
        kmsKeyIdentifier: props.encryptionKey.keyArn,
      });
      // An environment takes one deployment at a time.
      if (previous) deployment.addResourceDependency(previous);
      previous = deployment;
      return {
        profile: document.profile,
        applicationId: application.ref,
        environmentId: environment.ref,
        configurationProfileId: profile.ref,
      };
    });
  }

  /** Documents only, one by one: no application, no other environment, nothing that writes. */
  grantRead(grantee: IGrantable): void {
    const { partition, region, account } = Stack.of(this);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
        resources: this.locations.map(
          ({ applicationId, environmentId, configurationProfileId }) =>
            `arn:${partition}:appconfig:${region}:${account}:application/${applicationId}/environment/${environmentId}` +
            `/configuration/${configurationProfileId}`,
        ),
      }),
    );
    grantUseThrough(grantee, this.encryptionKey, 'appconfig', ['kms:Decrypt']);
  }
}

/** Kinds, roles and providers of the documents' grants, each once. */
export function grantsOf(documents: readonly PolicyDocument[]) {
  const grants = documents.flatMap((document) => document.grants);
  const distinct = (of: (grant: (typeof grants)[number]) => string | undefined): string[] => [
    ...new Set(grants.flatMap((grant) => of(grant) ?? [])),
  ];
  return {
    grantKinds: distinct(({ kind }) => kind),
    roleArns: distinct((grant) => (grant.kind === 'aws-role' ? grant.roleArn : undefined)),
    oauthProviders: distinct((grant) => (grant.kind === 'oauth' ? grant.provider : undefined)),
  };
}

/** ARNs of the secrets that a document's grants put into headers. */
export function secretsOf(documents: readonly PolicyDocument[]): string[] {
  const grants = documents.flatMap((document) => document.grants);
  return [...new Set(grants.flatMap((grant) => (grant.kind === 'secret-header' ? [grant.secretArn] : [])))];
}
