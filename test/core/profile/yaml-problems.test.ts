import { parseDocument } from 'yaml';
import { formatPath, formatProblem } from '../../../core/profile/problem';
import { readPlatformYaml } from '../../../core/profile/read';
import { offsetOf, valueAt, yamlProblems } from '../../../core/profile/yaml-problems';

/** `offset: got, expected; fix` of each problem. */
const told = (text: string): string[] =>
  yamlProblems(parseDocument(text, { prettyErrors: false })).map(
    ({ offset, ...problem }) => `${offset}: ${formatProblem(problem)}`,
  );

describe('W3 text that is no plain YAML', () => {
  it.each<[what: string, text: string, said: RegExp[]]>([
    ['plain', 'a: { b: [1, c] }', []],
    ['a key twice', 'a: 1\nb: 2\na: 3', [/^10: expected each name once; rename or merge/]],
    ['a second document', 'a: 1\n---\nb: 2', [/^5: expected one document; remove the line ---/]],
    ['what is no YAML at all', 'a: [1', [/expected YAML; /]],
    ['an old version of YAML', '%YAML 1.1\n---\na: 1', [/^0: got %YAML 1.1, expected YAML 1.2; remove the line/]],
    ['the version named', '%YAML 1.2\n---\na: 1', []],
    ['a warning', 'a: !odd 1', [/^3: expected plain YAML; .*odd/]],
    ['a number as a key', 'a: 1\n7: 2', [/^5: got the key 7, expected a key written as text/]],
    ['nothing as a key', 'a: 1\n: 2', [/^5: got the key null, expected a key written as text/]],
    ['a list as a key', '? [a]\n: 1', [/^2: got the key \["a"\], expected a key written as text/]],
    ['an alias as a key', 'a: &x b\n*x : 1', [/^8: got the key \*x, expected a key written as text/]],
    ['the key that is no key in JavaScript', '__proto__: 1', [/^0: got the key __proto__, expected/]],
    [
      'an alias of nothing',
      'a: *.example.com',
      [/^3: got \*.example.com, expected quotes around a leading \*; write "\*.example.com"/],
    ],
    ['an alias', 'a: &x 1\nb: *x', []],
    ['an alias inside its anchor', 'a: &x [*x]', [/^7: got \*x, expected no alias inside a part that has an anchor/]],
    ['an alias inside another anchor', 'a: &x 1\nb: &y { c: { d: *x } }', [/^24: got \*x, expected no alias inside/]],
    [
      'several, in the order of the text',
      'a: *x\n7: 1\na: 2',
      [/^3: got \*x/, /^6: got the key 7/, /^11: expected each name once/],
    ],
  ])('W3 %s', (_, text, said) => {
    const got = told(text);
    expect(got).toHaveLength(said.length);
    for (const [i, pattern] of said.entries()) expect(got[i]).toMatch(pattern);
  });
});

describe('W3 where a path stands', () => {
  const text = 'a:\n  b: [1, { c: 2 }]\n"d": null\n';
  const document = parseDocument(text);

  it.each<[path: (string | number)[], at: string]>([
    [['a'], 'a:'],
    [['a', 'b'], 'b:'],
    [['a', 'b', 0], '1,'],
    [['a', 'b', 1], '{ c'],
    [['a', 'b', 1, 'c'], 'c: 2'],
    [['d'], '"d"'],
    [['a', 'missing'], 'a:'],
    [['a', 'b', 7], 'b:'],
    [['a', 'b', 1, 'missing', 'deeper'], '{ c'],
    [['missing'], 'a:'],
    [[], 'a:'],
  ])('W3 %j', (path, at) => {
    expect(offsetOf(document, path)).toBe(text.indexOf(at));
  });

  it('W3 what stands nowhere is told at the top of the file, not below its comments', () => {
    expect(offsetOf(parseDocument('# ours\nversion: 1\n'), ['missing'])).toBe(0);
  });

  it.each<[path: (string | number)[], value: unknown]>([
    [[], { a: { b: [1] }, n: null }],
    [['a', 'b', 0], 1],
    [['a', 'x', 'y'], undefined],
    [['n', 'x'], undefined],
    [['a', 'b', 0, 'length'], undefined],
  ])('W3 the value at %j', (path, value) => {
    expect(valueAt({ a: { b: [1] }, n: null }, path)).toEqual(value);
  });
});

