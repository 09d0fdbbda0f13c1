import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPlatformYaml } from '../../../core/profile/read';
import { AgentPlatformStage } from '../../../lib';
import { propsFromConfig } from '../../../lib/profile/from-config';
import { ENV, synthesize } from './program';

/** The platform.yaml at the root, as bin/agent-platform.ts makes it, without the packs of checks. */
synthesize((app) => {
  const folder = process.env.PLATFORM_FOLDER ?? '';
  const result = readPlatformYaml(readFileSync(join(folder, 'platform.yaml'), 'utf8'), 'platform.yaml');
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  new AgentPlatformStage(app, result.config.name, { ...propsFromConfig(result.config, folder), env: ENV });
});
