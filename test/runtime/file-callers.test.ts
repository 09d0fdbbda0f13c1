import { FileCallers } from '../../runtime/file-callers';
import { makeFolder } from './folder';
import { ManualClock } from './manual-clock';

const SESSION = 's01k9m3v2zq8f4c7n5t6w1x0ybd';
const session = {
  kind: 'session',
  sessionId: SESSION,
  requester: 'idp|1',
  team: 'payments',
  profile: 'coder',
} as const;
const client = { kind: 'client', name: 'nightly-build', profile: 'builder' } as const;
const good = {
  version: 1,
  bindings: [
    { address: '127.0.0.1', subject: session, opened: ['docs.python'] },
    { cidr: '10.64.0.0/16', subject: client },
    { cidr: '10.64.3.0/24', subject: { ...client, name: 'inner' } },
  ],
};

let folder: ReturnType<typeof makeFolder>;
let clock: ManualClock;
let callers: FileCallers | undefined;
let problems: string[];
let closed: string[];
beforeEach(() => {
  folder = makeFolder();
  clock = new ManualClock();
  problems = [];
  closed = [];
});
afterEach(async () => {
  await callers?.close();
  folder.remove();
});

function open(content: unknown = good): FileCallers {
  if (content !== 'nothing') folder.write('callers.json', content);
  callers = new FileCallers({
    path: folder.file('callers.json'),
    clock,
    keepMs: 5000,
    pollMs: 1000,
    onProblem: (said) => problems.push(...said),
  });
  callers.onClosed((key) => closed.push(key ?? 'everybody'));
  return callers;
}
const who = async (address = '127.0.0.1') => {
  const result = await callers?.identify(address);
  return result?.kind === 'caller' ? result.caller.key : result?.code;
};

describe('C1 callers from a file', () => {
  it('C1 are known by their address, in the spelling of either kind of socket, and by the longest range', async () => {
    const result = await open().identify('::ffff:127.0.0.1');
    expect(result).toEqual({ kind: 'caller', caller: { key: SESSION, subject: session, opened: ['docs.python'] } });
    expect(await who('10.64.9.9')).toBe('nightly-build');
    expect(await who('10.64.3.9')).toBe('inner');
    for (const address of ['10.65.0.1', '127.0.0.2', '::1', 'x', '', '10.64.3', '10.64.3.009', '010.64.3.9'])
      expect(await who(address)).toBe('unbound-address');
  });

  it.each<[string, (file: typeof good) => unknown]>([
    ['no JSON', () => '{'],
    ['another version', (file) => ({ ...file, version: 2 })],
    ['a key nobody knows', (file) => ({ ...file, allowAll: true })],
    ['address and range at once', (file) => ({ ...file, bindings: [{ ...file.bindings[0], cidr: '10.0.0.0/8' }] })],
    ['neither', (file) => ({ ...file, bindings: [{ subject: session }] })],
    ['a range off its border', (file) => ({ ...file, bindings: [{ cidr: '10.0.0.1/8', subject: client }] })],
    ['an address twice', (file) => ({ ...file, bindings: [file.bindings[0], { ...file.bindings[0], opened: [] }] })],
    [
      'one session in two profiles',
      (file) => ({
        ...file,
        bindings: [file.bindings[0], { address: '127.0.0.2', subject: { ...session, profile: 'other' } }],
      }),
    ],
    [
      'a client named like a session',
      (file) => ({
        ...file,
        bindings: [{ address: '127.0.0.1', subject: { ...client, name: SESSION } }],
      }),
    ],
    [
      'a platform as caller',
      (file) => ({ ...file, bindings: [{ address: '127.0.0.1', subject: { kind: 'platform' } }] }),
    ],
  ])('C1 a file with %s lets nobody in', async (_, change) => {
    open(change(good));
    expect(await who()).toBe('feed-stale');
    expect(problems).not.toEqual([]);
  });

  it('C1 a file that is not there, or too large, lets nobody in', async () => {
    open('nothing');
    expect(await who()).toBe('feed-stale');
    folder.write('callers.json', JSON.stringify(good) + ' '.repeat(4 * 1024 * 1024));
    await clock.advance(1000);
    expect(await who()).toBe('feed-stale');
    folder.write('callers.json', good);
    await clock.advance(1000);
    expect(await who()).toBe(SESSION);
  });

  it('C1 a file that breaks leaves the last good one for five seconds, then nobody passes and all are told', async () => {
    open();
    folder.write('callers.json', '{');
    await clock.advance(4999);
    expect(await who()).toBe(SESSION);
    expect(problems).toHaveLength(1);
    expect(closed).toEqual([]);
    await clock.advance(1001);
    expect(await who()).toBe('feed-stale');
    expect(closed).toEqual(['everybody']);
    await clock.advance(10_000);
    expect(closed).toEqual(['everybody']);
    folder.write('callers.json', good);
    await clock.advance(1000);
    expect(await who()).toBe(SESSION);
  });

  it('C1 a good file counts as long as it is there', async () => {
    open();
    await clock.advance(60_000);
    expect(await who()).toBe(SESSION);
    expect(closed).toEqual([]);
  });

  it('C1 an age that was not looked after counts as stale, and a clock set back makes nothing young', async () => {
    open();
    clock.wallTime -= 3_600_000;
    clock.stall(5001);
    expect(await who()).toBe('feed-stale');
    await clock.advance(0);
    expect(await who()).toBe(SESSION);
    expect(closed).toEqual(['everybody']);
  });

  it('S7 a pause refuses all and tells once', async () => {
    open();
    folder.replace('callers.json', { ...good, paused: true });
    await clock.advance(2000);
    expect(await who()).toBe('platform-paused');
    expect(await who('10.9.9.9')).toBe('platform-paused');
    expect(closed).toEqual(['everybody']);
  });

  it('C1 a session closed, gone, or with other facts is told once', async () => {
    open();
    folder.replace('callers.json', { ...good, closed: [SESSION] });
    await clock.advance(2000);
    expect(await who()).toBe('session-closed');
    expect(closed).toEqual([SESSION]);
    folder.replace('callers.json', {
      ...good,
      closed: [SESSION],
      bindings: [good.bindings[0], { cidr: '10.64.0.0/16', subject: { ...client, profile: 'wider' } }],
    });
    await clock.advance(2000);
    expect(closed.slice(1).sort()).toEqual(['inner', 'nightly-build']);
  });

  it('C1 a rule opened for a session takes effect and closes nothing', async () => {
    open();
    folder.replace('callers.json', {
      ...good,
      bindings: [{ address: '127.0.0.1', subject: session, opened: ['more'] }, ...good.bindings.slice(1)],
    });
    await clock.advance(1000);
    expect(await callers?.identify('127.0.0.1')).toMatchObject({ caller: { opened: ['more'] } });
    expect(closed).toEqual([]);
  });

  it('C1 a change is seen at once where the system says so, without a poll', async () => {
    open();
    const told = new Promise((resolve) => callers?.onClosed(resolve));
    folder.replace('callers.json', { ...good, paused: true });
    await told;
    expect(await who()).toBe('platform-paused');
  });
});
