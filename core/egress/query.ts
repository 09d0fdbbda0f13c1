import { type Refused, refused } from './refusal';

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** RFC 3986's characters, and those that the URL standard leaves as they are (`filter[a]=b|c` as Node's fetch sends it). */
const CHARACTERS = /^[A-Za-z0-9._~!$&'()*+,;=:@%/?|^`{}[\]-]*$/;

/**
 * With these a request names another method than its own (Laravel; Google's APIs), and a rule on methods would be
 * blind. `_method` in a form body can't be seen here.
 */
const METHOD_OVERRIDES: ReadonlySet<string> = new Set([
  '_method',
  '$httpmethod',
  '$httpheaders',
  'x-http-method-override',
]);

/**
 * The parameters of a raw query in order, repetitions included, `%XX` as UTF-8 and `+` as a space. Pieces between two
 * `&` count even when empty: a rule on the query then refuses them. Unlike in a path, escaped line breaks and
 * backslashes stand: people search for them.
 */
export function readQuery(query: string): { readonly kind: 'ok'; readonly parameters: readonly Parameter[] } | Refused {
  if (!CHARACTERS.test(query)) return malformed('the query has a character that has to be escaped');
  if (query.includes('%00')) return malformed('the query has an escaped NUL');
  if (query === '') return { kind: 'ok', parameters: [] };
  const parameters: Parameter[] = [];
  for (const piece of query.split('&')) {
    const equals = piece.indexOf('=');
    const name = decode(equals === -1 ? piece : piece.slice(0, equals));
    const value = decode(equals === -1 ? '' : piece.slice(equals + 1));
    if (name === undefined || value === undefined) return malformed('the query has a broken escape');
    if (METHOD_OVERRIDES.has(name.toLowerCase())) return malformed('the query names another method');
    parameters.push({ name, value });
  }
  return { kind: 'ok', parameters };
}

function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

function malformed(problem: string): Refused {
  return refused('malformed-request', problem);
}
