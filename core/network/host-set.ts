import { formatHostPattern, type HostPattern } from '../egress/host';

/** A pattern and the names under it that are blocked. Only a wildcard has exceptions. */
export interface EffectiveHost {
  readonly pattern: HostPattern;
  /** `exact` or `domain`, each strictly below the pattern's name. */
  readonly except: readonly HostPattern[];
}

/**
 * A set of names in two parts, because every spelling is one or both of them: single names, and "all below this name".
 * Sets instead of pair-wise comparison: 30,000 patterns would be 900 million pairs.
 */
interface NameSet {
  readonly exact: Set<string>;
  readonly below: Set<string>;
}

/** The same set of names in its shortest, sorted spelling: no duplicates, nothing covered, `x` with `*.x` is `.x`. */
export function shortestPatterns(patterns: readonly HostPattern[]): readonly HostPattern[] {
  return inOrder(toPatterns(toNameSet(patterns)));
}

/** What is allowed once the blocked names are taken out; for every name, `blocked` wins. */
export function effectiveHosts(
  allowed: readonly HostPattern[],
  blocked: readonly HostPattern[],
): readonly EffectiveHost[] {
  const block = toNameSet(blocked);
  const all = toNameSet(allowed);
  const exact = new Set([...all.exact].filter((name) => !includesName(block, name)));
  const below = new Set([...all.below].filter((name) => !includesBelow(block, name)));
  const exceptions = new Map<string, HostPattern[]>();
  for (const inner of toPatterns(block)) {
    const outer = ancestors(inner.name).find((name) => below.has(name));
    if (outer === undefined) continue;
    // "Not below b" in one negated content takes the apex b out as well, so an apex that isn't blocked gets its own rule.
    if (inner.kind === 'subdomains') exact.add(inner.name);
    const except: HostPattern = inner.kind === 'subdomains' ? { kind: 'domain', name: inner.name } : inner;
    exceptions.set(outer, [...(exceptions.get(outer) ?? []), except]);
  }
  return inOrder(toPatterns({ exact, below })).map((pattern) => ({
    pattern,
    except: inOrder(exceptions.get(pattern.name) ?? []),
  }));
}

function toNameSet(patterns: readonly HostPattern[]): NameSet {
  const exact = new Set(patterns.filter(({ kind }) => kind !== 'subdomains').map(({ name }) => name));
  const below = new Set(patterns.filter(({ kind }) => kind !== 'exact').map(({ name }) => name));
  const coveredBy = (name: string): boolean => ancestors(name).some((ancestor) => below.has(ancestor));
  return {
    exact: new Set([...exact].filter((name) => !coveredBy(name))),
    below: new Set([...below].filter((name) => !coveredBy(name))),
  };
}

function toPatterns({ exact, below }: NameSet): HostPattern[] {
  const wildcards = [...below].map((name): HostPattern => ({ kind: exact.has(name) ? 'domain' : 'subdomains', name }));
  const names = [...exact].filter((name) => !below.has(name)).map((name): HostPattern => ({ kind: 'exact', name }));
  return [...wildcards, ...names];
}

function includesName(set: NameSet, name: string): boolean {
  return set.exact.has(name) || ancestors(name).some((ancestor) => set.below.has(ancestor));
}

function includesBelow(set: NameSet, name: string): boolean {
  return set.below.has(name) || ancestors(name).some((ancestor) => set.below.has(ancestor));
}

/** `a.b.example.com` gives `b.example.com`, `example.com`, `com`. */
function ancestors(name: string): string[] {
  const labels = name.split('.');
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'));
}

/** By code unit and not by locale: the same set gives the same bytes on every machine. */
function inOrder(patterns: readonly HostPattern[]): HostPattern[] {
  return patterns
    .map((pattern) => ({ pattern, key: `${pattern.name} ${formatHostPattern(pattern)}` }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ pattern }) => pattern);
}
