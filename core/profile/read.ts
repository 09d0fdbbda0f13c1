import { LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod/mini';
import { checkDistinct } from './check';
import { checkCidrs, checkRegion, checkTier, checkZones } from './check-network';
import { compileProfile } from './compile';
import type { NetworkConfig, PlatformConfig, ProfileConfig } from './config';
import { toConfig, toProfile } from './from-yaml';
import type { LocatedProblem, Problem } from './problem';
import { offsetOf, problemsOf, valueAt, yamlProblems } from './yaml-problems';
import { platformYaml, profileYaml } from './yaml-schema';

export type ReadResult =
  | { readonly kind: 'ok'; readonly config: PlatformConfig }
  | { readonly kind: 'invalid'; readonly problems: readonly LocatedProblem[] };

/** Whether a folder, as the file names it, has a Dockerfile. A port: core reads no disk. */
export type HasDockerfile = (folder: string) => boolean;

/**
 * Reads the text of a platform.yaml. Says everything that is wrong at once, each with its line.
 *
 * @param hasDockerfile asked for each image to be built; by default every folder is taken to have one
 */
export function readPlatformYaml(text: string, file: string, hasDockerfile: HasDockerfile = () => true): ReadResult {
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
  const problems = parsed.success
    ? checkConfig(toConfig(parsed.data), hasDockerfile)
    : shapeProblems(parsed.error.issues, value, hasDockerfile);
  if (parsed.success && problems.length === 0) return { kind: 'ok', config: toConfig(parsed.data) };
  const located = problems.map(locate).sort((a, b) => a.line - b.line || a.column - b.column);
  return { kind: 'invalid', problems: located };
}

function checkConfig(config: PlatformConfig, hasDockerfile: HasDockerfile): Problem[] {
  return [
    ...checkRegion(config.region, config.network),
    ...checkTier(config.tier, config.network),
    ...checkCidrs(config.network),
    ...checkZones(config.network, config.region),
    ...checkDistinct(['repositories'], config.repositories),
    ...checkImages(config, hasDockerfile),
    ...Object.entries(config.profiles).flatMap(([name, profile]) => checkProfile(config, name, profile)),
  ];
}

/** Where the shape is wrong somewhere, parts whose own shape is right are still checked whole: all at once. */
function shapeProblems(issues: readonly z.core.$ZodIssue[], root: unknown, hasDockerfile: HasDockerfile): Problem[] {
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
      : checkImages({ region, repositories, profiles: Object.fromEntries(sound) }, hasDockerfile)),
    ...sound.flatMap(([name, profile]) => checkProfile({ blocked: [] }, name, profile)),
  ];
}

function checkProfile(config: Pick<PlatformConfig, 'blocked'>, name: string, profile: ProfileConfig): Problem[] {
  const result = compileProfile({ name, config: profile, image: 'not yet known', blocked: config.blocked });
  if (result.kind === 'ok') return [];
  return result.problems.map((problem) => ({ ...problem, path: ['profiles', name, ...problem.path] }));
}

function checkImages(
  config: Pick<PlatformConfig, 'region' | 'repositories' | 'profiles'>,
  hasDockerfile: HasDockerfile,
): Problem[] {
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
    if (typeof image === 'object' && 'build' in image && !hasDockerfile(image.build)) {
      return [
        {
          path: [...path, 'build'],
          got: JSON.stringify(image.build),
          expected: 'a folder with a Dockerfile, relative to this file',
          fix: 'write one (examples/coding-agents/image has a model), or correct the path',
        },
      ];
    }
    return [];
  });
}
