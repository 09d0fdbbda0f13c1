import type { SelfAnswer } from '../../core/session/self';
import { EXITS } from '../../core/session/task';
import type { RecordingEnd } from '../../core/session/transcript';
import type { ByteSink } from '../../runtime/byte-sink';
import type { Clock } from '../../runtime/clock';
import type { Shipping } from './shipping';

/** Pause between two looks; longer where a look itself takes long, since an agent decides how much there is to look at. */
const PAUSE_MS = 500;
const PAUSE_PER_LOOK = 10;
/** Looks at the clock and at the network. */
const WATCH_MS = 5_000;
/** After a signal, which Fargate follows with SIGKILL 120 s later; and where it is ourselves who end it, with the agent alive. */
const FLUSH_MS = { stopped: 90_000, alone: 10_000 } as const;

export interface RecordPorts {
  readonly shipping: Pick<Shipping, 'next' | 'end'>;
  readonly sink: ByteSink;
  /** Whether the network was in use since it was asked last. */
  readonly networkInUse: () => boolean;
  readonly clock: Clock;
  /** Tells when ECS wants the container to end. */
  readonly onStop: (listener: () => void) => void;
}

export const RECORD_EXITS: Readonly<Record<RecordingEnd, number>> = {
  stopped: 0,
  idle: EXITS.recorderIdle,
  lifetime: EXITS.recorderLifetime,
  broken: 1,
};

/**
 * Ships until ECS stops it, nobody does anything any more, or the session's time is over. Its end is the task's, being
 * essential: this is the third means against a task that outlives its session, after the life cycle and the reaper, and
 * the only one inside. Resolves with the exit code.
 */
export async function record(
  { lifetimeEndsAt, idleSeconds }: Pick<SelfAnswer, 'lifetimeEndsAt' | 'idleSeconds'>,
  ports: RecordPorts,
): Promise<number> {
  const { shipping, sink, clock } = ports;
  let activeAt = clock.monotonic();
  let decide: (why: RecordingEnd) => void = () => undefined;
  let why: RecordingEnd | undefined;
  const decided = new Promise<RecordingEnd>((resolve) => {
    decide = (end) => {
      why ??= end;
      resolve(why);
    };
  });
  ports.onStop(() => decide('stopped'));
  // Apart from the shipping: a log that takes nothing must not give an agent more time.
  const watch = clock.every(WATCH_MS, () => {
    if (ports.networkInUse()) activeAt = clock.monotonic();
    if (clock.wall() >= Date.parse(lifetimeEndsAt)) decide('lifetime');
    else if (clock.monotonic() - activeAt >= idleSeconds * 1000) decide('idle');
  });

  const ship = async (last: boolean): Promise<boolean> => {
    const text = shipping.next(last);
    if (text === '') return false;
    activeAt = clock.monotonic();
    await sink.write(Buffer.from(text));
    return true;
  };
  const shipOn = async (): Promise<void> => {
    while (why === undefined) {
      const begun = clock.monotonic();
      await ship(false);
      const took = clock.monotonic() - begun;
      await Promise.race([decided, pause(clock, Math.max(PAUSE_MS, took * PAUSE_PER_LOOK))]);
    }
  };
  const looking = shipOn().catch(() => decide('broken'));
  const end = await decided;
  watch();
  const flush = async (): Promise<void> => {
    await looking;
    // Until there is nothing new: the agent has ended, or will not be waited for.
    while (await ship(true));
    await sink.write(Buffer.from(shipping.end(end)));
  };
  if (end !== 'broken')
    await Promise.race([
      flush().catch(() => undefined),
      pause(clock, end === 'stopped' ? FLUSH_MS.stopped : FLUSH_MS.alone),
    ]);
  return RECORD_EXITS[end];
}

function pause(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(milliseconds, resolve);
  });
}
