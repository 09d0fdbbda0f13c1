import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../../cli/verb';
import { frameLine } from '../../core/session/transcript';
import { ISSUER } from '../lambda/access/issuer';
import { Lab } from '../lambda/access/lab';
import { documentOf } from '../runtime/documents';
import { type Ran, runWith } from './run';

let lab: Lab;
let folder: string;
let slept: number[];
let tokens: Record<string, string>;

beforeEach(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(join(tmpdir(), 'agentctl-'));
  slept = [];
  const people = { alice: 'payments', bob: 'site', olga: 'operators', anna: 'approvers' };
  tokens = Object.fromEntries(
    await Promise.all(
      Object.entries(people).map(async ([name, group]) => [name, await lab.issuer.token(name, [group])] as const),
    ),
  );
});
afterEach(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const around = (who: string, more: Partial<Io> = {}, endpoint = lab.endpoint): Partial<Io> => ({
  env: { AGENTCTL_ENDPOINT: endpoint, AGENTCTL_TOKEN: tokens[who], AGENTCTL_CONFIG: folder },
  sleep: async (ms) => {
    slept.push(ms);
    lab.clock.stall(ms);
  },
  ...more,
});
const as = (who: string, ...args: string[]): Promise<Ran> => runWith(around(who), ...args);
function ship(said = 'All done.\n'): void {
  lab.lines.push(
    frameLine(0, { kind: 'file', file: 1, source: 'claude', name: 'projects/a.jsonl' }),
    frameLine(1, { kind: 'data', file: 1, at: 0, text: '{"a":1}\n' }),
    frameLine(2, { kind: 'file', file: 2, source: 'output', name: 'stdout' }),
    frameLine(3, { kind: 'data', file: 2, at: 0, text: said }),
    frameLine(4, { kind: 'end', why: 'stopped', files: 2, bytes: 18 }),
  );
}
const START = ['start', '--profile', 'coding', '--task', 'Fix it'];
const started = async (): Promise<string> => (await as('alice', ...START)).out.trim();

describe('A3 a session from the command line', () => {
  it('A3 is started, listed, looked at and stopped', async () => {
    const start = await as('alice', ...START, '--repository', 'acme/shop', '--budget', '2.5');
    expect(start).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^s[0-9a-z]{26}\n$/) });
    const id = start.out.trim();
    expect(lab.started).toEqual([id]);
    expect((await as('alice', 'list', '--live')).out).toContain(`${id}  PENDING`);
    expect((await as('alice', 'status', id)).out).toContain('budget       $2.50\n');
    const stop = await as('alice', 'stop', id, '--remark', 'wrong repository');
    expect(stop).toMatchObject({ code: 0, err: '' });
    expect(stop.out).toContain('state        STOPPED\n');
    expect(stop.out).toContain('cause        stop-requested: a person or system stopped it\n');
    expect((await as('alice', 'list', '--live')).out).toBe('');
    expect((await as('bob', 'list')).err).toBe('no sessions\n');
  });

  it('A3 takes the task from a file or from standard input', async () => {
    const file = join(folder, 'task.md');
    writeFileSync(file, 'From a file');
    await as('alice', 'start', '-p', 'coding', '--file', file);
    await runWith(around('alice', { readInput: async () => 'From a pipe' }), 'start', '-p', 'coding', '-f', '-');
    expect([...lab.texts.values()]).toEqual(['From a file', 'From a pipe']);
  });

  it('A3 is watched until its end, with progress on standard error only', async () => {
    const id = await started();
    await lab.run(id);
    const sleep = async () => {
      await lab.table.apply(id, { kind: 'stop', cause: 'control-stopped' });
      await lab.table.apply(id, { kind: 'finish', force: true });
    };
    const { code, out, err } = await runWith(around('alice', { sleep }), 'watch', id, '-o', 'json');
    expect(code).toBe(1);
    expect(err.match(/[A-Z]{2,}$/gm)).toEqual(['RUNNING', 'STOPPED']);
    expect(JSON.parse(out)).toMatchObject({ version: 1, kind: 'session', session: { state: 'STOPPED', ended: true } });
  });

  it('A3 says what it cost, and where result and transcript lie', async () => {
    const id = await started();
    await lab.run(id);
    lab.clock.stall(60_000);
    expect((await as('alice', 'cost', id)).out).toMatch(
      /^compute {6}\$0\.00 for 60 s so far\nmodels {7}\$10\.00 reserved\n/,
    );
  });

  it('A3 its transcripts are put together from what the recorder shipped, page by page', async () => {
    const id = await started();
    expect(await as('alice', 'logs', id)).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining('nothing there yet'),
    });
    await lab.run(id);
    ship();
    const both = await as('alice', 'logs', id);
    expect(both.out).toBe('== claude projects/a.jsonl, 8 bytes\n{"a":1}\n== output stdout, 10 bytes\nAll done.\n');
    expect(both.err).toContain('the session goes on');
    expect((await as('alice', 'result', id)).out).toBe('All done.\n');
    const json = JSON.parse((await as('alice', 'logs', id, '-o', 'json')).out);
    expect(json).toMatchObject({
      kind: 'logs',
      end: 'stopped',
      missing: 0,
      files: [{ source: 'claude' }, { source: 'output', text: 'All done.\n' }],
    });
    const saved = join(folder, 'saved');
    expect((await as('alice', 'logs', id, '--save', saved)).code).toBe(0);
    expect(readdirSync(saved).sort()).toEqual(['001-claude', '002-output']);
    expect(readFileSync(join(saved, '002-output'), 'utf8')).toBe('All done.\n');
    expect(lab.actions().filter((action) => action === 'get-logs')).toHaveLength(5);
  });

  it('A3 panic stops the platform, and two people lift it', async () => {
    expect((await as('alice', 'panic')).code).toBe(3);
    expect((await as('olga', 'panic', '--remark', 'a token leaked')).out).toContain('STOPPED');
    expect(await as('alice', ...START)).toMatchObject({ code: 5, out: '' });
    expect(slept).toEqual([]);
    expect((await as('olga', 'unpanic')).err).toContain('somebody else');
    expect(await as('olga', 'unpanic')).toMatchObject({ code: 3, err: expect.stringContaining('second person') });
    expect((await as('anna', 'panic', '--status')).out).toContain(`lift asked by ${ISSUER}|olga`);
    expect((await as('anna', 'unpanic')).out).toContain('platform     runs\n');
    expect((await as('alice', ...START)).code).toBe(0);
  });
});

