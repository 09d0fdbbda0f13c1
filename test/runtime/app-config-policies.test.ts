import { createHash } from 'node:crypto';
import { AppConfigPolicies } from '../../runtime/app-config-policies';
import type { AppConfigSource } from '../../runtime/app-config-source';
import { documentOf } from './documents';
import { ManualClock, settle } from './manual-clock';

/** AppConfig as its reference describes it: tokens are good for one question of one session, unchanged is empty. */
class FakeAppConfig implements AppConfigSource {
  readonly content = new Map<string, Uint8Array>();
  readonly started: string[] = [];
  asked = 0;
  failing: string | undefined;
  nextPollSeconds = 15;
  private readonly sessions = new Map<string, { readonly profile: string; seen: Uint8Array | undefined }>();
  private tokens = 0;

  put(profile: string, content: unknown): void {
    this.content.set(profile, Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)));
  }

  async start(profile: string): Promise<string> {
    this.fail();
    this.started.push(profile);
    const token = `t${++this.tokens}`;
    this.sessions.set(token, { profile, seen: undefined });
    return token;
  }

  async latest(token: string) {
    this.asked++;
    this.fail();
    const session = this.sessions.get(token);
    if (session === undefined) throw Object.assign(new Error('used'), { name: 'BadRequestException' });
    this.sessions.delete(token);
    const next = `t${++this.tokens}`;
    const now = this.content.get(session.profile) ?? new Uint8Array();
    this.sessions.set(next, { profile: session.profile, seen: now });
    const bytes = session.seen !== undefined && Buffer.compare(session.seen, now) === 0 ? new Uint8Array() : now;
    return { token: next, bytes, nextPollSeconds: this.nextPollSeconds };
  }

  private fail(): void {
    if (this.failing !== undefined) throw Object.assign(new Error('secret detail'), { name: this.failing });
  }
}

let appConfig: FakeAppConfig;
let clock: ManualClock;
let policies: AppConfigPolicies | undefined;
let problems: [string, readonly string[]][];
let changed: string[];
beforeEach(() => {
  appConfig = new FakeAppConfig();
  appConfig.put('coder', documentOf('coder'));
  clock = new ManualClock();
  problems = [];
  changed = [];
});
afterEach(() => policies?.close());

async function open(change: { pollMs?: number; profiles?: string[] } = {}): Promise<AppConfigPolicies> {
  policies = new AppConfigPolicies({
    source: appConfig,
    profiles: ['coder'],
    clock,
    onProblem: (profile, said) => problems.push([profile, said]),
    ...change,
  });
  policies.onChange((profile) => changed.push(profile));
  await policies.ready();
  return policies;
}
const lifetime = (profile = 'coder') => policies?.get(profile)?.document.session.lifetimeSeconds;

