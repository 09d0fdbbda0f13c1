import type { Way } from '../../../../core/egress/request';
import type { Random } from './random';
import { textOf } from './request';

/** One thing to send, as it stands. */
export interface FuzzCase {
  readonly way: Way;
  /** Written on a fresh connection: a CONNECT line, or everything. */
  readonly outer: string;
  /** Inside of TLS, where `outer` was answered with 200. */
  readonly inner?: string;
  readonly serverName?: string;
}

/** What comes in a header in which an agent may identify itself, or in one that is nearly that. */
export const FUZZERS_OWN = 'fuzzers-own-credential';

const HOSTS = ['up.test', 'paths.test', 'api.test', 'small.test', 'plain.test', 'x.below.test'];
const FOREIGN = [
  ...[
    'evil.test',
    'blocked.below.test',
    '169.254.169.254',
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0x7f.1',
    '2130706433',
  ],
  ...[
    'up.test@evil.test',
    'up.test:8443',
    'up.test.evil.test',
    'evil.test#up.test',
    'evil.test\\@up.test',
    'evil.test%00.up.test',
  ],
  ...[
    'metadata.test',
    'private.test',
    'localhost',
    'up.test,evil.test',
    'evil.test/up.test',
    '*.below.test',
    'up.test ',
    '',
  ],
];
const TARGETS = [
  '/',
  '/v1/x',
  '/v1/../admin',
  '/a?b=c',
  '/upload',
  '/ws',
  '/v1/%2e%2e/x',
  '//evil.test/x',
  '/a;b/..;/c',
  '/redirect',
];
const LINES = [
  ...[
    'Host: evil.test',
    'host: up.test',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity',
    'Content-Length: 0',
  ],
  ...[
    'Content-Length: 5',
    'Content-Length: +5',
    'Content-Length: 99999999',
    'Expect: 100-continue',
    'Connection: close',
  ],
  ...[
    'Connection: keep-alive, Upgrade, Authorization',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
  ],
  ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', 'TE: trailers', 'Trailer: Host'],
  ...[
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /admin',
    'X-Forwarded-Host: evil.test',
    'Forwarded: host=evil.test',
  ],
  ...[
    ' folded: line',
    'No colon',
    ': no name',
    'Spa ce: x',
    'X: \x00',
    'X: \x7f',
    'X: \u00ff',
    `X-Long: ${'y'.repeat(40_000)}`,
  ],
  ...['Authorization: Bearer', 'Proxy-Authorization: Basic', 'Cookie: a=', 'X-Api-Key:', 'X_Api_Key:'].map(
    (line) => `${line} ${FUZZERS_OWN}`,
  ),
];
const PIECES = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    '%',
    '%0d%0a',
    '%2e%2e',
    '..',
    '/',
    '//',
    '\\',
    '@',
    '#',
    '?',
    ';',
    ',',
  ],
  ...[
    '\r\n\r\n',
    'HTTP/1.1',
    'HTTP/1.0',
    'GET ',
    'CONNECT ',
    'evil.test',
    'https://evil.test/',
    '\u00ff',
    '\x0b',
    '0\r\n\r\n',
  ],
];
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: evil.test\r\n\r\n';

/** A request that is allowed, or nearly, with something wrong in it. */
export function fuzzCase(random: Random): FuzzCase {
  const way = random.pick(['connect', 'named', 'absolute'] as const);
  const host = random.pick(HOSTS);
  const text = mutated(random, base(random, way, host));
  if (way !== 'connect') return { way, outer: text };
  const wild = random.next();
  const named = wild < 0.15 ? random.pick(FOREIGN) : host;
  const connect = `CONNECT ${named}:443 HTTP/1.1\r\nHost: ${named}:443\r\n\r\n`;
  const serverName = random.next() < 0.1 ? random.pick(['evil.test', 'other.test', 'UP.test', 'up.test.']) : host;
  return { way, outer: wild > 0.9 ? mutated(random, connect) : connect, inner: text, serverName };
}

function base(random: Random, way: Way, host: string): string {
  const foreign = random.next() < 0.2;
  const lines = Array.from({ length: random.below(3) }, () => random.pick(LINES));
  const text = textOf({
    way,
    host: foreign ? random.pick(FOREIGN) : host,
    target: random.pick(TARGETS),
    method: random.pick(['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'get', 'CONNECT']),
    scheme: random.next() < 0.2 ? 'http' : 'https',
    lines,
    ...(random.next() < 0.3 && { body: 'x'.repeat(random.below(2_000)) }),
  }).toString('latin1');
  return random.next() < 0.2 ? text + SMUGGLED : text;
}

function mutated(random: Random, text: string): string {
  let result = text;
  for (let times = random.below(4); times > 0; times--) result = random.pick(MUTATIONS)(random, result);
  return result;
}

type Mutation = (random: Random, text: string) => string;

const at = (random: Random, text: string): number => random.below(Math.min(text.length, 400) + 1);

const MUTATIONS: readonly Mutation[] = [
  (random, text) => insert(text, at(random, text), random.pick(PIECES)),
  (random, text) => insert(text, at(random, text), String.fromCharCode(random.below(256))),
  (random, text) => {
    const from = at(random, text);
    return text.slice(0, from) + text.slice(from + 1 + random.below(4));
  },
  (random, text) => {
    const from = at(random, text);
    const flipped = String.fromCharCode((text.charCodeAt(from) ^ (1 << random.below(8))) & 0xff);
    return text.slice(0, from) + flipped + text.slice(from + 1);
  },
  (random, text) => {
    const from = at(random, text);
    const piece = text.slice(from, from + random.below(40));
    return insert(text, at(random, text), piece);
  },
  (random, text) => {
    const lines = text.split('\r\n');
    lines.splice(1 + random.below(lines.length), 0, random.pick(LINES));
    return lines.join('\r\n');
  },
  (random, text) => {
    const lines = text.split('\r\n');
    const line = random.pick(lines);
    lines.splice(random.below(lines.length), 0, line);
    return lines.join('\r\n');
  },
  (random, text) => text.replaceAll('\r\n', random.pick(['\n', '\r', '\r\n ', '\r\r\n'])),
  (random, text) => text.slice(0, at(random, text)) + text,
  (random, text) => text.replace(random.pick(HOSTS), random.pick(FOREIGN)),
  (_random, text) => text + SMUGGLED,
];

function insert(text: string, index: number, piece: string): string {
  return text.slice(0, index) + piece + text.slice(index);
}
