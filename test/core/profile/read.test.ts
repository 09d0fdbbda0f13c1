import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { policyDocument } from '../../../core/egress/document';
import { compileProfile } from '../../../core/profile/compile';
import type { PlatformConfig } from '../../../core/profile/config';
import { formatPath, formatProblem, type LocatedProblem } from '../../../core/profile/problem';
import { readPlatformYaml } from '../../../core/profile/read';
import { platformYaml } from '../../../core/profile/yaml-schema';
import { BAD_PLATFORMS, GOOD } from './bad-platforms';

function configOf(text: string): PlatformConfig {
  const result = readPlatformYaml(text, 'platform.yaml');
  if (result.kind === 'invalid') throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.config;
}
function problemsOf(text: string): readonly LocatedProblem[] {
  const result = readPlatformYaml(text, 'platform.yaml');
  return result.kind === 'ok' ? [] : result.problems;
}
function edited([from, to]: readonly [string, string], text = GOOD): string {
  if (from === '' || text.split(from).length !== 2) throw new Error(`"${from}" does not stand once in the good file`);
  return text.replace(from, () => to);
}
/** From 1; 0 where the edit leaves no mark. */
const markedLine = (text: string): number => text.split('\n').findIndex((line) => line.includes('#<')) + 1;

/** What a person who has never seen the code needs: where, what stands there, what should, what to do. */
function expectSentence(problem: LocatedProblem): void {
  expect(problem).toMatchObject({ file: 'platform.yaml', line: expect.any(Number), column: expect.any(Number) });
  expect(problem.line).toBeGreaterThan(0);
  expect(problem.expected.trim()).not.toBe('');
  expect(problem.fix.trim()).not.toBe('');
  expect(formatProblem(problem)).not.toMatch(/invalid input|undefined|\[object|too_small|expected string|NaN/i);
}

describe('W3 a wrong platform.yaml is refused, with the line and what to do', () => {
  it('W3 the good file, which has every key, reads', () => {
    expect(problemsOf(GOOD)).toEqual([]);
  });

  it.each(BAD_PLATFORMS.map((entry) => [entry.name, entry] as const))('W3 %s', (_, entry) => {
    const text = edited(entry.edit);
    const problems = problemsOf(text);
    expect(problems.map(({ path }) => formatPath(path))).toEqual([entry.path]);
    const [problem] = problems as [LocatedProblem];
    expectSentence(problem);
    if (markedLine(text) > 0) expect(problem.line).toBe(markedLine(text));
    expect(problem.got).toContain(entry.got);
    expect(problem.expected).toContain(entry.expected);
    expect(problem.fix).toContain(entry.fix);
  });

  it('W3 the table has a case for every key of the published schema, and an unknown key for every level', () => {
    const schema = schemaPaths();
    const told = new Set(BAD_PLATFORMS.flatMap((entry) => [general(entry.path), general(entry.about ?? entry.path)]));
    const covered = (path: string) => [...told].some((t) => t === path || t.startsWith(`${path}[]`));
    expect(schema.keys.filter((path) => !covered(path))).toEqual([]);
    expect(schema.levels.filter((path) => !told.has(path === '' ? 'unknown' : `${path}.unknown`))).toEqual([]);
    expect(schema.keys).toContain('profiles.*.egress.requestable[].graphql.fields');
  });
});

/** The path of one problem, or of one schema node, with names of profiles and grants and places in lists left out. */
function general(path: string): string {
  return path
    .replace(/\[\d+\]/g, '[]')
    .replace(/^profiles\.[^.]+/, 'profiles.*')
    .replace(/^(profiles\.\*\.grants)\.[^.]+/, '$1.*');
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

function schemaPaths(): { keys: string[]; levels: string[] } {
  const keys = new Set<string>();
  const levels = new Set<string>();
  const walk = (node: SchemaNode, path: string): void => {
    for (const one of [...(node.anyOf ?? []), ...(node.oneOf ?? [])]) walk(one, path);
    if (node.items) walk(node.items, `${path}[]`);
    if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, `${path}.*`);
    if (node.properties) levels.add(path);
    for (const [key, below] of Object.entries(node.properties ?? {})) {
      const at = path === '' ? key : `${path}.${key}`;
      keys.add(at);
      walk(below, at);
    }
  };
  walk(z.toJSONSchema(platformYaml) as SchemaNode, '');
  return { keys: [...keys], levels: [...levels] };
}

describe('W3 text that is no YAML file of ours', () => {
  it.each<[string, string, number, string]>([
    ['an empty file', '', 1, 'keys and values'],
    ['a file of comments', '# nothing\n', 1, 'keys and values'],
    ['a list', '- version: 1\n', 1, 'keys and values'],
    ['a tab', 'version: 1\n\tname: x\n', 2, 'Tabs are not allowed'],
    ['a bracket that stays open', 'version: 1\nname: [a\nregion: x\n', 3, 'YAML'],
    ['two documents', `${GOOD}---\nversion: 1\n`, GOOD.split('\n').length, 'one document'],
    ['a wildcard without quotes', edited(['host: rule.example.com', 'host: *.example.com #<']), 0, 'quotes'],
    ['a wildcard without quotes in a list', edited(['[x.npmjs.org]', '[*.npmjs.org] #<']), 0, 'quotes'],
    ['two profiles of one name', edited(['  review:', '  coding: #<']), 0, 'each name once'],
    ['two grants of one name', edited(['      wiki:', '      tickets: #<']), 0, 'each name once'],
    ['one key twice', edited(['region: eu-west-1', 'region: eu-west-1\nname: other-name #<']), 0, 'each name once'],
    ['an alias of itself', 'name: &a [*a]\n', 1, 'no alias inside'],
    ['aliases of aliases', 'a: &a [1]\nb: &b [*a, *a]\nc: *b\n', 2, 'no alias inside'],
  ])('W3 %s', (_, text, line, said) => {
    const [problem] = problemsOf(text) as [LocatedProblem];
    expectSentence(problem);
    expect(problem.line).toBe(line === 0 ? markedLine(text) : line);
    expect(formatProblem(problem)).toContain(said);
  });

  it('W3 a part given once and used often is fine', () => {
    const grants = '    grants: &g\n      store: { kind: oidc, audience: x, host: a.example.com }\n';
    const more = Array.from({ length: 200 }, (_, i) => `  more-${i}: { image: { build: . }, grants: *g }\n`);
    const config = configOf(
      `version: 1\nname: acme\nregion: eu-west-1\nprofiles:\n  first:\n    image: { build: . }\n${grants}${more.join('')}`,
    );
    expect(config.profiles['more-199']?.grants).toEqual(config.profiles.first?.grants);
  });
});

describe('W3 everything that is wrong is told at once', () => {
  const many = [
    ['tier: standard', 'tier: gold'],
    ['sessionsCidr: 10.64.0.0/16', 'sessionsCidr: 52.0.0.0/16'],
    ['lifetime: 2h', 'lifetime: 7200'],
    ['host: rule.example.com', 'host: "*.com"'],
    ['image: { build: ./review }', 'image: { repository: other, digest: "DIGEST" }\n    lifetime: 9h'],
  ] as const;
  const text = many.reduce((whole, edit) => edited(edit, whole), GOOD).replace('DIGEST', `sha256:${'0'.repeat(64)}`);

  it('W3 wrong shapes, and what is wrong in meaning where the shape is right, in the order of the lines', () => {
    const problems = problemsOf(text);
    expect(problems.map(({ path }) => formatPath(path))).toEqual([
      'tier',
      'network.sessionsCidr',
      'profiles.coding.lifetime',
      'profiles.coding.egress.rules[0].host',
      'profiles.review.image.repository',
      'profiles.review.lifetime',
    ]);
    const lines = problems.map(({ line }) => line);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  });

  it('W3 in the order of the lines, also where the checks run in another order', () => {
    const late = edited(['image: { build: ./review }', 'lifetime: 9h\n    image: { repository: other, digest: "D" }'])
      .replace('"D"', `"sha256:${'0'.repeat(64)}"`)
      .replace('cpu: 2', 'cpu: 3');
    expect(problemsOf(late).map(({ path }) => formatPath(path))).toEqual([
      'profiles.coding.size.cpu',
      'profiles.review.lifetime',
      'profiles.review.image.repository',
    ]);
  });

  it('W3 a region that is none is told once, with no word about hosts made of it', () => {
    const grants =
      '\n    grants:\n      aws: { kind: aws-role, role: "arn:aws:iam::111122223333:role/x", services: [sqs] }';
    const wrong = edited(['{ build: ./review }', `{ build: ./review }${grants}`]).replace(
      'region: eu-west-1',
      'region: eu west',
    );
    expect(problemsOf(wrong).map(({ path }) => formatPath(path))).toEqual(['region']);
  });

  it('W3 a problem reads as one line: file, line, column, path, got, expected, what to do', () => {
    const [problem] = problemsOf(edited(['lifetime: 2h', 'lifetime: 7200'])) as [LocatedProblem];
    expect(formatProblem(problem)).toBe(
      'platform.yaml:23:5: profiles.coding.lifetime: got 7200, expected a duration with its unit, such as 90s, 45m or 2h; write the unit',
    );
  });
});

describe('S4 a secret in the file is not repeated', () => {
  it('S4 a value where the ARN belongs stands in no part of the problem', () => {
    const secret = 'ghp_0123456789abcdefghij';
    const wrong = edited(['arn:aws:secretsmanager:eu-west-1:111122223333:secret:tickets-AbCdEf', secret]);
    expect(JSON.stringify(problemsOf(wrong))).not.toContain(secret);
  });
});

describe('W1 a right platform.yaml', () => {
  it('W1 the one in the repository reads, and each of its profiles compiles to a document', () => {
    const config = configOf(readFileSync(join(__dirname, '../../../platform.yaml'), 'utf8'));
    for (const [name, profile] of Object.entries(config.profiles)) {
      const result = compileProfile({ name, config: profile, image: 'x', blocked: config.blocked });
      expect(result.kind === 'ok' && policyDocument.safeParse(result.document).success).toBe(true);
    }
    expect(config).toMatchObject({ tier: 'standard', throwaway: false });
  });

  it('W1 units are read, and grants take the region of the platform unless they name one', () => {
    const text = edited(['host: wiki.example.com', 'host: wiki.example.com\n        maxBody: 2MiB'])
      .replace('host: rule.example.com', 'host: rule.example.com\n          maxBody: 1GiB')
      .replace('        region: eu-central-1\n', '');
    const { coding } = configOf(text).profiles;
    expect(coding).toMatchObject({
      size: { cpu: 2, memory: 8192, storage: 30 },
      lifetime: 7200,
      idleTimeout: 900,
      models: { allow: ['claude'], budget: 20 },
      egress: { rules: [{ maxBody: 2 ** 30 }] },
      grants: { wiki: { maxBody: 2 * 2 ** 20 }, cloud: { region: 'eu-west-1' } },
    });
    expect(configOf(GOOD).profiles.coding?.grants.cloud).toMatchObject({ region: 'eu-central-1' });
    expect(configOf(edited(['lifetime: 2h', 'lifetime: 900s'])).profiles.coding?.lifetime).toBe(900);
  });

  it('W1 a command is taken over as it stands, and is absent where there is none', () => {
    const { coding, review } = configOf(GOOD).profiles;
    expect(coding?.command).toEqual(['run', 'fast']);
    expect(review).not.toHaveProperty('command');
  });

  it('N1 what a file leaves out opens nothing', () => {
    const config = configOf('version: 1\nname: acme\nregion: eu-west-1\nprofiles:\n  first: { image: { build: . } }\n');
    expect(config).toMatchObject({ tier: 'standard', throwaway: false, network: {}, repositories: [], blocked: [] });
    expect(config.profiles.first).toMatchObject({
      egress: { presets: [], rules: [], requestable: [], blocked: [] },
      grants: {},
      models: { allow: [], budget: 0 },
    });
  });

  it('S5 a lifetime shorter than the default idle time needs no idle time beside it', () => {
    const config = configOf(edited(['lifetime: 2h\n    idleTimeout: 15m', 'lifetime: 10m']));
    expect(config.profiles.coding?.idleTimeout).toBe(600);
  });

  it('U1 an image by full name and digest is right in its own region', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const name = `111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/agent@${digest}`;
    expect(configOf(edited(['{ build: ./review }', name])).profiles.review?.image).toBe(name);
  });
});
