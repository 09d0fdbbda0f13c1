import { REFUSALS, type RefusalCode } from '../../../core/egress/refusal';
import { WAYS, type Way } from '../../../core/egress/request';
import { AGENTS } from './lab/addresses';
import { CALLERS, LAB_DOCUMENT, SESSIONS } from './lab/documents';
import { EgressLab } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';
import { headerOf, type RawAnswer, type RawConnection, verdictOf } from './lab/raw';
import { ask, opened, type PlainRequest, textOf } from './lab/request';

/** What has to hold whatever happens: each kind of refusal told apart, changes at once, closed sessions cut off. */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
});
afterAll(() => lab?.close());

interface Case {
  readonly name: string;
  readonly code: RefusalCode;
  readonly request: PlainRequest & { readonly from?: string };
  /** Not named in the answer: whoever asks is nobody, or there is none. */
  readonly unnamed?: true;
  readonly ways?: readonly Way[];
}

const CASES: readonly Case[] = [
  { name: 'an unknown host', code: 'host-not-allowed', request: { host: 'evil.test' } },
  { name: 'a blocked host', code: 'host-blocked', request: { host: 'blocked.below.test' } },
  { name: 'an address bound to nobody', code: 'unbound-address', request: { from: AGENTS.stranger }, unnamed: true },
  { name: 'a closed session', code: 'session-closed', request: { from: AGENTS.closed }, unnamed: true },
  {
    name: 'a profile without a document',
    code: 'policy-missing',
    request: { from: AGENTS.undocumented },
    unnamed: true,
  },
  { name: 'a malformed request', code: 'malformed-request', request: { target: '/a/../b' }, unnamed: true },
  { name: 'a path without a rule', code: 'no-rule', request: { host: 'paths.test', target: '/v2/x' } },
  {
    name: 'an oversized body',
    code: 'body-too-large',
    request: { host: 'small.test', method: 'POST', body: 'x'.repeat(1001) },
  },
  { name: 'an untrusted certificate', code: 'upstream-certificate', request: { host: 'untrusted.test' } },
  { name: 'an expired certificate', code: 'upstream-certificate', request: { host: 'expired.test' } },
  { name: "another host's certificate", code: 'upstream-certificate', request: { host: 'wrong-name.test' } },
  { name: 'a private address', code: 'private-address', request: { host: 'private.test' } },
  { name: 'a host without an address', code: 'name-not-found', request: { host: 'nowhere.test' } },
  { name: 'a host that no route leads to', code: 'upstream-unreachable', request: { host: 'unreachable.test' } },
  { name: 'a credential in the URL', code: 'credential-in-url', request: { target: '/?access_token=abc' } },
  { name: 'a credential that can not be had', code: 'credential-unavailable', request: { host: 'lost.test' } },
  { name: 'plain http without a rule for it', code: 'plain-http', request: { scheme: 'http' }, ways: ['absolute'] },
];

const every = CASES.flatMap((each) =>
  (each.ways ?? WAYS).map((way): [string, Case, Way] => [`${each.name} is ${each.code} (${way})`, each, way]),
);

function expectRefusal(answer: RawAnswer | undefined, code: RefusalCode, host: string | undefined): void {
  expect(answer && [answer.status, verdictOf(answer)]).toEqual([REFUSALS[code].status, code]);
  const text = answer?.body.toString() ?? '';
  expect(text).toContain(`agent-platform refused this request: ${code}`);
  expect(text).toContain(REFUSALS[code].says);
  expect(text).toContain(`what to do: ${REFUSALS[code].remedy}`);
  expect(answer?.reason).toContain(code);
  if (host !== undefined)
    expect([answer?.reason, text]).toEqual([expect.stringContaining(host), expect.stringContaining(host)]);
  expect(answer && headerOf(answer, 'connection')).toBe('close');
}

