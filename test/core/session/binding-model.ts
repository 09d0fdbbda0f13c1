import {
  type AddressBinding,
  CLOSED_ADDRESS,
  type ClosedItem,
  EPOCH_ADDRESS,
  type EpochItem,
} from '../../../core/session/binding';
import { mustClose, planBinding, planClosing, putRow } from '../../../core/session/binding-plan';
import type { SessionEvent } from '../../../core/session/event';
import { type Bound, isLive, readBinding, readBound } from '../../../core/session/live';
import { reduce } from '../../../core/session/reduce';
import type { SessionRow } from '../../../core/session/row';
import { holds, type Item, type Transaction, written } from '../../../core/session/transaction';
import { liveRow, OTHER_SESSION, OTHER_TASK, SESSION, TASK, TIME } from './samples';

/**
 * A world of one address and the tasks that have it one after another, as far as the binding protocol can tell states
 * apart. A state is a plain value; {@link moves} names everything that can happen next, one step of one process at a time.
 * The steps that decide are the shipped ones: planBinding, planClosing, reduce, and core/session/live.ts as the reader.
 */

export const ADDRESS = '10.64.3.17';
const START = Date.parse(TIME);
export const TICK_MS = 500;
/** What the services keep, from runtime/dynamo-callers.ts and runtime/session-feed.ts. */
const CACHE_MS = 1000;
const STALE_MS = 3000;

export type Name = 'old' | 'new';
const WHO = {
  old: { sessionId: SESSION, taskArn: TASK },
  new: { sessionId: OTHER_SESSION, taskArn: OTHER_TASK },
} as const;
const nameOf = (sessionId: string): Name => (sessionId === SESSION ? 'old' : 'new');

interface Facts {
  readonly row: SessionRow;
  readonly existing?: AddressBinding;
  readonly epoch?: EpochItem;
  readonly closed?: ClosedItem;
}

/** Equal items are one object with one number, so that states compare by numbers and nothing is parsed twice. */
const interned = new Map<string, Item>();
const numbers = new WeakMap<object, number>();
function intern<T extends Item>(item: T): T {
  const text = JSON.stringify(item);
  const known = interned.get(text);
  if (known !== undefined) return known as T;
  interned.set(text, item);
  numbers.set(item, interned.size);
  return item;
}
const numberOf = (item: object | undefined): number => (item === undefined ? 0 : (numbers.get(item) ?? -1));

