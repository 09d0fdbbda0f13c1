import * as fc from 'fast-check';
import {
  coversHost,
  formatHostPattern,
  type HostPattern,
  matchesHost,
  overlapsHost,
  parseHostName,
  parseHostPattern,
} from '../../../core/egress/host';

function pattern(text: string): HostPattern {
  const parsed = parseHostPattern(text);
  if (parsed.kind === 'invalid') throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
}

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/).filter((text) => !text.startsWith('xn--'));
const name = fc.array(label, { minLength: 2, maxLength: 5 }).map((labels) => labels.join('.'));
/** Few labels, so that two of them are often related. */
const related = fc
  .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 })
  .map((labels) => [...labels, 'example', 'test'].join('.'));
const kind = fc.constantFrom('exact' as const, 'subdomains' as const, 'domain' as const);
const relatedPattern = fc.record({ kind, name: related });

describe('N1 host patterns say whether the apex is in', () => {
  it.each<[string, string, boolean]>([
    ['a.example.com', 'a.example.com', true],
    ['a.example.com', 'b.a.example.com', false],
    ['a.example.com', 'example.com', false],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'b.a.example.com', true],
    ['.example.com', 'example.com', true],
    ['.example.com', 'a.example.com', true],
    ['.example.com', 'b.a.example.com', true],
  ])('N1 %s on %s: %s', (text, host, expected) => {
    expect(matchesHost(pattern(text), host)).toBe(expected);
  });

  it.each(['a.example.com', '*.example.com', '.example.com'])('N1 %s reads and writes as itself', (text) => {
    expect(formatHostPattern(pattern(text))).toBe(text);
  });

  it.each<[string, string]>([
    ['API.Example.COM', 'api.example.com'],
    ['example.com.', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['ｅｘａｍｐｌｅ．com', 'example.com'],
    ['example。com', 'example.com'],
    ['3com.example', '3com.example'],
    ['0x7f.example', '0x7f.example'],
  ])('N1 %s and %s are one name', (text, expected) => {
    expect(parseHostName(text)).toEqual({ kind: 'ok', value: expected });
  });

  it('N1 a Cyrillic look-alike is another name', () => {
    const parsed = parseHostName('exаmple.com');
    expect(parsed.kind === 'ok' && parsed.value).toMatch(/^xn--/);
  });

  it.each<[string, string]>([
    ['*.EXAMPLE.com.', '*.example.com'],
    ['.Bücher.example', '.xn--bcher-kva.example'],
  ])('N1 the pattern %s is normalised like a name', (text, expected) => {
    expect(formatHostPattern(pattern(text))).toBe(expected);
  });
});

describe('N3 an address is not a host, however it is spelled', () => {
  it.each<[string, string]>([
    ['dotted', '127.0.0.1'],
    ['dotted with a final dot', '127.0.0.1.'],
    ['two parts', '127.1'],
    ['one decimal number', '2130706433'],
    ['hexadecimal', '0x7f000001'],
    ['upper-case hexadecimal', '0X7F.0.0.1'],
    ['hexadecimal parts', '0x7f.0x0.0x0.0x1'],
    ['an empty hexadecimal number', '0x'],
    ['octal', '017700000001'],
    ['octal parts', '0177.0.0.01'],
    ['circled digits', '①②⑦.⓪.⓪.①'],
    ['full-width digits', '１２７.０.０.１'],
    ['full-width dots', '127．0．0．1'],
    ['ideographic dots', '127。0。0。1'],
    ['superscript digits', '¹²⁷.0.0.¹'],
    ['out of range, yet numeric', '999.999.999.999'],
    ['a name that ends in a number', 'example.1'],
    ['a name that ends in a hexadecimal number', 'example.0x1'],
    ['instance metadata', '169.254.169.254'],
    ['IPv6', '::1'],
    ['IPv6 in brackets', '[::1]'],
    ['v4-mapped', '::ffff:127.0.0.1'],
    ['v4-mapped in brackets', '[::ffff:7f00:1]'],
    ['IPv6 with a zone', 'fe80::1%eth0'],
  ])('N3 %s: %s', (_, text) => {
    expect(parseHostName(text).kind).toBe('invalid');
    expect(parseHostPattern(text).kind).toBe('invalid');
    expect(parseHostPattern(`.${text}`).kind).toBe('invalid');
    expect(parseHostPattern(`*.${text}`).kind).toBe('invalid');
  });

  it('N3 no IPv4 address parses, in any of the bases inet_aton reads', () => {
    const base = fc.constantFrom(
      (n: number) => `${n}`,
      (n: number) => `0x${n.toString(16)}`,
      (n: number) => `0${n.toString(8)}`,
    );
    fc.assert(
      fc.property(fc.nat(0xffffffff), base, fc.integer({ min: 1, max: 4 }), (address, write, parts) => {
        const bytes = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
        const rest = bytes.slice(parts - 1).reduce((value, byte) => value * 256 + byte, 0);
        const text = [...bytes.slice(0, parts - 1), rest].map(write).join('.');
        expect(parseHostName(text).kind).toBe('invalid');
      }),
    );
  });

  it('N3 an IPv6 address never parses', () => {
    fc.assert(fc.property(fc.ipV6(), (address) => parseHostName(address).kind === 'invalid'));
  });
});

