import { WAYS, type Way } from '../../../core/egress/request';
import { AGENTS } from './lab/addresses';
import { AGENTS_OWN, ID_SECRET, KEY_SECRET, SECRET } from './lab/documents';
import { EgressLab } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';
import { headerOf, type RawAnswer, RawConnection, verdictOf } from './lab/raw';
import { ask } from './lab/request';

/** C4 to C6: credentials are added outside of the session, never come back into it, and the agent's own never leave. */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
});
afterAll(() => lab?.close());
beforeEach(() => lab.forget());

/** What the upstream got of a header. */
async function received(name: string): Promise<string[]> {
  const { requests } = await lab.seen();
  return requests.flatMap(({ headers }) =>
    headers.flatMap((each, i) => (i % 2 === 0 && each.toLowerCase() === name ? [headers[i + 1] ?? ''] : [])),
  );
}

describe.each(WAYS)('C4 a granted credential (%s)', (way) => {
  it('C4 is added, once, for the host of the grant', async () => {
    expect(verdictOf(await ask(lab, proxy.port, { way, host: 'api.test', target: '/upload' }))).toBe('allow');
    expect(await received('authorization')).toEqual([`Bearer ${SECRET}`]);
  });

  it('C4 goes to no other host of the profile', async () => {
    await ask(lab, proxy.port, { way, host: 'up.test' });
    await ask(lab, proxy.port, { way, host: 'key.test', target: '/upload' });
    expect(await received('authorization')).toEqual([]);
    expect(await received('x-api-key')).toEqual([KEY_SECRET]);
  });

  it.each([
    ['its own Authorization', ['Authorization: Bearer x']],
    ['two of its own', ['Authorization: Bearer x', 'AUTHORIZATION: Basic y']],
    ['a Connection that names it', ['Connection: authorization']],
    ['both', ['Connection: close, Authorization', 'Authorization: Bearer x']],
    ['one in disguise', ['Authorization_: x', 'authorization: y']],
  ] as const)('[23, 24] C5 is the one that arrives when the agent sends %s', async (_, lines) => {
    await ask(lab, proxy.port, { way, host: 'api.test', target: '/upload', lines });
    expect(await received('authorization')).toEqual([`Bearer ${SECRET}`]);
    expect(await received('connection')).toEqual(['keep-alive']);
  });
});

const OWN: readonly string[] = [
  'Authorization: Bearer',
  'Proxy-Authorization: Basic',
  'Cookie: session=',
  'X-Api-Key: ',
  'X-Auth-Token: ',
  'X_Api_Key: ',
  'PRIVATE-TOKEN: ',
  'X-Amz-Security-Token: ',
  'X-Forwarded-For: ',
  'X-Forwarded-Host: ',
  'Forwarded: for=',
  'X-Real-IP: ',
  'Proxy-Connection: ',
  'Keep-Alive: ',
  'TE: ',
];

it.each(OWN.flatMap((line) => WAYS.map((way): [string, Way] => [line, way])))(
  "[23, 24] C5 the agent's own does not leave: %s (%s)",
  async (line, way) => {
    for (const host of ['up.test', 'api.test']) {
      expect(verdictOf(await ask(lab, proxy.port, { way, host, lines: [`${line}${AGENTS_OWN}`] }))).toBe('allow');
    }
    expect((await lab.seen()).requests.length).toBe(2);
    expect(await lab.leaks()).toEqual([]);
  },
);

it('[24] C5 what CONNECT carries goes nowhere', async () => {
  const outer = new RawConnection(await lab.connect(proxy.port));
  outer.write(
    `CONNECT up.test:443 HTTP/1.1\r\nHost: up.test:443\r\nProxy-Authorization: Basic ${AGENTS_OWN}\r\nX-A: ${AGENTS_OWN}\r\n\r\n`,
  );
  await outer.until(() => outer.unread.includes('\r\n\r\n'));
  expect(outer.unread.toString()).toMatch(/^HTTP\/1\.1 200 /);
  outer.close();
  expect(await lab.leaks()).toEqual([]);
});

/** What each host is sent. */
const sent = new Map([
  ['api.test', `Bearer ${SECRET}`],
  ['key.test', KEY_SECRET],
  ['hub.test', ID_SECRET],
]);

/** Spellings of the secret that are enough to use it. */
const SPELLINGS = [SECRET, KEY_SECRET, ID_SECRET].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('hex'),
  ...[0, 1, 2].map((skip) =>
    Buffer.from(`${'x'.repeat(skip)}${secret}`)
      .toString('base64')
      .slice(4, -4),
  ),
  secret.slice(0, 16),
  secret.slice(-16),
]);

