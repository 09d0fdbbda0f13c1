import type { Definition, State, TaskState } from '../../../../lib/session/lifecycle-definition';
import type { Random, VirtualClock } from './virtual-clock';

/**
 * The part of the Amazon States Language that the shipped definition uses, after the specification
 * (states-language.net): Pass, Task and Fail; Parameters, ResultSelector, ResultPath; TimeoutSeconds and its Path; Retry
 * and Catch; lambda:invoke and sqs:sendMessage, both also with waitForTaskToken. What it does not know it refuses.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

export class StatesError extends Error {
  constructor(
    readonly error: string,
    cause: string,
  ) {
    super(cause);
  }
}

export interface Integrations {
  /** By the name that stands for it in the definition. Throws errors whose name is the `Error` of the language. */
  invoke(functionName: string, payload: JsonObject): Promise<Json>;
  send(queueUrl: string, body: string): Promise<void>;
}

export type Ended = { readonly kind: 'succeeded' } | { readonly kind: 'failed'; readonly error: string };

interface Waiting {
  resolve(output: Json): void;
  reject(error: StatesError): void;
}

export class StateMachines {
  readonly ended = new Map<string, Ended>();
  running = 0;
  /** How often a state was gone through a Catch of it. */
  readonly caught: Record<string, number> = {};
  private readonly waiting = new Map<string, Waiting>();
  private tokens = 0;

  constructor(
    private readonly definition: Definition,
    private readonly integrations: Integrations,
    private readonly clock: VirtualClock,
    private readonly random: Random,
  ) {}

  start(name: string, input: JsonObject): void {
    this.running++;
    this.clock.begin(async () => {
      const ended = await this.execute(input);
      this.running--;
      this.ended.set(name, ended);
    });
  }

  /** SendTaskSuccess. */
  succeed(token: string): boolean {
    const waiting = this.waiting.get(token);
    waiting?.resolve({});
    return waiting !== undefined;
  }

  private async execute(input: JsonObject): Promise<Ended> {
    let data = input;
    let name = this.definition.StartAt;
    for (;;) {
      const state: State | undefined = this.definition.States[name];
      if (state === undefined) throw new Error(`no state ${name}`);
      // A transition takes a moment.
      await this.clock.wait(20 + this.random() * 30);
      if (state.Type === 'Fail') return { kind: 'failed', error: state.Error };
      if (state.Type === 'Pass') {
        data = this.fill(state.Parameters as JsonObject, data, undefined) as JsonObject;
        name = state.Next;
        continue;
      }
      const left = await this.task(name, state, data);
      if (left.kind === 'failed') return left;
      data = left.data;
      if (left.next === undefined) return { kind: 'succeeded' };
      name = left.next;
    }
  }

  private async task(
    name: string,
    state: TaskState,
    data: JsonObject,
  ): Promise<{ kind: 'next'; data: JsonObject; next: string | undefined } | { kind: 'failed'; error: string }> {
    const retried = state.Retry.map(() => 0);
    for (;;) {
      try {
        const result = await this.attempt(state, data);
        const selected = state.ResultSelector
          ? this.fill(state.ResultSelector, result as JsonObject, undefined)
          : result;
        return { kind: 'next', data: put(data, state.ResultPath, selected), next: state.Next };
      } catch (thrown) {
        if (!(thrown instanceof StatesError)) throw thrown;
        const wait = this.retry(state, retried, thrown.error);
        if (wait !== undefined) {
          await this.clock.wait(wait);
          continue;
        }
        const catcher = (state.Catch ?? []).find(({ ErrorEquals }) => matches(ErrorEquals, thrown.error));
        if (catcher === undefined) return { kind: 'failed', error: thrown.error };
        this.caught[name] = (this.caught[name] ?? 0) + 1;
        const output = { Error: thrown.error, Cause: thrown.message };
        return { kind: 'next', data: put(data, catcher.ResultPath, output), next: catcher.Next };
      }
    }
  }

