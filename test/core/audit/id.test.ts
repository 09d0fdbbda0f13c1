import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { anyAddress, plainText, text } from '../../../core/audit/field';
import { makeUuid, uuid } from '../../../core/audit/id';

const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('O1 ids of records', () => {
  it('are UUIDs of version 7 that sort by time, whatever the random bytes', () => {
    fc.assert(
      fc.property(moment, moment, random, random, (a, b, first, second) => {
        const [x, y] = [makeUuid(a, first), makeUuid(b, second)];
        expect(uuid.safeParse(x).success).toBe(true);
        if (a !== b) expect(x < y).toBe(a < b);
      }),
    );
  });

  it('are laid out as in RFC 9562, appendix A.6', () => {
    const bytes = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(makeUuid(0x017f22e279b0, bytes)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('are refused rather than made from a bad time or too little randomness', () => {
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 48]) expect(() => makeUuid(bad, new Uint8Array(10))).toThrow('2^48');
    expect(() => makeUuid(0, new Uint8Array(9))).toThrow('10 random bytes');
  });
});

describe('O1 an odd character never costs a record', () => {
  it('makes any text fit, and leaves fitting text alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (raw) => {
        expect(text.safeParse(plainText(raw)).success).toBe(true);
        if (text.safeParse(raw).success) expect(plainText(raw)).toBe(raw);
      }),
    );
  });

  it.each(['a\nb', 'a\u001b[2Kb', 'a\u{202e}b', 'a\u{200b}b', 'a\ud800b'])('takes the sting out of %j', (raw) => {
    expect(text.safeParse(raw).success).toBe(false);
    expect(plainText(raw)).toMatch(/^a\ufffd.*b$/);
  });
});

describe('O1 an address is one', () => {
  const group = fc.constantFrom('0', '1', 'db8', 'ffff', '2001', '', 'g', '12345', 'FF');
  const text = fc.oneof(
    fc.array(group, { minLength: 2, maxLength: 9 }).map((groups) => groups.join(':')),
    fc.array(fc.constantFrom('0', '7', '10', '255', '256', '01', ''), { maxLength: 5 }).map((parts) => parts.join('.')),
    fc.string(),
  );

  it('accepts nothing that Node does not take for one', () => {
    fc.assert(
      fc.property(text, (t) => !anyAddress.safeParse(t).success || isIP(t) !== 0),
      { numRuns: 5000 },
    );
  });

  it.each(['::', '::1', '1::', '2606:50c0:8000::153', '2001:db8:0:1:1:1:1:1', '203.0.113.9'])('accepts %s', (t) => {
    expect(anyAddress.safeParse(t).success).toBe(true);
  });
});