describe('A3 exit codes and output for scripts', () => {
  it('A3 2 usage, 3 refused, 4 not found, 5 no answer; JSON says the same', async () => {
    const nobody = 's01k9m3v2zq8f4c7n5t6w1x0ybd';
    expect((await as('alice', 'status')).code).toBe(2);
    expect((await as('alice', 'status', 'odd')).code).toBe(2);
    expect((await as('bob', ...START)).code).toBe(3);
    expect((await as('alice', 'status', nobody)).code).toBe(4);
    const json = await as('alice', 'status', nobody, '--output', 'json');
    expect(json.code).toBe(4);
    expect(JSON.parse(json.out)).toMatchObject({ version: 1, kind: 'problem', problem: { code: 'session-unknown' } });
    expect(await runWith(around('alice', {}, 'http://127.0.0.1:9'), 'whoami')).toMatchObject({
      code: 5,
      err: expect.stringContaining('agentctl doctor'),
    });
  });

  it('A3 without a token, and with one that the platform does not take: 3, and what to do', async () => {
    const env = { AGENTCTL_ENDPOINT: lab.endpoint, AGENTCTL_CONFIG: folder };
    expect(await runWith({ env }, 'whoami')).toMatchObject({ code: 3, err: expect.stringContaining('agentctl login') });
    expect(await runWith({ env: { ...env, AGENTCTL_TOKEN: 'old' } }, 'whoami')).toMatchObject({ code: 3 });
  });

  it.each(['http://api.example.com', 'ftp://127.0.0.1', 'api.example.com'])(
    'A3 sends a token to no address like %s',
    async (url) => {
      expect(await runWith(around('alice', {}, url), 'whoami')).toMatchObject({
        code: 2,
        err: expect.stringContaining('endpoint'),
      });
    },
  );

  it.each([
    ['nothing', []],
    ['no profile', ['--task', 'x']],
    ['two tasks', ['-p', 'coding', '--task', 'x', '--file', 'y']],
    ['a file that is not there', ['-p', 'coding', '--file', '/none']],
    ['a budget in words', ['-p', 'coding', '--task', 'x', '--budget', 'ten']],
    ['an odd output', ['-p', 'coding', '--task', 'x', '--output', 'yaml']],
  ])('A3 start with %s is refused here already', async (_, args) => {
    expect(await as('alice', 'start', ...args)).toMatchObject({ code: 2, out: '' });
    expect(lab.records).toEqual([]);
  });

  it('A3 what breaks is tried again with one key, and starts one session', async () => {
    lab.broken.add('startMachine');
    const { code, out } = await as('alice', ...START);
    expect(code).toBe(0);
    expect(lab.started).toEqual([out.trim()]);
    expect(slept).toEqual([500]);
  });

  it('A3 gives up after four tries, says the key, and the key finds out', async () => {
    const sleep = async () => void lab.broken.add('startMachine');
    lab.broken.add('startMachine');
    const failed = await runWith(around('alice', { sleep }), ...START);
    expect(failed).toMatchObject({ code: 5, out: '' });
    const [, key = ''] = /--key (\S+)/.exec(failed.err) ?? [];
    lab.broken.clear();
    const found = await as('alice', ...START, '--key', key, '-o', 'json');
    expect(JSON.parse(found.out)).toMatchObject({ repeated: true, kind: 'started' });
    expect(lab.started).toHaveLength(1);
  });

  it('A3 too fast: waits as long as it is told', async () => {
    for (let i = 0; i < 21; i++) expect((await as('alice', 'whoami')).code).toBe(0);
    expect(slept).toEqual([1000]);
  });

  it('A3 nothing that others wrote moves the cursor of a terminal', async () => {
    const id = await started();
    await lab.run(id);
    ship('\u001b[2Jx\u202ey');
    expect((await as('alice', 'logs', id)).out).not.toMatch(/[\p{Cf}]|[^\P{Cc}\n]/u);
  });
});

