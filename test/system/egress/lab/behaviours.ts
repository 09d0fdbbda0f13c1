import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { answerMessages } from './model';
import { answerPackages } from './packages';
import type { SeenRequest } from './seen';

/**
 * What the upstream does, by the path's first word. What a test needs of a number stands in the query:
 * `/bytes?n=1000`, `/sse?n=10&ms=20`.
 */
type Behaviour = (request: IncomingMessage, response: ServerResponse, url: URL, seen: SeenRequest) => void;

const number = (url: URL, name: string, otherwise: number): number =>
  url.searchParams.has(name) ? Number(url.searchParams.get(name)) : otherwise;

/** Answers when the whole request is here: with what came. */
const echo: Behaviour = (request, response, _url, seen) => {
  request.resume();
  request.once('end', () => {
    const { method, url, headers, bodyBytes, body } = seen;
    const text = JSON.stringify({ method, url, headers, bodyBytes, body });
    response.setHeader('content-type', 'application/json');
    response.setHeader('content-length', Buffer.byteLength(text));
    response.end(request.method === 'HEAD' ? undefined : text);
  });
};

/** What an upstream can do with a credential that it was sent. */
const REFLECTIONS: Readonly<Record<string, (response: ServerResponse, value: string) => void>> = {
  body: (response, value) => response.end(`you sent ${value}, thanks`),
  header: (response, value) => response.setHeader('x-you-sent', value).end('see header'),
  'error-body': (response, value) => response.writeHead(401).end(`bad token "${value}"`),
  'request-id': (response, value) => response.setHeader('x-request-id', value).end('see header'),
  etag: (response, value) => response.setHeader('etag', `"${value}"`).end('see header'),
  'content-type': (response, value) => response.setHeader('content-type', `text/plain; x=${value}`).end('see header'),
  reason: (response, value) => response.writeHead(200, value.replaceAll(/[^\x20-\x7e]/g, '')).end('see reason'),
  json: (response, value) => response.end(JSON.stringify({ a: { authorization: value } })),
  'json-escaped': (response, value) =>
    response.end(
      `{"v":"${value.replaceAll(/[^A-Za-z0-9]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"}`,
    ),
  url: (response, value) => response.end(`/next?t=${encodeURIComponent(value)}&x=1`),
  base64: (response, value) => response.end(Buffer.from(value).toString('base64')),
  'base64-inside': (response, value) => response.end(Buffer.from(`user:${value}`).toString('base64')),
  base64url: (response, value) => response.end(Buffer.from(`?>${value}`).toString('base64url')),
  hex: (response, value) => response.end(Buffer.from(value).toString('hex')),
  html: (response, value) => response.end(`<b>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</b>`),
  'set-cookie': (response, value) => response.setHeader('set-cookie', [`t=${value}; Path=/`, 'a=b']).end('see cookie'),
  location: (response, value) =>
    response.writeHead(302, { location: `https://evil.test/?t=${encodeURIComponent(value)}` }).end(),
  gzip: (response, value) => encoded(response, 'gzip', gzipSync(`before ${value} after`)),
  brotli: (response, value) => encoded(response, 'br', brotliCompressSync(`before ${value} after`)),
  deflate: (response, value) => encoded(response, 'deflate', deflateSync(`before ${value} after`)),
  'double-gzip': (response, value) => encoded(response, 'gzip, gzip', gzipSync(gzipSync(`before ${value} after`))),
  zstd: (response, value) => encoded(response, 'zstd', Buffer.from(`not really ${value}`)),
  trailer: (response, value) => {
    response.writeHead(200, { trailer: 'x-late', 'transfer-encoding': 'chunked' });
    response.write('see trailer');
    response.addTrailers({ 'x-late': value });
    response.end();
  },
};

function encoded(response: ServerResponse, encoding: string, body: Buffer): void {
  response.writeHead(200, { 'content-encoding': encoding, 'content-length': body.length });
  response.end(body);
}

const reflect: Behaviour = (request, response, url) => {
  request.resume();
  const value = request.headers.authorization ?? request.headers['x-api-key']?.toString() ?? 'nothing';
  const form = url.pathname.split('/')[2] ?? '';
  if (form === 'split') return reflectSplit(response, value, number(url, 'seed', 1), url.searchParams.has('length'));
  const answer = REFLECTIONS[form];
  if (answer) answer(response, value);
  else response.writeHead(404).end('no such reflection');
};

/** In pieces of random sizes, one at a time, with text around. */
function reflectSplit(response: ServerResponse, value: string, seed: number, withLength: boolean): void {
  const bytes = Buffer.from(`${'x'.repeat(seed % 97)}${value}${'y'.repeat(seed % 31)}${value}`);
  if (withLength) response.setHeader('content-length', bytes.length);
  let state = seed;
  let at = 0;
  const next = (): void => {
    if (response.destroyed) return;
    if (at >= bytes.length) return void response.end();
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const size = 1 + (state % 17);
    response.write(bytes.subarray(at, at + size), () => setImmediate(next));
    at += size;
  };
  next();
}

