import type { Attack } from './attack';

/** What is no request in the one form: two readers could read it differently. */
const malformed = (entry: Omit<Attack, 'expect'>): Attack => ({ expect: 'malformed-request', ...entry });
const lines = (name: string, list: readonly string[], guards: string, more: Partial<Attack> = {}): Attack =>
  malformed({ name, lines: list, guards: `wire-headers.ts ${guards}`, ...more });

const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const VERSION = 'Sec-WebSocket-Version: 13';
const SWITCH = ['Connection: keep-alive, Upgrade', 'Upgrade: websocket', KEY, VERSION];

export const ATTACKS_ON_FRAMING: readonly Attack[] = [
  malformed({ name: 'HTTP/1.0', version: '1.0', guards: 'normalise.ts HTTP version', pitfall: 12 }),
  malformed({
    name: 'HTTP/1.0 with chunks',
    method: 'POST',
    version: '1.0',
    lines: ['Transfer-Encoding: chunked'],
    guards: 'normalise.ts HTTP version',
    pitfall: 12,
  }),
  malformed({ name: 'HTTP/2.0', version: '2.0', guards: 'normalise.ts HTTP version', nodeRefuses: true, pitfall: 26 }),
  malformed({
    name: 'the preface of HTTP/2',
    requestLine: 'PRI * HTTP/2.0',
    guards: 'normalise.ts HTTP version',
    nodeRefuses: true,
    pitfall: 26,
  }),
  ...['TRACE', 'CONNECT', 'PROPFIND', 'PURGE', 'get', 'Get', 'QUERY'].map((method) =>
    malformed({
      name: `method ${method}`,
      method,
      guards: 'normalise.ts isMethod',
      ...(/[a-z]/.test(method) && { nodeRefuses: true }),
    }),
  ),
  lines('Content-Length and Transfer-Encoding', ['Content-Length: 5', 'Transfer-Encoding: chunked'], 'both lengths', {
    method: 'POST',
    nodeRefuses: true,
    pitfall: 11,
  }),
  lines('two Content-Lengths', ['Content-Length: 5', 'Content-Length: 6'], 'ONCE', {
    method: 'POST',
    nodeRefuses: true,
    pitfall: 11,
  }),
  lines('two equal Content-Lengths', ['Content-Length: 5', 'Content-Length: 5'], 'ONCE', {
    method: 'POST',
    nodeRefuses: true,
    pitfall: 11,
  }),
  ...['+5', '-1', '0x5', '5, 5', '5 5', '', '9999999999999999'].map((length) =>
    lines(`Content-Length "${length}"`, [`Content-Length: ${length}`], 'LENGTH', {
      method: 'POST',
      nodeRefuses: true,
      pitfall: 11,
    }),
  ),
  ...['xchunked', 'chunked, identity', 'gzip, chunked', 'identity', 'chunked;x'].map((coding) =>
    lines(`Transfer-Encoding "${coding}"`, [`Transfer-Encoding: ${coding}`], 'chunked', {
      method: 'POST',
      nodeRefuses: true,
      pitfall: 11,
    }),
  ),
  lines('two Transfer-Encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'ONCE', {
    method: 'POST',
    nodeRefuses: true,
    pitfall: 11,
  }),
  lines('Transfer-Encoding in disguise', ['Content-Length: 5', 'Transfer_Encoding: chunked'], 'canonicalName', {
    method: 'POST',
    pitfall: 11,
  }),
  ...['Content_Length: 5', 'Content_Type: text/plain', 'Transfer_Encoding: chunked'].map((line) =>
    lines(`"${line}" alone`, [line], 'underscore', { method: 'POST', pitfall: 11 }),
  ),
  ...['GET', 'HEAD', 'OPTIONS'].flatMap((method) => [
    malformed({
      name: `${method} with a body`,
      method,
      lines: ['Content-Length: 5'],
      guards: 'normalise.ts hasBody',
      pitfall: 11,
    }),
    malformed({
      name: `${method} with chunks`,
      method,
      lines: ['Transfer-Encoding: chunked'],
      guards: 'normalise.ts hasBody',
      pitfall: 11,
    }),
  ]),
  ...['GET', 'DELETE'].map(
    (method): Attack => ({
      name: `${method} with a length of ${method === 'GET' ? 0 : 5}`,
      method,
      lines: [`Content-Length: ${method === 'GET' ? 0 : 5}`],
      guards: 'normalise.ts hasBody accepts',
      expect: 'allow',
    }),
  ),
  lines('a space before the colon', ['X-A : b'], 'NAME', { nodeRefuses: true, pitfall: 11 }),
  lines('a folded line', ['X-A: b', ' c: d'], 'NAME', { nodeRefuses: true, pitfall: 11 }),
  lines('a folded line by a tab', ['X-A: b', '\tc: d'], 'NAME', { nodeRefuses: true, pitfall: 11 }),
  lines('an empty name', [': b'], 'NAME', { nodeRefuses: true, pitfall: 11 }),
  lines('a bare line feed', ['X-A: b\nX-B: c'], 'VALUE', { nodeRefuses: true, pitfall: 11 }),
  lines('a bare carriage return', ['X-A: b\rX-B: c'], 'VALUE', { nodeRefuses: true, pitfall: 11 }),
  lines('a NUL', ['X-A: b\0c'], 'VALUE', { nodeRefuses: true, pitfall: 11 }),
  lines('a DEL', ['X-A: b\u007fc'], 'VALUE'),
  lines('a byte above ASCII', ['X-A: b\u00e9'], 'VALUE'),
  lines('a byte above ASCII in a name', ['X-\u00c4: b'], 'NAME', { nodeRefuses: true }),
  lines(
    '101 headers',
    Array.from({ length: 100 }, (_, i) => `X-${i}: y`),
    'MAX_HEADERS',
    { pitfall: 30 },
  ),
  lines(
    'more than 32 KB of headers',
    Array.from({ length: 33 }, (_, i) => `X-${i}: ${'y'.repeat(1000)}`),
    'MAX_HEADER_BYTES',
    {
      nodeRefuses: true,
      pitfall: 30,
    },
  ),
  lines(
    'more than 32 KB of short headers',
    Array.from({ length: 99 }, (_, i) => `X-${i}: ${'y'.repeat(323)}`),
    'MAX_HEADER_BYTES',
    {
      nodeRefuses: true,
      pitfall: 30,
    },
  ),
  lines('two Content-Types', ['Content-Type: application/json', 'Content-Type: text/plain'], 'ONCE'),
  lines('two Content-Encodings', ['Content-Encoding: identity', 'Content-Encoding: gzip'], 'ONCE'),
  lines('Content-Type in disguise', ['Content-Type: application/json', 'Content_Type: text/plain'], 'canonicalName'),
  lines('two Expects', ['Expect: 100-continue', 'Expect: 100-continue'], 'ONCE'),
  lines('Expect of something else', ['Expect: 200-maybe'], 'Expect'),
  lines('Upgrade to clear-text HTTP/2', ['Connection: Upgrade', 'Upgrade: h2c'], 'Upgrade', { pitfall: 26 }),
  lines('Upgrade to two things', ['Connection: Upgrade', 'Upgrade: websocket, h2c', KEY, VERSION], 'Upgrade', {
    pitfall: 25,
  }),
  lines('Upgrade twice', [...SWITCH, 'Upgrade: websocket'], 'ONCE', { pitfall: 25 }),
  lines('Upgrade that Connection does not name', ['Upgrade: websocket', KEY, VERSION], 'tokens(connection)', {
    pitfall: 25,
  }),
  lines('WebSocket of an old version', [...SWITCH.slice(0, 3), 'Sec-WebSocket-Version: 8'], 'version 13', {
    pitfall: 25,
  }),
  lines('WebSocket of two versions', [...SWITCH, 'Sec-WebSocket-Version: 8'], 'ONCE', { pitfall: 25 }),
  lines('WebSocket without a key', [...SWITCH.slice(0, 2), VERSION], 'WEBSOCKET_KEY', { pitfall: 25 }),
  lines('WebSocket with a short key', [...SWITCH.slice(0, 2), 'Sec-WebSocket-Key: YQ==', VERSION], 'WEBSOCKET_KEY', {
    pitfall: 25,
  }),
  lines(
    'WebSocket with something before the key',
    [...SWITCH.slice(0, 2), 'Sec-WebSocket-Key: xdGhlIHNhbXBsZSBub25jZQ==', VERSION],
    'WEBSOCKET_KEY',
    { pitfall: 25 },
  ),
  lines('WebSocket with something behind the key', [...SWITCH.slice(0, 2), `${KEY}=`, VERSION], 'WEBSOCKET_KEY', {
    pitfall: 25,
  }),
  lines('WebSocket with two keys', [...SWITCH, KEY], 'ONCE', { pitfall: 25 }),
  lines('WebSocket with a body', [...SWITCH, 'Content-Length: 5'], 'hasBody (asked by normalise.ts)', { pitfall: 25 }),
  lines('WebSocket with chunks', [...SWITCH, 'Transfer-Encoding: chunked'], 'hasBody (asked by normalise.ts)', {
    pitfall: 25,
  }),
  malformed({
    name: 'WebSocket by POST',
    method: 'POST',
    lines: SWITCH,
    guards: 'normalise.ts GET of a handshake',
    pitfall: 25,
  }),
  ...[
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Original-Method',
    'X-Original-URL',
    'X-Original-URI',
    'X-Rewrite-URL',
    'X-Override-URL',
    'x_http_method_override',
  ].map((name) => lines(`another method or path by ${name}`, [`${name}: DELETE`], 'OVERRIDES', { method: 'POST' })),
  {
    name: 'a WebSocket where the rule has it',
    lines: SWITCH,
    guards: 'wire-headers.ts accepts',
    expect: 'allow',
    pitfall: 25,
  },
  {
    name: 'a WebSocket with a length of 0, and Connection in two lines',
    lines: ['Connection: keep-alive', 'CONNECTION: upgrade', 'Upgrade: WebSocket', KEY, VERSION, 'Content-Length: 0'],
    guards: 'wire-headers.ts accepts',
    expect: 'allow',
  },
  {
    name: '100 headers, the longest Content-Length, Expect, a tab',
    method: 'PUT',
    lines: [
      'Content-Length: 100000000000000',
      'Expect: 100-Continue',
      'X-A: b\tc',
      ...Array.from({ length: 96 }, (_, i) => `X-${i}: y`),
    ],
    guards: 'wire-headers.ts accepts',
    expect: 'allow',
  },
  {
    name: 'chunks',
    method: 'POST',
    lines: ['Transfer-Encoding: Chunked'],
    guards: 'wire-headers.ts accepts',
    expect: 'allow',
  },
  {
    name: 'a target of 8 KB',
    ways: ['connect'],
    target: `/${'a'.repeat(8191)}`,
    guards: 'normalise.ts accepts',
    expect: 'allow',
  },
];

/** A handshake as it has to be. */
export const WEBSOCKET_LINES: readonly string[] = SWITCH;
