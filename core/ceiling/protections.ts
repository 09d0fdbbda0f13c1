import { type Fields, fields, isTrue, list, type TemplateResource } from './template';

/** What AWS wants emptied: whether it is empty already, a template can't say. */
export const EMPTY_IT = 'empty it';

/**
 * What AWS wants switched off or emptied before it deletes this resource; empty when nothing stands in the way.
 *
 * @param kept whether the stack leaves it behind: then emptying comes with deleting it by hand, and is not repeated here
 */
export function protections(resource: TemplateResource, kept: boolean): readonly string[] {
  const found = (SWITCHES.get(resource.type) ?? []).filter(({ on }) => on(resource.properties)).map(({ say }) => say);
  const content = kept ? undefined : CONTENT.get(resource.type)?.(resource.properties);
  return content === undefined ? found : [...found, content];
}

interface Switch {
  readonly on: (properties: Fields) => boolean;
  readonly say: string;
}

const SWITCHES: ReadonlyMap<string, readonly Switch[]> = new Map(
  Object.entries({
    'AWS::AppConfig::ConfigurationProfile': [deletionCheck()],
    'AWS::AppConfig::Environment': [deletionCheck()],
    'AWS::Cognito::UserPool': [
      { on: ({ DeletionProtection: value }) => value === 'ACTIVE', say: 'switch off DeletionProtection' },
    ],
    'AWS::DynamoDB::GlobalTable': [
      {
        on: ({ Replicas: replicas }) =>
          (list(replicas) ?? []).some((replica) => isTrue(fields(replica).DeletionProtectionEnabled)),
        say: 'switch off DeletionProtectionEnabled',
      },
    ],
    'AWS::DynamoDB::Table': [flag('DeletionProtectionEnabled')],
    'AWS::ElasticLoadBalancingV2::LoadBalancer': [
      {
        on: ({ LoadBalancerAttributes: attributes }) =>
          (list(attributes) ?? []).some(
            (attribute) => fields(attribute).Key === 'deletion_protection.enabled' && isTrue(fields(attribute).Value),
          ),
        say: 'switch off deletion_protection.enabled',
      },
    ],
    'AWS::Logs::LogGroup': [flag('DeletionProtectionEnabled')],
    'AWS::NetworkFirewall::Firewall': [flag('DeleteProtection')],
    'AWS::Route53Resolver::FirewallRuleGroupAssociation': [
      { on: ({ MutationProtection: value }) => value === 'ENABLED', say: 'switch off MutationProtection' },
    ],
    'AWS::S3::Bucket': [
      {
        on: ({ ObjectLockEnabled: value }) => isTrue(value),
        say: 'Object Lock: objects can go only after their retention has ended',
      },
    ],
    'AWS::VerifiedPermissions::PolicyStore': [
      {
        on: ({ DeletionProtection: value }) => fields(value).Mode === 'ENABLED',
        say: 'switch off DeletionProtection',
      },
    ],
  }),
);

/** CDK marks what its own function empties with a tag; without one, deletion of what holds something fails. */
const CONTENT: ReadonlyMap<string, (properties: Fields) => string | undefined> = new Map(
  Object.entries({
    'AWS::ECR::Repository': (properties: Fields) =>
      isTrue(properties.EmptyOnDelete) || hasTag(properties, 'aws-cdk:auto-delete-images') ? undefined : EMPTY_IT,
    'AWS::S3::Bucket': (properties: Fields) =>
      hasTag(properties, 'aws-cdk:auto-delete-objects') ? undefined : EMPTY_IT,
  }),
);

function flag(name: string): Switch {
  return { on: (properties) => isTrue(properties[name]), say: `switch off ${name}` };
}

function deletionCheck(): Switch {
  return {
    on: ({ DeletionProtectionCheck: value }) => value === 'APPLY',
    say: 'not while a service has read it within the protection period',
  };
}

function hasTag(properties: Fields, key: string): boolean {
  return (list(properties.Tags) ?? []).some((tag) => fields(tag).Key === key && isTrue(fields(tag).Value));
}
