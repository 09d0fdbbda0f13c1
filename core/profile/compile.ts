import { DOCUMENT_VERSION, type PolicyDocument } from '../egress/document';
import { coversHost, formatHostPattern, type HostPattern, overlapsHost, parseHostPattern } from '../egress/host';
import { couldBothMatch } from '../egress/overlap';
import { PRESETS, type PresetName, type PresetRule } from '../egress/presets';
import type { EgressRule } from '../egress/rule';
import { checkHosts, checkRules, checkSession } from './check';
import { checkGrants } from './check-grants';
import type { ProfileConfig, RuleConfig } from './config';
import { documentGrant, type GrantRule, rulesOfGrant } from './grants';
import { formatPath, type Problem, type ProblemPath } from './problem';

export interface CompileInput {
  readonly name: string;
  readonly config: ProfileConfig;
  /** The image by digest or content hash; a deploy-time value is fine. */
  readonly image: string;
  /** Hosts blocked for every profile of the platform. */
  readonly blocked: readonly string[];
}

export type CompileResult =
  | { readonly kind: 'ok'; readonly document: PolicyDocument }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/**
 * Turns a profile into the document its enforcers read, or says everything that is wrong with it. Paths of problems
 * start at the profile.
 */
export function compileProfile(input: CompileInput): CompileResult {
  const { config } = input;
  const problems: Problem[] = [
    ...checkSession(config),
    ...checkHosts(config),
    ...checkRules(config),
    ...checkGrants(config),
  ];
  if (problems.length > 0) return { kind: 'invalid', problems };

  const rules = [...presetRules(config), ...ownRules(config.egress.rules, 'rule'), ...grantRules(config)];
  const requestable = ownRules(config.egress.requestable, 'requestable');
  const blocked = [...input.blocked, ...config.egress.blocked].map(normalise);
  const slips = [...unusedBlocks(config, [...rules, ...requestable]), ...conflicts(rules), ...conflicts(requestable)];
  if (slips.length > 0) return { kind: 'invalid', problems: slips };
  return {
    kind: 'ok',
    document: {
      version: DOCUMENT_VERSION,
      profile: input.name,
      ...(config.egress.mode === 'observe' && { mode: config.egress.mode }),
      session: {
        image: input.image,
        ...(config.command && { command: [...config.command] }),
        cpuUnits: config.size.cpu * 1024,
        memoryMiB: config.size.memory,
        storageGiB: config.size.storage,
        lifetimeSeconds: config.lifetime,
        idleSeconds: config.idleTimeout,
      },
      rules: withoutBlocked(rules, blocked),
      requestable: withoutBlocked(requestable, blocked),
      blocked: [...new Set(blocked)].sort(),
      grants: Object.entries(config.grants).map(([id, grant]) => documentGrant(id, grant)),
      models: { allow: [...config.models.allow], budgetUsd: config.models.budget },
    },
  };
}

/** Rules of one kind that one request could match: it would be refused, since exactly one has to. */
function conflicts(rules: readonly EgressRule[]): Problem[] {
  return rules.flatMap((one, i): Problem[] => {
    const other = rules
      .slice(0, i)
      .find(({ origin, ...rest }) => origin.kind === one.origin.kind && couldBothMatch(rest, one));
    if (other === undefined) return [];
    return [
      {
        path: placeOf(one),
        got: `${one.methods.join(', ')} on ${one.host}, part of which ${formatPath(placeOf(other))} opens too`,
        expected: 'rules of which exactly one matches a request; what two match is refused',
        fix: 'make it one rule, or part them by method or path',
      },
    ];
  });
}

/** Where in the profile a rule comes from. */
function placeOf({ id, origin }: EgressRule): ProblemPath {
  if (origin.kind === 'grant') return ['grants', origin.name];
  if (origin.kind === 'preset') return ['egress', 'presets'];
  return ['egress', origin.kind === 'rule' ? 'rules' : 'requestable', Number(id.split('.')[1]) - 1];
}

