import { makeSessionId } from '../../../../core/session/id';
import { pendingRow, type SessionRow } from '../../../../core/session/row';
import { isTerminal } from '../../../../core/session/state';
import type { Transaction } from '../../../../core/session/transaction';
import { Launch, type LaunchMessage } from '../../../../lambda/session/launch';
import { preflight } from '../../../../lambda/session/preflight';
import { reap, sweep } from '../../../../lambda/session/reaper';
import { finish, run, type StopInput, stop } from '../../../../lambda/session/stop';
import { taskEvent } from '../../../../lambda/session/task-events';
import type { Definition } from '../../../../lib/session/lifecycle-definition';
import type { ItemStore } from '../../../../runtime/item-store';
import { MemoryItemStore } from '../../../../runtime/memory-item-store';
import type { RecordDraft } from '../../../../runtime/records';
import { RunTaskRate } from '../../../../runtime/run-task-rate';
import { SessionTable } from '../../../../runtime/session-table';
import { Transitions } from '../../../../runtime/session-transitions';
import { liveRow } from '../../../core/session/samples';
import { FakeEcs, type Fate, type Faults } from './fake-ecs';
import { StateMachines } from './state-machine';
import { type Random, seeded, VirtualClock } from './virtual-clock';

/** What becomes of a session besides what becomes of its task. */
export type Story = Fate | 'refused' | 'no broker' | 'poison' | 'stopped';

export interface WorldOptions {
  readonly definition: Definition;
  readonly sessions: number;
  readonly storyOf: (index: number, random: Random) => Story;
  readonly faults?: Partial<Faults & FunctionFaults>;
  readonly seed?: number;
  readonly maxSessions?: number;
  /** Without it nothing makes good what the state machine leaves undone. */
  readonly reaper?: boolean;
  readonly lifetimeSeconds?: number;
}

interface FunctionFaults {
  /** Refused before it ran. */
  readonly functionThrottled: number;
  /** DynamoDB, before or after it did what it was asked for: the function fails in the middle of its work. */
  readonly storeBroken: number;
  readonly messageTwice: number;
}

const NO_FAULTS: Faults & FunctionFaults = {
  throttled: 0,
  answerLost: 0,
  refused: 0,
  eventLost: 0,
  eventTwice: 0,
  eventLate: 0,
  stopThrottled: 0,
  functionThrottled: 0,
  storeBroken: 0,
  messageTwice: 0,
};

const named = (name: string): Error => Object.assign(new Error(name), { name });

/** Everything a session's life needs, with the shipped handlers and state machine, on a clock of its own. */
export class World {
  readonly clock = new VirtualClock();
  readonly store = new MemoryItemStore();
  readonly records: RecordDraft[] = [];
  readonly ecs: FakeEcs;
  readonly machines: StateMachines;
  readonly stories = new Map<string, Story>();
  deadLetters = 0;
  private readonly random: Random;
  private readonly faults: Faults & FunctionFaults;
  private readonly transitions: Transitions;
  private readonly launcher: Launch;
  private readonly queue: { readonly message: LaunchMessage; visibleAt: number; receives: number }[] = [];
  private readonly clients: { succeed(token: string): Promise<void> };
  private over = false;

