import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import type { Body } from '../../core/audit/field';

/** Why a body went no further. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  constructor(readonly code: 'body-too-large' | 'secret-in-request') {
    super(code);
  }
}

/** Looks for something in bytes that come in pieces; true once it is there. */
export interface Finder {
  push(chunk: Buffer): boolean;
}

/** Undefined where the client says nothing of it (chunked). */
export function declaredLength(request: IncomingMessage): number | undefined {
  const text = request.headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || (declaredLength(request) ?? 0) > 0;
}

/**
 * Reads a whole body.
 *
 * @throws BodyRefused beyond `limit`; the stream's error where the client goes away
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.removeAllListeners('data');
        request.pause();
        reject(new BodyRefused('body-too-large'));
      } else {
        chunks.push(chunk);
      }
    });
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client went away')));
  });
}

export function bodyName(bytes: Buffer): Body {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

/** Passes a body on while it counts, hashes and screens it. The piece that ends a secret is not passed on. */
export class MeteredBody extends Transform {
  private readonly hash: Hash = createHash('sha256');
  private size = 0;

  constructor(
    private readonly limit: number,
    private readonly finder: Finder | undefined,
  ) {
    super({ highWaterMark: 64 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.size += chunk.length;
    if (this.size > this.limit) {
      done(new BodyRefused('body-too-large'));
    } else if (this.finder?.push(chunk)) {
      done(new BodyRefused('secret-in-request'));
    } else {
      this.hash.update(chunk);
      done(null, chunk);
    }
  }

  get bytes(): number {
    return this.size;
  }

  /** Of what passed; asked once, at the end. */
  name(): Body {
    return { sha256: this.hash.copy().digest('hex'), bytes: this.size };
  }
}
