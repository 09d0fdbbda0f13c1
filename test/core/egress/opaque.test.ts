import { opaqueBytes } from '../../../core/egress/opaque';

const escaped = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;
const BYTES = Array.from({ length: 256 }, (_, byte) => byte);

describe('N12 what a run of characters could carry', () => {
  it.each<[string, number, string]>([
    ['five of both kinds, often changing', 4, 'a1bc2'],
    ['five that change seldom, as versions do', 0, 'ab1cd'],
    ['four that change twice', 3, 'ab1c'],
    ['three that change twice', 3, 'a1b'],
    ['three that change once', 0, 'ab1'],
    ['two', 0, 'a1'],
    ['six that change twice', 4, 'ab1cde'],
    ['a number of nine digits', 0, '123456789'],
    ['a number of ten digits', 5, '1234567890'],
    ['a number of twelve digits', 5, '123456789012'],
    ['digits and letters in turn, a digit first and last', 6, '1a2z3c4d5'],
    ['digits and letters in turn, a letter first', 6, 'z1a2y3c45'],
    ['seven that hex may have', 0, 'deadbee'],
    ['eight that hex may have', 4, 'deadbeef'],
    ['eight in upper case', 4, 'DEADBEEF'],
    ['eight in both cases', 0, 'deadBEEF'],
    ['hex in front of other letters', 0, 'deadbeefzz'],
    ['hex behind other letters', 0, 'zzdeadbeef'],
    ['a word', 0, 'abcdefghij'],
    ['fifteen letters without a vowel', 0, 'bcdfghjklmnpqrs'],
    ['sixteen letters without a vowel', 10, 'bcdfghjklmnpqrst'],
    ['sixteen in upper case', 10, 'BCDFGHJKLMNPQRST'],
    ['sixteen with a capital', 10, 'Bcdfghjklmnpqrst'],
    ['sixteen with an inner capital', 12, 'bcdfghjkLmnpqrst'],
    ['sixteen in front of a digit', 12, 'bcdfghjklmnpqrst1'],
    ['sixteen on both sides of a number', 23, 'bcdfghjklmnpqrst12bcdfghjklmnpqrst'],
    ['a word with a number', 0, 'sha256sumsofpackages'],
    ['eight that change twice', 6, 'abcd1xyz'],
    ['twelve that change twice', 0, 'abcdef1uvwxy'],
    ['base 36', 11, 'a1b2c3d4e5f6g7h8'],
    ['base 36 in upper case', 11, 'A1B2C3D4E5F6G7H8'],
    ['base 36 that a letter begins', 8, 'b1c2d3f4g5h6'],
    ['base 36 that a digit begins', 8, '1b2c3d4f5g6h'],
    ['base 62', 12, 'a1B2c3D4e5F6g7H8'],
    ['base 62, the last letter alone large', 12, 'a1b2c3d4e5f6g7H8'],
    ['base 62, the first letter alone large', 12, 'A1b2c3d4e5f6g7h8'],
    ['base64url of 15 characters, piece by piece', 9, 'a1B_c2D_e3F_g4H'],
    ['base64url of 16 characters, as a whole', 12, 'a1B_c2D_e3F_g4H_'],
    ['words that change at a third of their letters', 7, 'a1B_c2D_e3F_abcd_efg'],
    ['words that change a little more often', 15, 'a1B_c2D_e3F_Abcd_efg'],
    ['the same with the other two signs', 15, 'a1B-c2D+e3F-Abcd+efg'],
    ['several runs', 9, 'a1bc2/a1b/a1b'],
    ['letters of which a quarter are vowels', 15, 'bcdfghjklmnpqrstvbaeiouy'],
    ['letters of which somewhat more are', 0, 'bcdfghjklmnpqrstvaeiouya'],
    ['letters of which 28 in a hundred are', 0, 'aeiou'.repeat(7) + 'bcdfghjklm'.repeat(9)],
    ['letters of which two thirds are', 0, 'aeiouyaeiouyabcdfghj'],
    ['letters of which more are', 12, 'aeiouyaeiouyaecdfghj'],
  ])('N12 %s: %d', (_, bytes, run) => {
    expect(opaqueBytes(run)).toBe(bytes);
  });
});

describe('N12 what is escaped in a URL', () => {
  it('N12 bytes that are no text count, and so do letters and digits, which nobody has to escape', () => {
    for (const byte of BYTES) {
      const sign = /[\x20-\x7e]/.test(String.fromCharCode(byte)) && !/[A-Za-z0-9]/.test(String.fromCharCode(byte));
      expect([byte, opaqueBytes(escaped(byte))]).toEqual([byte, sign ? 0 : 1]);
      expect([byte, opaqueBytes(escaped(byte).toUpperCase())]).toEqual([byte, sign ? 0 : 1]);
    }
  });

  it('N12 an escaped sign is that sign, but a slash is a digit of base64', () => {
    const around = (sign: string): number => opaqueBytes(`aB3dE6gH9${sign}jK2mN5pQ8`);
    for (const byte of BYTES.slice(0x20, 0x7f)) {
      const sign = String.fromCharCode(byte);
      if (/[A-Za-z0-9]/.test(sign)) continue;
      expect([sign, around(escaped(byte))]).toEqual([sign, around(sign === '/' ? '_' : sign)]);
    }
    expect([around('_'), around('%2F'), around('/')]).toEqual([15, 15, 14]);
  });

  it('N12 an escaped byte parts what stands around it, and counts beside it', () => {
    expect(opaqueBytes('12345%0067890123')).toBe(1);
    expect(opaqueBytes('%00deadbeef%ff')).toBe(6);
  });
});
