import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type Environment, Stack } from 'aws-cdk-lib';
import { readPlatformYaml } from '../core/profile/read';
import { AgentImage, AgentPlatform, AgentPlatformStage, type PlatformProps, Tier } from '../lib';
import { propsFromConfig } from '../lib/profile/from-config';

const ROOT = join(__dirname, '..');
const REGION = 'eu-west-1';
const SESSION_IMAGE = `111122223333.dkr.ecr.${REGION}.amazonaws.com/platform/session@sha256:${'5'.repeat(64)}`;

/** The flags that `cdk init` recommends, as cdk.json has them. */
export const RECOMMENDED_FLAGS: Record<string, unknown> = JSON.parse(
  readFileSync(join(ROOT, 'cdk.json'), 'utf8'),
).context;

/**
 * The props that test/platform.yaml gives: the platform.yaml at the root as it was shipped, so that nobody's own file
 * there changes what the tests pin.
 */
export function rootProps(): PlatformProps {
  const result = readPlatformYaml(readFileSync(join(__dirname, 'platform.yaml'), 'utf8'), 'platform.yaml');
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return propsFromConfig(result.config, __dirname);
}

type Make = (app: App) => void;

const stage =
  (props: Partial<PlatformProps>): Make =>
  (app) => {
    new AgentPlatformStage(app, 'acme', { ...rootProps(), ...props, env: { region: REGION } });
  };

const oneStack =
  (props: Partial<PlatformProps>, env: Environment = { region: REGION }): Make =>
  (app) => {
    new AgentPlatform(new Stack(app, 'acme', { env }), 'Agents', { ...rootProps(), ...props });
  };

/** Every tier and switch. Tests over all of them read the templates, see templates.ts. */
export const VARIANTS: Readonly<Record<string, Make>> = {
  lean: stage({ tier: Tier.LEAN }),
  standard: stage({ tier: Tier.STANDARD }),
  maximum: stage({ tier: Tier.MAXIMUM }),
  'three-zones': stage({ zoneCount: 3 }),
  'named-zones': stage({ availabilityZones: ['eu-west-1a', 'eu-west-1c'] }),
  throwaway: stage({ throwaway: true }),
  unprotected: stage({ deletionProtection: false }),
  'session-image': stage({ sessionImage: AgentImage.fromUri(SESSION_IMAGE) }),
  'one-stack': oneStack({}),
  'one-stack-maximum': oneStack({ tier: Tier.MAXIMUM, sessionImage: AgentImage.fromUri(SESSION_IMAGE) }),
  'one-stack-any-region': oneStack({}, {}),
};

/** A fresh app with one variant in it. */
export function appWith(make: Make, flags: Record<string, unknown> = RECOMMENDED_FLAGS, outdir?: string): App {
  const app = new App({ postCliContext: flags, outdir });
  make(app);
  return app;
}
