import * as z from 'zod/mini';
import type { OperationId } from './may-do';
import { MAX_BODY_BYTES, OPERATIONS, type Operation, PATH_PARTS, routeOf } from './operations';
import { type Problem, problemOf } from './problem';

/** A request as it came, before anything of it is believed. */
export interface RawRequest {
  readonly method: string;
  /** Without query, as it was sent. */
  readonly path: string;
  /** Each name's values. */
  readonly query: Readonly<Record<string, readonly string[]>>;
  /** Names in lower case, each name's values. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string | undefined;
}

export interface ReadRequest {
  readonly id: OperationId;
  readonly parts: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** As the operation's schema has it. */
  readonly body: unknown;
}

export type ReadResult =
  | { readonly kind: 'ok'; readonly request: ReadRequest }
  | { readonly kind: 'refused'; readonly problem: Problem; readonly id?: OperationId };

type Wrong = NonNullable<Problem['problems']>[number];

/** Reads a request by the table of operations: everything that is wrong at once. */
export function readRequest(raw: RawRequest): ReadResult {
  const route = routeOf(raw.method, raw.path);
  if (route.kind === 'no-path') {
    const detail = 'got a path that is not there, expected one of the OpenAPI document; see docs/control-api.md';
    return { kind: 'refused', problem: problemOf('path-unknown', detail) };
  }
  if (route.kind === 'no-method') {
    const detail = `got ${plainMethod(raw.method)}, expected ${route.allowed.join(' or ')}`;
    return { kind: 'refused', problem: problemOf('method-unknown', detail) };
  }
  const { id, parts } = route;
  const operation = OPERATIONS[id];
  if (raw.body !== undefined && Buffer.byteLength(raw.body, 'utf8') > MAX_BODY_BYTES) {
    const detail = `got more than ${MAX_BODY_BYTES} bytes; shorten the task, or put what is long into the repository`;
    return { kind: 'refused', id, problem: problemOf('body-too-large', detail) };
  }
  const body = operation.body === undefined ? undefined : readJson(raw.body);
  if (body?.kind === 'unreadable') {
    const detail = 'got a body that is not JSON, expected an object; check the quotes';
    return { kind: 'refused', id, problem: problemOf('body-unreadable', detail) };
  }
  const query = single(raw.query);
  const headers = Object.fromEntries(
    Object.keys(operation.headers?.shape ?? {}).map((name) => [name, (raw.headers[name] ?? []).join(',') || undefined]),
  );
  const wrong = [
    ...wrongParts(parts),
    ...query.twice.map((name) => ({ where: `query ${name}`, got: 'it twice', expected: 'it once' })),
    ...wrongIn('query', operation.query ?? z.strictObject({}), query.values),
    ...(operation.headers ? wrongIn('header', operation.headers, headers) : []),
    ...(operation.body ? wrongIn('body', operation.body, body?.value) : []),
  ];
  if (wrong.length > 0) {
    const [first] = wrong;
    const detail = `${first?.where}: got ${first?.got}, expected ${first?.expected}${wrong.length > 1 ? `; ${wrong.length - 1} more` : ''}`;
    return { kind: 'refused', id, problem: problemOf('request-invalid', detail, { problems: wrong.slice(0, 20) }) };
  }
  const read = { id, parts, query: query.values, headers: headers as Record<string, string>, body: body?.value };
  return { kind: 'ok', request: read };
}

function plainMethod(method: string): string {
  return /^[A-Z]{1,16}$/.test(method) ? method : 'an odd method';
}

function wrongParts(parts: Readonly<Record<string, string>>): Wrong[] {
  return Object.entries(parts).flatMap(([name, value]) => {
    const schema = PATH_PARTS[name as keyof typeof PATH_PARTS];
    const fits = schema.safeParse(value).success;
    return fits ? [] : [{ where: `path ${name}`, got: 'something else', expected: described(schema) ?? 'an id' }];
  });
}

/** An operation without body takes none; nothing sent is an empty object, so that a remark can be left out. */
function readJson(text: string | undefined) {
  if (text === undefined || text === '') return { kind: 'read' as const, value: {} as unknown };
  try {
    return { kind: 'read' as const, value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'unreadable' as const, value: undefined };
  }
}

function single(values: Readonly<Record<string, readonly string[]>>) {
  const all = Object.entries(values);
  return {
    values: Object.fromEntries(all.flatMap(([name, [first]]) => (first === undefined ? [] : [[name, first]]))),
    twice: all.flatMap(([name, list]) => (list.length > 1 ? [plainName(name)] : [])),
  };
}

/** Says places, types and what was expected; never a value, which may be a secret that went to the wrong place. */
function wrongIn(where: string, schema: NonNullable<Operation['body']>, value: unknown): Wrong[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues.flatMap((issue): Wrong[] => {
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(schema.shape).join(', ') || 'none';
      return issue.keys.map((key) => ({ where, got: `"${plainName(key)}"`, expected: `only ${known}` }));
    }
    const name = String(issue.path[0] ?? '');
    const found = name === '' ? value : (value as Record<string, unknown> | undefined)?.[name];
    const member: unknown = (schema.shape as Record<string, unknown>)[name];
    return [
      {
        where: `${where}${name === '' ? '' : ` ${name}`}`,
        got: kindOf(found),
        expected: (name === '' ? undefined : described(member)) ?? 'an object',
      },
    ];
  });
}

function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value} that does not fit`;
}

/** A field's own description, also where it may be left out. */
function described(schema: unknown): string | undefined {
  for (let at = schema; at instanceof z.ZodMiniType; ) {
    const says = z.globalRegistry.get(at)?.description;
    if (says !== undefined) return says;
    at = (at.def as { innerType?: unknown }).innerType;
  }
  return undefined;
}
