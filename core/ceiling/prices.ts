/** Of every row below. A price that moves is changed together with this date. */
export const PRICE_DATE = '2026-11';
export const PRICE_REGION = 'us-east-1';

/** AWS's own pricing pages count a month so. */
export const HOURS_PER_MONTH = 730;

export interface Price {
  readonly what: string;
  readonly usd: number;
  readonly per: 'hour' | 'month' | 'GB-month';
  /** AWS's page, and in brackets how the number was checked where that page could not be read itself. */
  readonly source: string;
}

/**
 * List prices without free tiers (they belong to the account), discounts or taxes. Other regions differ, mostly upward
 * and by up to 30 %; a table of factors would need a source for each region and service, so there is none.
 *
 * Only what costs money while no session runs, and the compute of a session. Requests, logs written, data moved and
 * model tokens are usage and not here.
 */
export const PRICES = {
  firewallEndpoint: {
    what: 'Network Firewall endpoint',
    usd: 0.395,
    per: 'hour',
    source: 'aws.amazon.com/network-firewall/pricing (a published bill analysis, usage type USE1-Endpoint-Hour)',
  },
  natGateway: {
    what: 'NAT gateway',
    usd: 0.045,
    per: 'hour',
    source: 'aws.amazon.com/vpc/pricing, read 2026-09-20',
  },
  interfaceEndpoint: {
    what: 'interface endpoint in one zone',
    usd: 0.01,
    per: 'hour',
    source: 'aws.amazon.com/privatelink/pricing (review of 2026-05)',
  },
  publicIpv4: {
    what: 'public IPv4 address',
    usd: 0.005,
    per: 'hour',
    source: 'aws.amazon.com/vpc/pricing, public IPv4 addresses; AWS networking blog, charge since 2024-02-01',
  },
  resolverEndpointAddress: {
    what: 'Route 53 Resolver endpoint address',
    usd: 0.125,
    per: 'hour',
    source: 'aws.amazon.com/route53/pricing, read 2026-09-20',
  },
  dnsFirewallDomain: {
    what: 'DNS Firewall domain name',
    usd: 0.0005,
    per: 'month',
    source: 'aws.amazon.com/route53/pricing, read 2026-09-20',
  },
  dnsFirewallAdvanced: {
    what: 'DNS Firewall Advanced rule group on a VPC',
    usd: 0.16,
    per: 'hour',
    source: 'aws.amazon.com/route53/pricing, read 2026-09-20',
  },
  hostedZone: {
    what: 'hosted zone',
    usd: 0.5,
    per: 'month',
    source: 'aws.amazon.com/route53/pricing, read 2026-09-20; Cloud Map makes one for a DNS namespace',
  },
  transitGatewayAttachment: {
    what: 'transit gateway attachment',
    usd: 0.05,
    per: 'hour',
    source: 'aws.amazon.com/transit-gateway/pricing (a published bill analysis)',
  },
  latticeService: {
    what: 'VPC Lattice service',
    usd: 0.025,
    per: 'hour',
    source: 'aws.amazon.com/vpc/lattice/pricing, example, read 2026-09-20',
  },
  loadBalancer: {
    what: 'load balancer (application or network)',
    usd: 0.0225,
    per: 'hour',
    source: 'aws.amazon.com/elasticloadbalancing/pricing (review of 2026-05); capacity units are usage',
  },
  fargateVcpuX86: {
    what: 'Fargate vCPU, Linux x86',
    usd: 0.04048,
    per: 'hour',
    source: 'aws.amazon.com/fargate/pricing (reviews of 2026-03 and 2026-06)',
  },
  fargateGbX86: {
    what: 'Fargate GB, Linux x86',
    usd: 0.004445,
    per: 'hour',
    source: 'aws.amazon.com/fargate/pricing (reviews of 2026-03 and 2026-06)',
  },
  fargateVcpuArm: {
    what: 'Fargate vCPU, Linux ARM',
    usd: 0.03238,
    per: 'hour',
    source: 'aws.amazon.com/fargate/pricing (review)',
  },
  fargateGbArm: {
    what: 'Fargate GB, Linux ARM',
    usd: 0.00356,
    per: 'hour',
    source: 'aws.amazon.com/fargate/pricing (review)',
  },
  fargateStorageGb: {
    what: 'Fargate storage GB above 20',
    usd: 0.000111,
    per: 'hour',
    source: 'aws.amazon.com/fargate/pricing (review)',
  },
  kmsKey: {
    what: 'KMS key',
    usd: 1,
    per: 'month',
    source: 'aws.amazon.com/kms/pricing (reviews of 2026-03 and 2026-06); the first two rotations add 1 each',
  },
  secret: {
    what: 'secret',
    usd: 0.4,
    per: 'month',
    source: 'aws.amazon.com/secrets-manager/pricing, example, read 2026-09-20',
  },
  advancedParameter: {
    what: 'advanced SSM parameter',
    usd: 0.05,
    per: 'month',
    source: 'aws.amazon.com/systems-manager/pricing (from memory)',
  },
  alarmMetric: {
    what: 'CloudWatch alarm metric',
    usd: 0.1,
    per: 'month',
    source: 'aws.amazon.com/cloudwatch/pricing (review of 2026)',
  },
  alarmMetricFast: {
    what: 'CloudWatch alarm metric under 60 s',
    usd: 0.3,
    per: 'month',
    source: 'aws.amazon.com/cloudwatch/pricing (review of 2026)',
  },
  compositeAlarm: {
    what: 'CloudWatch composite alarm',
    usd: 0.5,
    per: 'month',
    source: 'aws.amazon.com/cloudwatch/pricing (review of 2026)',
  },
  dashboard: {
    what: 'CloudWatch dashboard',
    usd: 3,
    per: 'month',
    source: 'aws.amazon.com/cloudwatch/pricing (review of 2026-06)',
  },
  webAcl: { what: 'WAF web ACL', usd: 5, per: 'month', source: 'aws.amazon.com/waf/pricing (reviews of 2026)' },
  webAclRule: { what: 'WAF rule', usd: 1, per: 'month', source: 'aws.amazon.com/waf/pricing (reviews of 2026)' },
  tableReadUnit: {
    what: 'DynamoDB provisioned read unit',
    usd: 0.00013,
    per: 'hour',
    source: 'aws.amazon.com/dynamodb/pricing/provisioned (from memory)',
  },
  tableWriteUnit: {
    what: 'DynamoDB provisioned write unit',
    usd: 0.00065,
    per: 'hour',
    source: 'aws.amazon.com/dynamodb/pricing/provisioned (from memory)',
  },

  bucketGb: { what: 'S3 Standard', usd: 0.023, per: 'GB-month', source: 'aws.amazon.com/s3/pricing (from memory)' },
  tableGb: {
    what: 'DynamoDB storage',
    usd: 0.25,
    per: 'GB-month',
    source: 'aws.amazon.com/dynamodb/pricing/on-demand (from memory)',
  },
  tableBackupGb: {
    what: 'DynamoDB point-in-time recovery',
    usd: 0.2,
    per: 'GB-month',
    source: 'aws.amazon.com/dynamodb/pricing/on-demand (from memory)',
  },
  logGb: {
    what: 'CloudWatch Logs storage',
    usd: 0.03,
    per: 'GB-month',
    source: 'aws.amazon.com/cloudwatch/pricing (from memory)',
  },
  imageGb: { what: 'ECR storage', usd: 0.1, per: 'GB-month', source: 'aws.amazon.com/ecr/pricing (from memory)' },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof PRICES;

/** USD a month for one unit that is there all month. */
export function monthly(name: PriceName): number {
  const { usd, per } = PRICES[name];
  return per === 'hour' ? usd * HOURS_PER_MONTH : usd;
}
