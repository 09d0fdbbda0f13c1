import { runTaskToken, type SessionRow } from '../../core/session/row';
import type { Clock } from '../../runtime/clock';
import type { RunTaskRate } from '../../runtime/run-task-rate';
import type { Machines } from '../../runtime/session-ports';
import type { Transitions } from '../../runtime/session-transitions';

/** What waits in the queue: a session, and the machine that waits for its task. */
export interface LaunchMessage {
  readonly sessionId: string;
  readonly token: string;
  /** How often ECS was asked in vain. */
  readonly tries?: number;
}

/** Puts a message behind the others, to come back after so long. */
export type SendLater = (message: LaunchMessage, seconds: number) => Promise<void>;

export interface LaunchOptions {
  readonly transitions: Transitions;
  readonly machines: Machines;
  readonly rate: RunTaskRate;
  readonly sendLater: SendLater;
  readonly clock: Clock;
  readonly random?: () => number;
  /** A reason of ECS, for the log: no record has a place for it. */
  readonly onProblem: (sessionId: string, problem: string) => void;
}

/** With the waits between them, about a quarter of an hour: Fargate's capacity comes back in minutes. */
export const MOST_TRIES = 12;
const LONGEST_WAIT_SECONDS = 120;
/** A function that waits is paid for, and its message is hidden from others meanwhile. */
const MOST_IN_FUNCTION_MS = 20_000;
const FULL_SECONDS = 20;
const LOOK_AHEAD_MS = 100;
/** Throttles pass in a second or two. */
const TRIES_AT_ONCE = 2;
const RETRY_AFTER_MS = 1500;

/** Takes messages off the queue: gives each a place, waits for its turn at RunTask, asks, and tells the machine. */
export class Launch {
  private readonly random: () => number;

  constructor(private readonly options: LaunchOptions) {
    this.random = options.random ?? Math.random;
  }

  /** Messages that have to come again, by their index. */
  async handle(messages: readonly LaunchMessage[]): Promise<number[]> {
    const prepared = await Promise.allSettled(messages.map((message) => this.prepare(message)));
    const failed = prepared.flatMap(({ status }, i) => (status === 'rejected' ? i : []));
    const due = prepared.flatMap((result, i) => (result.status === 'fulfilled' && result.value ? i : []));
    failed.push(...(await this.askAll(messages, due)));
    return this.soon(messages, failed);
  }

  /** Each in its turn. Gives those that failed. */
  private async askAll(messages: readonly LaunchMessage[], due: readonly number[]): Promise<readonly number[]> {
    if (due.length === 0) return [];
    let times: readonly number[] | undefined;
    try {
      times = await this.options.rate.take(due.length, LOOK_AHEAD_MS, MOST_IN_FUNCTION_MS);
    } catch {
      return due;
    }
    const asked = await Promise.allSettled(
      due.map(async (i, place) => {
        const message = messages[i];
        if (message === undefined) return;
        const at = times?.[place];
        if (at === undefined) await this.options.sendLater(message, this.jitter(MOST_IN_FUNCTION_MS / 1000));
        else await this.ask(message, at);
      }),
    );
    return due.filter((_, place) => asked[place]?.status === 'rejected');
  }

  /** A message that is given back stays hidden for minutes. One that is sent anew comes when it is told to. */
  private async soon(messages: readonly LaunchMessage[], failed: readonly number[]): Promise<number[]> {
    const sent = await Promise.allSettled(
      failed.map(async (i) => {
        const message = messages[i];
        if (message !== undefined) await this.again(message, false);
      }),
    );
    return failed.filter((_, place) => sent[place]?.status === 'rejected');
  }

  /** Whether ECS has to be asked. */
  private async prepare(message: LaunchMessage): Promise<boolean> {
    const { transitions, machines, sendLater } = this.options;
    const row = await transitions.table.get(message.sessionId);
    if (row?.state === 'QUEUED') {
      const applied = await transitions.apply(row.sessionId, { kind: 'launch', cluster: transitions.tasks.cluster });
      if (applied.kind === 'full') {
        await sendLater(message, this.jitter(FULL_SECONDS));
        return false;
      }
      if (applied.kind === 'applied' && wantsTask(applied.row)) return true;
    } else if (row !== undefined && wantsTask(row)) {
      return true;
    }
    // It has its task, or is over, or was never there: the machine finds out which.
    await machines.succeed(message.token);
    return false;
  }

  private async ask(message: LaunchMessage, at: number): Promise<void> {
    const { transitions, machines, clock, onProblem } = this.options;
    const until = (time: number) =>
      new Promise<void>((resolve) => clock.after(Math.max(0, time - clock.wall()), resolve));
    // Looked at again shortly before its turn, and asked exactly then: what comes late comes on top of the next ones.
    await until(at - LOOK_AHEAD_MS);
    const row = await transitions.table.get(message.sessionId);
    if (row === undefined || !wantsTask(row)) return machines.succeed(message.token);
    await until(at);
    const { profile, sessionId, generation } = row;
    const answer = await transitions.tasks.run({ profile, sessionId, token: runTaskToken(row) });
    if (answer.kind === 'started') {
      await transitions.apply(sessionId, { kind: 'run-task-answered', generation, taskArn: answer.taskArn });
      return machines.succeed(message.token);
    }
    onProblem(sessionId, answer.reason);
    if (answer.kind === 'refused') await transitions.apply(sessionId, { kind: 'run-task-refused', generation });
    const tries = (message.tries ?? 0) + 1;
    // Once more at once: behind the others it would wait as long as the queue is.
    const [soon] = (tries <= TRIES_AT_ONCE && answer.kind !== 'invalid' && (await this.turn())) || [];
    return soon === undefined ? this.again(message, answer.kind === 'invalid') : this.ask({ ...message, tries }, soon);
  }

  private turn(): Promise<readonly number[] | undefined> {
    return this.options.rate.take(1, RETRY_AFTER_MS, MOST_IN_FUNCTION_MS);
  }

  private async again(message: LaunchMessage, never: boolean): Promise<void> {
    const { transitions, machines, sendLater } = this.options;
    const tries = (message.tries ?? 0) + 1;
    if (never || tries >= MOST_TRIES) {
      await transitions.apply(message.sessionId, { kind: 'launch-gave-up' });
      return machines.succeed(message.token);
    }
    await sendLater({ ...message, tries }, this.jitter(Math.min(2 ** tries, LONGEST_WAIT_SECONDS)));
  }

  /** Between half and all of it, so that what failed together does not come back together. */
  private jitter(seconds: number): number {
    return Math.ceil(seconds * (0.5 + this.random() / 2));
  }
}

function wantsTask({ state, taskArn }: SessionRow): boolean {
  return state === 'STARTING' && taskArn === undefined;
}
