import { isMap, isScalar, LineCounter, type Pair, parseDocument, type Document as YamlDocument } from 'yaml';
import * as z from 'zod/mini';
import { checkCidrs } from './check';
import { compileProfile } from './compile';
import type { GrantConfig, PlatformConfig, ProfileConfig, TargetConfig } from './config';
import type { LocatedProblem, Problem, ProblemPath } from './problem';
import {
  type GrantYaml,
  type PlatformYaml,
  type ProfileYaml,
  platformYaml,
  profileYaml,
  type RuleYaml,
} from './yaml-schema';

export type ReadResult =
  | { readonly kind: 'ok'; readonly config: PlatformConfig }
  | { readonly kind: 'invalid'; readonly problems: readonly LocatedProblem[] };

/** Reads the text of a platform.yaml. Says everything that is wrong at once, each with its line. */
export function readPlatformYaml(text: string, file: string): ReadResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const locate = (problem: Problem): LocatedProblem => {
    const { line, col } = lines.linePos(offsetOf(document, problem.path));
    return { ...problem, file, line, column: col };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error): LocatedProblem => {
      const { line, col } = lines.linePos(error.pos[0]);
      const twice = error.code === 'DUPLICATE_KEY';
      return {
        path: [],
        file,
        line,
        column: col,
        expected: twice ? 'each name once' : 'YAML',
        fix: twice ? 'rename or merge the second one' : (error.message.split('\n')[0] ?? error.message),
      };
    });
    return { kind: 'invalid', problems };
  }
  const value: unknown = document.toJS();
  const parsed = platformYaml.safeParse(value);
  const problems = parsed.success ? checkConfig(toConfig(parsed.data)) : shapeProblems(parsed.error.issues, value);
  if (parsed.success && problems.length === 0) return { kind: 'ok', config: toConfig(parsed.data) };
  const located = problems.map(locate).sort((a, b) => a.line - b.line || a.column - b.column);
  return { kind: 'invalid', problems: located };
}

function checkConfig(config: PlatformConfig): Problem[] {
  return [
    ...checkCidrs(config.network),
    ...checkImages(config),
    ...Object.entries(config.profiles).flatMap(([name, profile]) => checkProfile(config, name, profile)),
  ];
}

/** Where the shape is wrong somewhere, profiles whose own shape is right are still checked whole: all at once. */
function shapeProblems(issues: readonly z.core.$ZodIssue[], root: unknown): Problem[] {
  const shape = issues.flatMap((issue) => problemsOf(issue, root));
  const region = String(valueAt(root, ['region']));
  const sound = Object.entries(valueAt(root, ['profiles']) ?? {}).flatMap(([name, value]) => {
    const parsed = profileYaml.safeParse(value);
    if (!parsed.success || shape.some(({ path }) => path[0] === 'profiles' && path[1] === name)) return [];
    return [[name, toProfile(parsed.data, region)] as const];
  });
  return [...shape, ...sound.flatMap(([name, profile]) => checkProfile({ blocked: [] }, name, profile))];
}

function checkProfile(config: Pick<PlatformConfig, 'blocked'>, name: string, profile: ProfileConfig): Problem[] {
  const result = compileProfile({ name, config: profile, image: 'not yet known', blocked: config.blocked });
  if (result.kind === 'ok') return [];
  return result.problems.map((problem) => ({ ...problem, path: ['profiles', name, ...problem.path] }));
}

function checkImages(config: PlatformConfig): Problem[] {
  return Object.entries(config.profiles).flatMap(([name, { image }]): Problem[] => {
    const path = ['profiles', name, 'image'];
    if (typeof image === 'string' && !image.includes(`.dkr.ecr.${config.region}.`)) {
      return [
        {
          path,
          got: JSON.stringify(image),
          expected: `an image in ${config.region}`,
          fix: 'sessions reach only the ECR of their own region; copy or replicate the image there',
        },
      ];
    }
    if (typeof image === 'object' && 'repository' in image && !config.repositories.includes(image.repository)) {
      return [
        {
          path: [...path, 'repository'],
          got: `"${image.repository}"`,
          expected: 'a repository of this platform',
          fix: `add it under repositories: [${image.repository}]`,
        },
      ];
    }
    return [];
  });
}

