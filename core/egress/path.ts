import { type Refused, refused } from './refusal';

/** What stands in a path unescaped: RFC 3986's characters, and four that the URL standard leaves as they are. */
const CHARACTERS = /^(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%|^[\]-]*)+$/;
/** Letters, digits and `-._~` mean the same escaped or not, so only one who hides something escapes them. */
const UNRESERVED = /[A-Za-z0-9._~-]/;
/** `..` as some server reads it: with parameters behind a `;` (Tomcat), with white space around it (Windows). */
const DOTS = /^\s*\.{1,2}\s*(?:;|$)/;

/**
 * A path that every server reads alike, so that what a rule matched is what happens. It is forwarded as it stands and
 * never repaired. Refused: empty and dot segments in every disguise, backslashes, control characters, escapes that hide
 * an escape, escapes of what needs none, escapes that are no UTF-8. Accepted: other escapes, in either case (`%40` and
 * `@` differ for us, and patterns hold no escapes, so an escape is only ever matched by a `*`). `%2f` is reported, for
 * only a rule can allow it.
 */
export function readPath(path: string): { readonly kind: 'ok'; readonly encodedSlash: boolean } | Refused {
  if (!CHARACTERS.test(path)) return malformed('the path has a character that has to be escaped, or no leading slash');
  if (path.includes('//')) return malformed('the path has an empty segment');
  const escaped = path.includes('%');
  if (!escaped && !path.includes('/.')) return { kind: 'ok', encodedSlash: false };
  return escaped ? readEscaped(path) : withoutDots(path, false);
}

function readEscaped(path: string): { readonly kind: 'ok'; readonly encodedSlash: boolean } | Refused {
  let text: string;
  try {
    text = decodeURIComponent(path);
  } catch {
    // Broken escapes, `%u002e` (IIS), and overlong forms (`%c0%ae` for a dot), which old decoders take.
    return malformed('the escapes of the path are no UTF-8');
  }
  let encodedSlash = false;
  for (let at = path.indexOf('%'); at !== -1; at = path.indexOf('%', at + 1)) {
    const code = Number.parseInt(path.slice(at + 1, at + 3), 16);
    if (UNRESERVED.test(String.fromCharCode(code))) return malformed('the path escapes what needs none');
    // Whoever decodes twice would see another path.
    if (code === 0x25 && /^[0-9A-Fa-f]{2}/.test(path.slice(at + 3))) return malformed('the path has an escaped escape');
    encodedSlash ||= code === 0x2f;
  }
  if (/\p{C}/u.test(text)) return malformed('the path has an escaped control or invisible character');
  // Servers that fold compatibility forms read a full-width solidus or full stop as the plain one.
  const folded = text.normalize('NFKC');
  if (folded.includes('\\')) return malformed('the path has an escaped backslash');
  if (folded.split('/').length !== text.split('/').length) return malformed('the path has a look-alike of a slash');
  return withoutDots(folded, encodedSlash);
}

function withoutDots(text: string, encodedSlash: boolean): { kind: 'ok'; encodedSlash: boolean } | Refused {
  return text.split('/').some((segment) => DOTS.test(segment))
    ? malformed('the path has a dot segment')
    : { kind: 'ok', encodedSlash };
}

function malformed(problem: string): Refused {
  return refused('malformed-request', problem);
}
