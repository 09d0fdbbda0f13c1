import { dirname, resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import { loadPlatformYaml } from '../cli/load';
import { AgentPlatformStage } from '../lib/agent-platform-stage';
import { AgentPlatformChecks } from '../lib/checks';
import { propsFromConfig } from '../lib/profile/from-config';

const file = resolve(process.env.PLATFORM_YAML ?? 'platform.yaml');
const config = loadPlatformYaml(file);

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new NIST80053R5Checks(app), new AgentPlatformChecks());
new AgentPlatformStage(app, config.name, { ...propsFromConfig(config, dirname(file)), env: { region: config.region } });
app.synth();
