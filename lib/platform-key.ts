import { Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IGrantable, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key, type KeyProps } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/**
 * A customer key with yearly rotation that CloudWatch Logs of this account and region may use for log groups.
 *
 * A function and no subclass: a class that extends Key loads aws-kms as soon as the library is imported.
 */
export function platformKey(scope: Construct, id: string, props: KeyProps): Key {
  const key = new Key(scope, id, { enableKeyRotation: true, ...props });
  allowLogs(scope, key);
  // A grant is a permission that stands in no policy and outlives the role that made it. Those that AWS services make
  // to use the key for a resource (DynamoDB does) go on. Source: Control Tower control CT.KMS.PR.3.
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'GrantsForServicesOnly',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['kms:CreateGrant'],
      resources: ['*'],
      conditions: { BoolIfExists: { 'kms:GrantIsForAWSResource': 'false', 'aws:PrincipalIsAWSService': 'false' } },
    }),
  );
  return key;
}

/**
 * Lets CloudWatch Logs use a key for the log groups of this account and region. An imported key has no policy we could
 * add to: whoever owns it has to.
 *
 * @internal
 */
export function allowLogs(scope: Construct, key: IKey): void {
  const { partition, region, account } = Stack.of(scope);
  // LogGroup does not add this. The condition is the one of the CloudWatch Logs guide ("Encrypt log data using KMS"):
  // without it any log group of any account could be made to use the key.
  key.grantEncryptDecrypt(
    new ServicePrincipal(`logs.${region}.amazonaws.com`, {
      conditions: {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
      },
    }),
  );
}

/**
 * Lets a principal use a key, but only while a service works for it: with the key alone it can do nothing. By the
 * principal's own policy, since the key may be in another stack, which then had to know the principal.
 *
 * @internal
 */
export function grantUseThrough(grantee: IGrantable, key: IKey, service: string, actions: string[]): void {
  const { region } = Stack.of(key);
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions,
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` } },
    }),
  );
}
