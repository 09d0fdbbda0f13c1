import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clientSettings } from '../../../core/session/client-settings';
import { until } from '../lab/namespaces';
import { PROXY } from './lab/addresses';
import { installedClaudeCode } from './lab/claude-code/install';
import { AGENTS_OWN, KEY_SECRET, MODEL } from './lab/documents';
import { EgressLab, type Ran } from './lab/egress-lab';
import { CANNED, TOOL_SAID } from './lab/model';
import type { ProxyProcess } from './lab/proxy-process';

/**
 * The agent itself, as its maker ships it, with a model of the lab's own: it works with a credential that it never had,
 * and says what the proxy refused and how to ask, without trying again and again.
 */
const HOW_TO_ASK = 'ask in the channel of the lab';
let lab: EgressLab;
let proxy: ProxyProcess;
let program: string;
let base: Record<string, string>;
beforeAll(async () => {
  program = await installedClaudeCode();
  lab = await EgressLab.start();
  proxy = await lab.startProxy({ env: { EGRESS_HOW_TO_ASK: HOW_TO_ASK } });
  const ca = join(lab.folder, 'ca.pem');
  const url = `http://${PROXY}:${proxy.port}`;
  // What keeps it quiet is what sessions have, not more.
  const session = Object.entries(clientSettings({ zone: 'lab.test', region: 'eu-central-1' }).variables);
  base = {
    ...Object.fromEntries(session.filter(([name]) => /^(?:CLAUDE_CODE|DISABLE)_/.test(name))),
    HTTPS_PROXY: url,
    HTTP_PROXY: url,
    NO_PROXY: PROXY,
    NODE_EXTRA_CA_CERTS: ca,
    CURL_CA_BUNDLE: ca,
    ANTHROPIC_AUTH_TOKEN: AGENTS_OWN,
  };
}, 400_000);
afterAll(() => lab?.close());
afterEach(async () => {
  expect(await lab.leaks()).toEqual([]);
  expect(proxy.complaints).toBe('');
});

const named = (host: string): string => `http://${PROXY}:${proxy.port}/u/${host}`;

interface Told extends Ran {
  /** By the proxy's records. */
  readonly requests: readonly { readonly detail: ReturnType<ProxyProcess['requests']>[number]['detail'] }[];
}

/** A run that nobody attends, in a home of its own. */
let runs = 0;
async function claude(args: readonly string[], env: Record<string, string> = {}): Promise<Told> {
  const home = join(lab.folder, `claude-${runs++}`);
  mkdirSync(home);
  const before = proxy.requests().length;
  const ran = await lab.run(program, ['-p', ...args], {
    env: { ...base, HOME: home, ...env },
    cwd: home,
    milliseconds: 60_000,
  });
  // Records come one after the other, so with this one all of the run are there.
  await lab.run('curl', ['-s', `${named('up.test')}/end-of-${home}`]);
  const isEnd = ({ detail }: Told['requests'][number]): boolean => detail.path?.endsWith(home) ?? false;
  await until('record', () => proxy.requests().some(isEnd));
  return {
    ...ran,
    requests: proxy
      .requests()
      .slice(before)
      .filter((each) => !isEnd(each)),
  };
}

const tool = (name: string, input: object): Promise<Told> =>
  claude(
    // Before it fetches a page it asks its maker about the host, which no rule here allows.
    [
      '--allowedTools',
      name,
      '--settings',
      '{"skipWebFetchPreflight":true}',
      '--',
      `use ${name} ${JSON.stringify(input)}`,
    ],
    { ANTHROPIC_BASE_URL: named(MODEL) },
  );

const asked = ({ requests }: Told): string[] =>
  requests.map(({ detail: { method, host, path, verdict } }) => `${verdict} ${method} ${host}${path ?? ''}`);
const TO_MODEL = `allow POST ${MODEL}/v1/messages`;

