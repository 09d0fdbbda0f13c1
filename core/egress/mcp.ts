import { type NotUnderstood, notUnderstood, type RequestBody } from './body';
import { isEmptyObject, messagesOf, objectWith, readJsonBody } from './json-body';
import type { EgressRule } from './rule';
import type { JsonValue } from './strict-json';

/** What a client sends before and between calls, and what only tells names. Any rule with `mcp` allows these. */
export const HARMLESS_MCP_METHODS: readonly string[] = [
  'initialize',
  'notifications/cancelled',
  'notifications/initialized',
  'ping',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'tools/list',
];

/** One message: the call of a tool, another method, or the client's answer to something the server asked. */
export type McpMessage =
  | { readonly kind: 'call'; readonly tool: string }
  | { readonly kind: 'method'; readonly method: string }
  | { readonly kind: 'answer'; readonly empty: boolean };

export interface McpReading {
  readonly kind: 'ok';
  readonly messages: readonly McpMessage[];
}

/** Reads the JSON-RPC 2.0 messages of an MCP POST: one, or a batch as older versions of the protocol have it. */
export function readMcp(body: RequestBody): McpReading | NotUnderstood {
  const json = readJsonBody(body);
  if (json.kind !== 'ok') return json;
  const values = messagesOf(json.value);
  if ('kind' in values) return values;
  const messages: McpMessage[] = [];
  for (const value of values) {
    const message = readMessage(value);
    if (message.kind === 'not-understood') return message;
    messages.push(message);
  }
  return { kind: 'ok', messages };
}

/** Whether every message is harmless or calls a tool of the rule. */
export function withinMcp(reading: McpReading, rule: NonNullable<EgressRule['mcp']>): boolean {
  return reading.messages.every((message) => {
    if (message.kind === 'call') return rule.tools.includes(message.tool);
    if (message.kind === 'method') return HARMLESS_MCP_METHODS.includes(message.method);
    // The answer to a ping is empty; others carry what the session has (its files, what its model says).
    return message.empty;
  });
}

/** For the record: `tools/call create_issue`, `tools/list`. What an agent made up is cut to one short line. */
export function describeMcp(reading: McpReading): string[] {
  return reading.messages.map((message) => {
    if (message.kind === 'answer') return 'answer';
    const text = message.kind === 'call' ? `tools/call ${message.tool}` : message.method;
    return text.replaceAll(/[^\x21-\x7e]+/g, ' ').slice(0, 200);
  });
}

function readMessage(value: JsonValue): McpMessage | NotUnderstood {
  const message = objectWith(value, ['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
  if (message?.jsonrpc !== '2.0') return notUnderstood('a message that is not JSON-RPC 2.0');
  const { method, params, result, error } = message;
  if (method === undefined) {
    if (params !== undefined || (result === undefined) === (error === undefined)) {
      return notUnderstood('a message that is neither request nor answer');
    }
    return { kind: 'answer', empty: isEmptyObject(result) };
  }
  if (typeof method !== 'string') return notUnderstood('a method that is no text');
  if (result !== undefined || error !== undefined) return notUnderstood('a message that is request and answer');
  if (method !== 'tools/call') return { kind: 'method', method };
  const call = objectWith(params, ['name', 'arguments', 'task', '_meta']);
  if (typeof call?.name !== 'string') return notUnderstood('a tool call that names no tool');
  return { kind: 'call', tool: call.name };
}