describe('N1 what is not a host is refused, not repaired', () => {
  // Each with a word of its reason, so that a case can not be refused by another check than the one it is for.
  it.each<[string, string, string]>([
    ['a user in front', 'example.com@evil.test', 'path, user'],
    ['a port', 'example.com:443', 'port'],
    ['a URL', 'https://example.com', 'URL'],
    ['a URL in upper case', 'HTTPS://example.com', 'URL'],
    ['a path', 'example.com/x', 'path'],
    ['a backslash', 'example.com\\x', 'path'],
    ['a query', 'example.com?x', 'query'],
    ['a fragment', 'example.com#x', 'path'],
    ['a percent escape', 'example%2ecom', 'escape'],
    ['a wildcard in the middle', 'a.*.example.com', 'front'],
    ['part of a label as wildcard', 'a*.example.com', 'front'],
    ['a wildcard at the end', 'example.*', 'front'],
    ['a full-width wildcard', '＊.example.com', 'label'],
    ['a space', 'exam ple.com', 'white space'],
    ['a line break at the end', 'example.com\n', 'white space'],
    ['a header after a line break', 'example.com\r\nX: y', 'white space'],
    ['a null byte', 'example.com\0.evil.test', 'control'],
    ['a zero-width space', 'exam\u200bple.com', 'control'],
    ['a soft hyphen', 'exam\u00adple.com', 'control'],
    ['text direction', '\u202eexample.com', 'control'],
    ['an empty label', 'a..example.com', 'label'],
    ['two final dots', 'example.com..', 'label'],
    ['a hyphen in front', '-a.example.com', 'label'],
    ['a hyphen at the end of a label', 'a-.example.com', 'label'],
    ['an underscore', 'a_b.example.com', 'label'],
    ['a label of 64', `${'a'.repeat(64)}.example.com`, 'label'],
    ['a name of 254', `${'a.'.repeat(125)}test`, '253'],
    ['a single label', 'localhost', 'single label'],
    ['a single label with its dot', 'localhost.', 'single label'],
    ['a dot', '.', 'empty'],
    ['nothing', '', 'empty'],
  ])('N1 %s', (_, text, reason) => {
    const parsed = parseHostName(text);
    expect(parsed).toMatchObject({ kind: 'invalid', problem: expect.stringContaining(reason) });
  });

  it('N1 a label of 63 and a name of 253 are the longest', () => {
    expect(parseHostName(`${'a'.repeat(63)}.example.com`).kind).toBe('ok');
    const longest = `${'a.'.repeat(124)}tests`;
    expect(longest).toHaveLength(253);
    expect(parseHostName(longest).kind).toBe('ok');
  });

  it.each(['*', '*.', '**.example.com', '*.*.example.com', '.*.example.com', '..example.com', '*..example.com'])(
    'N1 the pattern %s',
    (text) => {
      expect(parseHostPattern(text).kind).toBe('invalid');
    },
  );

  it.each(['*.com', '.com', '*.com.', '.COM', '*.local'])('N1 a wildcard on a whole top level: %s', (text) => {
    expect(parseHostPattern(text)).toMatchObject({ kind: 'invalid', problem: expect.stringContaining('suffix') });
  });
});

