import { Token, Tokenization } from 'aws-cdk-lib';

/**
 * A secret as policies have to name it. One that is known by its name only has an ARN without the six characters that
 * Secrets Manager adds to it; what is made in the same app has the whole one. Source: IAM, "Actions, resources, and
 * condition keys for AWS Secrets Manager".
 *
 * @internal
 */
export function secretResources(secretArn: string): string[] {
  const isWhole = Token.isUnresolved(secretArn) && Tokenization.reverseString(secretArn).length === 1;
  return isWhole ? [secretArn] : [secretArn, `${secretArn}-??????`];
}
