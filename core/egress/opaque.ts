/**
 * How many bytes a text could carry in parts that look like encoded or random data, and not like words, versions and
 * names: an estimate for base64, base32, hex and decimal runs and for escaped binary. It can't see data that is cut into
 * words or pieces of a few characters, or spelled by which of many plain URLs is asked for; limits of length and number
 * and `urls: seen` are for those.
 */
export function opaqueBytes(text: string): number {
  // Bytes that are no text, and letters and digits that nobody has to escape.
  const binary = /%(?:[01][0-9a-f]|7f|[89a-f][0-9a-f]|3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])/gi;
  const escaped = text.match(binary)?.length ?? 0;
  const decoded = text
    .replaceAll(binary, ' ')
    // An escaped slash in a value is a digit of base64 more often than it parts words.
    .replaceAll(/%2f/gi, '_')
    .replaceAll(/%([2-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  let bits = 0;
  for (const [run] of decoded.matchAll(/[A-Za-z0-9+_-]+/g)) bits += opaqueBits(run);
  return escaped + Math.ceil(bits / 8);
}

/** Runs that words make, such as `azure-sdk-for-go`, are judged word by word; what base64url makes of data is not. */
function opaqueBits(run: string): number {
  const words = run.split(/[+_-]/);
  const joined = words.length > 1 && run.length >= 16;
  const whole = joined && words.reduce((sum, word) => sum + changes(word), 0) >= run.length * 0.35;
  return whole ? run.length * 6 : words.reduce((sum, word) => sum + wordBits(word), 0);
}

function wordBits(word: string): number {
  const { length } = word;
  if (length < 6) return changes(word) >= Math.max(2, length / 2) ? length * 6 : 0;
  if (/^\d+$/.test(word)) return length < 10 ? 0 : length * 3.33;
  if (/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(word) && length >= 8) return length * 4;
  if (/^(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)$/.test(word)) return isSpoken(word) ? 0 : length * 4.71;
  if (changes(word) < length / 4) return word.split(/\d+/).reduce((sum, part) => sum + partBits(part), 0);
  return length * (/^(?:[a-z0-9]+|[A-Z0-9]+)$/.test(word) ? 5.17 : 6);
}

/** Letters between digits, as in `sha256sum`; without a digit, camelCase. */
function partBits(part: string): number {
  return isSpoken(part) ? 0 : part.length * 5.7;
}

/** How often neighbours differ in kind: lower case, upper case, digit. Seldom in words, at every second one in base64. */
function changes(word: string): number {
  let count = 0;
  for (let i = 1; i < word.length; i++) if (kindOf(word.charCodeAt(i)) !== kindOf(word.charCodeAt(i - 1))) count++;
  return count;
}

const kindOf = (code: number): number => (code < 0x3a ? 0 : code < 0x5b ? 1 : 2);

/** Words of European languages are a third vowels and more; random letters are a fifth. Short ones tell nothing. */
function isSpoken(letters: string): boolean {
  if (letters.length < 16) return true;
  const vowels = letters.match(/[aeiouy]/gi)?.length ?? 0;
  return vowels >= letters.length * 0.28 && vowels <= letters.length * 0.65;
}
