import type { DocumentGrant, PolicyDocument } from './document';
import { type HostPattern, matchesHost, parseHostPattern } from './host';
import type { Parameter } from './query';
import type { EgressRequest } from './request';
import type { EgressRule } from './rule';

/** A rule made ready to be asked often. */
export interface CompiledRule {
  readonly rule: EgressRule;
  /** By the list it stands in, so that no wrong origin opens what has to be requested. */
  readonly requestable: boolean;
  readonly methods: ReadonlySet<string>;
  readonly paths: readonly PathMatcher[] | undefined;
  readonly query: readonly { readonly name: string; readonly values: ReadonlySet<string> | undefined }[] | undefined;
  /** The grant whose credential the rule injects. */
  readonly grant: DocumentGrant | undefined;
}

/** A document made ready, once for each time it is loaded. */
export interface CompiledPolicy {
  readonly document: PolicyDocument;
  readonly rules: HostIndex<CompiledRule>;
  readonly blocked: HostIndex<true>;
}

/** For documents that {@link parseDocument} has passed; throws on any other. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const rules = new HostIndex<CompiledRule>();
  const closed = new Set(document.requestable);
  for (const rule of [...document.rules, ...document.requestable]) {
    const grant = document.grants.find(({ id }) => id === rule.inject);
    if (rule.inject !== undefined && grant === undefined) throw new Error(`rule ${rule.id} injects an unknown grant`);
    rules.add(hostPattern(rule.host), {
      rule,
      requestable: closed.has(rule) || rule.origin.kind === 'requestable',
      methods: new Set(rule.methods),
      paths: rule.paths?.map(pathMatcher),
      query: rule.query?.map(({ name, values }) => ({ name, values: values && new Set(values) })),
      grant,
    });
  }
  const blocked = new HostIndex<true>();
  for (const host of document.blocked) blocked.add(hostPattern(host), true);
  return { document, rules, blocked };
}

/** Finds what was filed under patterns that match a name, in as many steps as the name has labels. */
export class HostIndex<T> {
  private readonly byName = new Map<string, { readonly pattern: HostPattern; readonly item: T }[]>();

  add(pattern: HostPattern, item: T): void {
    const there = this.byName.get(pattern.name);
    if (there) there.push({ pattern, item });
    else this.byName.set(pattern.name, [{ pattern, item }]);
  }

  find(host: string): T[] {
    const found: T[] = [];
    for (let name = host; name !== ''; ) {
      for (const { pattern, item } of this.byName.get(name) ?? []) {
        if (matchesHost(pattern, host)) found.push(item);
      }
      const dot = name.indexOf('.');
      name = dot === -1 ? '' : name.slice(dot + 1);
    }
    return found;
  }
}

export type PathMatcher = (segments: readonly string[]) => boolean;

/**
 * `*` is one segment or part of one, `/**` at the end all that follows: `/a/**` is `/a/` and what lies below, not `/a`.
 * Raw text against raw text. No regular expression, so no pattern makes a path expensive.
 */
export function pathMatcher(pattern: string): PathMatcher {
  const parts = pattern.split('/');
  const rest = parts[parts.length - 1] === '**';
  const wanted = (rest ? parts.slice(0, -1) : parts).map(segmentMatcher);
  return (segments) =>
    (rest ? segments.length > wanted.length : segments.length === wanted.length) &&
    wanted.every((matches, i) => matches(segments[i] ?? ''));
}

/** `*` alone wants at least one character: `/repos/*` is one repository, not the list of all. */
function segmentMatcher(pattern: string): (segment: string) => boolean {
  if (pattern === '*') return (segment) => segment !== '';
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (segment) => segment === pattern;
  return (segment) => {
    if (!segment.startsWith(first) || !segment.endsWith(last)) return false;
    const end = segment.length - last.length;
    let at = first.length;
    // The leftmost place for each piece leaves the most room for those after it, so there is no going back.
    for (const piece of others) {
      const found = segment.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return at <= end;
  };
}

/** Everything a rule says but method, port, WebSocket and body. */
export function matchesTarget(compiled: CompiledRule, request: EgressRequest, segments: readonly string[]): boolean {
  const { rule, paths, query } = compiled;
  if (request.encodedSlash && rule.limits?.encodedSlash !== true) return false;
  if (paths !== undefined && !paths.some((matches) => matches(segments))) return false;
  return query === undefined || matchesQuery(query, request);
}

/**
 * The listed parameters are the only ones allowed, and one with values has to be there. Two of one name are refused:
 * servers choose the first, the last or both. A raw `;` too, because some split there.
 */
function matchesQuery(query: NonNullable<CompiledRule['query']>, request: EgressRequest): boolean {
  if (request.query?.includes(';')) return false;
  const seen = new Map<string, string>();
  for (const { name, value } of request.parameters satisfies readonly Parameter[]) {
    if (seen.has(name)) return false;
    seen.set(name, value);
  }
  for (const { name, values } of query) {
    const value = seen.get(name);
    if (values !== undefined && (value === undefined || !values.has(value))) return false;
    seen.delete(name);
  }
  return seen.size === 0;
}

function hostPattern(text: string): HostPattern {
  const parsed = parseHostPattern(text);
  if (parsed.kind === 'invalid') throw new Error(`host "${text}": ${parsed.problem}`);
  return parsed.value;
}
