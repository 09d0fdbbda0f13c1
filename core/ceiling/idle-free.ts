/**
 * Types that cost nothing while no session runs: free, or billed by request, by byte or by event only. The list is
 * explicit so that a type nobody thought about is reported as not priced, and never counted as free.
 */
const FREE: Readonly<Record<string, string>> = {
  ApiGateway: `
    Account ApiKey Authorizer BasePathMapping Deployment DocumentationPart DomainName GatewayResponse Method
    Model RequestValidator Resource RestApi UsagePlan UsagePlanKey VpcLink`,
  ApiGatewayV2: 'Api ApiMapping Authorizer Deployment DomainName Integration Route Stage',
  AppConfig: `
    Application ConfigurationProfile Deployment DeploymentStrategy Environment Extension ExtensionAssociation
    HostedConfigurationVersion`,
  ApplicationAutoScaling: 'ScalableTarget ScalingPolicy',
  Athena: 'NamedQuery WorkGroup',
  Bedrock: 'ApplicationInferenceProfile Guardrail GuardrailVersion',
  CDK: 'Metadata',
  CertificateManager: 'Certificate',
  CloudFormation: 'WaitCondition WaitConditionHandle',
  // The trail's first copy of management events is free; data events and further copies are billed by event.
  CloudTrail: 'Trail',
  Cognito: 'UserPool UserPoolClient UserPoolDomain UserPoolGroup UserPoolResourceServer',
  // The attachment to a transit gateway and others with an hour's price are in idle-parts.ts.
  EC2: `
    DHCPOptions EIPAssociation EgressOnlyInternetGateway FlowLog GatewayRouteTableAssociation InternetGateway
    LaunchTemplate NetworkAcl NetworkAclEntry PrefixList Route RouteTable SecurityGroup SecurityGroupEgress
    SecurityGroupIngress Subnet SubnetCidrBlock SubnetNetworkAclAssociation SubnetRouteTableAssociation VPC
    VPCCidrBlock VPCDHCPOptionsAssociation VPCEndpointService VPCEndpointServicePermissions VPCGatewayAttachment
    VPCPeeringConnection VPCBlockPublicAccessExclusion VPCBlockPublicAccessOptions`,
  ECR: `
    PullThroughCacheRule RegistryPolicy RegistryScanningConfiguration ReplicationConfiguration Repository
    RepositoryCreationTemplate SigningConfiguration`,
  // A task definition costs nothing until a task runs from it; services are in idle-parts.ts.
  ECS: 'CapacityProvider ClusterCapacityProviderAssociations TaskDefinition',
  EFS: 'AccessPoint MountTarget',
  ElasticLoadBalancingV2: 'Listener ListenerCertificate ListenerRule TargetGroup TrustStore',
  Events: 'ApiDestination Archive Connection EventBus EventBusPolicy Rule',
  Glue: 'Database Table',
  IAM: `
    AccessKey Group InstanceProfile ManagedPolicy OIDCProvider Policy Role RolePolicy SAMLProvider
    ServiceLinkedRole User UserPolicy`,
  KMS: 'Alias',
  KinesisFirehose: 'DeliveryStream',
  Lambda: `
    CodeSigningConfig EventInvokeConfig EventSourceMapping Function LayerVersion LayerVersionPermission
    Permission Url`,
  Logs: `
    AccountPolicy Delivery DeliveryDestination DeliverySource Destination LogGroup LogStream MetricFilter
    QueryDefinition ResourcePolicy SubscriptionFilter`,
  NetworkFirewall: 'FirewallPolicy LoggingConfiguration RuleGroup',
  Pipes: 'Pipe',
  ResourceGroups: 'Group',
  Route53: 'CidrCollection RecordSet RecordSetGroup',
  // Queries are billed, their recording is not; domain lists and associations are in idle-parts.ts.
  Route53Resolver: `
    FirewallRuleGroup ResolverConfig ResolverDNSSECConfig ResolverQueryLoggingConfig
    ResolverQueryLoggingConfigAssociation ResolverRule ResolverRuleAssociation`,
  S3: 'AccessPoint Bucket BucketPolicy',
  SNS: 'Subscription Topic TopicInlinePolicy TopicPolicy',
  SQS: 'Queue QueueInlinePolicy QueuePolicy',
  Scheduler: 'Schedule ScheduleGroup',
  SecretsManager: 'ResourcePolicy RotationSchedule SecretTargetAttachment',
  ServiceDiscovery: 'HttpNamespace Service',
  Signer: 'ProfilePermission SigningProfile',
  StepFunctions: 'Activity StateMachine StateMachineAlias StateMachineVersion',
  VerifiedPermissions: 'IdentitySource Policy PolicyStore PolicyTemplate',
  VpcLattice: `
    AccessLogSubscription AuthPolicy Listener ResourcePolicy Rule ServiceNetwork
    ServiceNetworkServiceAssociation ServiceNetworkVpcAssociation TargetGroup`,
  WAFv2: 'IPSet LoggingConfiguration RegexPatternSet WebACLAssociation',
};

/**
 * Custom resources of aws-cdk-lib and of this package: each changes something that is there, and makes nothing that is
 * billed. Others can make anything, so they are reported.
 */
const FREE_CUSTOM: readonly string[] = [
  'Custom::CertificateAuthority',
  'Custom::CrossRegionExportReader',
  'Custom::CrossRegionExportWriter',
  'Custom::ECRAutoDeleteImages',
  'Custom::LogRetention',
  'Custom::PublishedKeys',
  'Custom::S3AutoDeleteObjects',
  'Custom::S3BucketNotifications',
  'Custom::SessionEpoch',
  'Custom::VpcRestrictDefaultSG',
  'Custom::ZoneAssociation',
];

const TYPES: ReadonlySet<string> = new Set([
  ...Object.entries(FREE).flatMap(([service, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => `AWS::${service}::${name}`),
  ),
  ...FREE_CUSTOM,
]);

export function isIdleFree(type: string): boolean {
  return TYPES.has(type);
}
