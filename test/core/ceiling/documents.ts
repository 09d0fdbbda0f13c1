import type { PolicyDocument } from '../../../core/egress/document';
import type { EgressRule } from '../../../core/egress/rule';
import { compileProfile } from '../../../core/profile/compile';
import type { ProfileConfig } from '../../../core/profile/config';

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** The profile of platform.yaml, through the compiler that the app uses. */
export function codingProfile(more: Partial<ProfileConfig> = {}): PolicyDocument {
  const result = compileProfile({
    name: 'coding',
    image: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/coding-agent@${DIGEST}`,
    blocked: [],
    config: {
      image: { build: './image' },
      size: { cpu: 2, memory: 8192, storage: 30 },
      lifetime: 7200,
      idleTimeout: 900,
      egress: {
        presets: ['npm', 'pypi'],
        rules: [{ host: '.nodejs.org', reason: 'documentation' }],
        requestable: [{ host: 'docs.aws.amazon.com', reason: 'documentation' }],
        blocked: [],
      },
      grants: { github: { kind: 'github-app', repositories: ['acme/shop'], access: 'write' } },
      models: { allow: ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0'], budget: 20 },
      ...more,
    },
  });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.document;
}

export function rule(more: Partial<EgressRule>): EgressRule {
  return {
    id: 'rule.1',
    host: 'api.example.com',
    methods: ['POST'],
    port: 443,
    origin: { kind: 'rule', name: 'api.example.com' },
    reason: 'test',
    ...more,
  };
}

export function withRules(rules: readonly EgressRule[], more: Partial<PolicyDocument> = {}): PolicyDocument {
  return { ...codingProfile({ grants: {} }), rules: [...rules], requestable: [], ...more };
}
