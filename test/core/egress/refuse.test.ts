import { REFUSALS, type RefusalCode } from '../../../core/egress/refusal';
import { type RefusalInput, refusalAnswer } from '../../../core/egress/refuse';

const input: RefusalInput = {
  code: 'no-rule',
  way: 'connect',
  host: 'api.example.com',
  method: 'POST',
  path: '/v1/x',
  rule: 'rule.1',
  howToAsk: 'ask #platform',
};
const answer = (change: Partial<RefusalInput> = {}) => refusalAnswer({ ...input, ...change });
const codes = Object.keys(REFUSALS) as RefusalCode[];

describe('N9 a refusal is shown by whatever client was refused', () => {
  it('N9 git shows lines of plain text; curl and Node as well', () => {
    const { headers, body } = answer({ userAgent: 'git/2.39.5', accept: '*/*' });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body.split('\n')).toEqual([
      'agent-platform refused this request: no-rule',
      'request: POST api.example.com/v1/x',
      'rule: rule.1',
      'why: rules name this host, none allows this method and path',
      'what to do: ask whoever keeps the profile to add a rule; `agentctl policy show` lists those there are; ask #platform',
      '',
    ]);
    expect(answer({ accept: '*/*', userAgent: 'curl/8' }).body).toBe(body);
    expect(answer().body).toBe(body);
  });

  it('N9 git gets text even where it asks for JSON', () => {
    expect(answer({ userAgent: 'git/2.39.5', accept: 'application/json' }).headers['content-type']).toMatch(/^text/);
  });

  it('N9 pip and CONNECT show the reason phrase', () => {
    expect(answer().reasonPhrase).toBe('refused no-rule (host api.example.com, rule rule.1)');
    expect(answer({ rule: undefined }).reasonPhrase).toBe('refused no-rule (host api.example.com)');
    expect(answer({ host: undefined, rule: undefined }).reasonPhrase).toBe('refused no-rule');
  });

  it.each([
    ['npm/10.9.2 node/v24', undefined],
    ['pnpm/9', '*/*'],
    ['yarn/1.22', '*/*'],
    ['bun/1', '*/*'],
    ['x', 'application/vnd.github+json'],
    ['x', 'text/html, application/json;q=0.1'],
  ])('N9 %s (%s) shows the error of a JSON body', (userAgent, accept) => {
    const { headers, body } = answer({ userAgent, accept });
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    const json = JSON.parse(body);
    expect(json.error).toContain('no-rule; request: POST api.example.com/v1/x; rule: rule.1; why: ');
    expect(json.message).toBe(json.error);
    expect(json.errors).toEqual([{ message: json.error }]);
    expect(json.refusal).toMatchObject({
      code: 'no-rule',
      host: 'api.example.com',
      rule: 'rule.1',
      method: 'POST',
      path: '/v1/x',
    });
  });

  it('N9 an MCP client gets a JSON-RPC error', () => {
    const json = JSON.parse(answer({ accept: 'application/json, text/event-stream' }).body);
    expect(json).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32001, data: { code: 'no-rule' } } });
    expect(json.error.message).toContain('what to do: ');
    expect(answer({ accept: 'text/event-stream' }).headers['content-type']).toMatch(/^text\/plain/);
  });

  it('N9 says more than the code where more is known', () => {
    expect(answer({ problem: 'a batch in a batch' }).body).toContain(
      'why: rules name this host, none allows this method and path: a batch in a batch\n',
    );
    expect(answer({ howToAsk: undefined }).body).toMatch(/those there are\n$/);
  });

  it.each(codes)('N9 %s has headers for machines, and its connection ends', (code) => {
    const { status, headers, body, reasonPhrase } = answer({ code });
    const retry = (REFUSALS[code] as { retryAfterSeconds?: number }).retryAfterSeconds;
    expect(status).toBe(REFUSALS[code].status);
    expect(headers).toEqual({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // [13] what follows on it may be the refused body, made to look like a request.
      connection: 'close',
      'x-agent-platform-refusal': code,
      'x-agent-platform-rule': 'rule.1',
      ...(retry === undefined ? { 'x-should-retry': 'false' } : { 'retry-after': String(retry) }),
    });
    expect(reasonPhrase).toContain(code);
    expect(body.includes(` (after ${retry} s)\n`)).toBe(retry !== undefined);
  });

  it.each(codes)('N9 %s makes no client ask for a password or try again by itself', (code) => {
    const { status } = answer({ code });
    expect([401, 407, 408, 420, 425]).not.toContain(status);
    // 429 and 5xx are tried again, whatever the body says: where that can help, it says after how long.
    if ('retryAfterSeconds' in REFUSALS[code]) expect(status === 429 || status >= 500).toBe(true);
    if (status === 429 || status === 503)
      expect(['retryAfterSeconds' in REFUSALS[code], code]).toEqual([code !== 'service-missing', code]);
  });

  it('N9 when to try again may be known better, but never for what does not change', () => {
    expect(answer({ code: 'rate-limited', retryAfterSeconds: 7 }).headers['retry-after']).toBe('7');
    expect(answer({ code: 'no-rule', retryAfterSeconds: 7 }).headers).not.toHaveProperty('retry-after');
  });
});

