import { randomBytes } from 'node:crypto';
import { WAYS, type Way } from '../../../core/egress/request';
import { AGENTS } from './lab/addresses';
import { CREDENTIALS, ID_SECRET, KEY_SECRET, SECRET } from './lab/documents';
import { EgressLab } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';
import { headerOf, verdictOf } from './lab/raw';
import { ask, opened, type PlainRequest, textOf } from './lab/request';

/** N11, N12: what an agent carries out through a door that is open: in URLs, bodies, headers, frames. */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
  // A secret is known from its first use on.
  for (const host of ['api.test', 'key.test', 'hub.test']) {
    for (const from of [AGENTS.lab, AGENTS.neighbour]) {
      expect(verdictOf(await ask(lab, proxy.port, { host, from }))).toBe('allow');
    }
  }
});
afterAll(() => lab?.close());
beforeEach(() => lab.forget());

describe('N12 a secret of the platform in a request goes nowhere', () => {
  const SPELLINGS: Record<string, (secret: string) => string> = {
    plain: (secret) => secret,
    'in JSON': (secret) => JSON.stringify({ a: secret }),
    'in base64': (secret) => Buffer.from(`x${secret}`).toString('base64'),
    'in base64url': (secret) => Buffer.from(`xy${secret}`).toString('base64url'),
    'in hex': (secret) => Buffer.from(secret).toString('hex'),
    'in URL escapes': (secret) => encodeURIComponent(secret),
  };
  const PLACES: Record<string, (text: string) => PlainRequest> = {
    'in a body': (text) => ({ method: 'POST', body: `before ${text} after` }),
    'in a large body': (text) => ({ method: 'POST', body: `${'x'.repeat(200_000)}${text}${'y'.repeat(1_000)}` }),
    'in a header': (text) => ({ lines: [`X-Note: ${text}`] }),
    'in a query': (text) => ({ target: `/?q=${encodeURIComponent(text)}` }),
  };
  const every = Object.keys(SPELLINGS).flatMap((spelling) =>
    Object.keys(PLACES).flatMap((place) => WAYS.map((way): [string, string, Way] => [spelling, place, way])),
  );

  it.each(every)('N12 %s %s (%s)', async (spelling, place, way) => {
    for (const secret of [SECRET, KEY_SECRET, ID_SECRET]) {
      const request = PLACES[place]?.(SPELLINGS[spelling]?.(secret) ?? '') ?? {};
      const answer = await ask(lab, proxy.port, { ...request, way, milliseconds: 5_000 });
      expect(verdictOf(answer)).toBe('secret-in-request');
    }
    const { requests } = await lab.seen();
    // The beginning of a large body may be gone by the time its end shows what it is: never whole, never the secret.
    expect(requests.filter(({ complete }) => complete)).toEqual([]);
    expect(requests.length).toBeLessThanOrEqual(place === 'in a large body' ? 3 : 0);
  });

  it.each([1, 7, 64])('N12 in chunks of %d bytes', async (size) => {
    const connection = await opened(lab, proxy.port);
    connection.write(textOf({ method: 'POST', lines: ['Transfer-Encoding: chunked'] }));
    const text = Buffer.from(`before ${SECRET} after`);
    for (let at = 0; at < text.length; at += size) {
      const piece = text.subarray(at, at + size);
      connection.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
    }
    connection.write('0\r\n\r\n');
    expect(['secret-in-request', 'no answer']).toContain(verdictOf(await connection.answer()));
    connection.close();
    expect((await lab.seen()).requests.filter(({ complete }) => complete)).toEqual([]);
    expect(await lab.leaks()).toEqual([]);
  });

  it('N12 in a frame of a WebSocket', async () => {
    const connection = await opened(lab, proxy.port);
    const lines = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ];
    connection.write(textOf({ target: '/ws', lines }));
    expect((await connection.answer())?.status).toBe(101);
    connection.write(Buffer.from([0x81, 0x80 + SECRET.length, 0, 0, 0, 0]));
    connection.write(SECRET);
    await connection.until(() => connection.isClosed);
    expect([connection.isClosed, connection.unread.includes(SECRET)]).toEqual([true, false]);
  });

  it('N12 not to the host it belongs to either, but by the proxy', async () => {
    const answer = await ask(lab, proxy.port, { host: 'api.test', method: 'POST', body: SECRET });
    expect(verdictOf(answer)).toBe('secret-in-request');
  });
});

