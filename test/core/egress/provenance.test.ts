import * as fc from 'fast-check';
import { LINK_LIMITS, LinkReader, linksIn } from '../../../core/egress/links';
import { MAX_SEEN_URLS, SeenUrls, teaches, urlOf } from '../../../core/egress/provenance';
import { BoundedSet, urlHash } from '../../../core/egress/url-set';
import { requestFor, ruleFor } from './requests';

const KEY = Buffer.alloc(16, 7);
const seenUrls = () => new SeenUrls(urlHash(KEY));
const page = requestFor('https://docs.example.com/guide/start');
/** What a session has seen once this page was read. */
function afterReading(body: string, from = page, pieces: readonly number[] = []): SeenUrls {
  const seen = seenUrls();
  const reader = seen.reader(from);
  const bytes = Buffer.from(body);
  let start = 0;
  for (const end of [...pieces, bytes.length]) {
    reader.push(bytes.subarray(start, end));
    start = end;
  }
  reader.end();
  return seen;
}
const has = (seen: SeenUrls, url: string): boolean => seen.has(requestFor(url));

describe('N11 a URL passes where somebody else than the agent named it', () => {
  it('N11 the text of the task', () => {
    const seen = seenUrls();
    seen.addText('Fix what https://docs.example.com/issues/7?tab=log#top says (see https://a.example.com/b_(c)).');
    expect(has(seen, 'https://docs.example.com/issues/7?tab=log')).toBe(true);
    expect(has(seen, 'https://a.example.com/b_(c)')).toBe(true);
    expect(has(seen, 'https://docs.example.com/issues/7')).toBe(false);
  });

  it('N11 only that very URL: neither another query nor a path below nor another scheme, host or port', () => {
    const seen = afterReading('<a href="https://docs.example.com/a?b=c">x</a>');
    expect(has(seen, 'https://docs.example.com/a?b=c')).toBe(true);
    for (const other of [
      'https://docs.example.com/a',
      'https://docs.example.com/a?',
      'https://docs.example.com/a?b=c&d=e',
      'https://docs.example.com/a?b=d',
      'https://docs.example.com/A?b=c',
      'https://docs.example.com/a/x?b=c',
      'https://www.example.com/a?b=c',
      'http://docs.example.com/a?b=c',
      'https://docs.example.com:8443/a?b=c',
    ]) {
      expect([other, has(seen, other)]).toEqual([other, false]);
    }
  });

  it.each<[string, string, string]>([
    ['HTML, from the root', '<a class=x href="/api/x?y=1&amp;z=2">', 'https://docs.example.com/api/x?y=1&z=2'],
    ['HTML, beside the page', "<a href='next.html'>", 'https://docs.example.com/guide/next.html'],
    ['HTML, above the page', '<a\nhref=../up/>', 'https://docs.example.com/up/'],
    ['HTML, without the scheme', '<img src="//cdn.example.com/a.png">', 'https://cdn.example.com/a.png'],
    ['HTML, with a fragment', '<a href="/a#b">', 'https://docs.example.com/a'],
    ['HTML, with numeric entities', '<a href="/a?b=1&#38;c=2&#x26;d=3">', 'https://docs.example.com/a?b=1&c=2&d=3'],
    ['HTML, with capitals in the host', '<A HREF="HTTPS://CDN.Example.COM/A">', 'https://cdn.example.com/A'],
    ['JSON', '{"url":"https://docs.example.com/v1/x"}', 'https://docs.example.com/v1/x'],
    ['JSON, slashes escaped', '{"url":"https:\\/\\/docs.example.com\\/v1\\/x"}', 'https://docs.example.com/v1/x'],
    ['JSON of Go', '{"url":"https://docs.example.com/x?a=1\\u0026b=2"}', 'https://docs.example.com/x?a=1&b=2'],
    ['HTML, with slashes as entities', '<a href="&#47;api&sol;x&#x2F;y">', 'https://docs.example.com/api/x/y'],
    ['JSON, in upper case', '{"url":"https://docs.example.com/x?a\\u003D1"}', 'https://docs.example.com/x?a=1'],
    ['JSON, from the root', '{"next":"/v1/items?page=2"}', 'https://docs.example.com/v1/items?page=2'],
    ['JSON, from the root, escaped', '{"next":"\\/v1\\/items"}', 'https://docs.example.com/v1/items'],
    ['a sitemap', '<url><loc>https://docs.example.com/a&amp;b</loc></url>', 'https://docs.example.com/a&b'],
    ['Markdown', 'see [this](../reference/x.md) and', 'https://docs.example.com/reference/x.md'],
    ['Markdown, absolute', 'see [this](https://docs.example.com/x_(y)) and', 'https://docs.example.com/x_(y)'],
    ['plain text', 'go to https://docs.example.com/x.', 'https://docs.example.com/x'],
    ['plain text, with what may belong to it', 'go to https://docs.example.com/x.', 'https://docs.example.com/x.'],
    ['a path with a space', '<a href="https://docs.example.com/a%20b">', 'https://docs.example.com/a%20b'],
    ['a path in another alphabet', '<a href="https://docs.example.com/é">', 'https://docs.example.com/%C3%A9'],
    [
      'a query that the URL standard would escape',
      '<a href="https://docs.example.com/?q=\'x\'">',
      "https://docs.example.com/?q='x'",
    ],
    ['a host without a path', 'https://docs.example.com', 'https://docs.example.com/'],
    ['a host with its dot', 'https://docs.example.com./x', 'https://docs.example.com/x'],
    ['its own port', 'https://docs.example.com:443/x', 'https://docs.example.com/x'],
    ['another port', 'https://docs.example.com:8443/x', 'https://docs.example.com:8443/x'],
  ])('N11 a link in %s', (_, body, url) => {
    expect(has(afterReading(body), url)).toBe(true);
  });

  it.each<[string, string]>([
    ['a script', '<a href="javascript:alert(1)">'],
    ['data', '<img src="data:text/plain,x">'],
    ['mail', '<a href="mailto:a@example.com">'],
    ['a file', 'file:///etc/passwd'],
    ['a user in it', 'https://docs.example.com@evil.test/x'],
    ['more bytes than a URL may have', `https://docs.example.com/${'a'.repeat(LINK_LIMITS.urlBytes)}`],
  ])('N11 no link: %s', (_, body) => {
    expect(afterReading(body).size).toBe(0);
  });

  it('N11 a redirect names one URL, relative or not, and nothing beside', () => {
    const seen = seenUrls();
    seen.addLocation(page, '/next?from=https://other.example.com/');
    seen.addLocation(page, 'https://cdn.example.com/file');
    expect(has(seen, 'https://docs.example.com/next?from=https://other.example.com/')).toBe(true);
    expect(has(seen, 'https://cdn.example.com/file')).toBe(true);
    expect(has(seen, 'https://other.example.com/')).toBe(false);
  });

  it('N11 what the request said itself is not named by the answer', () => {
    const asked = requestFor('https://docs.example.com/missing/https:%2F%2Fevil.test%2Fleak%3Fd=1');
    expect(
      has(afterReading('no page /missing/https://evil.test/leak?d=1 here', asked), 'https://evil.test/leak?d=1'),
    ).toBe(false);
    const seen = seenUrls();
    seen.addLocation(
      requestFor('https://docs.example.com/go?to=https%253A%252F%252Fevil.test%252Fx'),
      'https://evil.test/x',
    );
    expect(seen.size).toBe(0);
    const plain = requestFor('https://docs.example.com/missing/evil.test/leak');
    for (const scheme of ['http', 'https']) {
      const echoed = afterReading(`no page ${scheme}://evil.test/leak`, plain);
      expect([scheme, has(echoed, `${scheme}://evil.test/leak`)]).toEqual([scheme, false]);
    }
    const loud = requestFor('https://docs.example.com/HTTPS:%2F%2FEVIL.test%2Fx');
    expect(has(afterReading('no page HTTPS://EVIL.test/x', loud), 'https://evil.test/x')).toBe(false);
    expect(has(afterReading('see https://evil.test/leak?d=1', page), 'https://evil.test/leak?d=1')).toBe(true);
  });

  it('N11 the form of a request has a port only where it is not its own', () => {
    expect(urlOf(requestFor('https://a.example.com/x?y'))).toBe('https://a.example.com/x?y');
    expect(urlOf(requestFor('http://a.example.com/x'))).toBe('http://a.example.com/x');
    expect(urlOf(requestFor('https://a.example.com/x', { port: 80 }))).toBe('https://a.example.com:80/x');
    expect(urlOf(requestFor('https://a.example.com/x', { query: '' }))).toBe('https://a.example.com/x?');
  });
});