function problemsOf(issue: z.core.$ZodIssue, root: unknown): Problem[] {
  const path = issue.path.filter((key): key is string | number => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      got: `the key "${key}"`,
      expected: known.length > 0 ? `one of ${known.join(', ')}` : 'no such key',
      fix: 'correct or remove it',
    }));
  }
  // The name of a record's entry is wrong: the sentence is that of the key's own issue.
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const at = valueAt(root, path);
  const missing = at === undefined;
  const [expected, ...fix] = (message === 'Invalid input' ? defaultSentence(issue) : message).split('; ');
  const got =
    issue.code === 'invalid_key' ? JSON.stringify(path.at(-1)) : missing ? 'nothing' : shorten(JSON.stringify(at));
  return [{ path, got, expected: expected ?? message, fix: fix.join('; ') }];
}

function defaultSentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return `${article(issue.expected)}; see the schema or the comments in platform.yaml`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}; write it exactly so`;
  return 'another value; see the schema or the comments in platform.yaml';
}

const article = (type: string): string =>
  ({ object: 'keys and values', array: 'a list', string: 'text', number: 'a number', boolean: 'true or false' })[
    type
  ] ?? type;

/** The keys a strict object at this path knows, read from the published schema. */
function keysAt(path: ProblemPath): string[] {
  interface Node {
    properties?: Record<string, Node>;
    additionalProperties?: Node | boolean;
    items?: Node;
    anyOf?: Node[];
    oneOf?: Node[];
  }
  let nodes: Node[] = [z.toJSONSchema(platformYaml) as Node];
  const open = (node: Node): Node[] => [node, ...(node.anyOf ?? []).flatMap(open), ...(node.oneOf ?? []).flatMap(open)];
  for (const key of path) {
    nodes = nodes.flatMap(open).flatMap((node) => {
      const next = typeof key === 'number' ? node.items : (node.properties?.[key] ?? node.additionalProperties);
      return typeof next === 'object' ? [next] : [];
    });
  }
  return [...new Set(nodes.flatMap(open).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function valueAt(root: unknown, path: ProblemPath): unknown {
  return path.reduce<unknown>(
    (value, key) => (value === null || typeof value !== 'object' ? undefined : (value as Record<string, unknown>)[key]),
    root,
  );
}

function shorten(text: string | undefined): string {
  return text === undefined ? 'nothing' : text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Where a path stands in the text: its key, or the nearest parent that is there. */
function offsetOf(document: YamlDocument, path: ProblemPath): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item: Pair) => isScalar(item.key) && item.key.value === key);
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) return node.range[0];
  }
  return 0;
}

function toConfig(yaml: PlatformYaml): PlatformConfig {
  return {
    name: yaml.name,
    region: yaml.region,
    tier: yaml.tier ?? 'standard',
    throwaway: yaml.throwaway ?? false,
    network: yaml.network ?? {},
    repositories: yaml.repositories ?? [],
    blocked: yaml.blocked ?? [],
    profiles: Object.fromEntries(
      Object.entries(yaml.profiles).map(([name, profile]) => [name, toProfile(profile, yaml.region)]),
    ),
  };
}

function toProfile(yaml: ProfileYaml, region: string): ProfileConfig {
  return {
    image: yaml.image,
    ...(yaml.command && { command: yaml.command }),
    size: {
      cpu: yaml.size?.cpu ?? DEFAULTS.cpu,
      memory: mebibytes(yaml.size?.memory ?? DEFAULTS.memory),
      storage: mebibytes(yaml.size?.storage ?? DEFAULTS.storage) / 1024,
    },
    lifetime: seconds(yaml.lifetime ?? DEFAULTS.lifetime),
    idleTimeout: seconds(yaml.idleTimeout ?? DEFAULTS.idleTimeout),
    egress: {
      presets: yaml.egress?.presets ?? [],
      rules: (yaml.egress?.rules ?? []).map(toRule),
      requestable: (yaml.egress?.requestable ?? []).map(toRule),
      blocked: yaml.egress?.blocked ?? [],
    },
    grants: Object.fromEntries(Object.entries(yaml.grants ?? {}).map(([id, grant]) => [id, toGrant(grant, region)])),
    models: { allow: yaml.models?.allow ?? [], budget: yaml.models?.budget.usd ?? 0 },
  };
}

/** Modest: too small shows as a slow build, which people see; too large shows as a bill, which they don't. */
export const DEFAULTS = { cpu: 1, memory: '4GiB', storage: '21GiB', lifetime: '1h', idleTimeout: '15m' } as const;

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