describe('N11 [21] a URL carries little', () => {
  it.each(WAYS)('[21] 4 KB of base64 in a query, in a path (%s)', async (way) => {
    const data = randomBytes(3_000).toString('base64url');
    for (const target of [`/s?q=${data}`, `/s/${data}`]) {
      expect(verdictOf(await ask(lab, proxy.port, { way, target }))).toBe('url-too-opaque');
    }
    expect((await lab.counts()).requests).toBe(0);
  });

  it('[21] not by many small URLs, where the rule says how many', async () => {
    const verdicts: string[] = [];
    for (let i = 0; i < 8; i++)
      verdicts.push(verdictOf(await ask(lab, proxy.port, { host: 'few.test', target: `/${i}` })));
    expect(verdicts.slice(0, 5)).toEqual(verdicts.slice(0, 5).map(() => 'allow'));
    expect(verdicts.slice(5)).toEqual(verdicts.slice(5).map(() => 'url-too-opaque'));
    expect(verdictOf(await ask(lab, proxy.port, { host: 'few.test', target: '/1' }))).toBe('allow');
  });

  it.each(WAYS)('N11 a composed URL, where the rule opens those that were seen (%s)', async (way) => {
    expect(verdictOf(await ask(lab, proxy.port, { way, host: 'seen.test', target: '/composed' }))).toBe('url-not-seen');
    expect((await lab.counts()).requests).toBe(0);
  });
});

it.each(WAYS)(
  "[22] an attacker's own corner of an allowed host is out of reach, by path and by key (%s)",
  async (way) => {
    const lines = ['Authorization: token attackers'];
    const corner = await ask(lab, proxy.port, { way, host: 'api.github.com', target: '/repos/evil/drop', lines });
    expect(verdictOf(corner)).toBe('no-rule');
    expect(verdictOf(await ask(lab, proxy.port, { way, host: 'api.github.com', target: '/repos/lab/x', lines }))).toBe(
      'allow',
    );
    const { requests } = await lab.seen();
    expect(requests.map(({ url, headers }) => [url, headers.join().includes('attackers')])).toEqual([
      ['/repos/lab/x', false],
    ]);
  },
);

it('N15 a rate holds for its session, and says when to come back', async () => {
  const answers = [];
  for (let i = 0; i < 7; i++) answers.push(await ask(lab, proxy.port, { host: 'rate.test' }));
  expect(answers.map(verdictOf)).toEqual([...Array(5).fill('allow'), 'rate-limited', 'rate-limited']);
  const wait = Number(answers[6] && headerOf(answers[6], 'retry-after'));
  expect([wait > 0, wait <= 70]).toEqual([true, true]);
  expect(verdictOf(await ask(lab, proxy.port, { host: 'rate.test', from: AGENTS.neighbour }))).toBe('allow');
});

it('C4 [14] a credential with a line break in it is never used', async () => {
  const broken = {
    headers: [{ name: 'authorization', value: 'Bearer abcdefghi\r\nX-Injected: 1' }],
    secrets: ['abcdefghi'],
  };
  lab.replace('credentials.json', JSON.stringify({ ...CREDENTIALS, grants: { ...CREDENTIALS.grants, tok: broken } }));
  const other = await lab.startProxy();
  expect(verdictOf(await ask(lab, other.port, { host: 'api.test' }))).toBe('credential-unavailable');
  expect((await lab.counts()).requests).toBe(0);
  expect(other.complaints).not.toContain('abcdefghi');
  lab.replace('credentials.json', JSON.stringify(CREDENTIALS));
});

it('N12 nothing of all that is in a log', async () => {
  expect(await lab.leaks()).toEqual([]);
  // The place of what is wrong in the credentials of the test before, and no value.
  expect(proxy.complaints).toMatch(/^(?:|\{"log":"[^"]*credentials\.json: grants\.tok\.headers\.0\.value: [^"]*"\})$/);
  expect(proxy.requests().some(({ detail }) => detail.reason === 'secret-in-request')).toBe(true);
});