describe('N6 policies from AppConfig', () => {
  it('N6 are read at the start, named by the hash of the bytes, and by their profile', async () => {
    appConfig.put('other', documentOf('other', 7200));
    await open({ profiles: ['coder', 'other', 'late'] });
    expect(policies?.get('coder')).toEqual({
      document: documentOf('coder'),
      hash: createHash('sha256')
        .update(JSON.stringify(documentOf('coder')))
        .digest('hex'),
    });
    expect(lifetime('other')).toBe(7200);
    expect(policies?.missing()).toEqual(['late']);
    expect(problems).toEqual([['late', ['the configuration is empty']]]);
    expect(appConfig.started).toEqual(['coder', 'other', 'late']);
  });

  it('N6 one session is asked every 15 seconds, not sooner, and an empty answer keeps the document alive', async () => {
    const first = (await open()).get('coder');
    await clock.advance(14_000);
    expect(appConfig.asked).toBe(1);
    await clock.advance(1000);
    expect(appConfig.asked).toBe(2);
    await clock.advance(3_600_000);
    expect(policies?.get('coder')).toBe(first);
    expect(appConfig.started).toEqual(['coder']);
    expect(changed).toEqual(['coder']);
  });

  it('N6 AppConfig may ask for less often, and nobody for more often', async () => {
    appConfig.nextPollSeconds = 1;
    await open({ pollMs: 1000 });
    await clock.advance(14_000);
    expect(appConfig.asked).toBe(1);
    appConfig.nextPollSeconds = 60;
    await clock.advance(1000);
    await clock.advance(59_000);
    expect(appConfig.asked).toBe(2);
    await clock.advance(1000);
    expect(appConfig.asked).toBe(3);
  });

  it('N6 a new version takes effect and is told', async () => {
    await open();
    appConfig.put('coder', documentOf('coder', 60));
    await clock.advance(15_000);
    expect(lifetime()).toBe(60);
    expect(changed).toEqual(['coder', 'coder']);
    expect(problems).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['an unknown key', { ...documentOf('coder', 60), allowAll: true }],
    ['another profile', documentOf('other', 60)],
  ])(
    'N6 a broken version (%s) never replaces the good one, and empty answers after it keep nothing alive',
    async (_, broken) => {
      await open();
      appConfig.put('coder', broken);
      await clock.advance(10 * 60_000);
      expect(lifetime()).toBe(3600);
      expect(problems).toHaveLength(1);
      await clock.advance(1000);
      expect(lifetime()).toBeUndefined();
      appConfig.put('coder', documentOf('coder'));
      await clock.advance(15_000);
      expect(lifetime()).toBe(3600);
      expect(policies?.missing()).toEqual([]);
    },
  );

  it('N6 while AppConfig fails the last good one counts for ten minutes, and is told once', async () => {
    await open();
    appConfig.failing = 'InternalServerException';
    await clock.advance(10 * 60_000);
    expect(lifetime()).toBe(3600);
    await clock.advance(1);
    expect(lifetime()).toBeUndefined();
    expect(policies?.missing()).toEqual(['coder']);
    expect(problems).toEqual([['coder', ['InternalServerException']]]);
    appConfig.failing = undefined;
    await clock.advance(15_000);
    expect(lifetime()).toBe(3600);
    appConfig.failing = 'InternalServerException';
    await clock.advance(15_000);
    expect(problems).toHaveLength(2);
  });

  it('N6 after a failure a new session is begun, since the token may be used up', async () => {
    await open();
    appConfig.failing = 'TimeoutError';
    await clock.advance(15_000);
    appConfig.failing = undefined;
    appConfig.put('coder', documentOf('coder', 60));
    await clock.advance(15_000);
    expect(appConfig.started).toEqual(['coder', 'coder']);
    expect(lifetime()).toBe(60);
  });

  it('N6 a new session that brings a broken version keeps nothing alive by its empty answers', async () => {
    await open();
    appConfig.failing = 'TimeoutError';
    await clock.advance(15_000);
    appConfig.failing = undefined;
    appConfig.put('coder', '');
    await clock.advance(11 * 60_000);
    expect(lifetime()).toBeUndefined();
  });

  it('N6 a new session that brings what was there already changes nothing', async () => {
    const first = (await open()).get('coder');
    appConfig.failing = 'TimeoutError';
    await clock.advance(15_000);
    appConfig.failing = undefined;
    await clock.advance(15_000);
    expect(appConfig.started).toHaveLength(2);
    expect(policies?.get('coder')).toBe(first);
    expect(changed).toEqual(['coder']);
  });

  it('N6 a service that never had one asks again soon', async () => {
    appConfig.failing = 'AccessDeniedException';
    await open();
    expect(lifetime()).toBeUndefined();
    appConfig.failing = undefined;
    await clock.advance(5000);
    expect(lifetime()).toBe(3600);
  });

  it('N6 a clock set back keeps nothing alive', async () => {
    await open();
    appConfig.failing = 'TimeoutError';
    clock.wallTime -= 86_400_000;
    await clock.advance(10 * 60_000 + 1);
    expect(lifetime()).toBeUndefined();
  });

  it('N6 one question is under way at a time, and none after closing', async () => {
    await open();
    let release: () => void = () => undefined;
    const asked = jest.spyOn(appConfig, 'latest').mockImplementation(
      () =>
        new Promise((_, reject) => {
          release = () => reject(new Error('late'));
        }),
    );
    await clock.advance(60_000);
    expect(asked).toHaveBeenCalledTimes(1);
    release();
    await settle();
    await policies?.close();
    expect(clock.pending).toBe(0);
  });
});
