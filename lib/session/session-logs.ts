import { Stack, Token, Validations } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { knownValue } from '../known-output';

/**
 * Lets somebody read streams of a log group, by a pattern of their names.
 *
 * @internal
 */
export function grantReadStreams(owner: Construct, grantee: IGrantable, group: ILogGroup, streams: string): void {
  const principal = grantee.grantPrincipal;
  const { partition, region, account } = Stack.of(owner);
  const name = knownValue(owner, 'LogsName', group.logGroupName, principal);
  // Made of its parts: a log group's own ARN ends in `:*`, and what follows that would match nothing.
  const arn = (of: readonly string[], group: string): string =>
    `arn:${of[0]}:logs:${of[1]}:${of[2]}:log-group:${group}:log-stream:${streams}`;
  principal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [arn([partition, region, account], name.value)] }),
  );
  const spelled = { '<AWS::Partition>': partition, '<AWS::Region>': region, '<AWS::AccountId>': account };
  const found = Object.entries(spelled).map(([pseudo, value]) => (Token.isUnresolved(value) ? pseudo : value));
  if (!Construct.isConstruct(principal)) return;
  Validations.of(principal).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${arn(found, name.inFindings)}]`,
    reason: 'streams are named after tasks, which are there at run time only; reading those of the recorder is all',
  });
}
