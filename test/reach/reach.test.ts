import { exampleNames, templatesOf, templatesOfExample, variantNames } from '../templates';
import { findings, sessionReach } from '.';
import type { Finding } from './inventory';

/** architecture.md section 3, by hand: what a session can send to. Nothing here is computed from the product. */
const NETWORK = [
  'tcp 3128 to service subnets of the egress VPC',
  'tcp 443 to the endpoint ecr.api',
  'tcp 443 to the endpoint ecr.dkr',
  'tcp 443 to the endpoint logs',
  'tcp 443 to the gateway endpoint s3',
];
const NAMES = [
  '*.agents.internal',
  '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
  'agents.internal',
  'api.ecr.eu-west-1.amazonaws.com',
  'logs.eu-west-1.amazonaws.com',
  'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com',
];
/** Tier maximum: GuardDuty's sidecar reports, and its image lives in GuardDuty's account. */
const WATCHED = ['maximum', 'one-stack-maximum'];
const GUARDDUTY_NAMES = ['694911143906.dkr.ecr.eu-west-1.amazonaws.com', 'guardduty-data.eu-west-1.amazonaws.com'];

/**
 * Findings that stand, by variant. `unprotected` is the switch that lets a platform be destroyed, and this is its price.
 * The other line is a defect of the product: see aws-review.md F7c; take it away with the mend.
 */
const STANDING: Readonly<Record<string, readonly string[]>> = {
  unprotected: ['dns-mutable'],
  throwaway: ['dns-mutable'],
};

/** Examples that make a whole platform, with what stands in them: lean shows how to take it all away again. */
const PLATFORMS: [string, readonly string[]][] = [
  ['coding-agents', []],
  ['lean', ['dns-mutable']],
  ['library-import-platform', []],
];

const watched = (variant: string, extra: readonly string[]): readonly string[] =>
  WATCHED.includes(variant) ? extra : [];

describe('N2 what a session reaches, computed from the templates', () => {
  it.each(variantNames())('N2 %s: the network reach is the list of the architecture', (variant) => {
    const guardDuty = watched(variant, ['tcp 443 to the endpoint guardduty-data']);
    expect(sessionReach(templatesOf(variant)).network).toEqual([...NETWORK, ...guardDuty].sort());
  });

  it.each(variantNames())('N2 %s: the resolver answers the list of the architecture', (variant) => {
    expect(sessionReach(templatesOf(variant)).names).toEqual([...NAMES, ...watched(variant, GUARDDUTY_NAMES)].sort());
  });

  it('N2 the endpoints let through the pull of one repository, log lines and image layers', () => {
    const repository =
      'arn:aws:ecr:eu-west-1:111122223333:repository/cdk-hnb659fds-container-assets-111122223333-eu-west-1';
    const pull = (endpoint: string): string[] => [
      `${endpoint}: ecr:BatchCheckLayerAvailability on ${repository} for the execution role`,
      `${endpoint}: ecr:BatchGetImage on ${repository} for the execution role`,
      `${endpoint}: ecr:GetAuthorizationToken on * for the execution role`,
      `${endpoint}: ecr:GetDownloadUrlForLayer on ${repository} for the execution role`,
    ];
    expect(sessionReach(templatesOf('standard')).permits).toEqual([
      ...pull('ecr.api'),
      ...pull('ecr.dkr'),
      expect.stringMatching(/^logs: logs:CreateLogStream on <[\w-]+\/SessionsLogs\w+\.Arn> for the execution role$/),
      expect.stringMatching(/^logs: logs:PutLogEvents on <[\w-]+\/SessionsLogs\w+\.Arn> for the execution role$/),
      's3: s3:GetObject on arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/* for everyone',
    ]);
  });
});

function expectOnly(found: readonly Finding[], standing: readonly string[]): void {
  expect(found.filter((finding) => !standing.includes(finding.id))).toEqual([]);
  expect(standing.filter((id) => !found.some((finding) => finding.id === id))).toEqual([]);
}

describe('N2 N14 S4 nothing is found in what the product synthesizes', () => {
  it.each(variantNames())('N2 N14 S4 variant %s', (variant) => {
    expectOnly(findings(templatesOf(variant)), STANDING[variant] ?? []);
  });

  it.each(PLATFORMS)('N2 N14 S4 example %s', (example, standing) => {
    expect(sessionReach(templatesOfExample(example)).network).toEqual(NETWORK);
    expectOnly(findings(templatesOfExample(example)), standing);
  });

  it('N2 every example with a VPC for sessions is among them', () => {
    const withSessions = exampleNames().filter((name) =>
      JSON.stringify(templatesOfExample(name)).includes('.ecr.dkr"'),
    );
    expect(PLATFORMS.map(([name]) => name)).toEqual(withSessions);
  });
});
