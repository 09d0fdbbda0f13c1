import { type Size, Token } from 'aws-cdk-lib';
import type { PresetName } from '../../core/egress/presets';
import type { RuleConfig, TargetConfig } from '../../core/profile/config';
import type { HttpMethod } from './http-method';

/** What an ecosystem's own client needs to read; nothing with which it could publish. Presets add up. */
export class EgressPreset {
  /** Clone, fetch and download public repositories of github.com. */
  static readonly GITHUB = new EgressPreset('github');
  static readonly NPM = new EgressPreset('npm');
  static readonly PYPI = new EgressPreset('pypi');
  static readonly CRATES = new EgressPreset('crates');
  static readonly GO = new EgressPreset('go');
  static readonly MAVEN = new EgressPreset('maven');
  static readonly DEBIAN = new EgressPreset('debian');
  static readonly DOCKER = new EgressPreset('docker');

  private constructor(
    /** As platform.yaml calls it. */
    readonly name: string,
  ) {}

  /** @internal */
  static _named(name: PresetName): EgressPreset {
    return new EgressPreset(name);
  }
}

/** A query parameter a request may carry. */
export interface QueryParameter {
  readonly name: string;
  /** @default any value */
  readonly values?: string[];
}

/** Which GraphQL operations a request may make. A method rule is blind here: everything is one POST. */
export interface GraphqlOperations {
  /** `query`, `mutation`, `subscription`. */
  readonly operations: string[];
  /** Top-level fields. @default any */
  readonly fields?: string[];
}

/** Which requests to a host. */
export interface EgressTarget {
  /** @default GET and HEAD */
  readonly methods?: HttpMethod[];
  /** `/a/*` is one segment, `/a/**` all that follows. @default every path */
  readonly paths?: string[];
  /** The only parameters allowed. @default any */
  readonly query?: QueryParameter[];
  /** Needs `methods: [HttpMethod.POST]`. @default not looked at */
  readonly graphql?: GraphqlOperations;
  /** Names of MCP tools that may be called; needs `methods: [HttpMethod.POST]`. @default not looked at */
  readonly mcpTools?: string[];
  /** @default no limit of this rule */
  readonly maxBody?: Size;
  /** @default no limit of this rule */
  readonly requestsPerMinute?: number;
  /** @default false */
  readonly websocket?: boolean;
  /**
   * Only URLs that an answer to an earlier allowed request named, byte for byte, so that a URL an agent makes up carries
   * nothing out. Another rule has to open the first one: what the task text names is not known to the proxy yet. For
   * rules that only read. @default false: every URL that paths and query allow
   */
  readonly seenUrlsOnly?: boolean;
  /** Bytes of a whole URL. At least 16. @default 8192 */
  readonly maxUrlBytes?: number;
  /** Bytes a URL may carry in runs that look like encoded or random data. @default 2048 */
  readonly maxOpaqueBytes?: number;
  /** Different URLs that one session may ask for, at most 100,000. @default no limit of this rule */
  readonly distinctUrls?: number;
  /**
   * The host, which has to be an exact one, may resolve to a private address. Loopback, link-local and metadata
   * addresses stay closed. @default false
   */
  readonly allowPrivate?: boolean;
  /** A person approves the exact bytes of each request first. @default false */
  readonly ask?: boolean;
}

/** Which requests a rule opens, and why. */
export interface EgressRuleOptions extends EgressTarget {
  /** Why this is open. Required where a method writes. @default read only */
  readonly reason?: string;
}

/** Something a session may ask the outside for, always as HTTPS on port 443. */
export class EgressRule {
  /**
   * Opens requests to a host.
   *
   * @param host `a.example.com`, `*.example.com` (below the apex) or `.example.com` (with it)
   */
  static https(host: string, options: EgressRuleOptions = {}): EgressRule {
    return new EgressRule({
      ...targetConfig(host, options),
      ...(options.reason !== undefined && { reason: options.reason }),
    });
  }

  private constructor(private readonly config: RuleConfig) {}

  /** @internal */
  static _fromConfig(config: RuleConfig): EgressRule {
    return new EgressRule(config);
  }

  /** @internal */
  _render(): RuleConfig {
    return this.config;
  }
}

/** @internal */
export function targetConfig(host: string, target: EgressTarget): TargetConfig {
  if (Token.isUnresolved(host)) {
    throw new Error(
      "egress host: got a deploy-time value, expected a host known at synth; the firewalls' lists are made of it",
    );
  }
  return {
    host,
    methods: target.methods,
    paths: target.paths,
    query: target.query,
    graphql: target.graphql as TargetConfig['graphql'],
    mcp: target.mcpTools && { tools: target.mcpTools },
    maxBody: target.maxBody?.toBytes(),
    rate: target.requestsPerMinute,
    websocket: target.websocket,
    urls: target.seenUrlsOnly ? 'seen' : undefined,
    maxUrlBytes: target.maxUrlBytes,
    maxOpaqueBytes: target.maxOpaqueBytes,
    distinctUrls: target.distinctUrls,
    allowPrivate: target.allowPrivate,
    ask: target.ask,
  };
}
