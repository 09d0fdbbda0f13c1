import * as fc from 'fast-check';
import { canonicalHost, parseAuthority } from '../../../core/egress/authority';
import { parseHostName } from '../../../core/egress/host';
import { normaliseConnect, normaliseRequest } from '../../../core/egress/normalise';
import { readPath } from '../../../core/egress/path';
import { readQuery } from '../../../core/egress/query';
import type { Way, WireRequest } from '../../../core/egress/request';
import { MAX_HEADER_BYTES, readHeaders } from '../../../core/egress/wire-headers';
import { type Attack, wireOf } from './attacks';
import { WEBSOCKET_LINES } from './attacks-on-framing';

const connect = (target: string, change: object = {}) =>
  normaliseConnect({ target, httpVersion: '1.1', rawHeaders: ['Host', target], ...change });

describe('N7 a request in its one form', () => {
  const wanted = {
    name: '',
    guards: '',
    expect: 'allow',
    host: 'Open.test.',
    target: '/@a%2fb/c;d?x=1&y=a+%2B&x=',
  } as const;
  const form = { host: 'open.test', method: 'GET', path: '/@a%2fb/c;d', encodedSlash: true, query: 'x=1&y=a+%2B&x=' };

  it.each(['connect', 'named', 'absolute'] as const)('N7 is the same for the way %s', (way) => {
    expect(normaliseRequest(wireOf(wanted, way))).toEqual({
      kind: 'ok',
      request: {
        ...form,
        way,
        scheme: 'https',
        port: 443,
        parameters: [
          { name: 'x', value: '1' },
          { name: 'y', value: 'a +' },
          { name: 'x', value: '' },
        ],
        websocket: false,
      },
    });
  });

  it('N7 says where there is no query, no escaped slash, plain http, a WebSocket', () => {
    const plain = {
      name: '',
      guards: '',
      expect: 'allow',
      scheme: 'http',
      lines: WEBSOCKET_LINES,
      target: '/%40',
    } as const;
    expect(normaliseRequest(wireOf(plain, 'absolute'))).toMatchObject({
      request: { scheme: 'http', port: 80, query: undefined, parameters: [], encodedSlash: false, websocket: true },
    });
  });

  it('N7 a port that is the default of the scheme may stand, and another in Host not', () => {
    const url = (target: string, host: string) =>
      normaliseRequest({ way: 'absolute', method: 'GET', target, httpVersion: '1.1', rawHeaders: ['Host', host] });
    expect(url('http://open.test:80/', 'open.test').kind).toBe('ok');
    expect(url('http://open.test/', 'open.test:80').kind).toBe('ok');
    expect(url('https://open.test:443/', 'open.test').kind).toBe('ok');
    expect(url('http://open.test/', 'open.test:443')).toMatchObject({ code: 'name-mismatch' });
    expect(url('https://open.test/', 'open.test:80')).toMatchObject({ code: 'name-mismatch' });
  });

  it('N7 a tunnel that nobody described is none, and neither is one that names a port', () => {
    const wire: WireRequest = {
      way: 'connect',
      method: 'GET',
      target: '/',
      httpVersion: '1.1',
      rawHeaders: ['Host', 'a.test'],
    };
    expect(normaliseRequest(wire)).toMatchObject({ code: 'name-mismatch' });
    const tunnel = { host: 'a.test:443', port: 443, serverName: 'a.test' };
    expect(normaliseRequest({ ...wire, tunnel })).toMatchObject({ code: 'port-not-allowed' });
  });

  it('N7 a header list of odd length holds a value that is missing, which is empty', () => {
    expect(readHeaders(['Host', 'a.test', 'X-A'])).toMatchObject({ kind: 'ok', host: 'a.test' });
    expect(readHeaders(['Host', 'a.test', 'Content-Length'])).toMatchObject({ kind: 'refused' });
  });

  it('N7 [30] headers of 32 KB to the byte are the most', () => {
    const of = (bytes: number): string[] => ['X', 'y'.repeat(bytes - 5)];
    expect(readHeaders(of(MAX_HEADER_BYTES)).kind).toBe('ok');
    expect(readHeaders(of(MAX_HEADER_BYTES + 1)).kind).toBe('refused');
  });

  it.each<[string, Partial<Attack>, Way]>([
    ['a header is repeated that may stand once', { lines: ['Host: a.test'] }, 'absolute'],
    ['the path does not begin with /u/<host>/', { requestLine: 'GET /u/open.test HTTP/1.1' }, 'named'],
    ['the URL has no path', { requestLine: 'GET https://open.test HTTP/1.1' }, 'absolute'],
    ['TLS without a server name', { serverName: null }, 'connect'],
  ])('N9 says %s', (problem, change, way) => {
    expect(normaliseRequest(wireOf({ name: '', guards: '', expect: 'allow', ...change }, way))).toMatchObject({
      problem,
    });
  });

  it('N9 a problem holds nothing that was sent', () => {
    const sent = fc.string({ unit: fc.constantFrom(...'Zq/%.\\:@#;2efc\r\0 é') });
    fc.assert(
      fc.property(sent, sent, sent, (target, name, value) => {
        const read = normaliseRequest({
          way: 'absolute',
          method: 'GET',
          target,
          httpVersion: '1.1',
          rawHeaders: [name, value],
        });
        expect(read.kind === 'refused' && /^[A-Za-z0-9 ,'/<>&-]+$/.test(read.problem)).toBe(true);
      }),
    );
  });
});

describe('N7 what CONNECT names', () => {
  it('N7 a host and port 443', () => {
    expect(connect('API.Open.test.:443')).toEqual({ kind: 'ok', host: 'api.open.test', port: 443 });
  });

  it('N7 as pip sends it up to Python 3.11: HTTP/1.0 without Host', () => {
    expect(connect('open.test:443', { httpVersion: '1.0', rawHeaders: [] })).toMatchObject({ kind: 'ok' });
  });

  it('N7 Host without the port', () => {
    expect(connect('open.test:443', { rawHeaders: ['Host', 'OPEN.test'] })).toMatchObject({ kind: 'ok' });
  });

  it.each<[string, string, object, string]>([
    ['[1] another Host', 'open.test:443', { rawHeaders: ['Host', 'evil.test:443'] }, 'name-mismatch'],
    ['[1] another port in Host', 'open.test:443', { rawHeaders: ['Host', 'open.test:22'] }, 'name-mismatch'],
    ['[2] two Hosts', 'open.test:443', { rawHeaders: ['Host', 'open.test', 'Host', 'open.test'] }, 'malformed-request'],
    ['[4] a user', 'a@evil.test:443', {}, 'malformed-request'],
    ['[5] metadata', '169.254.169.254:443', {}, 'host-not-allowed'],
    ['[6] an address as one number', '2130706433:443', {}, 'host-not-allowed'],
    ['[7] a mapped address', '[::ffff:169.254.169.254]:443', {}, 'host-not-allowed'],
    ['[10] port 22', 'open.test:22', {}, 'port-not-allowed'],
    ['[10] port 80', 'open.test:80', {}, 'port-not-allowed'],
    ['[10] no port', 'open.test', {}, 'malformed-request'],
    ['[10] port 0', 'open.test:0', {}, 'malformed-request'],
    ['[11] a body', 'open.test:443', { rawHeaders: ['Content-Length', '5'] }, 'malformed-request'],
    ['[11] chunks', 'open.test:443', { rawHeaders: ['Transfer-Encoding', 'chunked'] }, 'malformed-request'],
    ['[16] an escape', 'a%2eopen.test:443', {}, 'malformed-request'],
    ['[26] HTTP/2', 'open.test:443', { httpVersion: '2.0' }, 'malformed-request'],
    ['[35] a wildcard', '*.open.test:443', {}, 'malformed-request'],
    ['[35] a NUL', 'open.test\0:443', {}, 'malformed-request'],
    ['a path', 'open.test:443/x', {}, 'malformed-request'],
    ['a URL', 'https://open.test:443', {}, 'malformed-request'],
  ])('N3 %s is refused', (_, target, change, code) => {
    expect(connect(target, change)).toMatchObject({ kind: 'refused', code });
  });
});

describe('N1 one spelling of a host', () => {
  const label = fc.string({ unit: fc.constantFrom(...'ab-19xX_.'), maxLength: 6 });
  const names = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));

  it('N1 [16] the short way and the long way agree', () => {
    fc.assert(
      fc.property(names, (name) => {
        const parsed = parseHostName(name);
        expect(canonicalHost(name)).toBe(parsed.kind === 'ok' ? parsed.value : undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['a'.repeat(63), 'a-b', '1a', 'a1'])('N1 %s.test is spelled as it is', (name) => {
    expect(canonicalHost(`${name}.test`)).toBe(`${name}.test`);
  });

  it('N1 what is accepted is the same when read again', () => {
    fc.assert(
      fc.property(names, (name) => {
        const once = parseAuthority(name);
        if (once.kind === 'ok')
          expect(parseAuthority(once.host)).toEqual({ kind: 'ok', host: once.host, port: undefined });
      }),
    );
  });
});

describe('N5 a path that is accepted means one thing', () => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    ';',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '%25',
    '2e',
    '%20',
    'a',
    'B',
    '%c0%ae',
    '%ef%bc%8e',
    '%ef%bc%8f',
    '\\',
    '%3b',
    '%zz',
    '%e2%80%8b',
    '~',
    '@',
    '%00',
  );
  const paths = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
  const twice = (text: string): string => {
    try {
      return decodeURIComponent(decodeURIComponent(text));
    } catch {
      return text;
    }
  };

  it('N5 [15] whoever decodes it, and once more, and folds it, and cuts parameters off, climbs nowhere', () => {
    let accepted = 0;
    fc.assert(
      fc.property(paths, (path) => {
        const read = readPath(path);
        if (read.kind === 'refused') return;
        accepted++;
        for (const text of [path, decodeURIComponent(path), twice(path), decodeURIComponent(path).normalize('NFKC')]) {
          expect(text).not.toMatch(/\\|(?:^|\/)\s*\.{1,2}\s*(?:;[^/]*)?(?:\/|$)/);
        }
        // The URL standard's own reading.
        expect(new URL(`https://a.test${path}`).pathname).toBe(path);
        expect(read.encodedSlash).toBe(/%2f/i.test(path));
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });
});

describe('N5 what is accepted', () => {
  it.each<[string, boolean]>([
    ['/', false],
    ['/a/.b', false],
    ['/a%20b', false],
    ['/2f%20', false],
    ['/a%2Fb%20', true],
  ])('N5 the path %s', (path, encodedSlash) => {
    expect(readPath(path)).toEqual({ kind: 'ok', encodedSlash });
  });

  it('N5 a query of nothing and one of something', () => {
    expect(readQuery('')).toEqual({ kind: 'ok', parameters: [] });
    expect(readQuery('a=b=c')).toEqual({ kind: 'ok', parameters: [{ name: 'a', value: 'b=c' }] });
  });
});

describe('N5 a query that is accepted has the parameters a server sees', () => {
  it('N5 as URLSearchParams reads them, but for the empty ones that it leaves out', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '=',
      '&',
      '+',
      '%20',
      '%26',
      '%3D',
      '%c3%a9',
      '%',
      '%f',
      '%ff',
      '?',
      ';',
      '[]',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const query = pieces.join('');
        const read = readQuery(query);
        if (read.kind === 'refused') return;
        const shown = read.parameters.map(({ name, value }) => [name, value]);
        const cut = query.split('&').flatMap((each, i) => (each === '' ? [] : [shown[i]]));
        expect(cut).toEqual([...new URLSearchParams(`?${query}`)]);
      }),
      { numRuns: 2000 },
    );
  });
});
