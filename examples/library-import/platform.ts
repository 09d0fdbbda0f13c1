import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  AgentImage,
  AgentPlatform,
  EgressPreset,
  EgressRule,
  Grant,
  HttpMethod,
  SessionProfile,
  Tier,
} from 'cdk-agent-platform';

/** The platform as one construct in a stack of yours, beside resources of yours. */
const app = new App();
const stack = new Stack(app, 'team-agents', { env: { region: 'eu-west-1' } });

// Both exist already. Their ARNs may be deploy-time values: the policy documents are completed by CloudFormation.
const reader = Role.fromRoleName(stack, 'Reader', 'agents-read-staging');
const search = Secret.fromSecretNameV2(stack, 'SearchKey', 'agents/search-api-key');

const migrations = new SessionProfile('migrations', {
  image: AgentImage.fromPlatformRepository('migration-agent', `sha256:${'0'.repeat(64)}`),
  cpu: 2,
  memory: Size.gibibytes(8),
  lifetime: Duration.hours(3),
  presets: [EgressPreset.MAVEN, EgressPreset.GITHUB],
  rules: [EgressRule.https('docs.spring.io', { reason: 'upgrade guides' })],
  grants: [
    Grant.githubApp('github', { repositories: ['acme/billing'], write: true }),
    Grant.awsRole('staging', reader, { region: 'eu-west-1', services: ['dynamodb'] }),
    Grant.secretHeader('search', search, {
      host: 'api.search.example',
      header: 'x-api-key',
      methods: [HttpMethod.GET],
      paths: ['/v1/search'],
    }),
  ],
  models: { allow: ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0'], budgetUsd: 15 },
});

new AgentPlatform(stack, 'Agents', {
  profiles: [migrations],
  tier: Tier.STANDARD,
  repositories: ['migration-agent'],
});
