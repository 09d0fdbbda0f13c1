import { Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, type KeyProps } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** A customer key with yearly rotation that CloudWatch Logs of this account and region may use for log groups. */
export class PlatformKey extends Key {
  constructor(scope: Construct, id: string, props: KeyProps) {
    super(scope, id, { enableKeyRotation: true, ...props });
    const { partition, region, account } = Stack.of(this);
    // LogGroup does not add this. The condition is the one of the CloudWatch Logs guide ("Encrypt log data using KMS"):
    // without it any log group of any account could be made to use the key.
    this.grantEncryptDecrypt(
      new ServicePrincipal(`logs.${region}.amazonaws.com`, {
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
        },
      }),
    );
  }
}