function expectClean(answer: RawAnswer | undefined): void {
  const text = [
    answer?.reason,
    ...(answer?.headers.map(([name, value]) => `${name}: ${value}`) ?? []),
    answer?.body.toString('latin1'),
    answer?.trailers,
  ].join('\n');
  expect(SPELLINGS.filter((spelling) => text.includes(spelling))).toEqual([]);
}

const FORMS = [
  ...['body', 'header', 'error-body', 'reason', 'json', 'json-escaped', 'url', 'base64', 'base64-inside', 'base64url'],
  ...['hex', 'html', 'set-cookie', 'location', 'gzip', 'brotli', 'deflate', 'double-gzip', 'zstd', 'trailer'],
  ...['request-id', 'etag', 'content-type'],
];

describe.each(['api.test', 'key.test', 'hub.test'])('C6 [19] a credential that %s sends back', (host) => {
  it.each(FORMS.flatMap((form) => WAYS.map((way): [string, Way] => [form, way])))(
    'C6 does not come in: %s (%s)',
    async (form, way) => {
      const lines = ['Accept-Encoding: gzip, br, deflate, zstd'];
      const answer = await ask(lab, proxy.port, { way, host, target: `/reflect/${form}`, lines });
      expect((await lab.seen()).requests.length).toBe(1);
      expectClean(answer);
    },
  );

  it.each(Array.from({ length: 25 }, (_, i) => i * 7 + 1))(
    'C6 does not come in, however it is cut (%d)',
    async (seed) => {
      const [chunks, whole] = await Promise.all([
        ask(lab, proxy.port, { host, target: `/reflect/split?seed=${seed}` }),
        ask(lab, proxy.port, { host, target: `/reflect/split?seed=${seed}&length` }),
      ]);
      expectClean(chunks);
      expectClean(whole);
      const length = (seed % 97) + (seed % 31) + 2 * (sent.get(host) ?? '').length;
      expect([chunks?.body.length, whole?.body.length]).toEqual([length, length]);
      expect([chunks?.complete, whole?.complete]).toEqual([true, true]);
    },
  );
});

it('C6 what was injected for a session is masked in answers of every host to it', async () => {
  await ask(lab, proxy.port, { host: 'api.test' });
  const answer = await ask(lab, proxy.port, { method: 'POST', body: `{"a":"${SECRET.slice(0, 8)}"}` });
  expect(answer?.body.toString()).toContain(SECRET.slice(0, 8));
});

it('C6 cookies of an answer to a credential stay outside; others pass', async () => {
  const granted = await ask(lab, proxy.port, { host: 'api.test', target: '/reflect/set-cookie' });
  expect(granted && headerOf(granted, 'set-cookie')).toBeUndefined();
  const plain = await ask(lab, proxy.port, { host: 'up.test', target: '/reflect/set-cookie' });
  expect(plain && headerOf(plain, 'set-cookie')).toBe('t=nothing; Path=/');
});

it('C6 [18] a redirect is not followed, and what follows it gets no credential', async () => {
  const answer = await ask(lab, proxy.port, { host: 'api.test', target: '/redirect?to=https://evil.test/x' });
  expect([answer?.status, answer && headerOf(answer, 'location')]).toEqual([302, 'https://evil.test/x']);
  expect(verdictOf(await ask(lab, proxy.port, { host: 'evil.test', target: '/x' }))).toBe('host-not-allowed');
  await ask(lab, proxy.port, { host: 'api.test', target: '/redirect?to=https://up.test/x' });
  await ask(lab, proxy.port, { host: 'up.test', target: '/x' });
  const { requests, trapped } = await lab.seen();
  expect(trapped).toEqual([]);
  expect(requests.map(({ serverName }) => serverName)).toEqual(['api.test', 'api.test', 'up.test']);
  expect(await received('authorization')).toEqual([`Bearer ${SECRET}`, `Bearer ${SECRET}`]);
});

it("C6 [33] another session of the profile gets the profile's grant and nothing of this one", async () => {
  const mine = await ask(lab, proxy.port, { host: 'api.test', target: '/reflect/body' });
  const other = await ask(lab, proxy.port, { host: 'api.test', target: '/reflect/body', from: AGENTS.neighbour });
  const stranger = await ask(lab, proxy.port, { host: 'api.test', from: AGENTS.stranger });
  expectClean(mine);
  expectClean(other);
  expect(verdictOf(stranger)).toBe('unbound-address');
});

it('C5 [32] no secret is in the log, the metrics or the errors of all that', async () => {
  expect(await lab.leaks()).toEqual([]);
  expect(proxy.complaints).toBe('');
  const granted = proxy.requests().filter(({ detail }) => detail.grantId === 'tok');
  expect(granted.length).toBeGreaterThan(50);
  expect(proxy.requests().some(({ detail }) => detail.redactedValues > 0)).toBe(true);
  expect(proxy.requests().some(({ detail }) => detail.strippedCredentials > 0)).toBe(true);
});