  constructor(private readonly options: WorldOptions) {
    this.random = seeded(options.seed ?? 1);
    this.faults = { ...NO_FAULTS, ...options.faults };
    const { clock, random } = this;
    this.ecs = new FakeEcs({
      clock,
      random,
      store: this.store,
      faults: this.faults,
      fateOf: (sessionId) => fateOf(this.stories.get(sessionId) ?? 'works'),
      deliver: (detail) => this.deliver(detail, 0),
    });
    const store = this.slow();
    const table = new SessionTable({ store, clock, random, maxSessions: options.maxSessions ?? 1_000_000 });
    this.clients = {
      succeed: async (token) => {
        await clock.wait(10 + random() * 30);
        this.machines.succeed(token);
      },
    };
    const records = { write: async (draft: RecordDraft) => void this.records.push(draft), close: async () => {} };
    this.transitions = new Transitions({ table, tasks: this.ecs, machines: this.clients, records });
    this.launcher = new Launch({
      transitions: this.transitions,
      machines: this.clients,
      rate: new RunTaskRate({ store, clock, perSecond: 20, random }),
      sendLater: async (message, seconds) => this.send(message, seconds * 1000),
      clock,
      random,
      onProblem: () => {},
    });
    this.machines = new StateMachines(
      options.definition,
      {
        invoke: (name, payload) => this.invoke(name, payload as never),
        send: async (_queue, body) => this.send(JSON.parse(body), 0),
      },
      clock,
      random,
    );
  }

  /** Starts all sessions and runs until each has come to its end and nothing of any runs, or the time is over. */
  async run(mostSeconds: number): Promise<void> {
    const { clock, options } = this;
    clock.begin(() =>
      this.transitions.table.panicSwitch
        .install('platform')
        .catch(() => this.transitions.table.panicSwitch.install('platform')),
    );
    for (let i = 0; i < options.sessions; i++) clock.after(100 + i * 0.2, () => this.begin(i));
    for (let i = 0; i < 10; i++) clock.begin(() => this.consume());
    if (options.reaper !== false) clock.every(60_000, () => this.clock.begin(() => this.reapOnce()));
    await clock.run(
      () => clock.monotonic() > 1000 && clock.monotonic() % 1000 === 0 && this.done(),
      mostSeconds * 1000,
    );
    this.over = true;
  }

  /** The epoch first, then every session, as the control API has it done. */
  async panic(): Promise<void> {
    await this.transitions.table.panic('ops', 'drill');
    this.clock.begin(async () => {
      await sweep({ transitions: this.transitions, clock: this.clock, onProblem: () => {} });
    });
  }

  rows(): SessionRow[] {
    return [...this.stories.keys()].flatMap(
      (id) => (this.store.all('sessions').get(id) as SessionRow | undefined) ?? [],
    );
  }

  private done(): boolean {
    if (this.stories.size < this.options.sessions || this.machines.running > 0 || this.ecs.running > 0) return false;
    return this.rows().every(({ state }) => isTerminal(state));
  }

  private begin(index: number): void {
    const { clock, random, options } = this;
    const sessionId = makeSessionId(
      clock.wall(),
      Uint8Array.from({ length: 10 }, () => random() * 256),
    );
    const story = options.storyOf(index, random);
    this.stories.set(sessionId, story);
    const { profile, documentHash, requester, team, taskText, budgetReservedMicroUsd } = liveRow;
    const lifetimeSeconds = options.lifetimeSeconds ?? 300;
    this.store.put(
      'sessions',
      pendingRow(
        { sessionId, profile, documentHash, requester, team, taskText, budgetReservedMicroUsd, lifetimeSeconds },
        new Date(clock.wall()).toISOString(),
      ),
    );
    this.machines.start(sessionId, { sessionId });
    if (story === 'stopped') {
      const stopIt = async (): Promise<void> => {
        // Whoever asks gets an error, and asks again.
        const asked = await this.transitions
          .apply(sessionId, { kind: 'stop', cause: 'stop-requested', by: 'somebody' })
          .catch(() => undefined);
        if (asked === undefined) clock.after(1000, () => clock.begin(stopIt));
      };
      clock.after(random() * 700_000, () => clock.begin(stopIt));
    }
  }

