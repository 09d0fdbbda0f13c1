import { CustomResource, Duration, Names, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { AnyPrincipal, Effect, type IRole, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnResourcePolicy, CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { type IStringParameter, StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct, type IDependable } from 'constructs';
import { grantUseThrough } from '../platform-key';
import { prebuiltFunction } from '../prebuilt-function';

export interface CertificateAuthorityProps {
  /** The only role that may read the keys, beside the function that makes them. */
  readonly signer: IRole;
  /** Of the function's log. */
  readonly encryptionKey: IKey;
  readonly removalPolicy: RemovalPolicy;
  /** Stands in the certificates and in the metric. */
  readonly proxyName: string;
}

/**
 * The authority whose certificates sessions trust, and whose key signs for the hosts the proxy stands in for. Made when
 * the proxy is deployed, replaced each month with both certificates handed out meanwhile. The key is in one secret, under
 * a key of its own; who else in the account may read all secrets still can't read this one.
 *
 * @internal
 */
export class CertificateAuthority extends Construct {
  readonly secretArn: string;
  /** Certificates that clients should trust, as PEM, the signing one first. */
  readonly certificates: IStringParameter;
  /** Once this stands there is an authority. */
  readonly ready: IDependable;
  readonly rotation: IFunction;

  constructor(scope: Construct, id: string, props: CertificateAuthorityProps) {
    super(scope, id);
    const { partition, region, account } = Stack.of(this);
    // A name of its own: the function makes the parameter. As CloudFormation's resource, an update of anything about it
    // would put the template's value back, and every new session would trust nothing.
    const parameterName = `/${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}/certificates`;
    const parameterArn = `arn:${partition}:ssm:${region}:${account}:parameter${parameterName}`;

    const handler = prebuiltFunction(this, 'Function', 'egress', {
      description: 'Makes and rotates the certificate authority of the egress proxy',
      encryptionKey: props.encryptionKey,
      timeout: Duration.minutes(1),
      removalPolicy: props.removalPolicy,
    });
    const readers = [props.signer.roleArn, handler.role?.roleArn ?? ''];
    const key = secretKey(this, readers, props.removalPolicy);
    const secret = new CfnSecret(this, 'Secret', {
      description: 'Certificate authorities of the egress proxy with their keys; written by the rotation only',
      kmsKeyId: key.keyArn,
    });
    secret.applyRemovalPolicy(props.removalPolicy);
    Validations.of(secret).acknowledge(
      {
        id: 'AwsSolutions-SMG4',
        reason:
          'rotated daily by steps of its own: a successor is handed out for a day before it signs, which a rotation of ' +
          'Secrets Manager, done in one run, has no place for',
      },
      {
        id: 'NIST.800.53.R5-SecretsManagerRotationEnabled',
        reason:
          'rotated daily by steps of its own: a successor is handed out for a day before it signs, which a rotation of ' +
          'Secrets Manager, done in one run, has no place for',
      },
    );
    this.secretArn = secret.ref;
    const policy = new CfnResourcePolicy(this, 'SecretPolicy', {
      secretId: secret.ref,
      blockPublicPolicy: true,
      resourcePolicy: secretPolicy(readers, handler.role?.roleArn ?? ''),
    });

    handler.addEnvironment('AUTHORITY_SECRET', secret.ref);
    handler.addEnvironment('CERTIFICATES_PARAMETER', parameterName);
    handler.addEnvironment('PROXY_NAME', props.proxyName);
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        resources: [secret.ref],
      }),
    );
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['ssm:DeleteParameter', 'ssm:GetParameter', 'ssm:PutParameter'],
        resources: [parameterArn],
      }),
    );
    grantUseThrough(handler, key, 'secretsmanager', ['kms:Decrypt', 'kms:GenerateDataKey']);
    props.signer.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secret.ref] }),
    );
    grantUseThrough(props.signer, key, 'secretsmanager', ['kms:Decrypt']);

    const made = new CustomResource(this, 'Resource', {
      serviceToken: handler.functionArn,
      resourceType: 'Custom::CertificateAuthority',
    });
    // The keys are nobody else's before there are any.
    made.node.addDependency(policy);
    this.ready = made;
    this.rotation = handler;
    this.addSchedule(handler);
    this.certificates = StringParameter.fromStringParameterAttributes(this, 'Certificates', {
      parameterName,
      simpleName: false,
    });
  }

  /** Each day, though a successor is made each month: the overlap counts in days, and a step that failed is tried again the next. */
  private addSchedule(handler: IFunction): void {
    const rule = new Rule(this, 'Schedule', {
      description: 'The next step in the rotation of the certificate authority',
      schedule: Schedule.rate(Duration.days(1)),
    });
    rule.addTarget(new LambdaFunction(handler, { retryAttempts: 2, maxEventAge: Duration.hours(2) }));
  }
}

/**
 * Its own key, because its policy says who reads: with a key that logs or tables use as well, whoever may read those
 * could be let near this. Administrators of the account keep everything but the reading.
 */
function secretKey(scope: Construct, readers: string[], removalPolicy: RemovalPolicy): Key {
  const key = new Key(scope, 'Key', {
    description: 'Certificate authorities of the egress proxy',
    enableKeyRotation: true,
    removalPolicy,
  });
  const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, unknown>>): void => {
    key.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions,
        resources: ['*'],
        conditions,
      }),
    );
  };
  deny('OnlyTheProxyAndItsRotationRead', ['kms:Decrypt', 'kms:ReEncryptFrom'], {
    ArnNotEquals: { 'aws:PrincipalArn': readers },
  });
  deny('GrantsForServicesOnly', ['kms:CreateGrant'], {
    BoolIfExists: { 'kms:GrantIsForAWSResource': 'false', 'aws:PrincipalIsAWSService': 'false' },
  });
  return key;
}

/**
 * Denies, so that no right anywhere else in the account is enough. `UpdateSecret` is not among it, although it can write a
 * value too: CloudFormation needs it for every change of a tag, as whichever role deploys.
 */
function secretPolicy(readers: string[], writer: string): PolicyDocument {
  const deny = (sid: string, actions: string[], principals: string[]): PolicyStatement =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions,
      resources: ['*'],
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': principals } },
    });
  return new PolicyDocument({
    statements: [
      deny('OnlyTheProxyAndItsRotationRead', ['secretsmanager:GetSecretValue'], readers),
      deny(
        'OnlyTheRotationPutsVersions',
        ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
        [writer],
      ),
    ],
  });
}
