import { overlapsHost, parseHostPattern } from './host';
import { LinkReader, linksIn } from './links';
import type { EgressRequest } from './request';
import { type EgressRule, isWrite } from './rule';
import { BoundedSet, type UrlHash } from './url-set';

/** Of one session. The most recent half is always known; see {@link BoundedSet}. */
export const MAX_SEEN_URLS = 50_000;

/** A request's URL in the one form that provenance and budgets know it by. No fragment: none is ever sent. */
export function urlOf({ scheme, host, port, path, query }: EgressRequest): string {
  const usual = port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${host}${usual ? '' : `:${port}`}${path}${query === undefined ? '' : `?${query}`}`;
}

/**
 * The URLs one session was shown by somebody else than its agent. A rule with `urls: seen` opens these and no other, so
 * that a URL an agent was talked into composing carries nothing out. A URL gets in by standing in the task's text, or in
 * an answer that {@link teaches} says may name URLs.
 *
 * Known limit: whoever writes the trusted pages can offer a link for each letter of an alphabet, and an agent that
 * follows them in order spells. `distinctUrls` and `requestsPerMinute` bound how much.
 */
export class SeenUrls {
  private readonly seen = new BoundedSet(MAX_SEEN_URLS);

  constructor(private readonly hash: UrlHash) {}

  get size(): number {
    return this.seen.size;
  }

  has(request: EgressRequest): boolean {
    return this.seen.has(this.hash(urlOf(request)));
  }

  /** Text of the operator or the requester, as the session was started with it. */
  addText(text: string): void {
    this.addAll(linksIn(text, undefined));
  }

  /** A Location header of an answer that {@link teaches}: that URL, and none besides. */
  addLocation(request: EgressRequest, location: string): void {
    this.addNew(request, linksIn(location, urlOf(request), 'location'));
  }

  /** Links in the body of an answer that {@link teaches}: push the decoded body's pieces as they pass, then end. */
  reader(request: EgressRequest): LinkReader {
    return new LinkReader(urlOf(request), (links) => this.addNew(request, links));
  }

  /** Leaves out what the request itself said: a page that says "/https://x is not here" named no URL. */
  private addNew(request: EgressRequest, links: readonly string[]): void {
    const said = decodedTwice(`${request.path}?${request.query ?? ''}`);
    this.addAll(links.filter((link) => !said.includes(decodedTwice(link.replace(/^https?:\/\//, '')))));
  }

  private addAll(links: readonly string[]): void {
    for (const link of links) this.seen.add(this.hash(link));
  }
}

/**
 * Whether the answer to a request may name URLs. It may not where the agent could have written it: where some rule, open
 * or requestable, writes to a host of this rule, or where the request itself has text of the agent's choosing that the
 * host could repeat (`/search?q=https://...`). A path can be repeated too, in the page that says it is not there, so the
 * answer has to be a success or a redirect.
 */
export function teaches(request: EgressRequest, rule: EgressRule, all: readonly EgressRule[], status: number): boolean {
  if (status < 200 || status >= 400 || isWrite([request.method])) return false;
  if (isWrite(rule.methods) || all.some((other) => isWriting(other) && meet(other.host, rule.host))) return false;
  const fixed = rule.limits?.urls === 'seen' || rule.query?.every(({ values }) => values !== undefined) === true;
  return fixed || request.query === undefined;
}

function decodedTwice(text: string): string {
  const once = (escaped: string): string =>
    escaped.replaceAll(/%([2-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return once(once(text)).toLowerCase();
}

function isWriting(rule: EgressRule): boolean {
  return isWrite(rule.methods) || rule.limits?.websocket === true;
}

function meet(a: string, b: string): boolean {
  const [one, other] = [parseHostPattern(a), parseHostPattern(b)];
  return one.kind === 'invalid' || other.kind === 'invalid' || overlapsHost(one.value, other.value);
}