/** Every host a document can ever open: its rules and what may be asked for. The firewalls' lists are made of this. */
export function envelopeOf(documents: readonly PolicyDocument[]): { allowed: HostPattern[]; blocked: HostPattern[] } {
  const allowed = documents.flatMap((document) =>
    [...document.rules, ...document.requestable].map((rule) => pattern(rule.host)),
  );
  // A name that one profile blocks may be another's need; below the proxy only what all of them block can be closed.
  const [first, ...others] = documents;
  const blocked = (first?.blocked ?? []).filter((host) => others.every((document) => document.blocked.includes(host)));
  return { allowed, blocked: blocked.map(pattern) };
}

function presetRules(config: ProfileConfig): EgressRule[] {
  return config.egress.presets.flatMap((name) => {
    const rules: readonly PresetRule[] = PRESETS[name as PresetName];
    return rules.map(({ encodedSlash, ...preset }, i) => ({
      ...rule(preset),
      ...(encodedSlash && { limits: { encodedSlash } }),
      id: `preset.${name}.${i + 1}`,
      origin: { kind: 'preset' as const, name },
    }));
  });
}

function ownRules(rules: readonly RuleConfig[], kind: 'rule' | 'requestable'): EgressRule[] {
  return rules.map((config, i) => ({ ...rule(config), id: `${kind}.${i + 1}`, origin: { kind, name: config.host } }));
}

function grantRules(config: ProfileConfig): EgressRule[] {
  return Object.entries(config.grants).flatMap(([id, grant]) =>
    rulesOfGrant(id, grant).map((granted, i) => ({
      ...rule(granted),
      id: `grant.${id}.${i + 1}`,
      inject: id,
      ...(granted.via && { via: granted.via }),
      origin: { kind: 'grant' as const, name: id },
    })),
  );
}

function rule(config: RuleConfig | GrantRule): Omit<EgressRule, 'id' | 'origin'> {
  const limits = {
    ...(config.maxBody !== undefined && { maxBodyBytes: config.maxBody }),
    ...(config.rate !== undefined && { requestsPerMinute: config.rate }),
    ...(config.websocket !== undefined && { websocket: config.websocket }),
    ...(config.urls !== undefined && { urls: config.urls }),
    ...(config.maxUrlBytes !== undefined && { maxUrlBytes: config.maxUrlBytes }),
    ...(config.maxOpaqueBytes !== undefined && { maxOpaqueBytes: config.maxOpaqueBytes }),
    ...(config.distinctUrls !== undefined && { distinctUrls: config.distinctUrls }),
    ...(config.allowPrivate !== undefined && { allowPrivate: config.allowPrivate }),
  };
  return {
    host: normalise(config.host),
    port: 443,
    methods: [...(config.methods ?? ['GET', 'HEAD'])],
    ...(config.paths && { paths: [...config.paths] }),
    ...(config.query && {
      query: config.query.map(({ name, values }) => ({ name, ...(values && { values: [...values] }) })),
    }),
    ...(config.graphql && {
      graphql: {
        operations: [...config.graphql.operations],
        ...(config.graphql.fields && { fields: [...config.graphql.fields] }),
      },
    }),
    ...(config.mcp && { mcp: { tools: [...config.mcp.tools] } }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(config.ask !== undefined && { ask: config.ask }),
    reason: config.reason ?? 'read only',
  };
}

/** A block that closes nothing is a typing error in the one line people rely on: default deny needs no block. */
function unusedBlocks(config: ProfileConfig, rules: readonly EgressRule[]): Problem[] {
  return config.egress.blocked.flatMap((host, i): Problem[] =>
    rules.some((r) => overlapsHost(pattern(host), pattern(r.host)))
      ? []
      : [
          {
            path: ['egress', 'blocked', i],
            got: `"${host}"`,
            expected: 'a host that some preset, rule or grant of the profile would open',
            fix: 'everything is closed by default, so check the spelling; "never, whatever comes later" is blocked at the top level',
          },
        ],
  );
}

function withoutBlocked(rules: readonly EgressRule[], blocked: readonly string[]): EgressRule[] {
  return rules.filter((r) => !blocked.some((host) => coversHost(pattern(host), pattern(r.host))));
}

function normalise(host: string): string {
  return formatHostPattern(pattern(host));
}

/** Only for hosts that {@link checkHost} has passed. */
function pattern(host: string): HostPattern {
  const parsed = parseHostPattern(host);
  if (parsed.kind === 'invalid') throw new Error(`host "${host}": ${parsed.problem}`);
  return parsed.value;
}
