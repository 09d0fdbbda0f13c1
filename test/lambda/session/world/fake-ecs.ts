import { isLive, readBinding, readBound } from '../../../../core/session/live';
import { readTask, type TaskSnapshot } from '../../../../core/session/task';
import type { MemoryItemStore } from '../../../../runtime/memory-item-store';
import type {
  DescribedTasks,
  ListedTasks,
  RunTask,
  RunTaskAnswer,
  SessionTasks,
} from '../../../../runtime/session-ports';
import type { Random, VirtualClock } from './virtual-clock';

/** How often, of 1, something goes wrong. */
export interface Faults {
  readonly throttled: number;
  /** Started, and nobody hears of it. */
  readonly answerLost: number;
  readonly refused: number;
  readonly eventLost: number;
  readonly eventTwice: number;
  /** Minutes late. */
  readonly eventLate: number;
  readonly stopThrottled: number;
}

/** What becomes of a task, by its session. */
export type Fate =
  | 'works'
  | 'fails'
  | 'never ends'
  | 'escapes'
  | 'does not start'
  /** Told to stop, it takes longer than anybody waits. */
  | 'clings';

export interface FakeEcsOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: MemoryItemStore;
  readonly faults: Faults;
  readonly fateOf: (sessionId: string) => Fate;
  readonly deliver: (detail: unknown) => void;
}

interface Task {
  readonly taskArn: string;
  readonly token: string;
  readonly sessionId: string;
  readonly fate: Fate;
  version: number;
  lastStatus: string;
  desiredStatus: string;
  address?: string;
  stopCode?: string;
  exits: Record<string, number>;
  agentStarted: boolean;
}

const CLUSTER = 'arn:aws:ecs:eu-central-1:111122223333:cluster/sessions';
/** Of RunTask: burst and refill. Amazon ECS Developer Guide, "Request throttling for the Amazon ECS API". */
const BUCKET = 20;

/** ECS and what runs in it: tasks that wait to be themselves, work, and end; events that come late, twice or never. */
export class FakeEcs implements SessionTasks {
  readonly cluster = CLUSTER;
  readonly tasks = new Map<string, Task>();
  /** When RunTask was asked. */
  readonly calls: number[] = [];
  /** Calls that met an empty bucket. */
  aboveRate = 0;
  /** What was answered to a running agent at its address, that was not its own session. */
  readonly mistaken: string[] = [];
  private readonly byToken = new Map<string, string>();
  private readonly free: string[] = [];
  private addresses = 0;
  private bucket = { tokens: BUCKET, at: 0 };

  constructor(private readonly options: FakeEcsOptions) {}

  get running(): number {
    return [...this.tasks.values()].filter(({ lastStatus }) => lastStatus !== 'STOPPED').length;
  }

  async run({ sessionId, token }: RunTask): Promise<RunTaskAnswer> {
    const { clock, random, faults, fateOf } = this.options;
    this.calls.push(clock.monotonic());
    await clock.wait(30 + random() * 100);
    if (!this.takeToken() || random() < faults.throttled) return { kind: 'unclear', reason: 'ThrottlingException' };
    if (!this.byToken.has(token) && random() < faults.refused)
      return { kind: 'refused', reason: 'Capacity is unavailable' };
    const taskArn = this.byToken.get(token) ?? this.begin(sessionId, token, fateOf(sessionId));
    await clock.wait(30 + random() * 200);
    return random() < faults.answerLost ? { kind: 'unclear', reason: 'TimeoutError' } : { kind: 'started', taskArn };
  }

  async stop(taskArn: string): Promise<'asked' | 'gone'> {
    const { clock, random, faults } = this.options;
    await clock.wait(20 + random() * 80);
    if (random() < faults.stopThrottled)
      throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
    const task = this.tasks.get(taskArn);
    if (task === undefined) throw new Error(`no task ${taskArn}`);
    if (task.lastStatus === 'STOPPED') return 'gone';
    if (task.desiredStatus === 'RUNNING')
      this.end(task, 'UserInitiated', { agent: 143 }, task.fate === 'clings' ? 400_000 : 20_000);
    return 'asked';
  }

  async describe(taskArns: readonly string[]): Promise<DescribedTasks> {
    await this.options.clock.wait(20 + this.options.random() * 50);
    const found = taskArns.flatMap((taskArn) => this.tasks.get(taskArn) ?? []);
    return {
      tasks: found.flatMap((task) => readTask(detailOf(task)) ?? []),
      missing: taskArns.filter((taskArn) => !this.tasks.has(taskArn)),
      strange: [],
    };
  }

  async list({ startedBy }: { readonly startedBy?: string }): Promise<ListedTasks> {
    await this.options.clock.wait(20);
    const tasks = [...this.tasks.values()].filter(
      ({ desiredStatus, token }) => desiredStatus === 'RUNNING' && (startedBy === undefined || token === startedBy),
    );
    return { taskArns: tasks.map(({ taskArn }) => taskArn) };
  }

  /** How many running tasks any service would answer in this moment. */
  answered(): number {
    return [...this.tasks.values()].filter(
      ({ lastStatus, address }) =>
        lastStatus === 'RUNNING' && address !== undefined && this.answerAt(address) !== undefined,
    ).length;
  }

