import { LINK_LIMITS, LinkReader, linksIn } from '../../../core/egress/links';

describe('N11 where a URL in a text ends', () => {
  it.each<[string, string[]]>([
    ['https://a.example.com/x.', ['https://a.example.com/x.', 'https://a.example.com/x']],
    ['https://a.example.com/x?!,', ['https://a.example.com/x?!,', 'https://a.example.com/x']],
    ['(https://a.example.com/x)', ['https://a.example.com/x)', 'https://a.example.com/x']],
    ['https://a.example.com/x_(y)', ['https://a.example.com/x_(y)']],
    ['(https://a.example.com/x_(y)).', ['https://a.example.com/x_(y)).', 'https://a.example.com/x_(y)']],
    ['https://a.example.com/x)y', ['https://a.example.com/x)y']],
    ['https://a.example.com/x)))', ['https://a.example.com/x)))', 'https://a.example.com/x']],
    ['https://a.example.com/x https://a.example.com/y', ['https://a.example.com/x', 'https://a.example.com/y']],
    ['<https://a.example.com/x>y', ['https://a.example.com/x']],
    ['`https://a.example.com/x`y', ['https://a.example.com/x']],
    ['https://a.example.com/x|y', ['https://a.example.com/x']],
    ['https://a.example.com/{x}', ['https://a.example.com/']],
    ['http://a.example.com/x', ['http://a.example.com/x']],
    ['ftp://a.example.com/x', []],
  ])('N11 %s', (text, urls) => {
    expect(new Set(linksIn(text, undefined))).toEqual(new Set(urls));
  });

  it.each<[string, string[]]>([
    ['<a href = "/x">', ['/x']],
    ["<a href\t=\t'/x'>", ['/x']],
    ['<a href="/x y">', []],
    ["<a href='/x y'>", []],
    ['<a href="/x<b">', []],
    ['<a href=/x"y>', ['/x']],
    ['<a data-href="x">', []],
    ['{"a":"/x/y"}', ['/x/y']],
    ['{"a":"x/y"}', []],
    ['[a](/x.md "title")', ['/x.md']],
    ['[a](</x.md>)', ['/x.md']],
    ['[a](/x_(one)and_(two).md)', ['/x_(one)and_(two).md']],
    ['[a](/x_()y)', ['/x_()y']],
    ['[a](/x(y z))', ['/x']],
    ['<a href="/?q=\'x\'">', ['/?q=%27x%27']],
  ])('N11 a relative one: %s', (text, paths) => {
    const urls = paths.map((path) => `https://docs.example.com${path}`);
    expect(new Set(linksIn(text, 'https://docs.example.com/guide/start'))).toEqual(new Set(urls));
    expect(linksIn(text, undefined)).toEqual([]);
  });

  it.each<[string, string[]]>([
    ["https://a.example.com/?q='x'", ["/?q='x'", '/?q=%27x%27']],
    ["HTTPS://A.example.com/?q='x'#y#z", ["/?q='x'", '/?q=%27x%27']],
    ["https://a.example.com/#?q='x'", ['/']],
    ["https://a.example.com?q='/x'", ['/?q=%27/x%27']],
    ['https://a.example.com/a/../b', ['/a/../b', '/b']],
    ['https://a.example.com./x', ['/x']],
    ['https://:word@a.example.com/x', []],
    ['https://user@a.example.com/x', []],
    ['https://[a.example.com/x', []],
    ['ftp://a.example.com/x', []],
  ])('N11 a redirect to %s names it as it stands and as the URL standard writes it', (location, paths) => {
    const urls = paths.map((path) => `https://a.example.com${path}`);
    expect(new Set(linksIn(location, undefined, 'location'))).toEqual(new Set(urls));
  });

  it('N11 with plain http as well', () => {
    const named = linksIn("http://a.example.com/?q='x'", undefined, 'location');
    expect(new Set(named)).toEqual(new Set(["http://a.example.com/?q='x'", 'http://a.example.com/?q=%27x%27']));
  });

  it('N11 a redirect names nothing of the host for a URL in its query', () => {
    expect(linksIn('/go?to=https://b.example.com/b', 'https://a.example.com/', 'location')).toEqual([
      'https://a.example.com/go?to=https://b.example.com/b',
    ]);
  });

  it('N11 the dot behind a host goes, and no other', () => {
    expect(linksIn('https://a.example.com.:8443/x.:y', undefined)).toEqual(['https://a.example.com:8443/x.:y']);
  });

  it('N11 a URL as long as one may be is a link, and one byte more is none', () => {
    const url = `https://a.example.com/${'a'.repeat(LINK_LIMITS.urlBytes - 'https://a.example.com/'.length)}`;
    expect(linksIn(url, undefined)).toEqual([url]);
    expect(linksIn(`${url}a`, undefined)).toEqual([]);
  });
});

describe('N11 half a URL is not named', () => {
  const START = 'https://a.example.com/half';
  function read(pieces: readonly string[], last = true): string[] {
    const found: string[] = [];
    const reader = new LinkReader('https://a.example.com/', (links) => found.push(...links));
    for (const piece of pieces) reader.push(Buffer.from(piece));
    if (last) reader.end();
    return found;
  }
  const full = START.padStart(LINK_LIMITS.bytes, ' ');

  it('N11 at the bound on what is read, though a piece ends just there', () => {
    expect(read([full, '/of/it'])).toEqual([]);
    expect(read([`${full}/of/it`])).toEqual([]);
  });

  it('N11 a body as large as the bound is read to its end', () => {
    expect(read([full])).toEqual([START]);
  });

  it('N11 where a long text has no break', () => {
    expect(read([START.padStart(20_000, '|'), '/of/it '])).toEqual([`${START}/of/it`]);
  });

  it('N11 a page is not held until its end', () => {
    expect(read([`${START}/of/it${' '.repeat(20_000)}`], false)).toEqual([`${START}/of/it`]);
  });
});
