import * as fc from 'fast-check';
import {
  type CompiledSecrets,
  compileSecrets,
  MAX_SECRETS,
  redactText,
  redactTexts,
  SECRET_BYTES,
  StreamRedactor,
  secretProblem,
} from '../../../core/egress/redact';
import { anyHasSecret, hasSecret } from '../../../core/egress/secret-finder';
import { formsOf } from '../../../core/egress/secret-forms';

const TOKEN = 'ghs_9fB2kQ7xLmZ4';
const AWKWARD = 'a+b/c"d\\e<f>&g\'h i=j~k!é';

function redact(secrets: CompiledSecrets, chunks: readonly Buffer[]): { text: Buffer; parts: Buffer[]; count: number } {
  const redactor = new StreamRedactor(secrets);
  const parts = [...chunks.map((chunk) => redactor.push(chunk)), redactor.end()];
  return { text: Buffer.concat(parts), parts, count: redactor.count };
}

const split = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, i) => bytes.subarray(at[i - 1] ?? 0, end));
};

/** What the redactor should do, said the slow way: look for every form by itself and mask each place it stands. */
function slow(secrets: readonly string[], bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  for (const form of secrets.flatMap(formsOf)) {
    for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, at + 1)) out.fill('*', at, at + form.length);
  }
  return out;
}

const rfc3986 = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const unit = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