function remembered<A extends object, B extends object | undefined, R>(make: (a: A, b: B) => R): (a: A, b: B) => R {
  const known = new Map<string, R>();
  return (a, b) => {
    const key = `${numberOf(a)},${numberOf(b)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = make(a, b);
    known.set(key, made);
    return made;
  };
}

const openAt = remembered((item: Item | object, _: undefined) => {
  const read = readBinding(ADDRESS, item);
  return { binding: read.kind === 'open' ? intern(read.binding) : undefined };
});
const boundTo = remembered((binding: AddressBinding, row: Item | undefined) => {
  const read = readBound(binding, row);
  return { bound: read.kind === 'bound' ? (intern(read.bound as never) as Bound) : undefined };
});

/** One call of SessionTable.bind or SessionTable.apply, at one of its steps. */
interface Writer {
  readonly does: 'bind' | SessionEvent['kind'];
  readonly of: Name;
  readonly step: 'read' | 'look' | 'write' | 'done';
  readonly tries: number;
  readonly facts?: Facts;
  readonly lives?: Readonly<Record<Name, 'alive' | 'gone'>>;
}

interface Service {
  readonly feedAt?: number;
  readonly epoch?: EpochItem;
  readonly closed?: ClosedItem;
  readonly reading?: { readonly at: number; readonly binding: AddressBinding };
  readonly cached?: { readonly at: number; readonly bound: Bound };
}

export interface World {
  /** Milliseconds since {@link TIME}. */
  readonly now: number;
  readonly items: Readonly<Record<string, Item>>;
  readonly lives: Readonly<Record<Name, 'unborn' | 'alive' | 'gone'>>;
  readonly writers: readonly Writer[];
  readonly service: Service;
  /** Some service has answered this task as itself: from here on it may run an agent. */
  readonly confirmed: Readonly<Record<Name, boolean>>;
  /** When its end was written. */
  readonly closedAt: Readonly<Partial<Record<Name, number>>>;
  readonly closings: number;
}

export interface Model {
  /** Times end here. */
  readonly until: number;
  /** Of the services' clock against the writers'. */
  readonly skewMs: number;
  /** Mutations: what of the protocol is left out. */
  readonly without?: 'look' | 'read before look' | 'settling' | (string & {});
}

export interface Move {
  readonly name: string;
  readonly world: World;
}

export function start(writers: readonly Pick<Writer, 'does' | 'of'>[]): World {
  const row = (name: Name): SessionRow =>
    intern({ ...liveRow, ...WHO[name], revision: 1, state: 'STARTING', generation: 1, slot: true });
  const epoch: EpochItem = intern({
    version: 1,
    address: EPOCH_ADDRESS,
    epoch: 0,
    open: true,
    changedAt: TIME,
    changedBy: 'ops',
  });
  return {
    now: 0,
    items: { [SESSION]: row('old'), [OTHER_SESSION]: row('new'), [EPOCH_ADDRESS]: epoch },
    lives: { old: 'alive', new: 'unborn' },
    writers: writers.map((writer) => ({ ...writer, step: 'read', tries: 0 })),
    service: {},
    confirmed: { old: false, new: false },
    closedAt: {},
    closings: 0,
  };
}

/** Everything that can happen next. */
export function moves(world: World, model: Model): Move[] {
  const next: Move[] = [];
  const add = (name: string, change: Partial<World>): void => {
    const after = { ...world, ...change };
    next.push({ name, world: { ...after, confirmed: confirm(after, model) } });
  };
  if (world.now < model.until) add('time passes', { now: world.now + TICK_MS });
  if (world.lives.old === 'alive') add('old task dies', { lives: { ...world.lives, old: 'gone' } });
  // An address is free once its interface is gone, and given away again at once.
  if (world.lives.old === 'gone' && world.lives.new === 'unborn') {
    add('new task gets the address', { lives: { ...world.lives, new: 'alive' } });
  }
  for (const [i, writer] of world.writers.entries()) {
    for (const [name, change] of step(world, writer, model)) {
      const writers = world.writers.map((other, j) => (i === j ? { ...writer, ...change.writer } : other));
      add(`${writer.does} of ${writer.of}: ${name}`, { ...change.world, writers });
    }
  }
  for (const [name, service] of serve(world)) add(`service ${name}`, { service });
  return next;
}

type Change = { readonly writer: Partial<Writer>; readonly world?: Partial<World> };

function step(world: World, writer: Writer, model: Model): [string, Change][] {
  if (writer.step === 'done' || world.lives[writer.of] === 'unborn') return [];
  const lookFirst = model.without === 'read before look';
  if (writer.step === 'read' && !(lookFirst && writer.does === 'bind' && writer.lives === undefined)) {
    return [
      [
        'read',
        { writer: { step: writer.does === 'bind' && !lookFirst ? 'look' : 'write', facts: factsOf(world, writer.of) } },
      ],
    ];
  }
  if (writer.step === 'look' || writer.step === 'read') {
    const of = (name: Name): 'alive' | 'gone' => (world.lives[name] === 'alive' ? 'alive' : 'gone');
    return [['look', { writer: { step: lookFirst ? 'read' : 'write', lives: { old: of('old'), new: of('new') } } }]];
  }
  const done: Change = { writer: { step: 'done', facts: undefined, lives: undefined } };
  const plan = planOf(world, writer, model);
  if (plan === undefined) return [['nothing to write', done]];
  const items = commit(world.items, plan.transaction, model);
  if (items === undefined) {
    const again: Partial<Writer> = { step: 'read', tries: writer.tries + 1, facts: undefined, lives: undefined };
    return [['conflict', { writer: writer.tries < 2 ? again : done.writer }]];
  }
  const closedAt = { ...world.closedAt, ...(plan.closes && { [plan.closes]: world.now }) };
  const closings = world.closings + Number(plan.transaction.some(({ key }) => key === CLOSED_ADDRESS));
  return [['write', { ...done, world: { items, closedAt, closings } }]];
}

function factsOf({ items }: World, of: Name): Facts {
  return {
    row: items[WHO[of].sessionId] as SessionRow,
    existing: items[ADDRESS] as AddressBinding | undefined,
    epoch: items[EPOCH_ADDRESS] as EpochItem | undefined,
    closed: items[CLOSED_ADDRESS] as ClosedItem | undefined,
  };
}

function planOf(world: World, writer: Writer, model: Model): { transaction: Transaction; closes?: Name } | undefined {
  const { row, existing, epoch, closed } = writer.facts ?? factsOf(world, writer.of);
  const at = new Date(START + world.now).toISOString();
  if (writer.does === 'bind') {
    const task = {
      ...WHO[writer.of],
      generation: 1,
      version: 3,
      life: 'alive',
      running: false,
      exits: {},
      address: ADDRESS,
    } as const;
    const holder = existing && writer.lives?.[nameOf(existing.sessionId)];
    const wanter = writer.lives?.[writer.of];
    const blind = model.without === 'look';
    const plan = planBinding({
      row,
      task,
      existing,
      holder: blind ? 'gone' : holder,
      wanter: blind ? 'alive' : wanter,
      epoch,
      closed,
      at,
    });
    return plan.kind !== 'bind'
      ? undefined
      : { transaction: plan.transaction, ...(plan.superseded && { closes: nameOf(plan.superseded.sessionId) }) };
  }
  const next = reduce(row, { kind: 'stop', cause: 'stop-requested' }, at).row;
  if (next === row) return undefined;
  const transaction = mustClose(row, next)
    ? planClosing({ before: row, next, existing, closed, at })
    : [putRow(row, next)];
  return { transaction, closes: writer.of };
}

function commit(items: World['items'], transaction: Transaction, model: Model): World['items'] | undefined {
  const stands = transaction.every(
    ({ guard, key }) => guard === undefined || guard.name === model.without || holds(guard.condition, items[key]),
  );
  if (!stands) return undefined;
  const after: Record<string, Item> = { ...items };
  for (const write of transaction) {
    const item = written(write, items[write.key]);
    if (item !== undefined) {
      const { usableAt: _, ...unsettled } = item;
      after[write.key] = intern(model.without === 'settling' ? unsettled : item);
    }
  }
  return after;
}

/** A service that reads binding and row one after the other, remembers the answer, and polls the feed now and then. */
function serve({ items, now, service }: World): [string, Service][] {
  const next: [string, Service][] = [];
  const epoch = items[EPOCH_ADDRESS] as EpochItem;
  const closed = items[CLOSED_ADDRESS] as ClosedItem | undefined;
  if (service.feedAt !== now || service.epoch !== epoch || service.closed !== closed) {
    next.push(['polls', { ...service, feedAt: now, epoch, closed }]);
  }
  const { reading, ...rest } = service;
  if (reading === undefined) {
    const binding = items[ADDRESS] && openAt(items[ADDRESS], undefined).binding;
    if (binding) next.push(['reads the binding', { ...service, reading: { at: now, binding } }]);
  } else {
    const { bound } = boundTo(reading.binding, items[reading.binding.sessionId]);
    // Its answer counts from when the first of the two reads began.
    next.push(['reads the row', bound ? { ...rest, cached: { at: reading.at, bound } } : rest]);
  }
  return next;
}

/** What tells one state from another. What a service can't use any more does not: it is as good as forgotten. */
export function keyOf({ now, items, lives, writers, service, confirmed, closedAt, closings }: World): string {
  const { feedAt, epoch, closed, reading, cached } = service;
  const facts = (writer: Writer) =>
    writer.facts && [writer.facts.row, writer.facts.existing, writer.facts.epoch, writer.facts.closed].map(numberOf);
  return JSON.stringify([
    now,
    [SESSION, OTHER_SESSION, ADDRESS, EPOCH_ADDRESS, CLOSED_ADDRESS].map((name) => numberOf(items[name])),
    lives,
    writers.map((writer) => [writer.step, writer.tries, facts(writer), writer.lives]),
    feedAt !== undefined && now - feedAt <= STALE_MS && [feedAt, numberOf(epoch), numberOf(closed)],
    reading && now - reading.at < CACHE_MS && [reading.at, numberOf(reading.binding)],
    cached && now - cached.at < CACHE_MS && [cached.at, numberOf(cached.bound)],
    confirmed,
    closedAt,
    closings,
  ]);
}

/** Whom the service with the cache takes the address for, at this moment. */
export function answer({ service, now }: World, { skewMs }: Model): Name | undefined {
  const { cached, epoch, closed, feedAt } = service;
  if (cached === undefined || feedAt === undefined || !epoch?.open) return undefined;
  if (now - feedAt > STALE_MS || !(now - cached.at < CACHE_MS)) return undefined;
  const present = { now: START + now + skewMs, epoch: epoch.epoch, closed: closed?.sessions ?? [] };
  const live = isLive(cached.bound, present);
  return live ? nameOf(cached.bound.binding.sessionId) : undefined;
}

/** Whom a service that reads everything in this moment takes it for: the first that could. */
function freshAnswer({ items, now }: World, { skewMs }: Model): Name | undefined {
  const binding = items[ADDRESS] && openAt(items[ADDRESS], undefined).binding;
  const bound = binding && boundTo(binding, items[binding.sessionId]).bound;
  const { epoch, open } = items[EPOCH_ADDRESS] as EpochItem;
  const closed = (items[CLOSED_ADDRESS] as ClosedItem | undefined)?.sessions ?? [];
  if (bound === undefined || !open) return undefined;
  return isLive(bound, { now: START + now + skewMs, epoch, closed }) ? nameOf(bound.binding.sessionId) : undefined;
}

/** A task is answered as itself only while it is there to ask. */
function confirm(world: World, model: Model): World['confirmed'] {
  const name = freshAnswer(world, model);
  return name === undefined || world.lives[name] !== 'alive' ? world.confirmed : { ...world.confirmed, [name]: true };
}

/** What is broken in this state; undefined where nothing is. */
export function broken(world: World, model: Model): string | undefined {
  const has = world.lives.new === 'alive' ? 'new' : world.lives.old === 'alive' ? 'old' : undefined;
  for (const said of [answer(world, model), freshAnswer(world, model)]) {
    if (said === undefined) continue;
    if (has !== undefined && has !== said && world.confirmed[has])
      return `the ${has} task is answered as the ${said} one`;
    const closedAt = world.closedAt[said];
    if (closedAt !== undefined && world.now >= closedAt + CACHE_MS)
      return `the ${said} session is answered after its end`;
  }
  const listed = (world.items[CLOSED_ADDRESS] as ClosedItem | undefined)?.closings ?? 0;
  return listed === world.closings ? undefined : 'an end is missing in the closed list';
}
