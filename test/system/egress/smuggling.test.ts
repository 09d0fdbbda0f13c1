import { WAYS, type Way } from '../../../core/egress/request';
import { EgressLab } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';
import { verdictOf } from './lab/raw';
import { opened, textOf } from './lab/request';

/**
 * Where one message ends and the next begins: what is behind a refusal, in a body, or between two readings of a length
 * must never become a request. Each entry ends with a request for `/smuggled`, which is allowed by itself.
 */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
});
afterAll(() => lab?.close());
beforeEach(() => lab.forget());

const smuggled = (way: Way): Buffer => textOf({ way, target: '/smuggled' });

interface Entry {
  readonly name: string;
  readonly pitfall: number;
  readonly lines: readonly string[];
  readonly method?: string;
  readonly host?: string;
  /** Written behind the head, before `/smuggled`. */
  readonly body?: string;
  readonly expect: string;
  /** Where what follows is no message: whichever of the two is found first. */
  readonly orMalformed?: true;
  /** How many requests, `/smuggled` not among them, may reach the upstream. */
  readonly mayPass?: number;
}

const POST = { method: 'POST', expect: 'malformed-request', pitfall: 11 } as const;
const CHUNKED = ['Transfer-Encoding: chunked'];
/** Found after the head, when the request is allowed and on its way already. */
const LATE = { ...POST, lines: CHUNKED, mayPass: 1 } as const;

const ENTRIES: readonly Entry[] = [
  { ...POST, name: 'CL.TE', lines: ['Content-Length: 5', ...CHUNKED], body: '0\r\n\r\n' },
  { ...POST, name: 'TE.CL', lines: [...CHUNKED, 'Content-Length: 4'], body: '1\r\nx\r\n0\r\n\r\n' },
  { ...POST, name: 'TE.TE, one in disguise', lines: [...CHUNKED, 'Transfer-Encoding: x'], body: '0\r\n\r\n' },
  { ...POST, name: 'chunked with a tab before', lines: ['Transfer-Encoding:\tchunked, x'], body: '0\r\n\r\n' },
  { ...POST, name: 'chunked with a vertical tab', lines: ['Transfer-Encoding: \x0bchunked'], body: '0\r\n\r\n' },
  { ...POST, name: 'a space before the colon of a length', lines: ['Content-Length : 0'] },
  { ...POST, name: 'a length folded to the next line', lines: ['Content-Length:', ' 0'] },
  { ...POST, name: 'two lengths', lines: ['Content-Length: 0', 'Content-Length: 5'] },
  { ...POST, name: 'a length of +0', lines: ['Content-Length: +0'] },
  {
    ...POST,
    name: 'a chunked length beside, with an underscore',
    lines: ['Content-Length: 0', 'Transfer_Encoding: chunked'],
  },
  { ...LATE, name: 'a chunk size that is no number', body: 'zz\r\n' },
  { ...LATE, name: 'a negative chunk size', body: '-1\r\n' },
  { ...LATE, name: 'a chunk size with 0x', body: '0x1\r\nx\r\n0\r\n\r\n' },
  { ...LATE, name: 'a chunk size of 17 digits', body: '10000000000000001\r\nx' },
  { ...LATE, name: 'a chunk longer than it says', body: '1\r\nxyz\r\n0\r\n\r\n' },
  { ...LATE, name: 'a chunk line ended by a line feed alone', body: '1\nx\r\n0\r\n\r\n' },
  { ...LATE, name: 'a chunk ended by a line feed alone', body: '1\r\nx\n0\r\n\r\n' },
  { ...LATE, name: 'a chunk extension of 20 KB', body: `1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n` },
  { ...LATE, name: 'a carriage return in a chunk extension', body: '1;a\rb\r\nx\r\n0\r\n\r\n' },
  { ...LATE, name: 'a line feed in a chunk extension', body: '0;a\nb\r\n\r\n' },
  { ...LATE, name: 'a folded trailer', body: '0\r\nX-A: b\r\n c: d\r\n\r\n' },
  {
    name: 'a refused request whose body looks like another',
    pitfall: 13,
    method: 'DELETE',
    host: 'paths.test',
    lines: ['Content-Length: 41'],
    body: 'GET /inside HTTP/1.1\r\nHost: up.test\r\n\r\nxx',
    expect: 'no-rule',
  },
  {
    name: 'a refused request whose chunks are still to come',
    pitfall: 13,
    method: 'POST',
    host: 'paths.test',
    lines: CHUNKED,
    body: '5\r\nhello\r\n',
    expect: 'no-rule',
    orMalformed: true,
  },
  {
    name: 'a refused request that asks to continue, and does not wait',
    pitfall: 13,
    method: 'POST',
    host: 'paths.test',
    lines: ['Content-Length: 100', 'Expect: 100-continue'],
    expect: 'no-rule',
  },
  { name: 'a refused request without a body', pitfall: 13, host: 'paths.test', lines: [], expect: 'no-rule' },
  {
    name: 'a body that is too large',
    pitfall: 13,
    method: 'POST',
    host: 'small.test',
    lines: ['Content-Length: 2000'],
    body: 'x'.repeat(2000),
    expect: 'body-too-large',
  },
  {
    name: 'chunks that become too large',
    pitfall: 13,
    method: 'POST',
    host: 'small.test',
    lines: CHUNKED,
    body: `3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`,
    expect: 'body-too-large',
    mayPass: 1,
  },
];

