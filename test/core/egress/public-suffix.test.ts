import { parseHostPattern } from '../../../core/egress/host';
import { isPublicSuffixWildcard } from '../../../core/egress/public-suffix';

function takesInStrangers(text: string): boolean {
  const parsed = parseHostPattern(text);
  if (parsed.kind === 'invalid') throw new Error(`${text}: ${parsed.problem}`);
  return isPublicSuffixWildcard(parsed.value);
}

describe("N1 a wildcard never takes in strangers' names", () => {
  it.each<[string, string[]]>([
    ['the ICANN part of the list', ['co.uk', 'com.au', 'kawasaki.jp']],
    [
      'the private part of the list',
      ['github.io', 'vercel.app', 's3.amazonaws.com', 'blob.core.windows.net', 'r2.dev'],
    ],
    ['a root of a cloud', ['amazonaws.com', 'googleapis.com', 'azure.com', 'windows.net', 'on.aws', 'fastly.net']],
    [
      'what lies between a root and its tenants',
      [
        'eu-west-1.amazonaws.com', // has s3.eu-west-1.amazonaws.com below it
        'core.windows.net', // has blob.core.windows.net below it
        'storage.googleapis.com', // buckets; not on the list at all
        'openai.azure.com',
        'r2.cloudflarestorage.com',
      ],
    ],
  ])('N1 %s', (_, names) => {
    for (const name of names) {
      expect([name, takesInStrangers(`*.${name}`), takesInStrangers(`.${name}`)]).toEqual([name, true, true]);
    }
  });

  it('N1 a wildcard on what one owner holds is fine, below a suffix too', () => {
    for (const name of [
      'example.com',
      'example.co.uk',
      'acme.github.io',
      'acme.s3.amazonaws.com',
      'docs.example.com',
    ]) {
      expect([name, takesInStrangers(`*.${name}`), takesInStrangers(`.${name}`)]).toEqual([name, false, false]);
    }
  });

  it('N1 a name that only ends like a root is not below it', () => {
    expect(takesInStrangers('*.notazure.com')).toBe(false);
  });

  it('N1 an exact name on a suffix has one owner', () => {
    for (const name of ['github.io', 'sts.amazonaws.com', 'acme.s3.eu-west-1.amazonaws.com', 'co.uk']) {
      expect([name, takesInStrangers(name)]).toEqual([name, false]);
    }
  });
});
