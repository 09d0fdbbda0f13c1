const END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * Reads answers of one connection as they come in, one at a time, with a length or in chunks. Written for a load
 * generator, where node's own client would take more time than the proxy it measures.
 */
export class AnswerReader {
  status = 0;
  /** Of the body, as it came: compressed bytes where it is compressed. */
  bytes = 0;
  private state: 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailer' = 'head';
  private left = 0;
  private rest: Buffer = NOTHING;

  constructor(private readonly onBody?: (chunk: Buffer) => void) {}

  /**
   * True once the answer is whole; the next push begins another one.
   *
   * @throws on what is no answer, on one that ends with its connection, and on bytes after its end
   */
  push(chunk: Buffer): boolean {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = NOTHING;
    if (this.state === 'head') {
      const end = bytes.indexOf(END);
      if (end === -1) return this.wait(bytes);
      this.head(bytes.toString('latin1', 0, end));
      bytes = bytes.subarray(end + END.length);
    }
    return this.state === 'length' ? this.counted(bytes) : this.chunked(bytes);
  }

  private head(text: string): void {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status === undefined) throw new Error(`got "${text.slice(0, 40)}", expected an answer of HTTP/1.1`);
    this.status = Number(status);
    this.bytes = 0;
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    if (/\r\ntransfer-encoding: *chunked/i.test(text)) {
      this.state = 'size';
    } else if (length !== undefined) {
      this.state = 'length';
      this.left = Number(length);
    } else {
      throw new Error(`got ${status} with neither a length nor chunks, expected one that leaves the connection open`);
    }
  }

  private counted(bytes: Buffer): boolean {
    this.body(bytes);
    this.left -= bytes.length;
    if (this.left < 0) throw new Error(`got ${-this.left} bytes after the end of an answer`);
    return this.left === 0 ? this.whole() : false;
  }

  private chunked(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.state === 'chunk') {
        const taken = Math.min(this.left, bytes.length - at);
        this.body(bytes.subarray(at, at + taken));
        at += taken;
        this.left -= taken;
        if (this.left === 0) this.state = 'chunk-end';
        continue;
      }
      const end = bytes.indexOf('\r\n', at, 'latin1');
      if (end === -1) return this.wait(bytes.subarray(at));
      const line = bytes.toString('latin1', at, end);
      at = end + 2;
      if (this.state === 'chunk-end') {
        if (line !== '') throw new Error(`got "${line.slice(0, 20)}" where a chunk ends`);
        this.state = 'size';
      } else if (this.state === 'size') {
        this.left = Number.parseInt(line, 16);
        if (!Number.isInteger(this.left)) throw new Error(`got "${line.slice(0, 20)}", expected the size of a chunk`);
        this.state = this.left === 0 ? 'trailer' : 'chunk';
      } else if (line === '') {
        if (at < bytes.length) throw new Error(`got ${bytes.length - at} bytes after the end of an answer`);
        return this.whole();
      }
    }
    return false;
  }

  private body(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (bytes.length > 0) this.onBody?.(bytes);
  }

  private wait(bytes: Buffer): false {
    this.rest = bytes;
    return false;
  }

  private whole(): true {
    this.state = 'head';
    return true;
  }
}
