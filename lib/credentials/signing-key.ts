import type { RemovalPolicy } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  AnyPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface SigningKeyProps {
  readonly description: string;
  /** The only role that signs with it. */
  readonly signer: IRole;
  /** Whether its material comes from outside, once, by hand: a template would keep it for everybody to read. */
  readonly imported: boolean;
  readonly removalPolicy: RemovalPolicy;
}

/** What may be signed: RS256 of a whole message, and nothing that was hashed elsewhere. */
export const SIGNING_CONDITIONS = {
  StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256', 'kms:MessageType': 'RAW' },
};

/**
 * An RSA key that signs and never leaves KMS, for one role. CDK's own Key has no origin, so this is the L1. Its policy
 * denies by the principal, so that no right elsewhere in the account is enough: whoever signs with the App's key is
 * the App.
 *
 * @internal
 */
export class SigningKey extends Construct {
  readonly keyArn: string;

  constructor(scope: Construct, id: string, props: SigningKeyProps) {
    super(scope, id);
    const key = new CfnKey(this, 'Resource', {
      description: props.description,
      keySpec: 'RSA_2048',
      keyUsage: 'SIGN_VERIFY',
      // Source: AWS KMS Developer Guide, "Importing key material": pending until somebody imports it.
      origin: props.imported ? 'EXTERNAL' : 'AWS_KMS',
      pendingWindowInDays: 30,
      keyPolicy: keyPolicy(props.signer, props.imported),
    });
    key.applyRemovalPolicy(props.removalPolicy);
    this.keyArn = key.attrArn;
  }
}

function keyPolicy(signer: IRole, imported: boolean): PolicyDocument {
  const deny = (sid: string, actions: string[], conditions: Record<string, unknown>): PolicyStatement =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions,
      resources: ['*'],
      conditions: conditions as Record<string, Record<string, unknown>>,
    });
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'AccountByItsPolicies',
        principals: [new AccountRootPrincipal()],
        actions: ['kms:*'],
        resources: ['*'],
      }),
      deny('OnlyTheBrokerSigns', ['kms:Sign'], { ArnNotEquals: { 'aws:PrincipalArn': signer.roleArn } }),
      // One each: keys of one block all have to be unequal before it denies.
      ...Object.entries(SIGNING_CONDITIONS.StringEquals).map(([key, value], i) =>
        deny(`OnlyTokensAreSigned${i}`, ['kms:Sign'], { StringNotEquals: { [key]: value } }),
      ),
      deny('NoGrants', ['kms:CreateGrant'], {}),
      ...(imported
        ? [
            // Those with SHA-1 are there for old hardware.
            deny('ImportedUnderStrongWrapping', ['kms:GetParametersForImport'], {
              StringNotEquals: { 'kms:WrappingAlgorithm': 'RSA_AES_KEY_WRAP_SHA_256' },
            }),
          ]
        : []),
    ],
  });
}
