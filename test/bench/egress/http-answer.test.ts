import * as fc from 'fast-check';
import { AnswerReader } from '../../../scripts/bench/egress/http-answer';

interface Read {
  status: number;
  body: string;
  bytes: number;
}

/** What a reader makes of bytes that come in these pieces. */
function read(pieces: readonly Buffer[]): Read[] {
  const answers: Read[] = [];
  let body = '';
  const reader = new AnswerReader((chunk) => {
    body += chunk.toString('latin1');
  });
  for (const piece of pieces) {
    if (!reader.push(piece)) continue;
    answers.push({ status: reader.status, body, bytes: reader.bytes });
    body = '';
  }
  return answers;
}

const counted = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
const trailed =
  'HTTP/1.1 502 Bad Gateway\r\ntransfer-encoding: chunked\r\n\r\n6;x=y\r\n\r\n\r\nab\r\n0\r\nT: v\r\n\r\n';

describe('an answer', () => {
  it.each([
    ['with a length', counted, { status: 200, body: 'hello', bytes: 5 }],
    ['without a body', 'HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n', { status: 403, body: '', bytes: 0 }],
    ['in chunks', chunked, { status: 200, body: 'hello', bytes: 5 }],
    ['in chunks, with an extension and a trailer', trailed, { status: 502, body: '\r\n\r\nab', bytes: 6 }],
  ])('%s is read, however it is split', (_, text, expected) => {
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length })), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(read(pieces.filter(({ length }) => length > 0))).toEqual([expected]);
      }),
    );
  });

  it('is followed by another one on the same connection', () => {
    expect(read([Buffer.from(counted), Buffer.from(chunked)]).map(({ body }) => body)).toEqual(['hello', 'hello']);
  });

  it.each([
    ['no answer', 'SSH-2.0-x\r\n\r\n'],
    ['one that ends with its connection', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['more than its length', `${counted}!`],
    ['more than its chunks', `${chunked}!`],
    ['a chunk without a size', chunked.replace('3\r\n', 'x\r\n')],
    ['a chunk that is too long', chunked.replace('hel', 'hell')],
  ])('is refused where it is %s', (_, text) => {
    expect(() => read([Buffer.from(text)])).toThrow(/^got /);
  });
});