describe('N11 links are read while a body passes', () => {
  const links = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => `https://docs.example.com/p/${i}/`);

  it('N11 however it is cut, every link is found and no half of one', () => {
    const body = links(600)
      .map((url, i) => `<li class="entry number-${i}"><a href="${url}">`)
      .join('\n');
    const all = new Set(linksIn(body, undefined));
    fc.assert(
      fc.property(fc.array(fc.nat(body.length), { maxLength: 40 }), (cuts) => {
        const found = new Set<string>();
        const reader = new LinkReader(urlOf(page), (urls) => {
          for (const url of urls) found.add(url);
        });
        const at = [0, ...cuts.sort((a, b) => a - b), body.length];
        for (let i = 1; i < at.length; i++) reader.push(Buffer.from(body.slice(at[i - 1], at[i])));
        reader.end();
        expect(found).toEqual(all);
      }),
      { numRuns: 30 },
    );
  });

  it('N11 a URL that never ends is none, and neither is its beginning', () => {
    const seen = afterReading(
      `https://docs.example.com/${'a/'.repeat(200_000)} https://docs.example.com/b`,
      page,
      [9000, 30_000, 100_000],
    );
    expect(seen.size).toBe(1);
    expect(has(seen, 'https://docs.example.com/b')).toBe(true);
  });

  it('N11 letters of many bytes may be cut in the middle', () => {
    const body = '<a href="https://docs.example.com/é/ü">';
    const middle = Buffer.from(body).indexOf(0xc3) + 1;
    expect(has(afterReading(body, page, [middle]), 'https://docs.example.com/%C3%A9/%C3%BC')).toBe(true);
  });

  it('N11 what is read of one body is bounded, in bytes and in links', () => {
    const filler = `${' '.repeat(LINK_LIMITS.bytes)} https://docs.example.com/late and so on`;
    expect(afterReading(filler).size).toBe(0);
    expect(afterReading(links(LINK_LIMITS.links + 500).join(' ')).size).toBe(LINK_LIMITS.links);
  });

  it('N11 the bounds hold for a body in pieces, and for a text', () => {
    const seen = seenUrls();
    const reader = seen.reader(page);
    reader.push(Buffer.alloc(LINK_LIMITS.bytes + 10, ' '));
    reader.push(Buffer.from(` https://docs.example.com/late and ${'so on '.repeat(10)}`));
    reader.end();
    expect(seen.size).toBe(0);
    expect(linksIn(links(LINK_LIMITS.links + 500).join(' '), undefined)).toHaveLength(LINK_LIMITS.links);
  });

  it('N11 a URL that the bound cuts off is not read', () => {
    const start = LINK_LIMITS.bytes - 30;
    const seen = afterReading(`${' '.repeat(start)}https://docs.example.com/a/long/path`);
    expect(seen.size).toBe(0);
  });

  it.each([
    ['brackets', `https://a.example.com/${')'.repeat(4000)}a `],
    ['full stops', `https://a.example.com/${'.'.repeat(4000)}a `],
    ['open quotes', '"/"'.repeat(1000)],
    ['spaces in an attribute', ` href${' '.repeat(4000)}`],
    ['Markdown that stays open', `](${'('.repeat(4000)}`],
    ['brackets in Markdown', `](a${'(b)'.repeat(1000)}(`],
    ['escapes', `https://a.example.com/${'\\/'.repeat(2000)}`],
  ])('N11 a hostile page takes no more time than its bytes: %s', (_, piece) => {
    const started = performance.now();
    afterReading(piece.repeat(50));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

it('N11 a body without any break is not read again and again', () => {
  const started = performance.now();
  const pieces = Array.from({ length: 1500 }, (_, i) => i * 1024);
  afterReading(`https://docs.example.com/${'a/'.repeat(800_000)}`, page, pieces);
  expect(performance.now() - started).toBeLessThan(4000);
});

describe('N11 which answers may name URLs', () => {
  const reads = ruleFor('docs.example.com');
  const plain = requestFor('https://docs.example.com/a');
  const asking = requestFor('https://docs.example.com/search?q=https://evil.test');

  it('N11 those of a rule that reads, to a request in which an agent could say nothing', () => {
    expect(teaches(plain, reads, [reads], 200)).toBe(true);
    expect(teaches(plain, reads, [reads], 302)).toBe(true);
  });

  it.each([199, 400, 404, 500])('N11 not with status %d: such pages repeat what was asked for', (status) => {
    expect(teaches(plain, reads, [reads], status)).toBe(false);
  });

  it('N11 not to a request with a query of its own', () => {
    expect(teaches(asking, reads, [reads], 200)).toBe(false);
    expect(teaches(requestFor('https://docs.example.com/a', { query: '' }), reads, [reads], 200)).toBe(false);
    const any = ruleFor('docs.example.com', { query: [{ name: 'v', values: ['1'] }, { name: 'q' }] });
    expect(teaches(asking, any, [any], 200)).toBe(false);
  });

  it('N11 to one whose query the rule fixes, or whose URL was seen', () => {
    const fixed = ruleFor('docs.example.com', { query: [{ name: 'q', values: ['https://evil.test'] }] });
    expect(teaches(asking, fixed, [fixed], 200)).toBe(true);
    const seen = ruleFor('docs.example.com', { limits: { urls: 'seen' } });
    expect(teaches(asking, seen, [seen], 200)).toBe(true);
  });

  it('N11 not where the session can write, by this rule or another, open or requestable', () => {
    const writing = ruleFor('docs.example.com', { methods: ['GET', 'POST'] });
    expect(teaches(plain, writing, [writing], 200)).toBe(false);
    expect(teaches(plain, writing, [], 200)).toBe(false);
    for (const host of ['docs.example.com', '*.example.com', '.example.com']) {
      const other = ruleFor(host, { methods: ['PUT'] });
      expect(teaches(plain, reads, [reads, other], 200)).toBe(false);
      const socket = ruleFor(host, { limits: { websocket: true } });
      expect(teaches(plain, reads, [reads, socket], 200)).toBe(false);
    }
    expect(teaches(plain, reads, [reads, ruleFor('api.example.net', { methods: ['PUT'] })], 200)).toBe(true);
    expect(teaches({ ...plain, method: 'POST' }, reads, [reads], 200)).toBe(false);
    // A host that nobody can read could be any.
    const unread = ruleFor('*', { methods: ['PUT'] });
    expect(teaches(plain, reads, [reads, unread], 200)).toBe(false);
    expect(teaches(plain, ruleFor('*'), [ruleFor('api.example.net', { methods: ['PUT'] })], 200)).toBe(false);
  });
});

describe('N11 memory of a session is bounded', () => {
  it('N11 the newest half is always known, and never more than all', () => {
    const set = new BoundedSet(100);
    for (let i = 0; i < 1000; i++) {
      set.add(i);
      expect(set.size).toBeLessThanOrEqual(100);
      for (let j = Math.max(0, i - 49); j <= i; j++) if (!set.has(j)) throw new Error(`${j} forgotten at ${i}`);
    }
    expect(set.has(0)).toBe(false);
  });

  it('N11 what is only added is never more than all', () => {
    const set = new BoundedSet(4);
    for (let i = 0; i < 20; i++) {
      set.add(i);
      expect(set.size).toBeLessThanOrEqual(4);
    }
  });

  it('N11 what was used again is held once', () => {
    const set = new BoundedSet(4);
    for (const hash of [1, 2, 1]) set.add(hash);
    expect(set.size).toBe(2);
  });

  it('N11 what is asked for again stays', () => {
    const set = new BoundedSet(100);
    set.add(-1);
    for (let i = 0; i < 1000; i++) {
      set.add(i);
      expect(set.has(-1)).toBe(true);
    }
  });

  it('N11 a page can not push out what the task named by naming more than fits', () => {
    expect(LINK_LIMITS.links * 2).toBeLessThan(MAX_SEEN_URLS);
  });

  it('N11 hashes depend on the key, which has to be random', () => {
    const [one, other] = [urlHash(KEY), urlHash(Buffer.alloc(16, 8))];
    expect(one('https://a.example.com/')).toBe(urlHash(KEY)('https://a.example.com/'));
    expect(one('https://a.example.com/')).not.toBe(other('https://a.example.com/'));
    expect(Number.isSafeInteger(one('x'))).toBe(true);
    expect(() => urlHash(Buffer.alloc(15))).toThrow('expected 16 random ones');
  });

  it('N11 hashes use all their bits', () => {
    const hashes = Array.from({ length: 2000 }, (_, i) => urlHash(KEY)(`${i}`));
    expect(Math.max(...hashes)).toBeGreaterThan(2 ** 52);
    for (let bit = 0; bit < 5; bit++)
      expect(new Set(hashes.map((hash) => Math.floor(hash / 2 ** bit) % 2)).size).toBe(2);
    expect(new Set(hashes).size).toBe(2000);
  });
});