describe('N8 each refusal has its own status and words', () => {
  it.each(every)('N8 %s', async (_, { code, request, unnamed }, way) => {
    const begun = Date.now();
    const answer = await ask(lab, proxy.port, { ...request, way });
    expectRefusal(answer, code, unnamed ? undefined : (request.host ?? 'up.test'));
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  it('N8 statuses and codes tell the cases apart', () => {
    expect(new Set(CASES.map(({ code }) => code)).size).toBe(CASES.length - 2);
  });

  it('N8 a refusal is JSON for whoever asks for JSON, with the same facts', async () => {
    const answer = await ask(lab, proxy.port, {
      host: 'paths.test',
      target: '/v2/x',
      lines: ['Accept: application/json'],
    });
    const body = JSON.parse(answer?.body.toString() ?? '') as { message: string; refusal: object };
    expect(body.refusal).toMatchObject({ code: 'no-rule', host: 'paths.test', method: 'GET', path: '/v2/x' });
    expect(body.message).toContain('no-rule');
  });

  it('N8 of all that, nothing reached a server but the handshakes whose certificates were refused', async () => {
    const { requests, trapped } = await lab.seen();
    expect(requests).toEqual([]);
    expect(trapped).toEqual([]);
  });
});

/** Streams events until it is cut, however it comes in. */
async function stream(way: Way, host = 'up.test', from?: string): Promise<RawConnection> {
  const connection = await opened(lab, proxy.port, { way, host, ...(from !== undefined && { from }) });
  connection.write(textOf({ way, host, target: '/sse?n=100000&ms=20' }));
  if (!(await connection.until(() => connection.unread.includes('data: 99998')))) throw new Error('no stream');
  return connection;
}

/** Milliseconds until the connection is closed; undefined where it is not within `most`. */
async function closedWithin(connection: RawConnection, most: number): Promise<number | undefined> {
  const begun = Date.now();
  await connection.until(() => connection.isClosed, most);
  return connection.isClosed ? Date.now() - begun : undefined;
}

describe('N6 a session that is closed is cut off within a second', () => {
  afterEach(async () => {
    lab.setCallers(CALLERS);
    await settled(async () => verdictOf(await ask(lab, proxy.port)) === 'allow');
  });

  it.each(WAYS)('N6 a stream of its own ends, one of another session goes on (%s)', async (way) => {
    const mine = await stream(way);
    const other = await stream(way, 'up.test', AGENTS.neighbour);
    lab.setCallers({ ...CALLERS, closed: [...CALLERS.closed, SESSIONS.lab.sessionId] });
    expect(await closedWithin(mine, 3_000)).toBeLessThan(1_000);
    const before = other.unread.length;
    expect(await other.until(() => other.unread.length > before)).toBe(true);
    expectRefusal(await ask(lab, proxy.port, { way }), 'session-closed', undefined);
    other.close();
    const record = proxy.requests().findLast(({ detail }) => detail.failure === 'session-closed');
    expect(record).toMatchObject({ subject: SESSIONS.lab, detail: { way, host: 'up.test', status: 200 } });
  });

  it('N6 idle connections and open tunnels end too', async () => {
    const idle = await opened(lab, proxy.port, { way: 'named' });
    idle.write(textOf({ way: 'named' }));
    await idle.answer();
    const tunnel = await opened(lab, proxy.port);
    lab.setCallers({ ...CALLERS, closed: [...CALLERS.closed, SESSIONS.lab.sessionId] });
    expect(await closedWithin(idle, 3_000)).toBeLessThan(1_000);
    expect(await closedWithin(tunnel, 3_000)).toBeLessThan(1_000);
  });

  it('N6 a binding that is gone ends what came from it', async () => {
    const mine = await stream('connect');
    lab.setCallers({ ...CALLERS, bindings: CALLERS.bindings.filter(({ address }) => address !== AGENTS.lab) });
    expect(await closedWithin(mine, 3_000)).toBeLessThan(1_000);
    expectRefusal(await ask(lab, proxy.port, { way: 'named' }), 'unbound-address', undefined);
  });

  it('S7 panic ends everything at once', async () => {
    const mine = await stream('connect');
    const other = await stream('named', 'up.test', AGENTS.neighbour);
    lab.setCallers({ ...CALLERS, paused: true });
    expect(await closedWithin(mine, 3_000)).toBeLessThan(1_000);
    expect(await closedWithin(other, 3_000)).toBeLessThan(1_000);
    expectRefusal(await ask(lab, proxy.port), 'platform-paused', undefined);
  });

  it('S7 a feed that is stale refuses everybody, cuts what is open, and recovers', async () => {
    const mine = await stream('connect');
    lab.replace('callers.json', 'not a list of callers');
    // Five seconds of the last good one.
    expect(await closedWithin(mine, 10_000)).toBeLessThan(7_500);
    expectRefusal(await ask(lab, proxy.port), 'feed-stale', undefined);
    const { requests } = await lab.seen();
    lab.setCallers(CALLERS);
    await settled(async () => verdictOf(await ask(lab, proxy.port)) === 'allow');
    expect((await lab.seen()).requests.length).toBe(requests.length + 1);
  });
});

describe('N5 a changed policy holds from the next request on', () => {
  afterEach(async () => {
    lab.setPolicy(LAB_DOCUMENT);
    await settled(async () => verdictOf(await ask(lab, proxy.port)) === 'allow');
  });
  const without = (id: string) => ({ ...LAB_DOCUMENT, rules: LAB_DOCUMENT.rules.filter((rule) => rule.id !== id) });

  it.each(WAYS)('N5 [34] a stream whose rule is gone is cut within a second, others go on (%s)', async (way) => {
    const mine = await stream(way);
    const other = await stream(way, 'other.test');
    lab.setPolicy(without('rule.up'));
    expect(await closedWithin(mine, 3_000)).toBeLessThan(1_000);
    const before = other.unread.length;
    expect(await other.until(() => other.unread.length > before)).toBe(true);
    other.close();
    expectRefusal(await ask(lab, proxy.port, { way }), 'host-not-allowed', 'up.test');
  });

  it('N5 [34] on a connection that was open before, the next request is judged anew; records name the document', async () => {
    const connection = await opened(lab, proxy.port);
    connection.write(textOf({ target: '/before' }));
    expect(verdictOf(await connection.answer())).toBe('allow');
    lab.setPolicy(without('rule.up'));
    await settled(async () => verdictOf(await ask(lab, proxy.port)) !== 'allow');
    connection.write(textOf({ target: '/after' }));
    const answer = await connection.answer();
    expect(verdictOf(answer)).toBe('host-not-allowed');
    await settled(async () => proxy.requests().some(({ detail }) => detail.path === '/after'));
    const records = proxy.requests().filter(({ detail }) => detail.path === '/before' || detail.path === '/after');
    expect(new Set(records.map(({ documentHash }) => documentHash)).size).toBe(2);
  });

  it('N5 a document that is broken changes nothing, and is complained of', async () => {
    lab.replace('policies/lab.json', JSON.stringify({ ...LAB_DOCUMENT, surprise: true }));
    await settled(async () => proxy.complaints.includes('lab: '));
    expect(verdictOf(await ask(lab, proxy.port))).toBe('allow');
  });
});

it('N6 nothing of all that left a secret anywhere', async () => {
  expect(await lab.leaks()).toEqual([]);
  expect(proxy.isRunning).toBe(true);
});

async function settled(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 5_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('not in 5 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
