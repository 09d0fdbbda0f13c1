/**
 * Facts about a region that a CloudFormation template can't look up at deploy.
 *
 * Why a table: the route of an S3 gateway endpoint leads to public S3 addresses, so a security group has to allow 443
 * to the AWS-managed prefix list `com.amazonaws.<region>.s3`. No attribute of AWS::EC2::VPCEndpoint returns its id. A
 * CDK context look-up would need AWS credentials at synth, and allowing 443 to 0.0.0.0/0 instead would be a route out.
 * The account that hosts GuardDuty's Fargate agent is published only in a documentation page.
 *
 * Prefix list ids are unique only within a region: ap-northeast-2 and ap-south-1 really have the same id for S3, and an
 * id that means S3 in one region can mean DynamoDB in another. Don't tidy them up or reuse one across regions.
 *
 * A region is left out, not guessed, unless its prefix list id is published in two independent places.
 *
 * Gathered 2026-11-22 from stored copies of public documents, not from a live account. To check a region:
 * `aws ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values=com.amazonaws.<region>.s3`.
 *
 * Sources:
 * - Amazon GuardDuty User Guide, 'ECR Repository for GuardDuty agent on AWS Fargate (Amazon ECS only)'.
 * - AWS CLI Command Reference, 'describe-prefix-lists' (us-east-1).
 * - cloudformation-coverage-roadmap issue 453, 'AWS::EC2::VPCEndpoint-Output-PrefixId(Gateway)'.
 * - Juniper/vSRX-AWS issue 14, 'Unable to get mapping for PrefixListIdMap:eu-north-1:s3'.
 * - turbot/steampipe-plugin-aws pull request 813, 'Add table aws_ec2_managed_prefix_list'.
 * - Command output and template mappings in public repositories, compared with each other.
 */
export interface RegionFacts {
  /** Id of the AWS-managed prefix list `com.amazonaws.<region>.s3`. */
  readonly s3PrefixList: string;
  /**
   * Account of the ECR repository `aws-guardduty-agent-fargate`, from which GuardDuty's sidecar is pulled. A string,
   * because account ids can start with zero.
   */
  readonly guardDutyAccount?: string;
}

/** Keyed by region name. Look-ups of a region that isn't listed must fail, not fall back to a wider rule. */
export const REGIONS: Readonly<Record<string, RegionFacts>> = {
  // Fewer sources than the others: one mapping, one deployed route table, one table of unknown origin.
  'ap-northeast-3': { s3PrefixList: 'pl-a4a540cd', guardDutyAccount: '273192626886' },

  // Five or more sources each, at least one of them output of the AWS API.
  'ap-northeast-1': { s3PrefixList: 'pl-61a54008', guardDutyAccount: '533107202818' },
  'ap-northeast-2': { s3PrefixList: 'pl-78a54011', guardDutyAccount: '914738172881' },
  'ap-south-1': { s3PrefixList: 'pl-78a54011', guardDutyAccount: '251508486986' },
  'ap-southeast-1': { s3PrefixList: 'pl-6fa54006', guardDutyAccount: '174946120834' },
  'ap-southeast-2': { s3PrefixList: 'pl-6ca54005', guardDutyAccount: '005257825471' },
  'ca-central-1': { s3PrefixList: 'pl-7da54014', guardDutyAccount: '354763396469' },
  'eu-central-1': { s3PrefixList: 'pl-6ea54007', guardDutyAccount: '323658145986' },
  'eu-north-1': { s3PrefixList: 'pl-c3aa4faa', guardDutyAccount: '591436053604' },
  'eu-west-1': { s3PrefixList: 'pl-6da54004', guardDutyAccount: '694911143906' },
  'eu-west-2': { s3PrefixList: 'pl-7ca54015', guardDutyAccount: '892757235363' },
  'eu-west-3': { s3PrefixList: 'pl-23ad484a', guardDutyAccount: '665651866788' },
  'sa-east-1': { s3PrefixList: 'pl-6aa54003', guardDutyAccount: '758426053663' },
  'us-east-1': { s3PrefixList: 'pl-63a5400a', guardDutyAccount: '593207742271' },
  'us-east-2': { s3PrefixList: 'pl-7ba54012', guardDutyAccount: '307168627858' },
  'us-west-1': { s3PrefixList: 'pl-6ba54002', guardDutyAccount: '684579721401' },
  'us-west-2': { s3PrefixList: 'pl-68a54001', guardDutyAccount: '733349766148' },
};
