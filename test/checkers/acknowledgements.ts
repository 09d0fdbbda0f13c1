import type { Acknowledgement } from './finding';

/**
 * Findings of other people's checkers that stay, each with the reason why that is safe. `npm run checkers` fails on one
 * that answers to nothing any more. `resource` is matched against the logical id.
 */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    checker: 'cfn-lint',
    rule: 'W3005',
    resource: /^CustomVpcRestrictDefaultSGCustomResourceProviderHandler/,
    reason: 'aws-cdk-lib writes a dependency that the reference to the role implies already; it changes nothing',
  },
  {
    checker: 'cfn-lint',
    rule: 'W3005',
    resource:
      /(ZoneAssociation|EgressProxyAuthority|CredentialBroker)Function|(Lifecycle|ControlApi)Functions|LifecycleMachine/,
    reason: 'aws-cdk-lib writes a dependency that the reference to the role implies already; it changes nothing',
  },
  {
    checker: 'cfn-lint',
    rule: 'E3601',
    resource: /LifecycleMachine/,
    reason:
      'it reads the definition before `DefinitionSubstitutions` are filled in, and takes the placeholder of the partition ' +
      'for a wrong ARN; asl-validator judges the definition with them filled in',
  },
  {
    checker: 'cfn-lint',
    rule: 'W3010',
    resource: /Subnet/,
    reason: 'zones are written into a template only where the user names them in `availabilityZones`',
  },
  {
    checker: 'cfn-guard',
    rule: 'cloudwatch_log_group_encrypted_check',
    resource: /(EgressProxy|Lifecycle|ControlApi|CredentialBroker)\w*(Logs|Records)/,
    reason:
      "the key is the sessions stack's, read with Fn::GetStackOutput, which the rule does not know; in one stack it passes",
  },
  {
    checker: 'cfn-guard',
    rule: 'ecs_service_assign_public_ip_disabled_check',
    resource: /EgressProxyService/,
    reason: 'tier lean has no NAT: the address is the way out, and the security group lets in nobody but sessions',
  },
  {
    checker: 'cfn-guard',
    rule: 'ecr_private_lifecycle_policy_configured_check',
    resource: /Sessions\w+Repository/,
    reason:
      'a lifecycle policy deletes by age or count and knows no profile: it would take away an image that a profile pins ' +
      'by its digest, and sessions would stop to start',
  },
  {
    checker: 'cfn-guard',
    rule: 'ecs_container_insights_enabled_check',
    resource: /SessionsCluster/,
    reason: 'they are on, as `enhanced`, which the rule (of cfn-guard 3.1.1) does not know: it compares with `enabled`',
  },
  {
    checker: 'cfn-guard',
    rule: 'ecs_task_definition_log_configuration_check',
    resource: /Sessions\w+Task/,
    reason:
      'the agent has no log driver: awslogs has no cap, and an agent could spend without limit by writing to it. Its ' +
      'output goes to a volume, from where session-recorder ships it with a cap',
  },
  {
    checker: 'cfn-guard',
    rule: 'ecs_task_definition_memory_hard_limit_check',
    resource: /Sessions\w+Task/,
    reason:
      'the limit is the task: on Fargate it is a machine of its own with exactly the memory of the profile; a container ' +
      'that takes all of it ends its own session and nothing else',
  },
  {
    checker: 'cfn-guard',
    rule: 'lambda_inside_vpc_check',
    resource:
      /(ZoneAssociation|EgressProxyAuthority|CredentialBroker)Function|(Lifecycle|ControlApi)Functions|^CustomVpcRestrictDefaultSGCustomResourceProviderHandler/,
    reason: 'calls AWS APIs only; inside a VPC of the platform it would need a way out that nothing else there has',
  },
  {
    checker: 'cfn-guard',
    rule: 'lambda_function_public_access_prohibited_check',
    resource: /ControlApi\w+Permission/,
    reason:
      'API Gateway alone, for one method and path of this API (`SourceArn`); the rule wants `SourceAccount` beside it, ' +
      'which the ARN of an API of this account implies',
  },
  {
    checker: 'cfn-guard',
    rule: 'sqs_dlq_check',
    resource: /Lifecycle(LaunchLost|EventsLost)/,
    reason: 'they are the dead-letter queues; an alarm looks at each',
  },
  {
    checker: 'cfn-guard',
    rule: 'sqs_queue_encrypted_check',
    resource: /Lifecycle(Launches|LaunchLost)/,
    reason:
      "the key is the sessions stack's, read with Fn::GetStackOutput, which the rule does not know; in one stack it passes",
  },
  {
    checker: 'cfn-guard',
    rule: 'kms_create_grant_aws_service_check',
    resource: /CredentialBrokerGithubAppKey/,
    reason: 'its policy allows nobody to create grants; the rule wants a statement that says so for AWS services',
  },
  {
    checker: 'cfn-guard',
    rule: 'netfw_multi_az_enabled_check',
    resource: /FirewallZone\d/,
    reason:
      'one firewall a zone, so that every route finds the endpoint of its own zone; how many zones is what `tier` and ' +
      '`zoneCount` say',
  },
  {
    checker: 'cfn-guard',
    rule: 's3_bucket_default_encryption_kms_check',
    resource: /SessionsStoreAccessLogs/,
    reason: 'S3 delivers access logs only to buckets with its own keys',
  },
  {
    checker: 'cfn-guard',
    rule: 's3_bucket_logging_enabled_check',
    resource: /SessionsStoreAccessLogs/,
    reason: 'this is where the access logs go; logging its own deliveries would never end',
  },
  {
    checker: 'cfn-guard',
    rule: 's3_event_notifications_enabled_check',
    resource: /SessionsStore(AccessLogs|Payloads)/,
    reason: 'nothing listens: services are told of a session by its row; who touched an object is in the access logs',
  },
  {
    checker: 'cfn-guard',
    rule: 's3_bucket_object_lock_enabled_check',
    resource: /SessionsStore(AccessLogs|Payloads)/,
    reason:
      'payloads live for 30 days and are evidence of nothing; records have a store of their own, with Object Lock',
  },
];