  private retry(state: TaskState, retried: number[], error: string): number | undefined {
    const i = state.Retry.findIndex(({ ErrorEquals }) => matches(ErrorEquals, error));
    const retrier = state.Retry[i];
    const before = retried[i];
    if (retrier === undefined || before === undefined || before >= retrier.MaxAttempts) return undefined;
    retried[i] = before + 1;
    const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
    const delay = Math.min(IntervalSeconds * BackoffRate ** before, MaxDelaySeconds) * 1000;
    return retrier.JitterStrategy === 'FULL' ? delay * this.random() : delay;
  }

  private async attempt(state: TaskState, data: JsonObject): Promise<Json> {
    const [, , , , , service, action = ''] = state.Resource.split(':');
    const [call, ...pattern] = action.split('.');
    const waits = pattern.join() === 'waitForTaskToken';
    const seconds =
      state.TimeoutSeconds ??
      (state.TimeoutSecondsPath === undefined ? undefined : (read(data, state.TimeoutSecondsPath) as number));
    const token = `token-${this.tokens++}`;
    const parameters = this.fill(state.Parameters as JsonObject, data, token) as Record<string, Json>;
    return new Promise<Json>((resolve, reject) => {
      const settle = <T>(end: (value: T) => void) => {
        return (value: T): void => {
          stop();
          this.waiting.delete(token);
          end(value);
        };
      };
      const fail = settle(reject as (error: StatesError) => void);
      const stop =
        seconds === undefined
          ? () => undefined
          : this.clock.after(seconds * 1000, () => fail(new StatesError('States.Timeout', 'too late')));
      const done = settle(resolve);
      if (waits) this.waiting.set(token, { resolve: done, reject: fail });
      this.call(service, call, parameters).then(
        (output) => {
          if (!waits) done(output);
        },
        (error: Error) => fail(new StatesError(error.name, error.message)),
      );
    });
  }

  private async call(service = '', action = '', parameters: Record<string, Json>): Promise<Json> {
    if (service === 'lambda' && action === 'invoke') {
      return {
        Payload: await this.integrations.invoke(String(parameters.FunctionName), parameters.Payload as JsonObject),
      };
    }
    if (service !== 'sqs' || action !== 'sendMessage') throw new Error(`unknown resource ${service}:${action}`);
    await this.integrations.send(String(parameters.QueueUrl), JSON.stringify(parameters.MessageBody));
    return {};
  }

  private fill(template: JsonObject, data: JsonObject, token: string | undefined): Json {
    return Object.fromEntries(
      Object.entries(template).map(([key, value]) => {
        if (key.endsWith('.$')) {
          return [key.slice(0, -2), value === '$$.Task.Token' ? (token ?? '') : read(data, String(value))];
        }
        const nested = value !== null && typeof value === 'object' && !Array.isArray(value);
        return [key, nested ? this.fill(value as JsonObject, data, token) : value];
      }),
    );
  }
}

function read(data: Json, path: string): Json {
  if (!/^\$(\.\w+)*$/.test(path)) throw new Error(`unknown path ${path}`);
  return path
    .split('.')
    .slice(1)
    .reduce<Json>((at, key) => {
      const next = (at as JsonObject | null)?.[key];
      if (next === undefined) throw new StatesError('States.ParameterPathFailure', `nothing at ${path}`);
      return next;
    }, data);
}

function put(data: JsonObject, path: string | null, value: Json): JsonObject {
  if (path === null) return data;
  const [, key] = /^\$\.(\w+)$/.exec(path) ?? [];
  if (key === undefined) throw new Error(`unknown result path ${path}`);
  return { ...data, [key]: value };
}

function matches(names: readonly string[], error: string): boolean {
  return (
    names.includes(error) ||
    names.includes('States.ALL') ||
    (names.includes('States.TaskFailed') && error !== 'States.Timeout')
  );
}
