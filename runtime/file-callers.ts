import * as z from 'zod/mini';
import { body, taskArn, time } from '../core/audit/field';
import { callers as callerSubject } from '../core/audit/record';
import { type CidrRange, parseCidr } from '../core/network/cidr';
import { interfaceAddress } from '../core/session/binding';
import { SESSION_ID } from '../core/session/id';
import { CALLING_STATES } from '../core/session/live';
import { generation } from '../core/session/row';
import { addressNumber, plainAddress } from './address';
import type { Caller, CallerResult, Callers } from './caller';
import { type Clock, systemClock } from './clock';
import { ClosedListeners } from './closed-listeners';
import { parseJson } from './parse-json';
import { WatchedFile } from './watched-file';

const binding = z
  .strictObject({
    address: z.optional(interfaceAddress),
    cidr: z.optional(z.string().check(z.refine((text) => parseCidr(text) !== undefined, 'not a CIDR'))),
    subject: callerSubject,
    opened: z.optional(z.array(z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]*$/)))),
    task: z.optional(
      z.strictObject({ taskArn, generation, state: z.enum(CALLING_STATES), taskText: body, lifetimeEndsAt: time }),
    ),
  })
  .check(z.refine((item) => (item.address === undefined) !== (item.cidr === undefined), 'has one of address and cidr'));
type Binding = z.infer<typeof binding>;

export const callersFile = z
  .strictObject({
    version: z.literal(1),
    bindings: z.array(binding).check(z.maxLength(10_000)),
    paused: z.optional(z.boolean()),
    closed: z.optional(z.array(z.string())),
  })
  .check(
    z.refine(
      ({ bindings }) => new Set(bindings.map((item) => item.address ?? item.cidr)).size === bindings.length,
      'an address or range stands twice',
    ),
    z.refine(({ bindings }) => onePerKey(bindings), 'one key has two subjects'),
    z.refine(
      ({ bindings }) => !bindings.some(({ subject }) => subject.kind === 'client' && SESSION_ID.test(subject.name)),
      'a client has the name of a session',
    ),
  );

export interface FileCallersOptions {
  readonly path: string;
  readonly clock?: Clock;
  /** How long the last good content counts once the file is broken or gone; default 5 seconds. */
  readonly keepMs?: number;
  /** Default 1 second. */
  readonly pollMs?: number;
  readonly onProblem?: (problems: readonly string[]) => void;
}

interface Known {
  readonly byAddress: ReadonlyMap<string, Caller>;
  /** Longest first. */
  readonly ranges: readonly { readonly range: CidrRange; readonly caller: Caller }[];
  readonly keys: ReadonlySet<string>;
  readonly subjects: ReadonlyMap<string, string>;
  readonly closed: ReadonlySet<string>;
  readonly paused: boolean;
}

/** Callers from a JSON file: for tests, and for a proxy that runs by itself beside containers of one machine. */
export class FileCallers implements Callers {
  private readonly file: WatchedFile<Known>;
  private readonly listeners = new ClosedListeners();

  constructor(options: FileCallersOptions) {
    this.file = new WatchedFile<Known>({
      path: options.path,
      parse: (text) => {
        const parsed = parseJson(callersFile, text, options.path);
        return parsed.kind === 'ok' ? { kind: 'ok', value: known(parsed.value) } : parsed;
      },
      clock: options.clock ?? systemClock,
      keepMs: options.keepMs ?? 5000,
      pollMs: options.pollMs ?? 1000,
      onProblem: options.onProblem ?? (() => undefined),
      onChange: (now, before) => this.changed(now, before),
      onStale: () => this.listeners.tell(undefined),
    });
  }

  async identify(address: string): Promise<CallerResult> {
    const now = this.file.get();
    if (now === undefined) return { kind: 'refused', code: 'feed-stale' };
    if (now.paused) return { kind: 'refused', code: 'platform-paused' };
    const caller = find(now, plainAddress(address));
    if (caller === undefined) return { kind: 'refused', code: 'unbound-address' };
    if (now.closed.has(caller.key)) return { kind: 'refused', code: 'session-closed' };
    return { kind: 'caller', caller };
  }

  onClosed(listener: (key: string | undefined) => void): void {
    this.listeners.add(listener);
  }

  neighbourOf(address: string): string | undefined {
    const own = plainAddress(address);
    return [...(this.file.get()?.byAddress ?? [])].find(
      ([other, { subject }]) => other !== own && subject.kind === 'session',
    )?.[0];
  }

  async close(): Promise<void> {
    this.file.close();
  }

  /** Over: closed now, bound nowhere any more, or another's facts under the same key. */
  private changed(now: Known, before: Known | undefined): void {
    if (before === undefined) return;
    if (now.paused && !before.paused) this.listeners.tell(undefined);
    for (const key of before.keys) {
      const over = now.closed.has(key) && !before.closed.has(key);
      if (over || now.subjects.get(key) !== before.subjects.get(key)) this.listeners.tell(key);
    }
  }
}

function known(file: z.infer<typeof callersFile>): Known {
  const callers = file.bindings.map((item) => ({ item, caller: callerOf(item) }));
  return {
    byAddress: new Map(callers.flatMap(({ item, caller }) => (item.address ? [[item.address, caller]] : []))),
    ranges: callers
      .flatMap(({ item, caller }) => {
        const range = item.cidr === undefined ? undefined : parseCidr(item.cidr);
        return range === undefined ? [] : [{ range, caller }];
      })
      .sort((a, b) => b.range.length - a.range.length),
    keys: new Set(callers.map(({ caller }) => caller.key)),
    subjects: new Map(callers.map(({ caller }) => [caller.key, JSON.stringify(caller.subject)])),
    closed: new Set(file.closed ?? []),
    paused: file.paused ?? false,
  };
}

function find(now: Known, address: string): Caller | undefined {
  const exact = now.byAddress.get(address);
  if (exact !== undefined) return exact;
  const number = addressNumber(address);
  if (number === undefined) return undefined;
  return now.ranges.find(({ range }) => number >= range.first && number <= range.last)?.caller;
}

function callerOf({ subject, opened, task }: Binding): Caller {
  return { subject, key: keyOf(subject), opened: opened ?? [], ...(task && { task }) };
}

function keyOf(subject: Caller['subject']): string {
  return subject.kind === 'session' ? subject.sessionId : subject.name;
}

function onePerKey(bindings: readonly Binding[]): boolean {
  const subjects = new Map<string, string>();
  return bindings.every(({ subject }) => {
    const text = JSON.stringify(subject);
    const there = subjects.get(keyOf(subject));
    subjects.set(keyOf(subject), text);
    return there === undefined || there === text;
  });
}
