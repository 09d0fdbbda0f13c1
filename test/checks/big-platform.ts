import { type App, Stack } from 'aws-cdk-lib';
import {
  AgentImage,
  AgentPlatform,
  AgentPlatformStage,
  EgressPreset,
  EgressRule,
  Grant,
  HttpMethod,
  type PlatformProps,
  SessionProfile,
  Tier,
} from '../../lib';

const PRESETS = [
  EgressPreset.GITHUB,
  EgressPreset.NPM,
  EgressPreset.PYPI,
  EgressPreset.CRATES,
  EgressPreset.GO,
  EgressPreset.MAVEN,
  EgressPreset.DEBIAN,
  EgressPreset.DOCKER,
];

/** A large organisation: many profiles, each with every preset, a grant and many hosts nobody else has. */
export function bigProps(profiles: number, rulesEach: number): PlatformProps {
  return {
    tier: Tier.MAXIMUM,
    zoneCount: 3,
    repositories: ['agents'],
    profiles: Array.from({ length: profiles }, (_, profile) => {
      return new SessionProfile(`profile-${profile}`, {
        image: AgentImage.fromPlatformRepository('agents', `sha256:${'5'.repeat(64)}`),
        presets: PRESETS,
        models: { allow: ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0'], budgetUsd: 20 },
        grants: [Grant.githubApp('github', { repositories: ['acme/shop', 'acme/web'], write: true })],
        rules: Array.from({ length: rulesEach }, (_, rule) =>
          EgressRule.https(`service-${rule}.team-${profile}.example.com`, {
            methods: [HttpMethod.GET, HttpMethod.POST],
            paths: [`/v1/things/${rule}/**`, '/v2/*/read'],
            reason: `what team ${profile} reads from and writes to its service ${rule}`,
          }),
        ),
      });
    }),
  };
}

const env = { region: 'eu-west-1' };

/** In three stacks. */
export function bigStage(app: App, props: PlatformProps): void {
  new AgentPlatformStage(app, 'big', { ...props, env });
}

/** In one stack. */
export function bigStack(app: App, props: PlatformProps): Stack {
  const stack = new Stack(app, 'big', { env });
  new AgentPlatform(stack, 'Agents', props);
  return stack;
}
