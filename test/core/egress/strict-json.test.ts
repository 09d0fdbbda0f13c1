import * as fc from 'fast-check';
import { type JsonResult, parseStrictJson } from '../../../core/egress/strict-json';

const read = (text: string): JsonResult => parseStrictJson(Buffer.from(text));
/** With the prototypes that ours has not, and without the sign of zero. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('N15 JSON that is accepted means one thing', () => {
  it('N15 whatever is JSON without a trap is read as JSON.parse reads it', () => {
    const key = fc.string({ unit: 'binary', maxLength: 5 }).filter((text) => text !== '__proto__');
    const value = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        if (text.includes('"__proto__"')) return;
        const result = read(text);
        expect(result.kind === 'ok' && plain(result.value)).toEqual(plain(JSON.parse(text)));
      }),
    );
  });

  it('N15 whatever is accepted, JSON.parse accepts too and reads alike', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b"',
      '1',
      '-',
      '.5',
      'e1',
      '0',
      'true',
      'null',
      'nul',
      ' ',
      '\n',
      '\\',
      '\\u0061',
      '\\ud800',
      '\v',
      '\ufeff',
      '\u00a0',
      '\u0000',
      '//',
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
        const text = pieces.join('');
        const result = read(text);
        if (result.kind !== 'ok') return;
        accepted++;
        expect(plain(result.value)).toEqual(plain(JSON.parse(text)));
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it.each<[string, number[]]>([
    ['a byte that begins nothing', [0x22, 0xff, 0x22]],
    ['half a character', [0x22, 0xe2, 0x82, 0x22]],
    ['an overlong quote', [0x22, 0xc0, 0xa2, 0x22]],
    ['a surrogate as UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x22, 0x00, 0x22, 0x00]],
  ])('N15 %s is not UTF-8', (_, bytes) => {
    expect(parseStrictJson(Uint8Array.from(bytes))).toEqual({
      kind: 'not-understood',
      problem: 'the body is not UTF-8',
    });
  });

  it('N15 each escape is its character', () => {
    expect(read('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"')).toEqual({ kind: 'ok', value: '"\\/\b\f\n\r\té' });
  });

  it('N15 objects have no prototype, so nothing is in them that was not sent', () => {
    const result = read('{"a":{}}');
    expect(result.kind === 'ok' && Object.getPrototypeOf(result.value)).toBe(null);
    expect(result.kind === 'ok' && (result.value as { a: object }).a).not.toHaveProperty('constructor');
  });

  it('N15 a megabyte of brackets is an answer, not an exception', () => {
    expect(read('['.repeat(1 << 20)).kind).toBe('not-understood');
    expect(read('{"a":'.repeat(1 << 18)).kind).toBe('not-understood');
  });

  it('N15 a megabyte is read in time that grows with it alone', () => {
    const start = performance.now();
    expect(read(`{${Array.from({ length: 50_000 }, (_, i) => `"key${i}":"\\u0061\\n"`).join(',')}}`).kind).toBe('ok');
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
