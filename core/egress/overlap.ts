import { overlapsHost, parseHostPattern } from './host';
import type { EgressRule } from './rule';

type Match = Pick<EgressRule, 'host' | 'methods' | 'paths' | 'query' | 'graphql' | 'mcp'>;

/**
 * Whether some request could match both rules. Where both are of one kind it would then be refused, since exactly one
 * rule has to match; said when the profile is compiled, it is a message, and said by the proxy it is a riddle.
 */
export function couldBothMatch(a: Match, b: Match): boolean {
  return (
    hostsMeet(a.host, b.host) &&
    a.methods.some((method) => b.methods.includes(method)) &&
    listsMeet(a.paths, b.paths, pathsMeet) &&
    !queriesDiffer(a.query, b.query) &&
    listsMeet(a.graphql?.operations, b.graphql?.operations, same) &&
    listsMeet(a.graphql?.fields, b.graphql?.fields, same) &&
    listsMeet(a.mcp?.tools, b.mcp?.tools, same) &&
    !(a.graphql && b.mcp) &&
    !(a.mcp && b.graphql)
  );
}

const same = (x: string, y: string): boolean => x === y;

function hostsMeet(a: string, b: string): boolean {
  const [x, y] = [parseHostPattern(a), parseHostPattern(b)];
  return x.kind === 'ok' && y.kind === 'ok' && overlapsHost(x.value, y.value);
}

/** A list that is missing stands for everything. */
function listsMeet<T>(
  a: readonly T[] | undefined,
  b: readonly T[] | undefined,
  meet: (x: T, y: T) => boolean,
): boolean {
  return a === undefined || b === undefined || a.some((x) => b.some((y) => meet(x, y)));
}

/** A parameter with values has to be there, so two rules that want different ones of it never match together. */
function queriesDiffer(a: Match['query'], b: Match['query']): boolean {
  return (a ?? []).some((x) => {
    const y = b?.find(({ name }) => name === x.name);
    return y?.values !== undefined && x.values !== undefined && !x.values.some((value) => y.values?.includes(value));
  });
}

/** Whether a path exists that both patterns mean: segment by segment, and `**` at the end takes whatever is left. */
function pathsMeet(a: string, b: string): boolean {
  const [x, y] = [a.split('/'), b.split('/')];
  for (let i = 0; ; i++) {
    const [p, q] = [x[i], y[i]];
    // `/a/**` begins below `/a`.
    if (p === '**' || q === '**') return p !== undefined && q !== undefined;
    if (p === undefined || q === undefined) return p === q;
    if (!segmentsMeet(p, q)) return false;
  }
}

/** Two segments in which `*` is any text without a slash. */
function segmentsMeet(a: string, b: string): boolean {
  if (a === '' && b === '') return true;
  if (a.startsWith('*')) return segmentsMeet(a.slice(1), b) || (b !== '' && segmentsMeet(a, b.slice(1)));
  if (b.startsWith('*')) return segmentsMeet(b, a);
  return a !== '' && b !== '' && a[0] === b[0] && segmentsMeet(a.slice(1), b.slice(1));
}
