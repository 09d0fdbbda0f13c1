import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { CredentialBroker } from './credential-broker';

/**
 * What whoever sets a grant up needs to know: `agentctl` reads it from here.
 *
 * @internal
 */
export function brokerOutputs(stack: Stack, broker: CredentialBroker): void {
  const values: Readonly<Record<string, readonly [value: string | undefined, description: string]>> = {
    BrokerRoleArn: [
      broker.role.roleArn,
      'Who assumes the roles that grants name: the principal of their trust policies',
    ],
    BrokerTableName: [broker.tableName, "Requesters' accounts at GitHub, and tokens that live"],
    GithubAppKeyArn: [broker.githubAppKeyArn, "Import the GitHub App's private key to this key"],
    GithubAppParameter: [broker.githubAppParameter, "SSM parameter to write the GitHub App's client id to"],
    OauthSecretPrefix: [broker.oauthSecretPrefix, 'In front of the names of secrets with refresh tokens'],
    IssuerUrl: [broker.issuerUrl, 'Issuer that systems outside have to trust'],
  };
  for (const [name, [value, description]] of Object.entries(values)) {
    if (value !== undefined) new CfnOutput(stack, name, { value, description });
  }
}
