import { formatPath, formatProblem } from '../../../core/profile/problem';
import { readPlatformYaml } from '../../../core/profile/read';
import { GOOD } from './bad-platforms';

type Edit = readonly [from: string, to: string];

function read(edits: readonly Edit[], hasDockerfile?: (folder: string) => boolean) {
  const text = edits.reduce((whole, [from, to]) => {
    if (whole.split(from).length !== 2) throw new Error(`"${from}" does not stand once in the good file`);
    return whole.replace(from, () => to);
  }, GOOD);
  return readPlatformYaml(text, 'platform.yaml', hasDockerfile);
}
function pathsOf(edits: readonly Edit[], hasDockerfile?: (folder: string) => boolean): string[] {
  const result = read(edits, hasDockerfile);
  return result.kind === 'ok' ? [] : result.problems.map(({ path }) => formatPath(path));
}

const GOLD: Edit = ['tier: standard', 'tier: gold'];
const ecr = (region: string) =>
  `111122223333.dkr.ecr.${region}.amazonaws.com/agent@sha256:${'0123456789abcdef'.repeat(4)}`;

describe('W3 a wrong shape in one place hides nothing elsewhere, and nothing is told twice', () => {
  it.each<[what: string, edits: readonly Edit[], paths: string[]]>([
    ['the shape of the network', [GOLD, ['10.64.0.0/16', '10.64.0.0']], ['tier', 'network.sessionsCidr']],
    ['the meaning of the network', [GOLD, ['10.64.0.0/16', '8.0.0.0/16']], ['tier', 'network.sessionsCidr']],
    ['hosts of an AWS grant are made of the region', [GOLD, ['        region: eu-central-1\n', '']], ['tier']],
    ['an image in the region', [GOLD, ['{ build: ./review }', ecr('eu-west-1')]], ['tier']],
    [
      'an image in another region',
      [GOLD, ['{ build: ./review }', ecr('us-east-1')]],
      ['tier', 'profiles.review.image'],
    ],
    [
      'an image, where the region itself is wrong',
      [
        ['region: eu-west-1', 'region: Europe'],
        ['{ build: ./review }', ecr('us-east-1')],
      ],
      ['region'],
    ],
    [
      'an image, where the repositories are wrong',
      [
        ['[coding-agent]', '[Coding]'],
        ['{ build: ./review }', ecr('us-east-1')],
      ],
      ['repositories[0]'],
    ],
    [
      'a profile whose name is wrong',
      [
        ['  review:', '  Review:'],
        ['{ build: ./review }', '{ build: ./review }\n    lifetime: 9h'],
      ],
      ['profiles.Review'],
    ],
    [
      'two on one line, from left to right',
      [
        ['network:\n', 'network: { egressCidr: 8.8.0.0/20, sessionsCidr: 8.0.0.0/16 }\nrepositories: [coding-agent]\n'],
        [/ {2}availabilityZones[\s\S]*?repositories: \[coding-agent\]\n/.exec(GOOD)?.[0] ?? '', ''],
      ],
      ['network.egressCidr', 'network.sessionsCidr'],
    ],
  ])('W3 %s', (_, edits, paths) => {
    expect(pathsOf(edits)).toEqual(paths);
  });

  it.each<[string, Edit]>([
    ['text that is no YAML', ['version: 1', 'version: [']],
    ['a wrong shape', GOLD],
    ['a wrong meaning', ['lifetime: 2h', 'lifetime: 9h']],
  ])('W3 %s is invalid, said in one line each', (_, edit) => {
    const result = read([edit]);
    expect(result.kind).toBe('invalid');
    for (const problem of result.kind === 'invalid' ? result.problems : []) {
      expect(formatProblem(problem)).not.toContain('\n');
    }
  });
});

describe('N1 a profile observes only where its file says so', () => {
  it.each<[string, readonly Edit[], string | undefined]>([
    ['as it says', [], 'observe'],
    ['enforce', [['mode: observe', 'mode: enforce']], 'enforce'],
    ['nothing said', [['      mode: observe\n', '']], undefined],
  ])('N1 %s', (_, edits, mode) => {
    const result = read(edits);
    const egress = result.kind === 'ok' ? result.config.profiles.coding?.egress : undefined;
    expect(egress?.mode).toBe(mode);
    expect('mode' in (egress ?? {})).toBe(mode !== undefined);
    expect(result.kind === 'ok' && result.config.profiles.review?.egress).not.toHaveProperty('mode');
  });
});

describe('W3 an image to be built', () => {
  it('W3 needs a Dockerfile in its folder, and no other image is asked for one', () => {
    const asked: string[] = [];
    const none = (folder: string) => {
      asked.push(folder);
      return false;
    };
    expect(pathsOf([], none)).toEqual(['profiles.review.image.build']);
    expect(pathsOf([GOLD], none)).toEqual(['tier', 'profiles.review.image.build']);
    expect(new Set(asked)).toEqual(new Set(['./review']));
    expect(pathsOf([], () => true)).toEqual([]);
    expect(pathsOf([['{ build: ./review }', ecr('eu-west-1')]], none)).toEqual([]);
  });
});
