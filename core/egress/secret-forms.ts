/**
 * The spellings in which a value comes back from an upstream that echoes it: as it is, and as the encoders of common
 * languages write it into a URL, JSON, HTML, a header of basic authentication or a hex dump. Not covered: compression
 * (the proxy asks for none), encryption, reversal, a value cut into pieces, base64 with line breaks inside, most
 * encodings one in another. This catches an echo; an upstream that means to hand a credential over can.
 */
export function formsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map((before) => base64Inside(bytes, before));
  const texts = [
    secret,
    ...percentForms(secret),
    ...jsonForms(secret),
    ...htmlForms(secret),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...inBase64,
    ...inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    ...inBase64.flatMap(bothCases((text) => encodeURIComponent(text))),
    ...inBase64.map((text) => text.replaceAll('/', '\\/')),
  ];
  const forms = texts.map((text) => Buffer.from(text));
  // A header is Latin-1 on the wire, where a body is UTF-8.
  if (!/[^\0-\xff]/.test(secret)) forms.push(Buffer.from(secret, 'latin1'));
  return [...new Map(forms.map((form) => [form.toString('latin1'), form])).values()];
}

/**
 * The part of the base64 text that stays the same whatever stands around the secret, where `before` bytes (modulo 3)
 * stand in front of it: the characters at the edges share bits with the neighbours.
 */
function base64Inside(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

/** What encoders leave alone differs; what they make of the rest does too, in the case of the hex digits. */
function percentForms(secret: string): string[] {
  const strict = (text: string) => percentEncode(text, /[A-Za-z0-9._~-]/);
  const encoders = [
    (text: string) => percentEncode(text, /[A-Za-z0-9._~!*'()-]/),
    (text: string) => percentEncode(text, /[A-Za-z0-9._~!*'();/?:@&=+$,#-]/),
    (text: string) => percentEncode(text, /[A-Za-z0-9]/),
    strict,
    (text: string) => strict(text).replaceAll('%20', '+'),
    (text: string) => percentEncode(text, /[A-Za-z0-9._*-]/).replaceAll('%20', '+'),
    (text: string) => percentEncode(text, /[A-Za-z0-9._/~-]/),
    (text: string) => strict(strict(text)),
  ];
  return encoders.flatMap((encode) => bothCases(encode)(secret));
}

function percentEncode(text: string, kept: RegExp): string {
  return Array.from(text, (character) =>
    kept.test(character)
      ? character
      : Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  ).join('');
}

function bothCases(encode: (text: string) => string): (text: string) => string[] {
  return (text) => {
    const upper = encode(text);
    return [upper, upper.replaceAll(/%(?:25)*[0-9A-F]{2}/g, (hex) => hex.toLowerCase())];
  };
}

/** What stands between the quotes: plain, ASCII only (Python), `\/` (PHP), `\u003c` (Go, .NET), all escaped, twice. */
function jsonForms(secret: string): string[] {
  const plain = inQuotes(secret);
  const php = unitEscapes(plain, /[^\0-\x7f]/g).replaceAll('/', '\\/');
  const everything = unitEscapes(secret, /[^A-Za-z0-9]/g);
  const dotnet = unitEscapes(secret.replaceAll('\\', '\\\\'), /[^\0-\x7f]|[<>&'"+`]/g);
  return [
    plain,
    plain.replaceAll('/', '\\/'),
    unitEscapes(plain, /[^\0-\x7f]/g),
    unitEscapes(plain, /[<>&]/g),
    php,
    everything,
    ...[dotnet, everything].map((text) => text.replaceAll(/\\u[0-9a-f]{4}/g, upperUnit)),
    inQuotes(plain),
  ];
}

function unitEscapes(text: string, units: RegExp): string {
  return text.replaceAll(units, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const upperUnit = (unit: string): string => `\\u${unit.slice(2).toUpperCase()}`;

const inQuotes = (text: string): string => JSON.stringify(text).slice(1, -1);

function htmlForms(secret: string): string[] {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  const entities = (quote: string, apostrophe: string) =>
    secret.replaceAll(/[&<>"']/g, (c) => (c === '"' ? quote : c === "'" ? apostrophe : (named[c] ?? c)));
  return [
    entities('&quot;', '&#39;'),
    entities('&quot;', '&#039;'),
    entities('&quot;', '&#x27;'),
    entities('&quot;', '&apos;'),
    entities('&#34;', '&#39;'),
    entities('"', "'"),
  ];
}