describe('its model', () => {
  it.each([
    [
      'where it looks for it by itself, with a key',
      { ANTHROPIC_API_KEY: AGENTS_OWN, ANTHROPIC_AUTH_TOKEN: '' },
      'connect',
    ],
    ['where it looks for it by itself, with a token', {}, 'connect'],
    ['where its base URL is the proxy', {}, 'named'],
  ] as const)('N9 [23] answers with the credential of the proxy alone, %s', async (_name, env, way) => {
    await lab.forget();
    const ran = await claude(['hello'], { ...env, ...(way === 'named' && { ANTHROPIC_BASE_URL: named(MODEL) }) });
    expect([ran.status, ran.output]).toEqual([0, `${CANNED}\n`]);
    const [messages, ...others] = (await lab.seen()).requests.filter(({ serverName }) => serverName === MODEL);
    expect(others).toEqual([]);
    const headers = (messages?.headers ?? []).map((each, i) => (i % 2 === 0 ? each.toLowerCase() : each));
    expect(headers[headers.indexOf('x-api-key') + 1]).toBe(KEY_SECRET);
    expect(headers).not.toContain('authorization');
    expect(ran.requests.find(({ detail }) => detail.path === '/v1/messages')?.detail).toMatchObject({
      way,
      verdict: 'allow',
      ruleId: 'grant.key.2',
      grantId: 'key',
      strippedCredentials: 1,
    });
  });

  it('N9 is all it asks for, with the settings and the kind of base URL that sessions have', async () => {
    expect(asked(await claude(['hello'], { ANTHROPIC_BASE_URL: named(MODEL) }))).toEqual([TO_MODEL]);
  });

  it('N9 is told what an allowed tool gave', async () => {
    const bash = await tool('Bash', { command: 'curl -sS https://up.test/x' });
    expect(bash.output).toContain(`${TOOL_SAID} {"method":"GET","url":"/x"`);
    const fetched = await tool('WebFetch', { url: 'https://up.test/x', prompt: 'what is it?' });
    expect(fetched.output).toBe(`${TOOL_SAID} ${CANNED}\n`);
    // The page by itself, then the model about the page.
    expect(asked(fetched)).toEqual([TO_MODEL, 'allow GET up.test/x', TO_MODEL, TO_MODEL]);
  });
});

describe('a refusal', () => {
  it.each([
    ['a host that no rule names', 'https://evil.test', ['host-not-allowed', 'POST evil.test/v1/messages']],
    ['such a host as base URL', 'named evil.test', ['host-not-allowed', 'POST evil.test/v1/messages']],
    ['a path that no rule has', 'https://paths.test', ['no-rule', 'POST paths.test/v1/messages']],
    ['plain http', 'http://up.test', ['plain-http', 'POST up.test/v1/messages']],
    ['a host that is not what it says', 'https://expired.test', ['upstream-certificate', 'rule: rule.expired']],
    ['a host that does not exist', 'https://nowhere.test', ['name-not-found', 'rule: rule.nowhere']],
  ])('N8 of %s is shown, and asked for once', async (_name, url, shows) => {
    const ran = await claude(['hello'], { ANTHROPIC_BASE_URL: url.startsWith('named') ? named('evil.test') : url });
    expect(ran.status).toBe(1);
    for (const text of [...shows, 'what to do: ', HOW_TO_ASK]) expect(ran.output).toContain(text);
    expect(ran.requests).toHaveLength(1);
    expect(ran.milliseconds).toBeLessThan(10_000);
  });

  it('N8 of what may pass is tried again, not sooner than it says', async () => {
    const ran = await claude(['hello'], { ANTHROPIC_BASE_URL: 'https://lost.test', CLAUDE_CODE_MAX_RETRIES: '1' });
    expect(ran.status).toBe(1);
    for (const text of ['credential-unavailable', 'rule: grant.lost.1', HOW_TO_ASK]) expect(ran.output).toContain(text);
    expect(ran.requests).toHaveLength(2);
    expect(ran.milliseconds).toBeGreaterThan(5_000);
  });

  // Known limit: no client here shows anything of an answer to CONNECT, and to this one it looks like a broken network.
  it('N8 of a port is named as the refusal of a proxy, without its reason', async () => {
    const ran = await claude(['hello'], { ANTHROPIC_BASE_URL: 'https://up.test:8443', CLAUDE_CODE_MAX_RETRIES: '1' });
    expect([ran.status, ran.output]).toEqual([1, expect.stringContaining('the proxy refused the tunnel')]);
    expect(ran.requests).toHaveLength(2);
  });

  it('N8 of what its shell asks for reaches the model in words', async () => {
    const ran = await tool('Bash', { command: 'curl -sS https://evil.test/x' });
    expect(ran.output).toContain(`${TOOL_SAID} agent-platform refused this request: host-not-allowed\n`);
    for (const text of ['request: GET evil.test/x', 'what to do: ', HOW_TO_ASK]) expect(ran.output).toContain(text);
    expect(asked(ran)).toEqual([TO_MODEL, 'deny GET evil.test/x', TO_MODEL]);
  });

  // Known limit: WebFetch reads the status alone.
  it('N8 of what WebFetch asks for reaches the model as a status', async () => {
    const ran = await tool('WebFetch', { url: 'https://evil.test/x', prompt: 'what is it?' });
    expect(ran.output).toContain(`${TOOL_SAID} The server returned HTTP 403`);
    expect(asked(ran)).toEqual([TO_MODEL, 'deny GET evil.test/x', TO_MODEL]);
  });
});
