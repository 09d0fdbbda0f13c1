/**
 * The few forms of DER (ITU-T X.690) that a certificate of ours has. A library for all of X.509 is fifty times the size of
 * the function around it.
 */
const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

function tagged(tag: number, content: Buffer): Buffer {
  const length =
    content.length < 0x80
      ? Buffer.from([content.length])
      : content.length < 0x100
        ? Buffer.from([0x81, content.length])
        : Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}

export function sequence(...items: Buffer[]): Buffer {
  return tagged(TAGS.sequence, Buffer.concat(items));
}

export function setOf(item: Buffer): Buffer {
  return tagged(TAGS.set, item);
}

/** Of a number's bytes, not negative: the first one is below 128, and zero only where it is the only one. */
export function integer(bytes: Buffer): Buffer {
  return tagged(TAGS.integer, bytes);
}

export function boolean(value: boolean): Buffer {
  return tagged(TAGS.boolean, Buffer.from([value ? 0xff : 0x00]));
}

export function octetString(content: Buffer): Buffer {
  return tagged(TAGS.octetString, content);
}

export function bitString(content: Buffer, unusedBits = 0): Buffer {
  return tagged(TAGS.bitString, Buffer.concat([Buffer.from([unusedBits]), content]));
}

export function utf8String(text: string): Buffer {
  return tagged(TAGS.utf8String, Buffer.from(text, 'utf8'));
}

/** Seconds are the finest a certificate knows. Years after 2049 have another form, which nobody here asks for. */
export function utcTime(at: Date): Buffer {
  const text = at.toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tagged(TAGS.utcTime, Buffer.from(`${text}Z`, 'ascii'));
}

/** `[n]` around what is inside. */
export function explicit(n: number, content: Buffer): Buffer {
  return tagged(0xa0 | n, content);
}

/** `[n]` in place of the tag of a simple value. */
export function implicit(n: number, content: Buffer): Buffer {
  return tagged(0x80 | n, content);
}

/** From its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((value) => {
    const groups = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tagged(TAGS.objectId, Buffer.from(bytes));
}
