import type { Attack } from './attack';

/** What is no request in the one form: two readers could read it differently. */
const malformed = (entry: Omit<Attack, 'expect'>): Attack => ({ expect: 'malformed-request', ...entry });
const path = (name: string, target: string, guards: string, pitfall?: number): Attack =>
  malformed({ name, target, guards: `path.ts ${guards}`, ...(pitfall && { pitfall }) });

export const ATTACKS_ON_PATHS: readonly Attack[] = [
  path('a climbing segment', '/v1/../admin', 'withoutDots', 15),
  path('a climbing end', '/v1/..', 'withoutDots', 15),
  path('a single dot', '/v1/./admin', 'withoutDots', 15),
  path('a dot at the end', '/v1/.', 'withoutDots'),
  path('an escaped climb', '/v1/%2e%2e/admin', 'UNRESERVED', 15),
  path('a half escaped climb', '/v1/.%2E/admin', 'UNRESERVED', 15),
  path('a climb with parameters (Tomcat)', '/v1/..;/admin', 'DOTS', 15),
  path('a climb with parameters that say something', '/v1/..;x=1/admin', 'DOTS', 15),
  path('a dot with parameters', '/v1/.;x/admin', 'DOTS', 15),
  path('a climb behind an escaped semicolon', '/v1/..%3b/admin', 'NFKC, DOTS', 15),
  path('a climb with a space behind (Windows)', '/v1/..%20/admin', 'DOTS white space'),
  path('a climb with a space before', '/v1/%20../admin', 'DOTS white space'),
  path('a climb over an escaped slash', '/v1/x%2f..%2f..%2fadmin', 'NFKC, DOTS', 15),
  path('a backslash', '/v1\\..\\admin', 'CHARACTERS', 15),
  path('an escaped backslash', '/v1/x%5c..%5cadmin', 'escaped backslash', 15),
  path('an escaped backslash in capitals', '/v1/x%5Cadmin', 'escaped backslash', 15),
  path('two slashes in front', '//evil.test/x', 'empty segment', 15),
  path('two slashes inside', '/v1//admin', 'empty segment', 15),
  path('a fragment', '/v1#/../admin', 'CHARACTERS', 15),
  path('an escaped NUL', '/v1/x%00.json', '\\p{C}', 15),
  path('an escaped line feed', '/v1/x%0ay', '\\p{C}', 14),
  path('an escaped carriage return', '/v1/x%0Dy', '\\p{C}', 14),
  path('the last escaped control character', '/v1/x%1fy', '\\p{C}'),
  path('an escaped DEL', '/v1/x%7fy', '\\p{C}'),
  path('a dot escaped twice', '/v1/%252e%252e/admin', 'escaped escape', 15),
  path('a slash escaped twice', '/v1/x%252fadmin', 'escaped escape', 15),
  path('a letter escaped for no reason', '/v1/%61dmin', 'UNRESERVED', 15),
  path('a tilde escaped for no reason', '/v1/%7Eme', 'UNRESERVED'),
  path('an escape without digits', '/v1/%zz', 'decodeURIComponent'),
  path('an escape with one digit', '/v1/%2', 'decodeURIComponent'),
  path('an escape of another kind (IIS)', '/v1/%u002e%u002e/admin', 'decodeURIComponent', 15),
  path('an overlong dot', '/v1/%c0%ae%c0%ae/admin', 'decodeURIComponent', 15),
  path('half a character', '/v1/%e2%82', 'decodeURIComponent'),
  path('a full-width climb', '/v1/%ef%bc%8e%ef%bc%8e/admin', 'NFKC, DOTS', 15),
  path('a full-width slash', '/v1/x%ef%bc%8fadmin', 'look-alike of a slash', 15),
  path('a full-width backslash', '/v1/x%ef%bc%bcadmin', 'look-alike of a slash', 15),
  path('an invisible character in a climb', '/v1/.%e2%80%8b./admin', '\\p{C}'),
  path('a character that has to be escaped', '/v1/"x"', 'CHARACTERS'),
  path('a control character', '/v1/\u0001x', 'CHARACTERS'),
  path('a byte above ASCII in the path', '/v1/\u00e9', 'CHARACTERS'),
  malformed({
    name: 'no leading slash',
    requestLine: 'GET v1/x HTTP/1.1',
    ways: ['connect'],
    guards: 'path.ts CHARACTERS',
    nodeRefuses: true,
  }),
  malformed({
    name: 'a target of more than 8 KB',
    target: `/${'a'.repeat(8192)}`,
    guards: 'normalise.ts MAX_TARGET_BYTES',
    pitfall: 30,
  }),
  ...[
    '/v1/x;y=1',
    '/v1/%40scope',
    '/v1/%e2%82%ac',
    '/v1/x%20y',
    '/v1/.well-known',
    '/v1/a..b/...',
    '/v1/100%25',
    '/~me/a:b@c',
  ].map(
    (target): Attack => ({ name: `${target} is a plain path`, target, guards: 'path.ts accepts', expect: 'allow' }),
  ),
];

export const ATTACKS_ON_QUERIES: readonly Attack[] = [
  malformed({ name: 'a broken escape in the query', target: '/?a=%g1', guards: 'query.ts decode' }),
  malformed({ name: 'a broken escape in a name of the query', target: '/?%=1', guards: 'query.ts decode' }),
  malformed({ name: 'a query that is no UTF-8', target: '/?a=%ff', guards: 'query.ts decode' }),
  malformed({ name: 'an escaped NUL in the query', target: '/?a=b%00c', guards: 'query.ts NUL' }),
  malformed({ name: 'a fragment behind the query', target: '/?a=b#c', guards: 'query.ts CHARACTERS' }),
  malformed({ name: 'a backslash in the query', target: '/?a=b\\c', guards: 'query.ts CHARACTERS' }),
  malformed({ name: 'markup in the query', target: '/?a=<b>', guards: 'query.ts CHARACTERS' }),
  malformed({ name: 'a byte above ASCII in the query', target: '/?a=\u00e9', guards: 'query.ts CHARACTERS' }),
  ...['_method', '_METHOD', '$httpMethod', '$httpHeaders', 'X-HTTP-Method-Override'].map((name) =>
    malformed({
      name: `another method by ${name}`,
      method: 'POST',
      target: `/?${name}=DELETE`,
      guards: 'query.ts METHOD_OVERRIDES',
    }),
  ),
  malformed({
    name: 'another method by an escaped name',
    method: 'POST',
    target: '/?%5fmethod=DELETE',
    guards: 'query.ts METHOD_OVERRIDES',
  }),
  ...['/?', '/?a', '/?a=b&&c=', '/?filter[a]=b|c{d}', '/?q=a+b%20c%0ad%5ce', '/?u=https://x.test/y?z'].map(
    (target): Attack => ({ name: `${target} has a plain query`, target, guards: 'query.ts accepts', expect: 'allow' }),
  ),
];