const every = ENTRIES.flatMap((entry) =>
  WAYS.map((way): [string, Entry, Way] => [`[${entry.pitfall}] ${entry.name} (${way})`, entry, way]),
);

it.each(every)('N7 nothing is smuggled behind %s', async (_, entry, way) => {
  const { host = 'up.test', method = 'GET', lines, body = '' } = entry;
  const connection = await opened(lab, proxy.port, { way, host });
  connection.write(Buffer.concat([textOf({ way, host, method, lines }), Buffer.from(body, 'latin1'), smuggled(way)]));
  const answer = await connection.answer({ milliseconds: 3_000 });
  await connection.until(() => connection.isClosed, 3_000);
  expect([connection.isClosed, connection.unread.length]).toEqual([true, 0]);
  connection.close();
  // One that is on its way when the rest proves to be broken is cut: no answer, or the refusal.
  if (entry.mayPass === undefined || answer) {
    expect([entry.expect, ...(entry.orMalformed ? ['malformed-request'] : [])]).toContain(verdictOf(answer));
  }
  const { requests, trapped } = await lab.seen();
  expect(requests.map(({ url }) => url).filter((url) => url.includes('smuggled') || url.includes('inside'))).toEqual(
    [],
  );
  expect(requests.filter(({ complete }) => complete)).toEqual([]);
  expect(requests.length).toBeLessThanOrEqual(entry.mayPass ?? 0);
  expect(trapped).toEqual([]);
});

it.each(WAYS)('N7 [13] two requests at once are two requests, each judged by itself (%s)', async (way) => {
  const connection = await opened(lab, proxy.port, { way });
  connection.write(Buffer.concat([textOf({ way, target: '/one' }), textOf({ way, target: '/../two' }), smuggled(way)]));
  const first = await connection.answer();
  const second = await connection.answer();
  expect([verdictOf(first), verdictOf(second)]).toEqual(['allow', 'malformed-request']);
  expect(await connection.until(() => connection.isClosed)).toBe(true);
  expect((await lab.seen()).requests.map(({ url }) => url)).toEqual(['/one']);
});

it('N7 [13] answers come in the order of their requests, however long each takes', async () => {
  const connection = await opened(lab, proxy.port);
  connection.write(Buffer.concat([textOf({ target: '/slow?ms=300' }), textOf({ target: '/second' })]));
  const [first, second] = [await connection.answer(), await connection.answer()];
  expect(first?.body.toString()).toBe('slow');
  expect(second?.body.toString()).toContain('/second');
  connection.close();
});

const SWITCH = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

describe.each(WAYS)('N7 [13] behind a request whose answer is still to come (%s)', (way) => {
  const slow = textOf({ way, target: '/slow?ms=300' });

  it('a WebSocket handshake waits or is refused, and the answer is the one asked for', async () => {
    const connection = await opened(lab, proxy.port, { way });
    connection.write(Buffer.concat([slow, textOf({ way, target: '/ws', lines: SWITCH })]));
    const answer = await connection.answer();
    connection.close();
    expect([answer?.body.toString(), undefined]).toContain(answer && 'slow');
    expect(proxy.isRunning).toBe(true);
  });

  it('CONNECT waits or is refused, and the answer is the one asked for', async () => {
    const connection = await opened(lab, proxy.port, { way });
    connection.write(Buffer.concat([slow, Buffer.from('CONNECT up.test:443 HTTP/1.1\r\nHost: up.test:443\r\n\r\n')]));
    const answer = await connection.answer();
    connection.close();
    expect([answer?.body.toString(), undefined]).toContain(answer && 'slow');
    expect(proxy.isRunning).toBe(true);
  });

  it('what is no request is not answered into the middle of that answer', async () => {
    const connection = await opened(lab, proxy.port, { way });
    connection.write(textOf({ way, target: '/sse?n=20&ms=20' }));
    await connection.until(() => connection.unread.includes('data: 17'));
    connection.write('garbage garbage\r\n\r\n');
    const answer = await connection.answer();
    connection.close();
    expect(answer?.body.toString()).not.toContain('HTTP/1.1');
    expect(connection.unread.toString()).not.toContain('refused');
  });
});

it('N7 nothing of all that broke the process', () => {
  expect(proxy.complaints).toBe('');
  expect(proxy.isRunning).toBe(true);
});
