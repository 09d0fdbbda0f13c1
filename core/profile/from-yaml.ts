import type { GrantConfig, PlatformConfig, ProfileConfig, TargetConfig } from './config';
import { DEFAULTS } from './defaults';
import type { GrantYaml, PlatformYaml, ProfileYaml, RuleYaml } from './yaml-schema';

/** The values of platform.yaml with their units read and defaults filled in. */
export function toConfig(yaml: PlatformYaml): PlatformConfig {
  return {
    name: yaml.name,
    region: yaml.region,
    tier: yaml.tier ?? 'standard',
    throwaway: yaml.throwaway ?? false,
    deletionProtection: yaml.deletionProtection,
    network: yaml.network ?? {},
    repositories: yaml.repositories ?? [],
    blocked: yaml.blocked ?? [],
    profiles: Object.fromEntries(
      Object.entries(yaml.profiles).map(([name, profile]) => [name, toProfile(profile, yaml.region)]),
    ),
  };
}

export function toProfile(yaml: ProfileYaml, region: string): ProfileConfig {
  const lifetime = yaml.lifetime ? seconds(yaml.lifetime) : DEFAULTS.lifetimeSeconds;
  return {
    image: yaml.image,
    ...(yaml.command && { command: yaml.command }),
    size: {
      cpu: yaml.size?.cpu ?? DEFAULTS.cpu,
      memory: yaml.size?.memory ? mebibytes(yaml.size.memory) : DEFAULTS.memoryMiB,
      storage: yaml.size?.storage ? mebibytes(yaml.size.storage) / 1024 : DEFAULTS.storageGiB,
    },
    lifetime,
    idleTimeout: yaml.idleTimeout ? seconds(yaml.idleTimeout) : Math.min(DEFAULTS.idleSeconds, lifetime),
    egress: {
      ...(yaml.egress?.mode && { mode: yaml.egress.mode }),
      presets: yaml.egress?.presets ?? [],
      rules: (yaml.egress?.rules ?? []).map(toRule),
      requestable: (yaml.egress?.requestable ?? []).map(toRule),
      blocked: yaml.egress?.blocked ?? [],
    },
    grants: Object.fromEntries(Object.entries(yaml.grants ?? {}).map(([id, grant]) => [id, toGrant(grant, region)])),
    models: { allow: yaml.models?.allow ?? [], budget: yaml.models?.budget.usd ?? 0 },
  };
}

function toRule(rule: RuleYaml): TargetConfig & { reason?: string } {
  const { maxBody, ...rest } = rule;
  return { ...rest, ...(maxBody && { maxBody: mebibytes(maxBody) * 1024 * 1024 }) };
}

function toGrant(grant: GrantYaml, region: string): GrantConfig {
  if (grant.kind === 'github-app') return grant;
  if (grant.kind === 'aws-role') return { ...grant, region: grant.region ?? region };
  const { maxBody, ...rest } = grant;
  return { ...rest, ...(maxBody && { maxBody: mebibytes(maxBody) * 1024 * 1024 }) };
}

function seconds(text: string): number {
  return Number.parseInt(text, 10) * ({ s: 1, m: 60, h: 3600 }[text.slice(-1)] ?? Number.NaN);
}

function mebibytes(text: string): number {
  return Number.parseInt(text, 10) * (text.endsWith('GiB') ? 1024 : 1);
}
