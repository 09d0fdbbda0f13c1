import { EXITS } from '../../../core/session/task';
import { NetworkActivity, totalOf } from '../../../images/session/activity';
import { record } from '../../../images/session/record';
import { ManualClock, settle } from '../../runtime/manual-clock';

const IDLE_SECONDS = 900;

let clock: ManualClock;
let written: string[];
/** What there is to ship, a look each. */
let pending: string[];
let network: boolean;
let stop: () => void;
let sinkWaits: Promise<void>;

beforeEach(() => {
  clock = new ManualClock();
  written = [];
  pending = [];
  network = false;
  stop = () => undefined;
  sinkWaits = Promise.resolve();
});

const start = async (lifetimeSeconds = 28_800): Promise<{ code: () => number | undefined }> => {
  let code: number | undefined;
  const lifetimeEndsAt = new Date(clock.wall() + lifetimeSeconds * 1000).toISOString();
  void record(
    { lifetimeEndsAt, idleSeconds: IDLE_SECONDS },
    {
      shipping: { next: () => pending.shift() ?? '', end: (why) => `end ${why}\n` },
      sink: {
        write: async (bytes) => {
          await sinkWaits;
          written.push(Buffer.from(bytes).toString());
        },
      },
      networkInUse: () => network,
      clock,
      onStop: (listener) => {
        stop = listener;
      },
    },
  ).then((ended) => {
    code = ended;
  });
  await settle();
  return { code: () => code };
};
const minutes = (count: number): number => count * 60_000;

describe('session-recorder', () => {
  it('A3 ships what is left when ECS stops it, and says that this is all', async () => {
    const recorder = await start();
    pending = ['a\n'];
    await clock.advance(1000);
    pending = ['b\n', 'c\n'];
    stop();
    await settle();
    await clock.advance(1000);
    expect(written).toEqual(['a\n', 'b\n', 'c\n', 'end stopped\n']);
    expect(recorder.code()).toBe(0);
  });

  it('S5 ends the task when nobody does anything any more', async () => {
    const recorder = await start();
    await clock.advance(minutes(14));
    expect(recorder.code()).toBeUndefined();
    await clock.advance(minutes(2));
    expect(recorder.code()).toBe(EXITS.recorderIdle);
    expect(written).toEqual(['end idle\n']);
  });

  it.each([
    [
      'a transcript grows',
      () => {
        pending = ['x\n'];
      },
    ],
    [
      'the network is in use',
      () => {
        network = true;
      },
    ],
  ])('S5 not while %s', async (_, act) => {
    const recorder = await start();
    for (let i = 0; i < 8; i++) {
      network = false;
      await clock.advance(minutes(10));
      act();
      await clock.advance(minutes(1));
    }
    expect(recorder.code()).toBeUndefined();
  });

  it('S5 ends the task when its time is over, however busy it is', async () => {
    const recorder = await start(3600);
    network = true;
    await clock.advance(minutes(59));
    expect(recorder.code()).toBeUndefined();
    await clock.advance(minutes(2));
    expect(recorder.code()).toBe(EXITS.recorderLifetime);
    expect(written).toEqual(['end lifetime\n']);
  });

  it('S5 also where the log takes nothing: what can not be written does not keep a task alive', async () => {
    const recorder = await start(3600);
    network = true;
    pending = ['x\n'];
    sinkWaits = new Promise(() => undefined);
    await clock.advance(minutes(62));
    expect(recorder.code()).toBe(EXITS.recorderLifetime);
  });

  it('A3 gives up in the time that Fargate leaves, and in less where the agent is still there', async () => {
    const recorder = await start();
    pending = ['x\n'];
    sinkWaits = new Promise(() => undefined);
    await clock.advance(1000);
    stop();
    await settle();
    await clock.advance(89_000);
    expect(recorder.code()).toBeUndefined();
    await clock.advance(2_000);
    expect(recorder.code()).toBe(0);
  });

  it('A3 ends, and the task with it, where its log is broken', async () => {
    const recorder = await start();
    sinkWaits = Promise.reject(new Error('EPIPE'));
    sinkWaits.catch(() => undefined);
    pending = ['x\n'];
    await clock.advance(2000);
    expect(recorder.code()).toBe(1);
  });
});

describe('S5 whether the network is in use', () => {
  const table = (eth0: number): string =>
    [
      'Inter-| Receive | Transmit',
      ' face |bytes packets',
      `  eth0: ${eth0} 1 0 0 0 0 0 0 ${eth0} 1 0 0 0 0 0 0`,
      '    lo: 999999 1 0 0 0 0 0 0 999999 1 0 0 0 0 0 0',
    ].join('\n');

  it('S5 counts what comes and goes, and not what stays inside', () => {
    expect(totalOf(table(100))).toBe(200);
  });

  it('S5 takes what an interface says by itself for nothing', () => {
    let [bytes, now] = [0, 0];
    const activity = new NetworkActivity(
      () => bytes,
      () => now,
    );
    [bytes, now] = [500, 5000];
    expect(activity.was()).toBe(false);
    [bytes, now] = [5000, 10_000];
    expect(activity.was()).toBe(true);
    now = 15_000;
    expect(activity.was()).toBe(false);
  });
});
