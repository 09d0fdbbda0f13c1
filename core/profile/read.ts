import {
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type Document as YamlDocument,
} from 'yaml';
import * as z from 'zod/mini';
import { checkDistinct } from './check';
import { checkCidrs, checkZones } from './check-network';
import { compileProfile } from './compile';
import type { GrantConfig, NetworkConfig, PlatformConfig, ProfileConfig, TargetConfig } from './config';
import { DEFAULTS } from './defaults';
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
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const locate = (problem: Problem): LocatedProblem => {
    const { line, col } = lines.linePos(offsetOf(document, problem.path));
    return { ...problem, file, line, column: col };
  };
  const unreadable = yamlProblems(document);
  if (unreadable.length > 0) {
    const problems = unreadable.map(({ offset, ...problem }): LocatedProblem => {
      const { line, col } = lines.linePos(offset);
      return { ...problem, file, line, column: col };
    });
    return { kind: 'invalid', problems };
  }
  const value: unknown = document.toJS({ maxAliasCount: -1 });
  const parsed = platformYaml.safeParse(value);
  const problems = parsed.success ? checkConfig(toConfig(parsed.data)) : shapeProblems(parsed.error.issues, value);
  if (parsed.success && problems.length === 0) return { kind: 'ok', config: toConfig(parsed.data) };
  const located = problems.map(locate).sort((a, b) => a.line - b.line || a.column - b.column);
  return { kind: 'invalid', problems: located };
}

/** What keeps the text from becoming values. `toJS` throws on the alias problems found here. */
function yamlProblems(document: YamlDocument): (Problem & { readonly offset: number })[] {
  const problems: (Problem & { offset: number })[] = document.errors.map((error) => {
    const known: Partial<Record<typeof error.code, Pick<Problem, 'expected' | 'fix'>>> = {
      DUPLICATE_KEY: { expected: 'each name once', fix: 'rename or merge the second one' },
      MULTIPLE_DOCS: { expected: 'one document', fix: 'remove the line --- and what follows it' },
    };
    return { path: [], offset: error.pos[0], ...(known[error.code] ?? { expected: 'YAML', fix: error.message }) };
  });
  visit(document, {
    Alias: (_, alias, ancestors) => {
      const offset = alias.range?.[0] ?? 0;
      const got = `*${alias.source}`;
      if (alias.resolve(document) === undefined) {
        // `host: *.example.com` without quotes is an alias to YAML, and an easy slip in this file.
        problems.push({ path: [], offset, got, expected: 'quotes around a leading *', fix: `write "${got}"` });
      } else if (ancestors.some((node) => isNode(node) && 'anchor' in node && node.anchor !== undefined)) {
        // Aliases of aliases grow exponentially, and one inside its own anchor has no end.
        const expected = 'no alias inside a part that has an anchor itself';
        problems.push({ path: [], offset, got, expected, fix: 'write the repeated part out' });
      }
    },
  });
  return problems.sort((a, b) => a.offset - b.offset);
}

function checkConfig(config: PlatformConfig): Problem[] {
  return [
    ...checkCidrs(config.network),
    ...checkZones(config.network, config.region),
    ...checkDistinct(['repositories'], config.repositories),
    ...checkImages(config),
    ...Object.entries(config.profiles).flatMap(([name, profile]) => checkProfile(config, name, profile)),
  ];
}

/** Where the shape is wrong somewhere, parts whose own shape is right are still checked whole: all at once. */
function shapeProblems(issues: readonly z.core.$ZodIssue[], root: unknown): Problem[] {
  const shape = issues.flatMap((issue) => problemsOf(issue, root));
  const wrong = (...keys: string[]) => shape.some(({ path }) => keys.every((key, i) => path[i] === key));
  // Hosts of AWS grants have the region in them; a wrong one is told once, where it stands.
  const region = wrong('region') ? 'eu-west-1' : String(valueAt(root, ['region']));
  const sound = Object.entries(valueAt(root, ['profiles']) ?? {}).flatMap(([name, value]) => {
    const parsed = profileYaml.safeParse(value);
    if (!parsed.success || wrong('profiles', name)) return [];
    return [[name, toProfile(parsed.data, region)] as const];
  });
  const repositories = (valueAt(root, ['repositories']) ?? []) as string[];
  return [
    ...shape,
    ...(wrong('network') ? [] : checkCidrs((valueAt(root, ['network']) ?? {}) as NetworkConfig)),
    ...(wrong('region') || wrong('repositories')
      ? []
      : checkImages({ region, repositories, profiles: Object.fromEntries(sound) })),
    ...sound.flatMap(([name, profile]) => checkProfile({ blocked: [] }, name, profile)),
  ];
}

function checkProfile(config: Pick<PlatformConfig, 'blocked'>, name: string, profile: ProfileConfig): Problem[] {
  const result = compileProfile({ name, config: profile, image: 'not yet known', blocked: config.blocked });
  if (result.kind === 'ok') return [];
  return result.problems.map((problem) => ({ ...problem, path: ['profiles', name, ...problem.path] }));
}

function checkImages(config: Pick<PlatformConfig, 'region' | 'repositories' | 'profiles'>): Problem[] {
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
  // This text ends in build logs, and somebody who puts a secret where its ARN belongs should not find it there too.
  const shown = path.at(-1) === 'secret' ? 'a value that is not repeated here' : shorten(JSON.stringify(at));
  const got = issue.code === 'invalid_key' ? JSON.stringify(path.at(-1)) : missing ? 'nothing' : shown;
  return [{ path, got, expected: expected ?? message, fix: fix.join('; ') }];
}

function defaultSentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return `${article(issue.expected)}; see the schema or the comments in platform.yaml`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}; write it exactly so`;
  if (issue.code === 'too_small')
    return issue.origin === 'array' ? 'at least one entry; add one' : 'text that is not empty; write some';
  if (issue.code === 'invalid_format') return `text of the form ${issue.pattern}; correct the spelling`;
  return 'another value; see the schema or the comments in platform.yaml';
}

const article = (type: string): string =>
  ({
    object: 'keys and values',
    record: 'keys and values',
    array: 'a list',
    string: 'text',
    number: 'a number',
    boolean: 'true or false',
  })[type] ?? type;

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
      const pair = parent.items.find((item: Pair) => isScalar(item.key) && String(item.key.value) === String(key));
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
    deletionProtection: yaml.deletionProtection,
    network: yaml.network ?? {},
    repositories: yaml.repositories ?? [],
    blocked: yaml.blocked ?? [],
    profiles: Object.fromEntries(
      Object.entries(yaml.profiles).map(([name, profile]) => [name, toProfile(profile, yaml.region)]),
    ),
  };
}

function toProfile(yaml: ProfileYaml, region: string): ProfileConfig {
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
