import { type FragmentDefinitionNode, Kind, parse, type SelectionSetNode } from 'graphql/language';
import { type NotUnderstood, notUnderstood, type RequestBody } from './body';
import { isEmptyObject, messagesOf, objectWith, readJsonBody } from './json-body';
import type { EgressRule } from './rule';
import type { JsonValue } from './strict-json';

type Operation = 'query' | 'mutation' | 'subscription';

/** What a body asks for: each operation with its root fields, by their names and not by their aliases. */
export interface GraphqlReading {
  readonly kind: 'ok';
  readonly operations: readonly { readonly operation: Operation; readonly fields: readonly string[] }[];
}

/** The keys of a request. Some servers take them from the URL as well, before they look at the body. */
export const GRAPHQL_KEYS: readonly string[] = ['query', 'operationName', 'variables', 'extensions'];
export const MAX_GRAPHQL_TOKENS = 5000;
export const MAX_GRAPHQL_DEPTH = 64;

/**
 * Reads a GraphQL request as a server would run it. Only what is complete in itself is understood: no persisted query
 * (the text is at the server), no document with several operations, no fragment that is not there. `@skip` and
 * `@include` hide no field, for their variables are the agent's; introspection (`__schema`, `__type`) is a field too.
 */
export function readGraphql(body: RequestBody): GraphqlReading | NotUnderstood {
  const json = readJsonBody(body);
  if (json.kind !== 'ok') return json;
  const messages = messagesOf(json.value);
  if ('kind' in messages) return messages;
  const operations: GraphqlReading['operations'][number][] = [];
  for (const message of messages) {
    const read = readMessage(message);
    if (read.kind !== 'ok') return read;
    operations.push(read);
  }
  return { kind: 'ok', operations };
}

/** Whether every operation and every root field is one that the rule names. */
export function withinGraphql(reading: GraphqlReading, rule: NonNullable<EgressRule['graphql']>): boolean {
  const { operations, fields: named } = rule;
  return reading.operations.every(
    ({ operation, fields }) =>
      operations.includes(operation) && (named === undefined || fields.every((field) => named.includes(field))),
  );
}

/** For the record: `mutation createIssue`. */
export function describeGraphql(reading: GraphqlReading): string[] {
  return reading.operations.flatMap(({ operation, fields }) => fields.map((field) => `${operation} ${field}`));
}

type Read = { readonly kind: 'ok'; readonly operation: Operation; readonly fields: readonly string[] };

function readMessage(message: JsonValue): Read | NotUnderstood {
  const request = objectWith(message, GRAPHQL_KEYS);
  if (request === undefined) return notUnderstood('a GraphQL request has a key beside query, operationName, variables');
  const { query, operationName, extensions } = request;
  if (typeof query !== 'string') return notUnderstood('a GraphQL request has no query text');
  if ((operationName ?? null) !== null && typeof operationName !== 'string') {
    return notUnderstood('operationName is no text');
  }
  // Where a server knows the hash it may run the stored text and not this one.
  if ((extensions ?? null) !== null && !isEmptyObject(extensions)) {
    return notUnderstood('GraphQL extensions, such as persisted queries');
  }
  return readDocument(query, typeof operationName === 'string' ? operationName : undefined);
}

function readDocument(query: string, operationName: string | undefined): Read | NotUnderstood {
  if (nesting(query) > MAX_GRAPHQL_DEPTH) return notUnderstood('the GraphQL document is nested too deep');
  let document: ReturnType<typeof parse>;
  try {
    document = parse(query, { noLocation: true, maxTokens: MAX_GRAPHQL_TOKENS });
  } catch {
    return notUnderstood('the GraphQL document can not be parsed, or is too large');
  }
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: { operation: Operation; name: string | undefined; selectionSet: SelectionSetNode }[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      if (fragments.has(definition.name.value)) return notUnderstood('a GraphQL fragment is defined twice');
      fragments.set(definition.name.value, definition);
    } else if (definition.kind === Kind.OPERATION_DEFINITION) {
      const { operation, name, selectionSet } = definition;
      operations.push({ operation, name: name?.value, selectionSet });
    } else {
      return notUnderstood('the GraphQL document defines types');
    }
  }
  const [only] = operations;
  if (only === undefined || operations.length > 1) return notUnderstood('not exactly one GraphQL operation');
  if (operationName !== undefined && operationName !== only.name) {
    return notUnderstood('operationName names no operation of the document');
  }
  const fields = rootFields(only.selectionSet, fragments);
  if (fields === undefined) return notUnderstood('a GraphQL fragment is missing');
  return { kind: 'ok', operation: only.operation, fields: [...fields] };
}

/** The names of all fields at the root, through fragments, each fragment once. Undefined where one is missing. */
function rootFields(
  start: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): ReadonlySet<string> | undefined {
  const fields = new Set<string>();
  const entered = new Set<string>();
  const waiting: SelectionSetNode[] = [start];
  for (let set = waiting.pop(); set !== undefined; set = waiting.pop()) {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        fields.add(selection.name.value);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        waiting.push(selection.selectionSet);
      } else if (!entered.has(selection.name.value)) {
        entered.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment === undefined) return undefined;
        waiting.push(fragment.selectionSet);
      }
    }
  }
  return fields;
}

/** The deepest nesting of brackets, those in strings and comments included: the parser behind it recurses. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '{' || character === '[' || character === '(') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']' || character === ')') depth = Math.max(0, depth - 1);
  }
  return deepest;
}