const sse: Behaviour = (request, response, url) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  let left = number(url, 'n', 3);
  const timer = setInterval(
    () => {
      if (left-- <= 0) {
        clearInterval(timer);
        response.end();
      } else response.write(`data: ${left}\n\n`);
    },
    number(url, 'ms', 20),
  );
  response.once('close', () => clearInterval(timer));
};

const bytes: Behaviour = (request, response, url) => {
  request.resume();
  let left = number(url, 'n', 1024);
  if (!url.searchParams.has('chunked')) response.setHeader('content-length', left);
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const piece = chunk.subarray(0, Math.min(left, chunk.length));
      left -= piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    if (left <= 0) response.end();
  };
  more();
};

/** Bytes on the wire that Node's server would never write. */
const RAW: Readonly<Record<string, string>> = {
  'nul-in-header': 'HTTP/1.1 200 OK\r\nx-a: b\0c\r\ncontent-length: 2\r\n\r\nok',
  'both-lengths': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'two-lengths': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 20\r\n\r\nok',
  'switches-unasked':
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello',
  'folded-header': 'HTTP/1.1 200 OK\r\nx-a: b\r\n c: d\r\ncontent-length: 2\r\n\r\nok',
  'bare-newlines': 'HTTP/1.1 200 OK\nx-a: b\ncontent-length: 2\n\nok',
  'no-http': 'SSH-2.0-OpenSSH_9.2\r\n',
  'two-answers': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison',
  'huge-header': `HTTP/1.1 200 OK\r\nx-a: ${'b'.repeat(100_000)}\r\ncontent-length: 2\r\n\r\nok`,
  'ours-faked': 'HTTP/1.1 200 OK\r\nx-agent-platform-refusal: none\r\ncontent-length: 2\r\n\r\nok',
  'http-1.0': 'HTTP/1.0 200 OK\r\n\r\nok until the end',
};

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  reflect,
  sse,
  bytes,
  slow: (request, response, url) => {
    request.resume();
    setTimeout(() => response.end('slow'), number(url, 'ms', 1000));
  },
  never: (request) => void request.resume(),
  'never-read': () => undefined,
  upload: (request, response) => {
    const hash = createHash('sha256');
    let size = 0;
    if (request.headers.expect !== undefined) response.writeContinue();
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      size += chunk.length;
    });
    request.once('end', () => response.end(`${size} ${hash.digest('hex')}`));
  },
  /** Answers before the body is here. */
  early: (_request, response) => void response.writeHead(200, { connection: 'close' }).end('early'),
  trailers: (request, response) => {
    request.resume();
    response.writeHead(200, { trailer: 'x-late', 'transfer-encoding': 'chunked' });
    response.write('before ');
    response.write('trailers');
    response.addTrailers({ 'x-late': 'here' });
    response.end();
  },
  redirect: (request, response, url) => {
    request.resume();
    response.writeHead(302, { location: url.searchParams.get('to') ?? 'https://evil.test/' }).end();
  },
  'alt-svc': (request, response) => {
    request.resume();
    response.writeHead(200, { 'alt-svc': 'h3="evil.test:443"', 'x-kept': '1' }).end('ok');
  },
  truncated: (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-length': 1000 });
    response.write('x'.repeat(500), () => setTimeout(() => response.destroy(), 20));
  },
  'truncated-chunks': (request, response) => {
    request.resume();
    response.write('x'.repeat(500), () => setTimeout(() => response.destroy(), 20));
  },
  /** Small on the wire: 1:1000. */
  bomb: (request, response, url) => {
    request.resume();
    encoded(response, 'gzip', bomb(number(url, 'mb', 100)));
  },
  raw: (request, response, url) => {
    request.resume();
    const text = RAW[url.pathname.split('/')[2] ?? ''] ?? '';
    response.socket?.end(Buffer.from(text, 'latin1'));
  },
  'hangs-up': (request) => {
    request.socket.destroy();
  },
};

let kept: { readonly mb: number; readonly bytes: Buffer } | undefined;

function bomb(mb: number): Buffer {
  if (kept?.mb !== mb) kept = { mb, bytes: gzipSync(Buffer.alloc(mb * 1024 * 1024), { level: 9 }) };
  return kept.bytes;
}

export function behave(request: IncomingMessage, response: ServerResponse, seen: SeenRequest): void {
  response.on('error', () => response.destroy());
  request.on('error', () => undefined);
  const url = new URL(`http://x${request.url?.startsWith('/') ? request.url : '/'}`);
  const { serverName } = seen;
  if (answerPackages(request, response, url, serverName) || answerMessages(request, response, url, serverName)) return;
  const behaviour = BEHAVIOURS[url.pathname.split('/')[1] ?? ''] ?? echo;
  if (behaviour === echo && request.headers.expect !== undefined) response.writeContinue();
  behaviour(request, response, url, seen);
}

const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 });

export function behaveUpgraded(request: IncomingMessage, socket: Socket, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  const path = (request.url ?? '/').split('?')[0];
  if (path === '/ws/refused') {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nno upgrade!');
    return;
  }
  if (path === '/ws/wrong-key') {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n',
    );
    return;
  }
  webSockets.handleUpgrade(request, socket, head, (ws) => {
    ws.on('error', () => undefined);
    if (path === '/ws/reflect') ws.send(`you sent ${request.headers.authorization ?? 'nothing'}`);
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
}