describe('W3 what the schema says, in words', () => {
  const least = 'version: 1\nname: acme\nregion: eu-west-1\nprofiles:\n  first:\n    image: { build: . }\n';
  const said = (more: string): string[] => {
    const result = readPlatformYaml(`${least}${more}`, 'platform.yaml');
    return result.kind === 'ok'
      ? []
      : result.problems.map((problem) => {
          expect(formatPath(problem.path)).not.toBe('');
          return formatProblem(problem).replace(/^platform.yaml:\d+:\d+: /, '');
        });
  };
  const SEE = 'see the schema or the comments in platform.yaml';
  const GRANT = '    grants:\n      wiki: { kind: oidc, audience: x, host: a.example.com';

  it.each<[string, string[]]>([
    ['', []],
    [
      'tyre: 1\n',
      [
        'tyre: got the key "tyre", expected one of version, name, region, tier, throwaway, deletionProtection, network, repositories, blocked, profiles; correct or remove it',
      ],
    ],
    ['network: 7\n', [`network: got 7, expected keys and values; ${SEE}`]],
    ['repositories: 7\n', [`repositories: got 7, expected a list; ${SEE}`]],
    ['    size: []\n', [`profiles.first.size: got [], expected keys and values; ${SEE}`]],
    [
      '    size: { cpus: 1 }\n',
      ['profiles.first.size.cpus: got the key "cpus", expected one of cpu, memory, storage; correct or remove it'],
    ],
    [
      'network: { zone: agents.internal! }\n',
      [
        'network.zone: got "agents.internal!", expected a private DNS name such as agents.internal; use lower-case labels',
      ],
    ],
    [
      '    models: { allow: [a] }\n',
      [
        'profiles.first.models.budget: got nothing, expected what one session may spend, as { usd: 20 }; write budget: { usd: 20 }',
      ],
    ],
    [
      `${GRANT}, query: [{ name: "" }] }\n`,
      ['profiles.first.grants.wiki.query[0].name: got "", expected text that is not empty; write some'],
    ],
    [
      `${GRANT}, query: [{ name: q, values: [] }] }\n`,
      ['profiles.first.grants.wiki.query[0].values: got [], expected at least one entry; add one'],
    ],
    [`${GRANT}, query: [{ name: 7 }] }\n`, [`profiles.first.grants.wiki.query[0].name: got 7, expected text; ${SEE}`]],
    [
      `${GRANT}, methods: [POST], graphql: { operations: [read] } }\n`,
      [
        'profiles.first.grants.wiki.graphql.operations[0]: got "read", expected one of query, mutation, subscription; write it exactly so',
      ],
    ],
    [
      `${GRANT}, methods: [POST], graphql: { operations: [query], fields: [a b] } }\n`,
      [
        'profiles.first.grants.wiki.graphql.fields[0]: got "a b", expected text of the form /^[_A-Za-z][_0-9A-Za-z]*$/; correct the spelling',
      ],
    ],
    [
      `${GRANT}, methods: [POST], mcp: { tool: [a], tools: [b] } }\n`,
      ['profiles.first.grants.wiki.mcp.tool: got the key "tool", expected one of tools; correct or remove it'],
    ],
    [
      '  Second: { image: { build: . } }\n',
      [
        'profiles.Second: got "Second", expected the name of a profile; use 2 to 32 lower-case letters, digits and inner hyphens, starting with a letter',
      ],
    ],
    [
      '  second: { image: "agent:latest" }\n',
      [
        'profiles.second.image: got "agent:latest", expected an ECR image by digest (….dkr.ecr.REGION.amazonaws.com/NAME@sha256:…), { build: FOLDER } or { repository, digest }; a tag can be moved to another image, and sessions reach no registry but ECR; push the image there and pin its digest',
      ],
    ],
    [
      '    grants:\n      wiki: { kind: secret-header, header: Authorization, host: a.example.com }\n',
      [
        'profiles.first.grants.wiki.secret: got nothing, expected the ARN of a secret in Secrets Manager; a secret itself never stands here',
      ],
    ],
  ])('W3 %j', (more, expected) => {
    expect(said(more)).toEqual(expected);
  });

  it('W3 a long value is shown by its beginning', () => {
    const [whole, cut] = ['x'.repeat(78), 'x'.repeat(79)];
    expect(said(`tier: ${whole}\n`)).toEqual([expect.stringContaining(`got "${whole}", expected`)]);
    expect(said(`tier: ${cut}\n`)).toEqual([expect.stringContaining(`got "${'x'.repeat(76)}..., expected`)]);
  });
});
