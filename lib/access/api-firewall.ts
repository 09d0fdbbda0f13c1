import { Fn, Names, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

export interface ApiFirewallProps {
  readonly stageArn: string;
  readonly encryptionKey: IKey;
  readonly removalPolicy: RemovalPolicy;
  /** Requests of one address in five minutes. */
  readonly perAddress: number;
}

/**
 * Rules that look at bodies count and do not block: a task may be about cross-site scripting, and is longer than 8 KB. It is
 * text here, read by no interpreter.
 */
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  AWSManagedRulesCommonRuleSet: [
    'SizeRestrictions_BODY',
    'CrossSiteScripting_BODY',
    'GenericLFI_BODY',
    'GenericRFI_BODY',
    'EC2MetaDataSSRF_BODY',
  ],
  AWSManagedRulesKnownBadInputsRuleSet: ['Log4JRCE_BODY', 'JavaDeserializationRCE_BODY'],
  AWSManagedRulesAmazonIpReputationList: [],
};

/**
 * What stands before the API: a rate for each address, and AWS's rules.
 *
 * @internal
 */
export class ApiFirewall extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, props: ApiFirewallProps) {
    super(scope, id);
    const metric = (metricName: string) => ({
      cloudWatchMetricsEnabled: true,
      metricName,
      sampledRequestsEnabled: false,
    });
    this.name = Names.uniqueResourceName(this, { maxLength: 100, separator: '-' });
    const acl = new CfnWebACL(this, 'Resource', {
      name: this.name,
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: metric('ControlApi'),
      rules: [
        {
          name: 'Rate',
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { aggregateKeyType: 'IP', limit: props.perAddress } },
          visibilityConfig: metric('Rate'),
        },
        ...Object.entries(COUNTED).map(([name, counted], i) => ({
          name,
          priority: i + 1,
          overrideAction: { none: {} },
          statement: {
            managedRuleGroupStatement: {
              vendorName: 'AWS',
              name,
              ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
            },
          },
          visibilityConfig: metric(name),
        })),
      ],
    });
    new CfnWebACLAssociation(this, 'Association', { resourceArn: props.stageArn, webAclArn: acl.attrArn });
    const logs = new LogGroup(this, 'Logs', {
      // WAF writes to groups of this beginning only. With the end of the stack's own id: the group may outlive its stack, and
      // the next one of the name needs another.
      logGroupName: `aws-waf-logs-${this.name}-${Fn.select(4, Fn.split('-', Stack.of(this).stackId))}`,
      encryptionKey: props.encryptionKey,
      retention: RetentionDays.ONE_YEAR,
      removalPolicy: props.removalPolicy,
    });
    const { partition, region, account } = Stack.of(this);
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      // Without the `:*` that a log group's own ARN ends in.
      logDestinationConfigs: [`arn:${partition}:logs:${region}:${account}:log-group:${logs.logGroupName}`],
      redactedFields: [{ singleHeader: { Name: 'authorization' } }],
    });
  }
}