describe('A6 policy', () => {
  it('A6 show and test tell what a profile may, and what becomes of one request', async () => {
    expect((await as('alice', 'policy', 'list')).out).toMatch(/^coding +payments$/m);
    expect((await as('alice', 'policy', 'show', 'coding')).out).toContain('everything else is closed');
    const file = join(folder, 'document.json');
    const rule = {
      id: 'rule.1',
      host: 'docs.example.com',
      port: 443,
      methods: ['GET'],
      reason: 'docs',
      origin: { kind: 'rule', name: 'docs.example.com' },
    };
    writeFileSync(file, JSON.stringify({ ...documentOf('coding'), rules: [rule] }));
    const test = (method: string, url: string) =>
      runWith({ env: {} }, 'policy', 'test', 'coding', method, url, '--document', file);
    expect(await test('GET', 'https://docs.example.com/a')).toMatchObject({ code: 0, out: 'allowed by rule.1\n' });
    expect(await test('POST', 'https://docs.example.com/a')).toMatchObject({ code: 1, out: 'refused: no-rule\n' });
    expect(await test('GET', 'https://example.com/')).toMatchObject({
      code: 1,
      out: expect.stringContaining('refused: '),
    });
    expect(await test('GET', 'docs')).toMatchObject({ code: 2 });
    expect((await as('alice', 'policy', 'sho')).code).toBe(2);
  });
});

