import type { Mode } from '../egress/document';
import type { Method } from '../egress/rule';

/**
 * What a profile says, in plain values. `platform.yaml` gives it after its units are read, the classes of lib/profile
 * render to it, and {@link compileProfile} takes nothing else: one path, whoever wrote the profile.
 *
 * Keys are those of platform.yaml, so a problem's path finds its line there.
 */
export interface ProfileConfig {
  readonly image: ImageConfig;
  readonly command?: readonly string[];
  readonly size: SizeConfig;
  /** Seconds after which the session is stopped, whatever it does. */
  readonly lifetime: number;
  /** Seconds without model call or request after which it is stopped. */
  readonly idleTimeout: number;
  readonly egress: EgressConfig;
  readonly grants: Readonly<Record<string, GrantConfig>>;
  readonly models: ModelsConfig;
}

/** A string is a full reference by digest; the others become one when the template is made. */
export type ImageConfig =
  | string
  | { readonly build: string }
  | { readonly repository: string; readonly digest: string };

export interface SizeConfig {
  /** vCPUs. */
  readonly cpu: number;
  readonly memory: number;
  readonly storage: number;
}

export interface EgressConfig {
  /** Absent: enforce. */
  readonly mode?: Mode;
  readonly presets: readonly string[];
  readonly rules: readonly RuleConfig[];
  readonly requestable: readonly RuleConfig[];
  readonly blocked: readonly string[];
}

/** Which requests to a host. Sizes in bytes, rates in requests a minute. */
export interface TargetConfig {
  readonly host: string;
  readonly methods?: readonly Method[];
  readonly paths?: readonly string[];
  readonly query?: readonly { readonly name: string; readonly values?: readonly string[] }[];
  readonly graphql?: {
    readonly operations: readonly ('query' | 'mutation' | 'subscription')[];
    readonly fields?: readonly string[];
  };
  readonly mcp?: { readonly tools: readonly string[] };
  readonly maxBody?: number;
  readonly rate?: number;
  readonly websocket?: boolean;
  readonly urls?: 'seen';
  readonly maxUrlBytes?: number;
  readonly maxOpaqueBytes?: number;
  readonly distinctUrls?: number;
  readonly allowPrivate?: boolean;
  readonly ask?: boolean;
}

export interface RuleConfig extends TargetConfig {
  readonly reason?: string;
}

export type GrantConfig =
  | { readonly kind: 'github-app'; readonly repositories: readonly string[]; readonly access: 'read' | 'write' }
  | {
      readonly kind: 'aws-role';
      readonly role: string;
      readonly region: string;
      readonly services?: readonly string[];
      readonly buckets?: readonly string[];
    }
  | ({
      readonly kind: 'secret-header';
      readonly secret: string;
      readonly header: string;
      readonly prefix?: string;
    } & TargetConfig)
  | ({ readonly kind: 'oauth'; readonly provider: string; readonly scopes?: readonly string[] } & TargetConfig)
  | ({ readonly kind: 'oidc'; readonly audience: string } & TargetConfig);

export interface ModelsConfig {
  readonly allow: readonly string[];
  /** USD a session may spend on models; 0 means no model calls. */
  readonly budget: number;
}

/** The whole of platform.yaml, units read. */
export interface PlatformConfig {
  readonly name: string;
  readonly region: string;
  readonly tier: 'lean' | 'standard' | 'maximum';
  readonly throwaway: boolean;
  /** Absent: on, unless throwaway. */
  readonly deletionProtection?: boolean;
  readonly network: NetworkConfig;
  readonly repositories: readonly string[];
  readonly blocked: readonly string[];
  readonly profiles: Readonly<Record<string, ProfileConfig>>;
}

export interface NetworkConfig {
  /** Names of zones, or how many; the tier decides when absent. */
  readonly availabilityZones?: number | readonly string[];
  readonly sessionsCidr?: string;
  readonly egressCidr?: string;
  readonly zone?: string;
  readonly s3PrefixList?: string;
}
