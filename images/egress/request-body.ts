import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import type { Body } from '../../core/audit/field';
import { SecretGate } from '../../core/egress/secret-finder';
import type { CompiledSecrets } from '../../core/egress/secret-patterns';
import type { BodyBudget } from './body-budget';

/** Why a body went no further. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  constructor(readonly code: 'body-too-large' | 'secret-in-request' | 'session-limit') {
    super(code);
  }
}

/** The body of one request: read whole where it is judged or small, passed on in pieces where it is not. */
export class RequestBody {
  private whole: Buffer | undefined;
  private passing: MeteredBody | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    /** Up to this it is read whole, and nothing of it leaves before all of it was screened. */
    private readonly bufferedBytes: number,
    /** What is read whole stays in memory until the answer is done, however slowly it comes. */
    private readonly budget: BodyBudget,
  ) {}

  /** Bytes read so far. */
  get bytes(): number {
    return this.whole?.length ?? this.passing?.bytes ?? 0;
  }

  /** Hash and size for the record; undefined where there is no body. */
  get name(): Body | undefined {
    if (this.whole) return { sha256: createHash('sha256').update(this.whole).digest('hex'), bytes: this.whole.length };
    return this.passing?.name();
  }

  /** True where what is sent can be sent once more. */
  get isRepeatable(): boolean {
    return this.passing === undefined;
  }

  /** @throws BodyRefused beyond `limit`, or where as much as may be is read whole already */
  async read(limit: number): Promise<Buffer> {
    if (this.whole === undefined) {
      this.continue();
      this.whole = await this.readAll(limit);
    }
    if (this.whole.length > limit) throw new BodyRefused('body-too-large');
    return this.whole;
  }

  /**
   * What is sent to the host; undefined where there is no body.
   *
   * @throws BodyRefused where it is too large or carries a secret; a stream ends with that error instead
   */
  async forward(limit: number, secrets: CompiledSecrets | undefined): Promise<Buffer | MeteredBody | undefined> {
    if (!hasBody(this.request)) return undefined;
    const length = declaredLength(this.request);
    if (length !== undefined && length > limit) throw new BodyRefused('body-too-large');
    if (this.whole !== undefined || (length !== undefined && length <= this.bufferedBytes)) {
      const whole = await this.read(limit);
      const gate = secrets && new SecretGate(secrets);
      if (gate && (gate.push(whole) === undefined || gate.end() === undefined))
        throw new BodyRefused('secret-in-request');
      return whole;
    }
    this.continue();
    const passing = new MeteredBody(limit, secrets && new SecretGate(secrets));
    this.passing = passing;
    // Whoever sends it listens only until it is done, and the client can go away later: an error nobody hears of would
    // end the process.
    passing.on('error', () => undefined);
    this.request.once('close', () => {
      if (!this.request.complete) passing.destroy(new Error('the client went away'));
    });
    return this.request.pipe(passing);
  }

  private readAll(limit: number): Promise<Buffer> {
    const { request, response, budget } = this;
    let size = 0;
    response.once('close', () => budget.give(size));
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const refuse = (code: BodyRefused['code']): void => {
        request.removeAllListeners('data');
        request.pause();
        reject(new BodyRefused(code));
      };
      request.on('data', (chunk: Buffer) => {
        if (size + chunk.length > limit) return refuse('body-too-large');
        if (!budget.take(chunk.length)) return refuse('session-limit');
        size += chunk.length;
        chunks.push(chunk);
      });
      request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
      request.once('error', reject);
      request.once('close', () => reject(new Error('the client went away')));
    });
  }

  /** Only now does a client that asked first send its body. */
  private continue(): void {
    if (this.request.headers.expect !== undefined) this.response.writeContinue();
  }
}

/** Passes a body on while it counts, hashes and screens it. */
class MeteredBody extends Transform {
  private readonly hash: Hash = createHash('sha256');
  private size = 0;

  constructor(
    private readonly limit: number,
    private readonly gate: SecretGate | undefined,
  ) {
    super({ highWaterMark: 64 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.size += chunk.length;
    if (this.size > this.limit) done(new BodyRefused('body-too-large'));
    else this.pass(this.gate ? this.gate.push(chunk) : chunk, done);
  }

  override _flush(done: TransformCallback): void {
    this.pass(this.gate ? this.gate.end() : Buffer.alloc(0), done);
  }

  get bytes(): number {
    return this.size;
  }

  /** Of what passed. */
  name(): Body {
    return { sha256: this.hash.copy().digest('hex'), bytes: this.size };
  }

  private pass(bytes: Buffer | undefined, done: TransformCallback): void {
    if (bytes === undefined) {
      done(new BodyRefused('secret-in-request'));
      return;
    }
    this.hash.update(bytes);
    if (bytes.length > 0) this.push(bytes);
    done();
  }
}

/** Undefined where the client says nothing of it (chunked). */
function declaredLength(request: IncomingMessage): number | undefined {
  const text = request.headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || (declaredLength(request) ?? 0) > 0;
}
