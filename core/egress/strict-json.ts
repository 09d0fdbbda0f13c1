import { type NotUnderstood, notUnderstood } from './body';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
export type JsonResult = { readonly kind: 'ok'; readonly value: JsonValue } | NotUnderstood;

export const MAX_JSON_DEPTH = 32;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** What may stand in a string as it is: no quote, no backslash, nothing below the space. */
const PLAIN = /[ !#-[\]-\u{10ffff}]*/uy;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * JSON that every parser reads alike, or nothing. The body is judged here and obeyed elsewhere, by a parser that may keep
 * the first of two equal keys, drop a byte order mark, repair a lone surrogate or read `NaN`. Each of these is refused,
 * as are `__proto__`, numbers that overflow and nesting deeper than 32. Objects have no prototype.
 */
export function parseStrictJson(bytes: Uint8Array): JsonResult {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return notUnderstood('the body is not UTF-8');
  }
  const reader = new Reader(text);
  try {
    return { kind: 'ok', value: reader.whole() };
  } catch (error) {
    if (error instanceof Unreadable) return notUnderstood(error.message);
    throw error;
  }
}

/** Thrown and caught in this file: a parser that returns its failures would hide its grammar. */
class Unreadable extends Error {}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): JsonValue {
    const value = this.value(0);
    this.space();
    if (this.at !== this.text.length) throw new Unreadable('the body has more than one JSON value');
    return value;
  }

  private value(depth: number): JsonValue {
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth + 1);
      case '[':
        return this.array(depth + 1);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(depth: number): JsonObject {
    this.enter(depth);
    const object: Record<string, JsonValue> = Object.create(null);
    if (this.takes('}')) return object;
    do {
      this.space();
      if (this.text[this.at] !== '"') throw new Unreadable('a key of the JSON is no string');
      const key = this.string();
      if (key in object) throw new Unreadable('the JSON repeats a key');
      if (key === '__proto__') throw new Unreadable('the JSON has a key __proto__');
      this.expect(':');
      object[key] = this.value(depth);
    } while (this.takes(','));
    this.expect('}');
    return object;
  }

  private array(depth: number): JsonValue[] {
    this.enter(depth);
    const array: JsonValue[] = [];
    if (this.takes(']')) return array;
    do {
      array.push(this.value(depth));
    } while (this.takes(','));
    this.expect(']');
    return array;
  }

  private enter(depth: number): void {
    if (depth > MAX_JSON_DEPTH) throw new Unreadable(`the JSON is nested deeper than ${MAX_JSON_DEPTH}`);
    this.at++;
  }

  private string(): string {
    this.at++;
    let value = '';
    for (;;) {
      PLAIN.lastIndex = this.at;
      const plain = PLAIN.exec(this.text)?.[0] ?? '';
      value += plain;
      this.at += plain.length;
      const next = this.text[this.at];
      if (next === '"') break;
      if (next !== '\\') throw new Unreadable('a string of the JSON has a control character or no end');
      value += this.escape();
    }
    this.at++;
    if (/\p{Surrogate}/u.test(value)) throw new Unreadable('a string of the JSON has half a character');
    return value;
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    if (letter !== 'u') {
      const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
      if (character === undefined) throw new Unreadable('the JSON has an unknown escape');
      this.at += 2;
      return character;
    }
    const hex = this.text.slice(this.at + 2, this.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new Unreadable('the JSON has an unknown escape');
    this.at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.text)?.[0];
    if (digits === undefined) throw new Unreadable('the body is not JSON');
    this.at += digits.length;
    const value = Number(digits);
    if (!Number.isFinite(value)) throw new Unreadable('a number of the JSON is too large');
    return value;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw new Unreadable('the body is not JSON');
    this.at += word.length;
    return value;
  }

  private expect(character: string): void {
    if (!this.takes(character)) throw new Unreadable('the body is not JSON');
  }

  private takes(character: string): boolean {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? '-')) this.at++;
  }
}
