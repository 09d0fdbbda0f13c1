/** Bounds of what is read of one body. Beyond them links are missed, and their URLs stay unknown: closed, not open. */
export const LINK_LIMITS = { bytes: 4 * 1024 * 1024, links: 10_000, urlBytes: 4096 } as const;

/** Schemes with their slashes as they are, or escaped as JSON may have them. */
const ABSOLUTE = /https?:(?:\\?\/){2}[^\s"'<>`\\^{|}]+(?:\\[/u][^\s"'<>`\\^{|}]*)*/gi;
/** `href="..."` and the like; in JSON any text that is a path from the root. */
const ATTRIBUTE = /\s(?:href|src|action|cite|data|poster)\s*=\s*(?:"([^"\s<>]*)"|'([^'\s<>]*)'|([^\s"'<>=`]+))/gi;
const ROOTED = /"((?:\\?\/)[^"\s<>]*)"/g;
const MARKDOWN = /\]\(<?([^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*)/g;
/**
 * The URLs that a text names, in the form that requests have (`urlOf`): absolute ones anywhere, relative ones where
 * HTML, JSON or Markdown has links, if `base` says to what.
 *
 * @param kind `location` for one value that is a link as a whole
 */
export function linksIn(text: string, base: string | undefined, kind?: 'location'): string[] {
  const found = new Set<string>();
  const take = (link: string): void => {
    if (link.length > LINK_LIMITS.urlBytes) return;
    for (const spelled of spellings(link)) {
      for (const url of formsOf(spelled, base)) if (found.size < LINK_LIMITS.links) found.add(url);
    }
  };
  if (kind === 'location') {
    take(text);
    return [...found];
  }
  for (const [link] of text.matchAll(ABSOLUTE)) {
    take(link);
    // `see https://a.example/x.` and `(https://a.example/x)`: which of both was meant is not to be known.
    const bare = withoutPunctuation(link);
    if (bare !== link) take(bare);
  }
  for (const pattern of [ATTRIBUTE, ROOTED, MARKDOWN]) {
    for (const [, ...groups] of text.matchAll(pattern)) take(groups.find((group) => group !== undefined) ?? '');
  }
  return [...found];
}

/** Without what a sentence puts behind a URL. A loop: an expression with a `$` takes cubic time on `))))a`. */
function withoutPunctuation(link: string): string {
  let closed = link.split(')').length - link.split('(').length;
  let end = link.length;
  for (; end > 0; end--) {
    const character = link.charAt(end - 1);
    if (character === ')' && closed-- <= 0) break;
    if (!".,;:!?'*_~)".includes(character)) break;
  }
  return link.slice(0, end);
}

/** As it stands, and as HTML or JSON mean it. */
function spellings(link: string): Set<string> {
  const html = link.replaceAll(/&(?:amp|#38|#x26);/gi, '&').replaceAll(/&(?:#x2f|#47|sol);/gi, '/');
  const json = link
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\/', '/');
  return new Set([html, json]);
}

/**
 * The URL as the URL standard writes it, which browsers and most clients send, and with path and query untouched, which
 * is what curl does. Both were named.
 */
function formsOf(link: string, base: string | undefined): string[] {
  if (!URL.canParse(link, base)) return [];
  const url = new URL(link, base);
  if (!['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '') return [];
  const origin = `${url.protocol}//${url.host.replace(/\.(?=:|$)/, '')}`;
  const standard = `${origin}${url.pathname}${url.search}`;
  const [, rest] = /^https?:\/\/[^/?]*(\/.*)/is.exec(link.replace(/#.*/s, '')) ?? [];
  return rest === undefined ? [standard] : [standard, `${origin}${rest}`];
}

/** More than a URL of the longest kind with what has to stand before it. */
const OVERLAP = LINK_LIMITS.urlBytes + 256;

/** Reads links out of a body while it passes. */
export class LinkReader {
  private readonly decoder = new TextDecoder();
  private text = '';
  private read = 0;
  private count = 0;

  constructor(
    private readonly base: string,
    private readonly found: (links: readonly string[]) => void,
  ) {}

  push(chunk: Buffer): void {
    const room = LINK_LIMITS.bytes - this.read;
    // Counted though it is not read: where anything follows the bound, what stands at it may be half a URL.
    this.read += chunk.length;
    if (room <= 0 || this.count >= LINK_LIMITS.links) return;
    this.text += this.decoder.decode(chunk.subarray(0, room), { stream: true });
    if (this.text.length >= 4 * OVERLAP) this.take(false);
  }

  end(): void {
    this.take(true);
  }

  /** What stands behind the last break may go on in the next piece, and half a URL is another one. */
  private take(last: boolean): void {
    const complete = last && this.read <= LINK_LIMITS.bytes;
    const ends = complete ? this.text.length : lastBreak(this.text);
    const links = linksIn(this.text.slice(0, ends), this.base).slice(0, LINK_LIMITS.links - this.count);
    this.count += links.length;
    if (links.length > 0) this.found(links);
    // Without a break for longer than a URL may be, what has begun is none; so no text is read more than twice.
    this.text = last ? '' : this.text.slice(Math.max(0, Math.max(ends, this.text.length - OVERLAP) - OVERLAP));
  }
}

function lastBreak(text: string): number {
  let at = text.length;
  while (at > 0 && !/[\s"'<>]/.test(text.charAt(at - 1))) at--;
  return at;
}
