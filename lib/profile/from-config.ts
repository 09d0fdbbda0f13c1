import { resolve } from 'node:path';
import { Duration, Size } from 'aws-cdk-lib';
import type { PresetName } from '../../core/egress/presets';
import type { ImageConfig, PlatformConfig, ProfileConfig } from '../../core/profile/config';
import { Tier } from '../network/tier';
import type { PlatformProps } from '../platform-props';
import { AgentImage } from './agent-image';
import { EgressPreset, EgressRule } from './egress';
import { Grant } from './grant';
import { SessionProfile } from './session-profile';

/**
 * What platform.yaml says, as the props that code would give: both go one way from here.
 *
 * @param folder of the file; paths of images are relative to it
 * @internal
 */
export function propsFromConfig(config: PlatformConfig, folder: string): PlatformProps {
  const zones = config.network.availabilityZones;
  return {
    profiles: Object.entries(config.profiles).map(([name, profile]) => profileFromConfig(name, profile, folder)),
    tier: { lean: Tier.LEAN, standard: Tier.STANDARD, maximum: Tier.MAXIMUM }[config.tier],
    ...(typeof zones === 'number' ? { zoneCount: zones } : { availabilityZones: zones && [...zones] }),
    sessionsCidr: config.network.sessionsCidr,
    egressCidr: config.network.egressCidr,
    zoneName: config.network.zone,
    s3PrefixList: config.network.s3PrefixList,
    blockedHosts: [...config.blocked],
    repositories: [...config.repositories],
    deletionProtection: config.deletionProtection,
    throwaway: config.throwaway,
  };
}

function profileFromConfig(name: string, config: ProfileConfig, folder: string): SessionProfile {
  return new SessionProfile(name, {
    image: imageFromConfig(config.image, folder),
    command: config.command && [...config.command],
    cpu: config.size.cpu,
    memory: Size.mebibytes(config.size.memory),
    storage: Size.gibibytes(config.size.storage),
    lifetime: Duration.seconds(config.lifetime),
    idleTimeout: Duration.seconds(config.idleTimeout),
    presets: config.egress.presets.map((preset) => EgressPreset._named(preset as PresetName)),
    rules: config.egress.rules.map((rule) => EgressRule._fromConfig(rule)),
    requestable: config.egress.requestable.map((rule) => EgressRule._fromConfig(rule)),
    observeOnly: config.egress.mode === 'observe',
    blockedHosts: [...config.egress.blocked],
    grants: Object.entries(config.grants).map(([id, grant]) => Grant._fromConfig(id, grant)),
    models: { allow: [...config.models.allow], budgetUsd: config.models.budget },
  });
}

function imageFromConfig(image: ImageConfig, folder: string): AgentImage {
  if (typeof image === 'string') return AgentImage.fromUri(image);
  if ('build' in image) return AgentImage.fromAsset(resolve(folder, image.build));
  return AgentImage.fromPlatformRepository(image.repository, image.digest);
}
