import { forwardHeaders, injectedHeader, isCredentialHeader, responseHeaders } from '../../../core/egress/headers';
import { HEADER_ATTACKS } from './attacks-on-headers';

const raw = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
const pairs = (flat: readonly string[]): string[] =>
  flat.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${flat[i + 1]}`] : []));
const names = (flat: readonly string[]): string[] =>
  flat.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
const forward = (lines: readonly string[], more: object = {}) =>
  forwardHeaders(raw(lines), { host: 'api.test', ...more });
const bearer = { name: 'Authorization', value: 'Bearer granted' };

describe('C5 what an agent sends leaves without its credentials and its routing', () => {
  it.each(HEADER_ATTACKS.map((attack): [string, (typeof HEADER_ATTACKS)[number]] => [attack.name, attack]))(
    'C5 %s',
    (_, attack) => {
      const { headers, stripped } = forward(attack.lines);
      for (const name of attack.gone ?? []) expect(names(headers)).not.toContain(name);
      for (const line of attack.kept ?? []) expect(pairs(headers)).toContain(line);
      if (attack.stripped !== undefined) expect(stripped).toBe(attack.stripped);
    },
  );

  it.each(
    HEADER_ATTACKS.filter(({ gone }) => gone).map(
      ({ name, lines, gone }): [string, readonly string[], readonly string[]] => [name, lines, gone ?? []],
    ),
  )('C5 beside an injected credential too: %s', (_, lines, gone) => {
    const { headers } = forward(lines, { inject: [{ name: 'x-granted', value: 'granted' }] });
    for (const name of gone) expect(names(headers)).not.toContain(name);
  });

  it('C5 the only Host is the one that was judged, and it comes first', () => {
    expect(forward(['HOST: evil.test', 'Accept: a', 'host: evil.test']).headers).toEqual([
      'host',
      'api.test',
      'Accept',
      'a',
    ]);
  });

  it('C5 only Connection names others, and several WebSocket protocols stay in order', () => {
    const lines = ['X-A: x-b', 'X-B: 1', 'Sec-WebSocket-Protocol: chat,  other'];
    expect(pairs(forward(lines).headers)).toEqual([
      'host: api.test',
      'X-A: x-b',
      'X-B: 1',
      'Sec-WebSocket-Protocol: chat, other',
    ]);
  });

  it('C5 order, spelling and repetitions of the rest stay', () => {
    expect(forward(['B: 1', 'a: 2', 'b: 3']).headers).toEqual(['host', 'api.test', 'B', '1', 'a', '2', 'b', '3']);
  });
});

describe('C4 an injected credential is the only one of its name', () => {
  it.each<[string, readonly string[]]>([
    ["the agent's own", ['Authorization: attacker']],
    ["the agent's own in another case", ['AUTHORIZATION: attacker']],
    ['Connection that names it', ['Connection: authorization, close']],
    ['both', ['connection: Authorization', 'Authorization: attacker']],
    ['nothing', []],
  ])('C4 [24] beside %s', (_, lines) => {
    const { headers } = forward(lines, { inject: [bearer] });
    expect(pairs(headers)).toEqual(['host: api.test', 'Authorization: Bearer granted']);
  });

  it("C4 [23] a header that is a credential only for this grant replaces the agent's, in any spelling", () => {
    const { headers, stripped } = forward(['X-Team: a', 'x_team: b'], { inject: [{ name: 'X-Team', value: 'c' }] });
    expect([pairs(headers), stripped]).toEqual([['host: api.test', 'X-Team: c'], 2]);
  });

  it.each(['a\r\nX-Evil: b', 'a\nb', 'a\rb', 'a\0b', 'a\u007f', 'a\tb', 'clé', ''])(
    'C4 [14] never with the value %j',
    (value) => {
      expect(() => injectedHeader('authorization', value)).toThrow(TypeError);
      expect(() => forward([], { inject: [{ name: 'authorization', value }] })).toThrow(TypeError);
    },
  );

  it.each([
    '',
    'a b',
    'a:b',
    'a\r\n',
    'clé',
    'x_y',
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'TE',
    'Proxy-Authorization',
    'X-Forwarded-For',
    'Expect',
    'Via',
  ])('C4 [14] never with the name %j', (name) => {
    expect(() => injectedHeader(name, 'x')).toThrow(TypeError);
  });

  it('C4 an error names no value', () => {
    expect(() => injectedHeader('authorization', 'secret\n')).toThrow(/^(?!.*secret)/);
  });

  it('C4 as it stands otherwise', () => {
    expect(injectedHeader('X-Api-Key', 'a b~!')).toEqual({ name: 'X-Api-Key', value: 'a b~!' });
  });
});

describe('C6 an answer that is searched comes in an encoding the search opens', () => {
  it.each<[readonly string[], string]>([
    [[], 'identity'],
    [['Accept-Encoding: gzip, deflate, br, zstd'], 'gzip, br'],
    [['Accept-Encoding: GZIP;q=0.5, br ; q=1.0'], 'gzip, br'],
    [['Accept-Encoding: gzip;q=0, br;q=0.000'], 'identity'],
    [['Accept-Encoding: gzip;q=0.01'], 'gzip'],
    [['Accept-Encoding: zstd'], 'identity'],
    [['Accept-Encoding: *'], 'identity'],
    [['Accept-Encoding: gzip', 'accept_encoding: br, gzip'], 'gzip, br'],
    [['Accept-Encoding: identity'], 'identity'],
    [['Accept-Encoding: gzip, identity'], 'gzip, identity'],
    [['Accept-Encoding: gzip;xq=0'], 'gzip'],
  ])('C6 [19] %j becomes %s', (lines, expected) => {
    const { headers } = forward(lines, { redact: true });
    expect(pairs(headers)).toEqual(['host: api.test', `accept-encoding: ${expected}`]);
  });

  it('C6 and nothing else is left out, nor read for it', () => {
    const { headers } = forward(['Accept: a', 'X-Encoding: br'], { redact: true });
    expect(pairs(headers)).toEqual(['host: api.test', 'Accept: a', 'X-Encoding: br', 'accept-encoding: identity']);
  });

  it("C6 otherwise it is the client's own matter", () => {
    expect(pairs(forward(['Accept-Encoding: zstd']).headers)).toEqual(['host: api.test', 'Accept-Encoding: zstd']);
  });
});

describe('C6 what comes back', () => {
  const back = (lines: readonly string[], injected = false): readonly string[] | string => {
    const answer = responseHeaders(raw(lines), { injected });
    return answer.kind === 'ok' ? pairs(answer.headers) : answer.code;
  };

  it.each<[string, string, number?]>([
    ['Alt-Svc: h3=":443"', 'leads to UDP', 27],
    ['Alternates: x', 'does as well', 27],
    ['Connection: close', 'is of one connection'],
    ['Keep-Alive: timeout=5', 'is of one connection'],
    ['Transfer-Encoding: chunked', 'is of one connection'],
    ['Trailer: x', 'is of one connection'],
    ['Upgrade: h2c', 'is of one connection'],
    ['Proxy-Authenticate: Basic', 'asks for a password of the proxy'],
    ['Proxy-Connection: close', 'is of one connection'],
    ['X-Agent-Platform-Refusal: no-rule', 'speaks in our name'],
    ['X_Agent_Platform_Rule: x', 'speaks in our name'],
  ])('C6 %s stays out: it %s', (line) => {
    expect(back([line, 'ETag: a'])).toEqual(['ETag: a']);
  });

  it('C6 what Connection names stays out, but nothing that matters', () => {
    expect(
      back([
        'Connection: X-One, Content-Type, Strict-Transport-Security',
        'X-One: a',
        'Content-Type: b',
        'Strict-Transport-Security: c',
      ]),
    ).toEqual(['Content-Type: b', 'Strict-Transport-Security: c']);
    const handshake = ['Sec-WebSocket-Accept: a', 'Sec-WebSocket-Protocol: b'];
    expect(back(['Connection: Sec-WebSocket-Accept, Sec-WebSocket-Protocol', ...handshake])).toEqual(handshake);
    expect(back(['Connection: Set-Cookie', 'Set-Cookie: a'])).toEqual(['Set-Cookie: a']);
  });

  it('C6 [19] a cookie that came for an injected credential is one itself', () => {
    expect(back(['Set-Cookie: a=b', 'set-cookie: c', 'Set-Cookie2: d', 'ETag: a'], true)).toEqual(['ETag: a']);
    expect(back(['Set-Cookie: a=b', 'Set-Cookie: c', 'Set-Cookie2: d'])).toEqual([
      'Set-Cookie: a=b',
      'Set-Cookie: c',
      'Set-Cookie2: d',
    ]);
  });

  it.each(['a\r\nX-Evil: b', 'a\nb', 'a\rb', 'a\0b', 'a\u007fb', 'a\u0100b'])(
    'C6 [14] a value %j breaks the answer off',
    (value) => {
      expect(responseHeaders(['X-A', value], { injected: false })).toMatchObject({
        kind: 'refused',
        code: 'upstream-unreachable',
      });
    },
  );

  it.each(['', 'a b', 'a\r\nb', 'clé'])('C6 [14] a name %j breaks the answer off', (name) => {
    expect(responseHeaders([name, 'x'], { injected: false })).toMatchObject({
      kind: 'refused',
      code: 'upstream-unreachable',
    });
  });

  it('C6 a Latin-1 file name and a tab stay', () => {
    expect(back(['Content-Disposition: attachment; filename="\u00e9"\tx'])).toEqual([
      'Content-Disposition: attachment; filename="\u00e9"\tx',
    ]);
  });
});

describe('C5 which headers are credentials', () => {
  it.each(['author', 'x-keyboard', 'tokenized', 'x-secretary', 'password-policy', 'x-oauth', 'jwts'])(
    'C5 %s is none',
    (name) => {
      expect(isCredentialHeader(name)).toBe(false);
    },
  );
});
