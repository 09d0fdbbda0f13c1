import { connect as connectTls } from 'node:tls';
import { EgressLab } from './lab/egress-lab';
import { FUZZERS_OWN, type FuzzCase, fuzzCase } from './lab/mutations';
import type { ProxyProcess } from './lab/proxy-process';
import { Random } from './lab/random';
import { RawConnection, verdictOf } from './lab/raw';
import { ask } from './lab/request';
import type { SeenRequest } from './lab/seen';

/**
 * Requests that are nearly right, thousands of them, through every way in. FUZZ_SEED repeats a run, FUZZ_CASES and
 * FUZZ_SECONDS make it longer.
 */
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const CASES = Number(process.env.FUZZ_CASES ?? 3_000);
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 60);
/** How long an answer may take; what is incomplete gets none. */
const PATIENCE_MS = 100;
const AT_A_TIME = 8;

let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
});
afterAll(() => lab?.close());

async function run({ outer, inner, serverName }: FuzzCase): Promise<'answered' | 'closed' | 'silent'> {
  const connection = new RawConnection(await lab.connect(proxy.port));
  connection.write(outer);
  const some = (each: RawConnection): Promise<boolean> => each.until(() => each.unread.length > 0, PATIENCE_MS);
  try {
    await some(connection);
    if (inner === undefined || !connection.unread.toString('latin1').startsWith('HTTP/1.1 200')) {
      return connection.unread.length > 0 ? 'answered' : connection.isClosed ? 'closed' : 'silent';
    }
    connection.socket.removeAllListeners('data');
    const secure = connectTls({
      socket: connection.socket,
      ca: lab.authority,
      checkServerIdentity: () => undefined,
      ...(serverName !== undefined && { servername: serverName }),
    });
    const inside = new RawConnection(secure);
    inside.write(inner);
    // The handshake is part of it.
    await inside.until(() => inside.unread.length > 0, PATIENCE_MS * 3);
    return inside.unread.length > 0 ? 'answered' : inside.isClosed ? 'closed' : 'silent';
  } finally {
    connection.close();
  }
}

const OWN = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key'];

/** What of a request at the upstream the lab's document does not allow. */
function problems({ serverName, method, url, headers, bodyBytes }: SeenRequest): string[] {
  const hosts = headers.filter((_, i) => i % 2 === 0 && headers[i]?.toLowerCase() === 'host').length;
  const host = headers[headers.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === 'host') + 1];
  const found: string[] = [];
  const rule = serverName ?? 'plain.test';
  if (hosts !== 1 || host !== rule) found.push(`Host is ${host}, ${hosts} times`);
  const open = ['up.test', 'api.test', 'small.test', 'plain.test', 'paths.test'].includes(rule);
  if ((!open && !rule.endsWith('.below.test')) || rule === 'blocked.below.test') found.push('no rule has the host');
  if (!['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method)) found.push('a method of no rule');
  if (rule === 'paths.test' && (method !== 'GET' || !url.startsWith('/v1/'))) found.push('no rule has method and path');
  if (rule === 'plain.test' && !['GET', 'HEAD'].includes(method)) found.push('plain http only reads');
  if (rule === 'small.test' && bodyBytes > 1_000) found.push('a body above the limit');
  const path = url.split('?')[0] ?? '';
  if (!/^\/[!-~]*$/.test(url) || /\/\/|\\|#|%00|%5c|%2e/i.test(path) || /\/\.{1,2}(?:[;/]|$)/.test(path))
    found.push('a path with tricks');
  if (url.includes('smuggled')) found.push('smuggled');
  for (const [i, text] of headers.entries())
    if (!/^[\t\x20-\x7e]*$/.test(text)) found.push(`header part ${i} is no text`);
  for (const [i, text] of headers.entries()) {
    const name = (headers[i - 1] ?? '').toLowerCase().replaceAll('_', '-');
    if (i % 2 === 1 && text.includes(FUZZERS_OWN) && OWN.includes(name)) found.push(`the agent's own ${name}`);
  }
  const lower = headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  for (const name of ['authorization', 'content-length', 'transfer-encoding', 'upgrade']) {
    if (lower.filter((each) => each === name).length > 1) found.push(`${name} twice`);
  }
  if (lower.includes('content-length') && lower.includes('transfer-encoding')) found.push('both lengths');
  if (lower.some((name) => name.startsWith('proxy-') || name.startsWith('x-forwarded'))) found.push('hop-by-hop');
  return found;
}

it(
  `N7 ${CASES} mutated requests reach nothing that the document does not allow (FUZZ_SEED=${SEED})`,
  async () => {
    const random = new Random(SEED);
    const end = Date.now() + SECONDS * 1_000;
    const outcomes = { answered: 0, closed: 0, silent: 0 };
    let sent = 0;
    const worker = async (): Promise<void> => {
      while (sent < CASES && Date.now() < end) {
        sent++;
        outcomes[await run(fuzzCase(random))]++;
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    process.stdout.write(`fuzz: FUZZ_SEED=${SEED}, ${sent} sent, ${JSON.stringify(outcomes)}\n`);

    const { requests, trapped } = await lab.seen();
    expect(trapped).toEqual([]);
    const wrong = requests.flatMap((request) => problems(request).map((problem) => ({ problem, request })));
    expect(wrong).toEqual([]);
    expect(await lab.leaks()).toEqual([]);
    expect([proxy.isRunning, proxy.complaints]).toEqual([true, '']);
    // The mutations are not so wild that nothing gets through, nor so tame that nothing is refused.
    expect(requests.length).toBeGreaterThan(sent / 50);
    const refusals = proxy.requests().filter(({ detail }) => detail.verdict === 'deny');
    expect(refusals.length).toBeGreaterThan(sent / 10);
    expect(outcomes.answered).toBeGreaterThan(sent / 2);
    expect(verdictOf(await ask(lab, proxy.port))).toBe('allow');
  },
  (SECONDS + 60) * 1_000,
);