describe('N1 match, cover and overlap agree', () => {
  it.each<[string, string, boolean]>([
    ['.example.com', '*.example.com', true],
    ['*.example.com', '.example.com', false],
    ['*.example.com', '*.example.com', true],
    ['.example.com', '.a.example.com', true],
    ['*.example.com', '.a.example.com', true],
    ['*.a.example.com', '*.example.com', false],
    ['.example.com', 'example.com', true],
    ['*.example.com', 'example.com', false],
    ['example.com', '.example.com', false],
    ['example.com', '*.example.com', false],
    ['.example.com', '.evilexample.com', false],
    ['*.example.com', '*.evilexample.com', false],
  ])('N1 %s covers %s: %s', (outer, inner, expected) => {
    expect(coversHost(pattern(outer), pattern(inner))).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['.example.com', '*.a.example.com', true],
    ['*.a.example.com', '.example.com', true],
    ['*.example.com', 'example.com', false],
    ['example.com', '*.example.com', false],
    ['*.example.com', '.example.com', true],
    ['a.example.com', '*.example.com', true],
    ['.example.com', '.notexample.com', false],
    ['*.a.example.com', '*.b.example.com', false],
  ])('N1 %s overlaps %s: %s', (a, b, expected) => {
    expect(overlapsHost(pattern(a), pattern(b))).toBe(expected);
  });

  it('N1 a name matches exactly where the pattern covers that name alone', () => {
    fc.assert(
      fc.property(relatedPattern, related, (outer, host) => {
        expect(matchesHost(outer, host)).toBe(coversHost(outer, { kind: 'exact', name: host }));
      }),
    );
  });

  it('N1 whatever the inner pattern matches, one that covers it matches; covering patterns overlap', () => {
    fc.assert(
      fc.property(relatedPattern, relatedPattern, related, (outer, inner, host) => {
        fc.pre(coversHost(outer, inner));
        expect(overlapsHost(outer, inner)).toBe(true);
        if (matchesHost(inner, host)) expect(matchesHost(outer, host)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('N1 overlap is symmetric, and is there where both match one name', () => {
    fc.assert(
      fc.property(relatedPattern, relatedPattern, related, (a, b, host) => {
        expect(overlapsHost(a, b)).toBe(overlapsHost(b, a));
        if (matchesHost(a, host) && matchesHost(b, host)) expect(overlapsHost(a, b)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('N1 two patterns overlap only where a name shows it', () => {
    fc.assert(
      fc.property(relatedPattern, relatedPattern, (a, b) => {
        const witnesses = [a.name, b.name, `x.${a.name}`, `x.${b.name}`];
        expect(witnesses.some((host) => matchesHost(a, host) && matchesHost(b, host))).toBe(overlapsHost(a, b));
      }),
      { numRuns: 500 },
    );
  });

  it('N1 two patterns cover each other only when they are equal', () => {
    fc.assert(
      fc.property(relatedPattern, relatedPattern, (a, b) => {
        fc.pre(coversHost(a, b) && coversHost(b, a));
        expect(a).toEqual(b);
      }),
      { numRuns: 500 },
    );
  });

  it("N1 no pattern matches a stranger's name that contains its own", () => {
    fc.assert(
      fc.property(kind, name, label, (kind, host, word) => {
        const own = { kind, name: host };
        expect(matchesHost(own, `evil${host}`)).toBe(false);
        expect(matchesHost(own, `${host}.evil.test`)).toBe(false);
        expect(matchesHost(own, `${host}${word}`)).toBe(false);
        expect(matchesHost(own, `${word}-${host}`)).toBe(false);
      }),
    );
  });

  it('N1 a name parses to a form that parses to itself, in whatever case it came', () => {
    fc.assert(
      fc.property(name, fc.boolean(), (host, dot) => {
        const parsed = parseHostName(`${host.toUpperCase()}${dot ? '.' : ''}`);
        expect(parsed).toEqual({ kind: 'ok', value: host });
      }),
    );
  });

  it('N1 what parses, from any text, is made of DNS labels and stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const parsed = parseHostName(`${text}.example`);
        if (parsed.kind === 'invalid') return;
        expect(parsed.value).toMatch(/^(?:(?!-)[a-z0-9-]{1,63}\.)+example$/);
        expect(parseHostName(parsed.value)).toEqual(parsed);
      }),
      { numRuns: 1000 },
    );
  });
});