  private async invoke(name: string, payload: StopInput): Promise<null> {
    const { clock, random, faults, transitions } = this;
    await clock.wait(10 + random() * 50);
    if (random() < faults.functionThrottled) throw named('Lambda.TooManyRequestsException');
    const { sessionId, token } = payload;
    const grants = {
      check: async () => {
        const story = this.stories.get(sessionId);
        if (story === 'no broker') throw named('Lambda.Unknown');
        return story === 'refused' ? ['requester-rights'] : [];
      },
      revoke: async () => {},
    };
    switch (name) {
      case '${Preflight}':
        return preflight(
          { transitions, grants, profiles: new Set([liveRow.profile]), hasTaskText: async () => true },
          sessionId,
        ) as never;
      case '${Run}':
        await run({ transitions, grants }, sessionId, token);
        return null;
      case '${Stop}':
        await stop({ transitions, grants }, payload);
        return null;
      case '${Finish}':
        await finish({ transitions, grants }, sessionId);
        return null;
      default:
        throw new Error(`no function ${name}`);
    }
  }

  private send(message: LaunchMessage, delayMs: number): void {
    const visibleAt = this.clock.monotonic() + delayMs;
    this.queue.push({ message, visibleAt, receives: 0 });
    if (this.random() < this.faults.messageTwice)
      this.queue.push({ message, visibleAt: visibleAt + 5000, receives: 0 });
  }

  /** One of the functions that take messages off the queue, ten at a time. */
  private async consume(): Promise<void> {
    const { clock, queue, random } = this;
    while (!this.over) {
      const now = clock.monotonic();
      const batch: typeof queue = [];
      // Not strictly in order, as a standard queue is; but those that wait longest are tried first.
      for (let i = 0; i < queue.length && batch.length < 10; i++) {
        const one = queue[i];
        if (one !== undefined && one.visibleAt <= now) batch.push(...queue.splice(i--, 1));
      }
      if (batch.length === 0) {
        await clock.wait(300);
        continue;
      }
      await clock.wait(10 + random() * 20);
      const poisoned = batch.filter(({ message }) => this.stories.get(message.sessionId) === 'poison');
      const good = batch.filter((one) => !poisoned.includes(one));
      const failed = await this.launcher.handle(good.map(({ message }) => message));
      for (const one of [...poisoned, ...failed.flatMap((i) => good[i] ?? [])]) {
        one.receives++;
        one.visibleAt = clock.monotonic() + 360_000;
        if (one.receives < 5) queue.push(one);
        else this.deadLetters++;
      }
    }
  }

  /** An event of ECS to its function, which is tried three times in all. */
  private deliver(detail: unknown, tries: number): void {
    const { clock, random, faults, transitions } = this;
    clock.begin(async () => {
      try {
        await clock.wait(random() * 100);
        if (random() < faults.functionThrottled) throw named('Lambda.TooManyRequestsException');
        await taskEvent(transitions, { 'detail-type': 'ECS Task State Change', detail }, () => {});
      } catch {
        if (tries < 2) clock.after(60_000 * (tries + 1), () => this.deliver(detail, tries + 1));
      }
    });
  }

  private async reapOnce(): Promise<void> {
    if (this.over) return;
    await reap({ transitions: this.transitions, clock: this.clock, onProblem: () => {} }).catch(() => undefined);
  }

  /** The tables with the time that DynamoDB takes, and its faults. */
  private slow(): ItemStore {
    const { store, clock, random, faults } = this;
    const broken = (): void => {
      if (random() < faults.storeBroken) throw named('InternalServerError');
    };
    return {
      async read(table, key) {
        await clock.wait(2 + random() * 8);
        broken();
        return store.read(table, key);
      },
      async transact(transaction: Transaction) {
        await clock.wait(3 + random() * 10);
        broken();
        const result = await store.transact(transaction);
        // It was done, and the answer is lost.
        broken();
        return result;
      },
      async query(query) {
        await clock.wait(5 + random() * 20);
        return store.query(query);
      },
    };
  }
}

function fateOf(story: Story): Fate {
  switch (story) {
    case 'refused':
    case 'no broker':
    case 'poison':
    case 'stopped':
      return 'works';
    default:
      return story;
  }
}