describe('N9 a refusal of which little is known', () => {
  it('N9 says what it knows', () => {
    const got = refusalAnswer({ code: 'unbound-address', way: 'named' });
    expect(got.body).toBe(
      [
        'agent-platform refused this request: unbound-address',
        `why: ${REFUSALS['unbound-address'].says}`,
        `what to do: ${REFUSALS['unbound-address'].remedy}`,
        '',
      ].join('\n'),
    );
    expect(Object.values(got.headers)).not.toContain(undefined);
  });

  it('N9 takes no other program for git or npm', () => {
    expect(answer({ userAgent: 'not-git/2', accept: 'application/json' }).headers['content-type']).toMatch(/json/);
    expect(answer({ userAgent: 'x-npm/1', accept: '*/*' }).headers['content-type']).toMatch(/^text/);
  });
});

describe('N9 a refusal echoes nothing but normal forms', () => {
  const hostile = ['a\r\nX-Evil: b', '<script>', 'a.test/<b>', 'EVIL.test', '"', '\u001b[31m', 'é.test', ''];

  it.each(hostile)('N9 [14] %j shows up nowhere', (text) => {
    for (const accept of ['*/*', 'application/json']) {
      const got = answer({ host: text, method: text, rule: text, path: text, accept });
      const without = answer({ host: undefined, method: undefined, rule: undefined, path: undefined, accept });
      expect(got).toEqual(without);
    }
  });

  it.each(['<b>/a', '/a b', '/a?b', '/<b>', "/'", `/${'a'.repeat(300)}`, 'a', '/é', '/a\n'])(
    'N9 the path %j is left out',
    (path) => {
      expect(answer({ path })).toEqual(answer({ path: undefined }));
    },
  );

  it('N9 a rule of 129 characters is left out, a path of 256 stays', () => {
    expect(answer({ rule: 'a'.repeat(129) })).toEqual(answer({ rule: undefined }));
    expect(answer({ rule: 'a'.repeat(128) }).body).toContain('a'.repeat(128));
    expect(answer({ path: `/${'a'.repeat(255)}` }).body).toContain('a'.repeat(255));
    expect(answer({ rule: 'x y' })).toEqual(answer({ rule: undefined }));
  });

  it('N9 the method alone is not shown, nor a path without a host', () => {
    expect(answer({ host: undefined }).body).not.toMatch(/^request:|POST|\/v1/m);
    expect(answer({ method: 'TRACE' }).body).toContain('\nrequest: api.example.com/v1/x\n');
    expect(answer({ path: undefined }).body).toContain('\nrequest: POST api.example.com\n');
  });

  it("N9 an operator's text is one line of at most 300 visible characters", () => {
    const { body } = answer({ howToAsk: `a\r\nb\u001b${'c'.repeat(400)}`, problem: 'd\né' });
    expect(body).toContain('; a b c');
    expect(body).toContain(`${'c'.repeat(296)}\n`);
    expect(body).not.toContain('c'.repeat(297));
    expect(body).toContain(': d \n');
  });
});