  private takeToken(): boolean {
    const now = this.options.clock.monotonic();
    const tokens = Math.min(BUCKET, this.bucket.tokens + ((now - this.bucket.at) / 1000) * BUCKET);
    this.bucket = { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now };
    if (tokens < 1) this.aboveRate++;
    return tokens >= 1;
  }

  private begin(sessionId: string, token: string, fate: Fate): string {
    const taskArn = `arn:aws:ecs:eu-central-1:111122223333:task/sessions/${this.tasks.size.toString(16).padStart(32, '0')}`;
    const task: Task = {
      taskArn,
      token,
      sessionId,
      fate,
      version: 0,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      exits: {},
      agentStarted: false,
    };
    this.tasks.set(taskArn, task);
    this.byToken.set(token, taskArn);
    this.changed(task);
    this.options.clock.begin(() => this.live(task));
    return taskArn;
  }

  private async live(task: Task): Promise<void> {
    const { clock, random } = this.options;
    await clock.wait(1000 + random() * 2000);
    if (task.desiredStatus === 'STOPPED') return;
    if (task.fate === 'does not start') return this.end(task, 'TaskFailedToStart', {}, 500);
    task.address = this.free.pop() ?? `10.64.${Math.floor(++this.addresses / 250)}.${1 + (this.addresses % 250)}`;
    task.lastStatus = 'PENDING';
    this.changed(task);
    await clock.wait(500 + random() * 1500);
    const giveUp = clock.monotonic() + 300_000;
    while (this.answerAt(task.address) !== task.taskArn) {
      if (task.desiredStatus === 'STOPPED') return;
      if (clock.monotonic() > giveUp) return this.end(task, 'EssentialContainerExited', { 'session-init': 71 }, 1000);
      await clock.wait(1000);
    }
    await clock.wait(1000);
    if (task.desiredStatus === 'STOPPED') return;
    if (task.fate === 'escapes') return this.end(task, 'EssentialContainerExited', { 'session-init': 70 }, 1000);
    task.exits = { 'session-init': 0 };
    task.agentStarted = true;
    task.lastStatus = 'RUNNING';
    this.changed(task);
    const ends =
      task.fate === 'never ends' || task.fate === 'clings'
        ? Number.POSITIVE_INFINITY
        : clock.monotonic() + 5000 + random() * 60_000;
    while (clock.monotonic() < ends) {
      await clock.wait(Math.min(10_000, ends - clock.monotonic()));
      if (task.desiredStatus === 'STOPPED') return;
      const answer = this.answerAt(task.address);
      if (answer !== undefined && answer !== task.taskArn) this.mistaken.push(`${task.taskArn} as ${answer}`);
    }
    this.end(task, 'EssentialContainerExited', { agent: task.fate === 'fails' ? 1 : 0 }, 2000);
  }

  private end(task: Task, stopCode: string, exits: Record<string, number>, mostMs: number): void {
    const { clock, random } = this.options;
    task.desiredStatus = 'STOPPED';
    task.stopCode = stopCode;
    task.lastStatus = 'DEACTIVATING';
    if (task.agentStarted || stopCode !== 'UserInitiated') task.exits = { ...task.exits, ...exits };
    this.changed(task);
    clock.after(mostMs * (0.3 + 0.7 * random()), () => {
      task.lastStatus = 'STOPPED';
      this.changed(task);
      // The last one given back is the next one given out, at once.
      if (task.address !== undefined) this.free.push(task.address);
    });
  }

  /** What a service with nothing in its memory answers at the address: which task it takes the caller for. */
  private answerAt(address: string): string | undefined {
    const { store, clock } = this.options;
    const read = readBinding(address, store.all('bindings').get(address));
    if (read.kind !== 'open') return undefined;
    const bound = readBound(read.binding, store.all('sessions').get(read.binding.sessionId));
    if (bound.kind !== 'bound') return undefined;
    const { epoch, open } = store.all('bindings').get('epoch') as { epoch: number; open: boolean };
    return open && isLive(bound.bound, { now: clock.wall(), epoch, closed: [] }) ? read.binding.taskArn : undefined;
  }

  private changed(task: Task): void {
    task.version++;
    const { clock, random, faults, deliver } = this.options;
    const detail = detailOf(task);
    if (random() < faults.eventLost) return;
    const times = random() < faults.eventTwice ? 2 : 1;
    for (let i = 0; i < times; i++) {
      const late = random() < faults.eventLate ? 180_000 : 3000;
      clock.after(100 + random() * late, () => deliver(detail));
    }
  }
}

function detailOf(task: Task): unknown {
  const { taskArn, token, version, lastStatus, desiredStatus, address, stopCode, exits } = task;
  return {
    taskArn,
    clusterArn: CLUSTER,
    startedBy: token,
    version,
    lastStatus,
    desiredStatus,
    ...(stopCode !== undefined && { stopCode }),
    containers: ['agent', 'session-init', 'session-recorder'].map((name) => ({
      name,
      ...(exits[name] !== undefined && { exitCode: exits[name] }),
    })),
    attachments: [
      {
        type: 'eni',
        status: 'ATTACHED',
        details: address === undefined ? [] : [{ name: 'privateIPv4Address', value: address }],
      },
    ],
  };
}

export type { TaskSnapshot };
