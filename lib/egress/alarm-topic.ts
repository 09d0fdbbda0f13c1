import { Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/**
 * Where alarms go, for whoever subscribes. CloudWatch may use the key: AWS's own key for SNS can't be opened to it, and
 * alarms would be lost without a word ("Troubleshooting encrypted topics", CloudWatch User Guide).
 *
 * @internal
 */
export function alarmTopic(scope: Construct, id: string, key: IKey): Topic {
  const { account } = Stack.of(scope);
  const topic = new Topic(scope, id, { masterKey: key, enforceSSL: true });
  const conditions = { StringEquals: { 'aws:SourceAccount': account } };
  const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com', { conditions });
  key.grant(cloudWatch, 'kms:Decrypt', 'kms:GenerateDataKey*');
  // A policy of its own takes the place of the one SNS gives a topic, which lets the whole account publish.
  topic.grantPublish(cloudWatch);
  return topic;
}
