import type { Attack } from './attack';

export const MCP = { host: 'mcp.test', target: '/mcp', method: 'POST' } as const;
const mcp = (name: string, message: unknown, expect: Attack['expect'], guards: string): Attack => ({
  ...MCP,
  name: `MCP: ${name}`,
  guards: `mcp.ts ${guards}`,
  body: JSON.stringify(message),
  expect,
});
/** A body that can't be read without doubt. */
export const opaque = (name: string, body: string, guards: string, more: Partial<Attack> = {}): Attack => ({
  ...MCP,
  name,
  guards,
  body,
  expect: 'body-not-understood',
  ...more,
});
export const call = (tool: unknown, more: object = {}): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: tool, arguments: { q: 'x' }, ...more },
});
const method = (name: string): object => ({ jsonrpc: '2.0', id: 1, method: name, params: {} });
/** A call that the rule allows. */
export const SEARCH = JSON.stringify(call('search'));

export const ATTACKS_ON_MCP: readonly Attack[] = [
  mcp('a tool of the rule', call('search'), 'allow', 'withinMcp'),
  mcp(
    'a tool of the rule with what the protocol adds',
    call('search', { _meta: {}, task: {} }),
    'allow',
    'readMessage',
  ),
  ...[
    'initialize',
    'notifications/initialized',
    'notifications/cancelled',
    'ping',
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
  ].map((name) => mcp(name, method(name), 'allow', 'HARMLESS_MCP_METHODS')),
  mcp('an empty answer to a ping', { jsonrpc: '2.0', id: 1, result: {} }, 'allow', 'withinMcp'),
  mcp('a batch', [call('search'), method('ping')], 'allow', 'withinMcp'),
  mcp('another tool', call('delete_repo'), 'no-rule', 'withinMcp'),
  mcp('a tool in another case', call('Search'), 'no-rule', 'withinMcp'),
  mcp('a batch with another tool at the end', [call('search'), call('delete_repo')], 'no-rule', 'withinMcp'),
  mcp('a batch with another tool at the start', [call('delete_repo'), call('search')], 'no-rule', 'withinMcp'),
  ...[
    'tools/Call',
    'resources/read',
    'prompts/get',
    'completion/complete',
    'logging/setLevel',
    'sampling/createMessage',
    'tasks/result',
    'x',
  ].map((name) => mcp(name, method(name), 'no-rule', 'HARMLESS_MCP_METHODS')),
  mcp(
    'an answer with content',
    { jsonrpc: '2.0', id: 1, result: { roots: [{ uri: 'file:///x' }] } },
    'no-rule',
    'withinMcp, answer',
  ),
  mcp('an answer of null', { jsonrpc: '2.0', id: 1, result: null }, 'no-rule', 'withinMcp, answer'),
  mcp(
    'an answer that is an error',
    { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } },
    'no-rule',
    'withinMcp, answer',
  ),
  mcp(
    'a batch of 50',
    Array.from({ length: 50 }, () => method('ping')),
    'allow',
    'messagesOf',
  ),
  mcp(
    'a batch of 51',
    Array.from({ length: 51 }, () => method('ping')),
    'body-not-understood',
    'messagesOf',
  ),
  mcp('a batch of nothing', [], 'body-not-understood', 'messagesOf'),
  mcp('no version', { id: 1, method: 'ping' }, 'body-not-understood', 'readMessage'),
  mcp('another version', { jsonrpc: '1.0', id: 1, method: 'ping' }, 'body-not-understood', 'readMessage'),
  mcp(
    'a method that is no text',
    { jsonrpc: '2.0', id: 1, method: ['tools/call'] },
    'body-not-understood',
    'readMessage',
  ),
  mcp(
    'a method that is null',
    { jsonrpc: '2.0', id: 1, method: null, result: {} },
    'body-not-understood',
    'readMessage',
  ),
  mcp('neither request nor answer', { jsonrpc: '2.0', id: 1 }, 'body-not-understood', 'readMessage'),
  mcp('an answer that is both', { jsonrpc: '2.0', id: 1, result: {}, error: {} }, 'body-not-understood', 'readMessage'),
  mcp('an answer with params', { jsonrpc: '2.0', id: 1, result: {}, params: {} }, 'body-not-understood', 'readMessage'),
  mcp('a request with a result', { ...method('ping'), result: {} }, 'body-not-understood', 'readMessage'),
  mcp('a request with an error', { ...method('ping'), error: {} }, 'body-not-understood', 'readMessage'),
  mcp(
    'a key in another case (Go takes the last)',
    { ...method('ping'), Method: 'tools/call' },
    'body-not-understood',
    'objectWith',
  ),
  mcp(
    'a key with a letter that folds to one of ours',
    { ...call('search'), 'param\u017f': {} },
    'body-not-understood',
    'objectWith',
  ),
  mcp(
    'a second name of the tool in another case',
    call('search', { Name: 'delete_repo' }),
    'body-not-understood',
    'objectWith',
  ),
  mcp('a tool whose name is no text', call(['search']), 'body-not-understood', 'readMessage'),
  mcp('a call without params', { jsonrpc: '2.0', id: 1, method: 'tools/call' }, 'body-not-understood', 'readMessage'),
  mcp(
    'a call with a list of params',
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: ['search'] },
    'body-not-understood',
    'objectWith',
  ),
  { ...MCP, name: 'MCP: the stream of answers, by GET', method: 'GET', guards: 'decide.ts carries', expect: 'allow' },
  { ...MCP, name: 'MCP: the end, by DELETE', method: 'DELETE', guards: 'decide.ts carries', expect: 'allow' },
  { ...MCP, name: 'MCP: by PUT', method: 'PUT', guards: 'decide.ts carries', body: SEARCH, expect: 'no-rule' },
  opaque('MCP: parameters in the URL', SEARCH, 'decide.ts beside', { target: '/mcp?x=1' }),
];
