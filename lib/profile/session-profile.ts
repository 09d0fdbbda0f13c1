import { type Duration, Size } from 'aws-cdk-lib';
import { checkDocument, type PolicyDocument } from '../../core/egress/document';
import { compileProfile } from '../../core/profile/compile';
import type { ProfileConfig } from '../../core/profile/config';
import { DEFAULTS } from '../../core/profile/defaults';
import { formatProblem } from '../../core/profile/problem';
import type { AgentImage } from './agent-image';
import type { EgressPreset, EgressRule } from './egress';
import type { Grant } from './grant';

/** Which models a session may use, and for how much. */
export interface ModelAccess {
  /** Ids of models or inference profiles. */
  readonly allow: string[];
  /** USD that one session may spend on them. */
  readonly budgetUsd: number;
}

export interface SessionProfileProps {
  readonly image: AgentImage;
  /** @default the image's own */
  readonly command?: string[];
  /** vCPUs, as Fargate has them: 0.25, 0.5, 1, 2, 4, 8, 16. @default 1 */
  readonly cpu?: number;
  /** @default 4 GiB */
  readonly memory?: Size;
  /** Of the task's own disk, 21 to 200 GiB; 20 cost nothing. @default 21 GiB */
  readonly storage?: Size;
  /** After which a session is stopped whatever it does, at most 8 hours. @default 1 hour */
  readonly lifetime?: Duration;
  /** Without a model call or request, after which it is stopped. @default 15 minutes, or the lifetime where that is shorter */
  readonly idleTimeout?: Duration;
  /** @default none */
  readonly presets?: EgressPreset[];
  /** @default none: what presets and grants bring */
  readonly rules?: EgressRule[];
  /** What an approver may open for one session while it runs. @default nothing */
  readonly requestable?: EgressRule[];
  /**
   * Write down what rules would refuse instead of refusing it, to find out what a profile needs. Passes, without any
   * credential, only requests to hosts that the profile's presets, rules or grants name and that fail them on method,
   * path, query, body or URL; every other refusal is kept. @default false: enforce
   */
  readonly observeOnly?: boolean;
  /** Hosts closed whatever a preset, rule or grant opens. @default none */
  readonly blockedHosts?: string[];
  /** @default none */
  readonly grants?: Grant[];
  /** @default no models */
  readonly models?: ModelAccess;
}

/**
 * What a kind of session may do. Everything that enforces it is derived from it; nothing is written twice.
 *
 * @throws at once, with everything that is wrong
 */
export class SessionProfile {
  private readonly config: ProfileConfig;

  constructor(
    /** 2 to 32 lower-case letters, digits and inner hyphens. */
    readonly name: string,
    private readonly props: SessionProfileProps,
  ) {
    if (!/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/.test(name)) {
      throw new Error(`profile name: got "${name}", expected 2 to 32 lower-case letters, digits and inner hyphens`);
    }
    this.config = render(props);
    this._document(undefined, []);
  }

  /** @internal */
  get _image(): AgentImage {
    return this.props.image;
  }

  /**
   * The policy document. The image is not looked at by the compiler, so hosts can be read before it is known.
   *
   * @internal
   */
  _document(imageUri: string | undefined, blockedHosts: readonly string[]): PolicyDocument {
    const result = compileProfile({
      name: this.name,
      config: this.config,
      image: imageUri ?? 'bound later',
      blocked: blockedHosts,
    });
    // From code, paths and numbers come unchecked by any schema; a service would refuse the document when it loads it.
    const malformed = result.kind === 'ok' ? checkDocument(result.document) : [];
    if (malformed.length > 0)
      throw new Error(`profile "${this.name}":\n${malformed.map((line) => `  ${line}`).join('\n')}`);
    if (result.kind === 'ok') return result.document;
    throw new Error(
      `profile "${this.name}":\n${result.problems.map((problem) => `  ${formatProblem(problem)}`).join('\n')}`,
    );
  }
}

function render(props: SessionProfileProps): ProfileConfig {
  const grants = props.grants ?? [];
  const twice = grants.find((grant, i) => grants.some((other, j) => j < i && other.id === grant.id));
  if (twice) throw new Error(`grants: got "${twice.id}" twice, expected each id once`);
  const lifetime = props.lifetime?.toSeconds() ?? DEFAULTS.lifetimeSeconds;
  return {
    image: 'bound later',
    command: props.command,
    size: {
      cpu: props.cpu ?? DEFAULTS.cpu,
      memory: (props.memory ?? Size.mebibytes(DEFAULTS.memoryMiB)).toMebibytes(),
      storage: (props.storage ?? Size.gibibytes(DEFAULTS.storageGiB)).toGibibytes(),
    },
    lifetime,
    idleTimeout: props.idleTimeout?.toSeconds() ?? Math.min(DEFAULTS.idleSeconds, lifetime),
    egress: {
      ...(props.observeOnly && { mode: 'observe' as const }),
      presets: (props.presets ?? []).map((preset) => preset.name),
      rules: (props.rules ?? []).map((rule) => rule._render()),
      requestable: (props.requestable ?? []).map((rule) => rule._render()),
      blocked: props.blockedHosts ?? [],
    },
    grants: Object.fromEntries(grants.map((grant) => [grant.id, grant._render()])),
    models: { allow: props.models?.allow ?? [], budget: props.models?.budgetUsd ?? 0 },
  };
}
