import { formatHostPattern } from '../../../core/egress/host';
import { effectiveHosts, shortestPatterns } from '../../../core/network/host-set';
import { patterns } from './rule-reader';

/** `a.example.com`, or `.example.com except b.example.com, .c.example.com`. */
const effective = (allowed: string[], blocked: string[]): string[] =>
  effectiveHosts(patterns(...allowed), patterns(...blocked)).map(({ pattern, except }) => {
    const names = except.map(formatHostPattern).join(', ');
    return `${formatHostPattern(pattern)}${except.length > 0 ? ` except ${names}` : ''}`;
  });

describe('N14 blocked names are taken out of allowed ones', () => {
  it.each<[what: string, allowed: string[], blocked: string[], expected: string[]]>([
    ['nothing blocked', ['.example.com', 'a.test.example'], [], ['a.test.example', '.example.com']],
    ['the name itself', ['a.example.com'], ['a.example.com'], []],
    ['a name below a wildcard', ['.example.com'], ['a.example.com'], ['.example.com except a.example.com']],
    [
      'two names below one',
      ['*.example.com'],
      ['b.example.com', 'a.example.com'],
      ['*.example.com except a.example.com, b.example.com'],
    ],
    ['a domain below a wildcard', ['.example.com'], ['.b.example.com'], ['.example.com except .b.example.com']],
    [
      'what is below a name, which itself stays open',
      ['.example.com'],
      ['*.b.example.com'],
      ['b.example.com', '.example.com except .b.example.com'],
    ],
    ['the apex of a domain', ['.example.com'], ['example.com'], ['*.example.com']],
    ['all below the apex', ['.example.com'], ['*.example.com'], ['example.com']],
    ['a wildcard above', ['.b.example.com', 'example.com'], ['*.example.com'], ['example.com']],
    ['a name beside', ['a.example.com'], ['b.example.com'], ['a.example.com']],
    ['a name that only ends alike', ['.example.com'], ['evilexample.com'], ['.example.com']],
  ])('N14 %s', (_, allowed, blocked, expected) => {
    expect(effective(allowed, blocked).sort()).toEqual([...expected].sort());
  });

  it('N14 in one order, by name', () => {
    const texts = ['b.example.com', '*.z.example', 'a.example.com', '.c.example'];
    const sorted = ['a.example.com', 'b.example.com', '.c.example', '*.z.example'];
    expect(shortestPatterns(patterns(...texts)).map(formatHostPattern)).toEqual(sorted);
    expect(effective([...texts].reverse(), [])).toEqual(sorted);
  });
});