const html = (text: string, quote: string, apostrophe: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': quote, "'": apostrophe })[c] ?? c);

/** Encoders that are not ours, each over the secret with its surroundings. */
const ENCODERS: Record<string, (text: string) => string> = {
  raw: (text) => text,
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 in a URL': (text) => encodeURIComponent(Buffer.from(text).toString('base64')),
  'base64 in JSON, slashes escaped': (text) => Buffer.from(text).toString('base64').replaceAll('/', '\\/'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex, upper case': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  encodeURIComponent,
  encodeURI,
  'encodeURIComponent, lower case': (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
  'form data': (text) => new URLSearchParams({ x: text }).toString().slice(2),
  'percent, RFC 3986': rfc3986,
  'percent, as Python quotes': (text) => rfc3986(text).replaceAll('%2F', '/'),
  'percent, as Python quotes forms': (text) => rfc3986(text).replaceAll('%20', '+'),
  'percent, all but letters and digits': (text) =>
    rfc3986(text).replace(/[-._~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
  'percent, twice': (text) => rfc3986(rfc3986(text)),
  'percent, twice, lower case': (text) => rfc3986(rfc3986(text)).replace(/%25../g, (code) => code.toLowerCase()),
  JSON: (text) => JSON.stringify(text),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)),
  'JSON, slashes escaped': (text) => JSON.stringify(text).replaceAll('/', '\\/'),
  'JSON, ASCII': (text) => JSON.stringify(text).replace(/[\u0080-\uffff]/g, unit),
  'JSON of PHP': (text) =>
    JSON.stringify(text)
      .replaceAll('/', '\\/')
      .replace(/[\u0080-\uffff]/g, unit),
  'JSON of Go': (text) => JSON.stringify(text).replace(/[<>&]/g, unit),
  'JSON of .NET': (text) =>
    text.replace(/[^A-Za-z0-9 !#$%()*,\-./:;=?@[\]^_{|}~]/g, (c) =>
      c === '\\' ? '\\\\' : `\\u${unit(c).slice(2).toUpperCase()}`,
    ),
  'JSON, everything escaped': (text) => text.replace(/[^A-Za-z0-9]/g, unit),
  'JSON, everything escaped, upper case': (text) =>
    text.replace(/[^A-Za-z0-9]/g, (c) => `\\u${unit(c).slice(2).toUpperCase()}`),
  'HTML of Go': (text) => html(text, '&#34;', '&#39;'),
  'HTML of Python': (text) => html(text, '&quot;', '&#x27;'),
  'HTML of PHP': (text) => html(text, '&quot;', '&#039;'),
  'HTML of lodash': (text) => html(text, '&quot;', '&#39;'),
  'HTML, XML names': (text) => html(text, '&quot;', '&apos;'),
  'HTML outside of attributes': (text) => html(text, '"', "'"),
};

/** Long enough, and with the characters that encoders treat each in their own way. */
const secret = fc
  .string({ unit: fc.constantFrom(...`aZ09_-+/="'\\&<>~ é%$*!`), minLength: 10, maxLength: 40 })
  .filter((text) => secretProblem(text) === undefined);
const around = fc.string({ unit: fc.constantFrom(...'aZ0_+/=" \n&%'), maxLength: 12 });
const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('C6 a credential that the proxy added does not come back', () => {
  it.each(Object.keys(ENCODERS))('C6 in the spelling: %s', (name) => {
    const encode = ENCODERS[name] ?? String;
    fc.assert(
      fc.property(secret, around, around, cuts, (value, before, after, at) => {
        const sent = Buffer.from(encode(before + value + after));
        const { text, count } = redact(compileSecrets([value]), split(sent, at));
        expect(count).toBeGreaterThan(0);
        for (const form of formsOf(value)) expect(text.includes(form)).toBe(false);
        expect(text).toHaveLength(sent.length);
      }),
      { numRuns: 50 },
    );
  });

  it('C6 with a line break in it, in a URL', () => {
    const secrets = compileSecrets(['first-half\nsecond-half']);
    expect(redactText(secrets, 'first-half%0Asecond-half')).toBe('*'.repeat(24));
  });

  it('C6 what Latin-1 can not spell has no spelling in it that masks something else', () => {
    // U+4E2D cut to one byte is a hyphen.
    expect(redactText(compileSecrets(['\u4e2dabcdefgh']), 'x-abcdefgh')).toBe('x-abcdefgh');
  });

  it('C6 masks every form of every secret and no byte besides, however the stream is cut', () => {
    const pair = fc.tuple(secret, secret);
    const text = pair.chain(([a, b]) => {
      const forms = [a, b].flatMap(formsOf).map((form) => form.toString('latin1'));
      // Beginnings and ends of forms beside each other: matches that overlap, break off or share bytes.
      const piece = fc
        .tuple(fc.constantFrom(...forms), fc.nat(), fc.constantFrom('whole', 'start', 'end'))
        .map(([form, n, what]) =>
          what === 'whole' ? form : what === 'start' ? form.slice(0, n % form.length) : form.slice(n % form.length),
        );
      return fc.tuple(fc.constant([a, b]), fc.array(fc.oneof(piece, around), { maxLength: 8 }), cuts);
    });
    fc.assert(
      fc.property(text, ([secrets, pieces, at]) => {
        const sent = Buffer.from(pieces.join(''), 'latin1');
        expect(redact(compileSecrets(secrets), split(sent, at)).text.toString('latin1')).toBe(
          slow(secrets, sent).toString('latin1'),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('C6 masks both of two secrets that share bytes in the stream', () => {
    const secrets = compileSecrets(['abcd1234EFGH', '1234EFGHijkl']);
    const everywhere = Array.from({ length: 18 }, (_, i) => i);
    for (const cuts of [[0], [6], [12], [14], everywhere]) {
      const { text, count } = redact(secrets, split(Buffer.from('-abcd1234EFGHijkl-'), cuts));
      expect([text.toString(), count]).toEqual([`-${'*'.repeat(16)}-`, 2]);
    }
  });

  it('C6 counts a secret once that was held back', () => {
    const secrets = compileSecrets([TOKEN]);
    const bytes = Buffer.from(`x${TOKEN}y${TOKEN}`);
    const everyByte = Array.from({ length: bytes.length }, (_, i) => i);
    expect(redact(secrets, split(bytes, everyByte)).count).toBe(2);
  });

  it('C6 finds a secret whose longer form is still open when the stream ends', () => {
    // Its percent-encoded form begins with the whole of the other secret.
    const secrets = compileSecrets(['abcdefgh12', 'abcdefgh12/3456']);
    expect(redact(secrets, [Buffer.from('abcdefgh12%2F34')])).toMatchObject({ count: 1 });
    expect(redact(secrets, [Buffer.from('abcdefgh12%2F34')]).text.toString()).toBe('**********%2F34');
  });
});

describe('C6 a stream is not slowed where it has nothing to hide', () => {
  const secrets = compileSecrets([TOKEN, AWKWARD]);

  it('C6 the chunk itself is passed on', () => {
    const chunk = Buffer.from('data: {"text":"hello"}\n\n');
    expect(new StreamRedactor(secrets).push(chunk)).toBe(chunk);
  });

  it('C6 an event is passed on whole though many events came before', () => {
    const redactor = new StreamRedactor(secrets);
    for (let i = 0; i < 50; i++) {
      const event = `data: {"n":${i},"text":"gh ghs ghs_ ${TOKEN.slice(0, 10)} "}\n\n`;
      expect(redactor.push(Buffer.from(event)).toString()).toBe(event);
    }
  });

  it('C6 holds back exactly the longest end that could begin a secret', () => {
    const forms = [TOKEN, AWKWARD].flatMap(formsOf);
    const longestOpen = (bytes: Buffer): number => {
      for (let n = Math.min(bytes.length, secrets.longest - 1); n > 0; n--) {
        const end = bytes.subarray(bytes.length - n);
        if (forms.some((form) => form.length > n && form.subarray(0, n).equals(end))) return n;
      }
      return 0;
    };
    const piece = fc
      .tuple(fc.constantFrom(...forms), fc.nat())
      .map(([form, n]) => form.toString('latin1').slice(0, n % form.length));
    fc.assert(
      fc.property(fc.array(fc.oneof(around, piece), { maxLength: 5 }), (pieces) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1');
        expect(new StreamRedactor(secrets).push(bytes)).toHaveLength(bytes.length - longestOpen(bytes));
      }),
    );
  });

  it('C6 what was held and turned out harmless comes out at the end, unchanged', () => {
    const redactor = new StreamRedactor(secrets);
    expect(redactor.push(Buffer.from(`x${TOKEN.slice(0, 9)}`)).toString()).toBe('x');
    expect(redactor.end().toString()).toBe(TOKEN.slice(0, 9));
    expect(redactor.end()).toHaveLength(0);
  });

  it('C6 never writes into the chunk it was given', () => {
    const chunk = Buffer.from(`${TOKEN} ${TOKEN.slice(0, 8)}`);
    const redactor = new StreamRedactor(secrets);
    redactor.push(chunk);
    redactor.push(Buffer.from(TOKEN.slice(8)));
    expect(chunk.toString()).toBe(`${TOKEN} ${TOKEN.slice(0, 8)}`);
  });

  it('C6 without secrets everything passes', () => {
    const chunk = Buffer.from(TOKEN);
    expect(new StreamRedactor(compileSecrets([])).push(chunk)).toBe(chunk);
    expect(redactText(compileSecrets([]), TOKEN)).toBe(TOKEN);
  });
});

describe('C6 headers are redacted too', () => {
  const secrets = compileSecrets([TOKEN, 'kéy-with-accent-1']);
  it.each([
    [`https://a.example/cb?token=${TOKEN}&x=1`, `https://a.example/cb?token=${'*'.repeat(TOKEN.length)}&x=1`],
    [`s=${TOKEN}; ${TOKEN}`, `s=${'*'.repeat(16)}; ${'*'.repeat(16)}`],
    ['clean', 'clean'],
    ['ghs_ is a prefix of tokens, café', 'ghs_ is a prefix of tokens, café'],
    ['kéy-with-accent-1', '*'.repeat(17)],
    // The same bytes in UTF-8, as node gives them: one character each.
    [Buffer.from('kéy-with-accent-1').toString('latin1'), '*'.repeat(18)],
    [`☃ ${TOKEN}`, `☃ ${'*'.repeat(16)}`],
  ])('C6 %s', (value, expected) => {
    expect(redactText(secrets, value)).toBe(expected);
  });

  it('C6 N12 a secret of few characters is as many bytes as a long one', () => {
    const few = compileSecrets(['\u5bc6\u5bc6\u78bcx']);
    expect(hasSecret(few, '\u5bc6\u5bc6\u78bcx')).toBe(true);
    expect(redactText(few, '\u5bc6\u5bc6\u78bcx')).toBe('*'.repeat(10));
  });

  it('C6 N12 a secret at the end of a text, though it could go on to a longer one', () => {
    const two = compileSecrets(['abcdefgh12', 'abcdefgh12/3456']);
    expect(hasSecret(two, 'abcdefgh12%2F')).toBe(true);
    expect(redactText(two, 'abcdefgh12%2F')).toBe(`${'*'.repeat(10)}%2F`);
  });
});

describe('C6 N12 several texts in one search', () => {
  const latin = compileSecrets(['g\u00fcnther-geheim-1']);
  const lines = compileSecrets(['first-half\nsecond-half']);
  const part = fc.constantFrom('key-48151623', 'x', 'K\u00e9', '\u4e2d', '%6bey-48151623', 'first-half', 'second-half');
  const texts = fc.array(
    fc.array(part, { maxLength: 4 }).map((parts) => parts.join('')),
    { maxLength: 6 },
  );
  const patterns = compileSecrets(['key-48151623', 'first-half\nsecond-half']);

  it('C6 N12 they are found, and masked, exactly where each by itself would be', () => {
    fc.assert(
      fc.property(texts, (list) => {
        expect(anyHasSecret(patterns, list)).toBe(list.some((text) => hasSecret(patterns, text)));
        expect(redactTexts(patterns, list)).toStrictEqual(list.map((text) => redactText(patterns, text)));
      }),
    );
  });

  it('C6 clean texts come back as they are', () => {
    const list = ['text/html', 'no-cache'];
    expect(redactTexts(patterns, list)).toBe(list);
    // Half of a surrogate pair, which no bytes can spell.
    expect(redactText(patterns, 'half \ud83d of a sign')).toBe('half \ud83d of a sign');
  });

  it('C6 N12 a secret over the seam of two texts is none', () => {
    expect(anyHasSecret(lines, ['first-half', 'second-half'])).toBe(false);
    expect(anyHasSecret(lines, ['a first-half\nsecond-half b'])).toBe(true);
  });

  it('C6 N12 a character beyond Latin-1 in one text hides no secret in another', () => {
    const header = Buffer.from('g\u00fcnther-geheim-1').toString('latin1');
    expect(anyHasSecret(latin, ['\u4e2d', header])).toBe(true);
  });
});

describe('C6 a secret that can not be redacted safely is refused when it is loaded', () => {
  it.each([
    ['', 'got a secret of 0 bytes'],
    ['a1b2c3d', 'got a secret of 7 bytes'],
    ['abababababab', 'fewer than 4 different bytes'],
    ['00000000', 'fewer than 4 different bytes'],
    [Array.from({ length: SECRET_BYTES.max + 1 }, (_, i) => i % 10).join(''), 'expected 8 to 8192'],
  ])('C6 %#', (value, problem) => {
    expect(secretProblem(value)).toContain(problem);
    expect(() => compileSecrets([TOKEN, value])).toThrow(problem);
  });

  it('C6 four different bytes are enough, three are not', () => {
    expect(secretProblem('abcdabcd')).toBeUndefined();
    expect(secretProblem('abcabcabc')).toContain('fewer than 4 different bytes');
  });

  it('C6 the problem does not repeat the secret', () => {
    expect(secretProblem('a1b2c3d')).not.toContain('a1b2');
  });

  it('C6 the shortest and the longest that pass are found', () => {
    const long = Array.from({ length: SECRET_BYTES.max }, (_, i) => String.fromCharCode(97 + ((i * i) % 26))).join('');
    for (const value of ['a1b2c3d4', long]) {
      expect(secretProblem(value)).toBeUndefined();
      expect(redactText(compileSecrets([value]), `<${value}>`)).toBe(`<${'*'.repeat(value.length)}>`);
    }
  });

  it('C6 the number of secrets is bounded, repetitions aside', () => {
    const many = Array.from({ length: MAX_SECRETS + 1 }, (_, i) => `secret-${i}-xyz`);
    expect(() => compileSecrets(many)).toThrow('expected at most 64');
    expect(() => compileSecrets([...many.slice(1), ...many.slice(1)])).not.toThrow();
  });
});
