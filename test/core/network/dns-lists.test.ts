import fc from 'fast-check';
import { matchesHost } from '../../../core/egress/host';
import { dnsDomains, dnsLists } from '../../../core/network/dns-lists';
import { anyName, anyPatterns, pattern, patterns } from './rule-reader';

/** What DNS Firewall does: `*.x` is every name below x and not x itself. */
const dnsMatches = (domain: string, name: string): boolean =>
  domain.startsWith('*.') ? name.endsWith(domain.slice(1)) : name === domain;

describe('N14 DNS Firewall lists', () => {
  it.each([
    ['example.com', ['example.com']],
    ['*.example.com', ['*.example.com']],
    ['.example.com', ['*.example.com', 'example.com']],
  ])('N14 renders %s with its apex in or out as policy says', (text, domains) => {
    expect(dnsDomains([pattern(text)])).toEqual(domains);
  });

  it('N14 is sorted, and leaves out what is twice or covered', () => {
    const domains = dnsDomains(
      patterns('b.test.example', '.z.example', 'a.z.example', '*.z.example', 'b.test.example'),
    );
    expect(domains).toEqual(['*.z.example', 'b.test.example', 'z.example']);
  });

  it('N14 the list matches exactly the names of the patterns', () => {
    fc.assert(
      fc.property(anyPatterns, anyName, (allowed, name) => {
        const listed = dnsDomains(allowed).some((domain) => dnsMatches(domain, name));
        expect(listed).toBe(allowed.some((each) => matchesHost(each, name)));
      }),
    );
  });

  it('N14 keeps blocked names as a list of their own', () => {
    expect(dnsLists({ allowed: patterns('*.example.com'), blocked: patterns('x.example.com') })).toEqual({
      kind: 'ok',
      allowed: ['*.example.com'],
      blocked: ['x.example.com'],
    });
    expect(dnsLists({ allowed: [] })).toEqual({ kind: 'ok', allowed: [], blocked: [] });
  });

  it.each(['allowed', 'blocked'] as const)('N14 takes 1,000 domains in the %s list and not one more', (list) => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => pattern(`h${index}.example.com`));
    const build = (count: number) => dnsLists({ allowed: [], blocked: [], [list]: many(count) });
    expect(build(1_000).kind).toBe('ok');
    expect(build(1_001)).toMatchObject({ kind: 'over-limit', limit: 'domains', most: 1_000, got: 1_001 });
    expect(build(1_001)).toHaveProperty('problem', expect.stringContaining(`the ${list} DNS list has 1001 domains`));
  });

  it('N14 takes a domain of 255 characters and not one more', () => {
    const name = (length: number) => `${'a.'.repeat(100)}${'b'.repeat(length - 200)}`;
    const build = (length: number) => dnsLists({ allowed: [{ kind: 'subdomains', name: name(length) }] });
    expect(build(253).kind).toBe('ok');
    expect(build(254)).toMatchObject({ kind: 'over-limit', limit: 'domain-characters', most: 255, got: 256 });
  });
});
