import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { FilePolicies } from '../../runtime/file-policies';
import { documentOf } from './documents';
import { makeFolder } from './folder';
import { ManualClock } from './manual-clock';

let folder: ReturnType<typeof makeFolder>;
let clock: ManualClock;
let policies: FilePolicies | undefined;
let problems: [string | undefined, readonly string[]][];
let changed: string[];
beforeEach(() => {
  folder = makeFolder();
  clock = new ManualClock();
  problems = [];
  changed = [];
});
afterEach(async () => {
  await policies?.close();
  folder.remove();
});

function open(): FilePolicies {
  policies = new FilePolicies({
    folder: folder.path,
    clock,
    onProblem: (profile, said) => problems.push([profile, said]),
  });
  policies.onChange((profile) => changed.push(profile));
  return policies;
}
const lifetime = (profile = 'coder') => policies?.get(profile)?.document.session.lifetimeSeconds;

describe('N6 policies from a folder', () => {
  it('N6 are documents by the name of their file, with the hash of the bytes as they lie there', () => {
    const text = `${JSON.stringify(documentOf('coder'), null, 2)}\n`;
    folder.write('coder.json', text);
    folder.write('other.json', documentOf('other', 7200));
    folder.write('README.md', '#');
    const loaded = open().get('coder');
    expect(loaded?.document).toEqual(documentOf('coder'));
    expect(loaded?.hash).toBe(createHash('sha256').update(text).digest('hex'));
    expect(lifetime('other')).toBe(7200);
    expect(policies?.get('missing')).toBeUndefined();
    expect(problems).toEqual([]);
  });

  it('N6 a new version takes effect, and whoever asked is told which', async () => {
    folder.write('coder.json', documentOf('coder'));
    open();
    folder.replace('coder.json', documentOf('coder', 60));
    await clock.advance(1000);
    expect(lifetime()).toBe(60);
    expect(changed).toEqual(['coder']);
    folder.write('late.json', documentOf('late'));
    await clock.advance(1000);
    expect(lifetime('late')).toBe(3600);
    expect(changed).toEqual(['coder', 'late']);
  });

  it('N6 the same version read again is the same object, so that what is made of it is made once', async () => {
    folder.write('coder.json', documentOf('coder'));
    const first = open().get('coder');
    await clock.advance(5000);
    expect(policies?.get('coder')).toBe(first);
  });

  it.each<[string, string | object]>([
    ['no JSON', '{'],
    ['an unknown key', { ...documentOf('coder', 60), allowAll: true }],
    ['another version', { ...documentOf('coder', 60), version: 2 }],
    ['the document of another profile', documentOf('other', 60)],
  ])(
    'N6 a broken version (%s) never replaces a good one, is told once, and ends after ten minutes',
    async (_, broken) => {
      folder.write('coder.json', documentOf('coder'));
      open();
      folder.write('coder.json', broken);
      await clock.advance(10 * 60_000);
      expect(lifetime()).toBe(3600);
      expect(problems.map(([profile]) => profile)).toEqual(['coder']);
      await clock.advance(1);
      expect(lifetime()).toBeUndefined();
      folder.write('coder.json', documentOf('coder'));
      await clock.advance(1000);
      expect(lifetime()).toBe(3600);
    },
  );

  it('N6 bytes that are no UTF-8 are no document', () => {
    folder.write('coder.json', documentOf('coder'));
    const text = JSON.stringify(documentOf('coder')).replace('repo@', '\xff@');
    writeFileSync(folder.file('coder.json'), Buffer.from(text, 'latin1'));
    open();
    expect(lifetime()).toBeUndefined();
    expect(problems).toEqual([['coder', ['not UTF-8']]]);
  });

  it('N6 a file or the folder that is gone ends after ten minutes', async () => {
    folder.write('coder.json', documentOf('coder'));
    folder.write('other.json', documentOf('other'));
    open();
    folder.remove('coder.json');
    await clock.advance(1000);
    expect(problems).toEqual([['coder', ['ENOENT']]]);
    folder.remove();
    await clock.advance(10 * 60_000 - 1001);
    expect(problems.map(([profile]) => profile)).toStrictEqual(['coder', undefined]);
    expect([lifetime(), lifetime('other')]).toEqual([3600, 3600]);
    await clock.advance(1002);
    expect([lifetime(), lifetime('other')]).toStrictEqual([undefined, undefined]);
  });

  it('N6 a clock set back keeps nothing alive', async () => {
    folder.write('coder.json', documentOf('coder'));
    open();
    folder.remove('coder.json');
    clock.wallTime -= 86_400_000;
    clock.stall(10 * 60_000 + 1);
    expect(lifetime()).toBeUndefined();
  });
});