describe('A3 help', () => {
  const VERBS = [
    'start',
    'list',
    'status',
    'watch',
    'stop',
    'result',
    'logs',
    'cost',
    'panic',
    'unpanic',
    'whoami',
    'login',
    'doctor',
    'policy',
  ];
  it.each(VERBS)('A3 %s teaches with an example, and refuses an option it does not know', async (verb) => {
    const help = await runWith({ env: {} }, verb, '--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toMatch(new RegExp(`^ {2}(.*\\| )?agentctl ${verb}`, 'm'));
    expect(help.out).toContain('Exit codes: 0 done');
    expect((await runWith({ env: {} }, verb, '--no-such-option')).code).toBe(2);
  });

  it('A3 docs/agentctl.md explains every verb', () => {
    const page = readFileSync(join(__dirname, '../../docs/agentctl.md'), 'utf8');
    expect(VERBS.filter((verb) => !page.includes(`agentctl ${verb}`))).toEqual([]);
  });
});

describe('A3 login and doctor', () => {
  let provider: Server;
  let url: string;
  let forms: URLSearchParams[];
  let pending: number;

  beforeEach(async () => {
    forms = [];
    pending = 0;
    provider = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const asked = new URL(request.url ?? '', url);
      const json = (body: object) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (asked.pathname === '/.well-known/openid-configuration') {
        json({
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          device_authorization_endpoint: `${url}/device`,
        });
      } else if (asked.pathname === '/authorize') {
        const back = new URL(asked.searchParams.get('redirect_uri') ?? '');
        back.searchParams.set('code', `code-for-${asked.searchParams.get('code_challenge')}`);
        back.searchParams.set('state', asked.searchParams.get('state') ?? '');
        response.writeHead(302, { location: back.toString() }).end();
      } else if (asked.pathname === '/device') {
        json({ device_code: 'd', user_code: 'ABCD', verification_uri: `${url}/enter`, expires_in: 60, interval: 2 });
      } else {
        const form = new URLSearchParams(Buffer.concat(parts).toString());
        forms.push(form);
        if (pending-- > 0) json({ error: 'authorization_pending' });
        else json({ access_token: tokens.alice, expires_in: 3600 });
      }
    });
    await new Promise<void>((ready) => provider.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    provider.closeAllConnections();
    provider.close();
  });

  const env = () => ({ AGENTCTL_CONFIG: folder });
  const login = (around: Partial<Io>, ...more: string[]) =>
    runWith(
      { env: env(), ...around },
      'login',
      '--endpoint',
      lab.endpoint,
      '--issuer',
      url,
      '--client-id',
      'cli',
      ...more,
    );

  it('A3 signs in with a browser, by a code that only this process can use, and keeps the token to itself', async () => {
    const browse = (text: string) => {
      const found = /http\S+authorize\S+/.exec(text)?.[0];
      if (found === undefined) return;
      const redirect = new URL(found).searchParams.get('redirect_uri') ?? '';
      // A page that knows the port and not the state.
      void fetch(`${redirect.replace('localhost', '127.0.0.1')}?code=evil&state=guess`).then(async (answer) => {
        expect(answer.status).toBe(404);
        await fetch(found, { redirect: 'manual' }).then((to) =>
          fetch((to.headers.get('location') ?? '').replace('localhost', '127.0.0.1')),
        );
      });
    };
    const { code, out } = await login({ stderr: browse }, '--port', '0');
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('signed in until') });
    expect(forms[0]?.get('code')).toMatch(/^code-for-[A-Za-z0-9_-]{43}$/);
    expect(forms[0]?.get('code_verifier')).toHaveLength(43);
    expect(statSync(join(folder, 'token.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'config.json'), 'utf8')).not.toContain(tokens.alice);
    expect((await runWith({ env: env() }, 'whoami')).out).toContain(`${ISSUER}|alice`);
    const healthy = await runWith({ env: env() }, 'doctor', '-o', 'json');
    const { findings } = JSON.parse(healthy.out) as { findings: { check: string; result: string }[] };
    expect(findings.filter(({ result }) => result !== 'good')).toEqual([]);
    expect(healthy.code).toBe(0);
  });

  it('A3 signs in with a code entered elsewhere', async () => {
    pending = 2;
    const waits: number[] = [];
    const { code, err } = await login({ sleep: async (ms) => void waits.push(ms) }, '--device');
    expect(code).toBe(0);
    expect(err).toContain('enter ABCD');
    expect(waits).toEqual([2000, 2000, 2000]);
  });

  it('A3 takes no issuer that calls itself otherwise', async () => {
    const { code, err } = await login({}, '--issuer', url.replace('127.0.0.1', 'localhost'));
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('expected "http://localhost') });
    expect(existsSync(join(folder, 'token.json'))).toBe(false);
  });

  it('A3 doctor says what is missing and what to do, and touches nothing', async () => {
    const { code, out } = await runWith({ env: env() }, 'doctor');
    expect(code).toBe(1);
    expect(out).toMatch(/^bad +endpoint +.*--endpoint/m);
    expect(out).toMatch(/^bad +sign-in +.*agentctl login/m);
    expect(out).toMatch(/^skipped +panic/m);
    await lab.table.panic('x', 'y');
    expect((await as('alice', 'doctor')).out).toMatch(/^bad +panic +stopped since/m);
  });
});
