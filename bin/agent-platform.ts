import { dirname, resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import { loadPlatformYaml, PlatformYamlError } from '../cli/load';
import { AgentPlatformStage } from '../lib/agent-platform-stage';
import { AgentPlatformChecks } from '../lib/checks';
import { propsFromConfig } from '../lib/profile/from-config';

function main(): void {
  const file = resolve(process.env.PLATFORM_YAML ?? 'platform.yaml');
  const config = loadPlatformYaml(file);
  const app = new App();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new NIST80053R5Checks(app), new AgentPlatformChecks());
  // A region without an account: zones stay "the first ones of the region", and no credentials are needed here.
  const env = { region: config.region };
  new AgentPlatformStage(app, config.name, { ...propsFromConfig(config, dirname(file)), env });
  app.synth();
}

try {
  main();
} catch (error) {
  if (!(error instanceof PlatformYamlError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
