import type { ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import type { Dispatcher } from 'undici';
import { responseHeaders } from '../../core/egress/headers';
import { type CompiledSecrets, redactTexts, StreamRedactor } from '../../core/egress/redact';
import { type Coding, codingOf, decoderFor, decodeSmall, headerValue, SMALL_BYTES, without } from './answer-body';
import type { Teacher } from './screening';
import type { UpstreamHandler } from './upstreams';

/** What an answer does for the request it belongs to. */
export interface AnswerOwner {
  /** Before the last byte goes to the client. Rejects where nothing may be released. */
  settle(answer: Answer, failure: string | undefined): Promise<void>;
  /** Nothing has gone to the client yet, so it can be told. */
  refuseLate(error: unknown): void;
}

export interface AnswerOptions {
  readonly response: ServerResponse;
  readonly owner: AnswerOwner;
  /** Searched for and masked in headers and body. */
  readonly secrets: CompiledSecrets | undefined;
  readonly injected: boolean;
  /** Bytes an encoded answer may grow to. */
  readonly decodedLimit: number;
  readonly stalledReaderMs: number;
  /** Learns which URLs the answer names. */
  readonly teacher?: Teacher;
}

/** An encoded body that is collected before it is opened. */
interface Small {
  readonly coding: Coding;
  readonly chunks: Buffer[];
  /** Writes the headers, and these as well. */
  begin: (more: readonly string[]) => void;
}

const NOTHING = Buffer.alloc(0);

/**
 * Passes an answer on while it comes in. The last piece waits for the record: for a body of known length that is its
 * last byte, else the mark that ends it, so no frame of a stream is ever held back.
 */
export class Answer implements UpstreamHandler {
  connection?: { readonly address: string | undefined };
  /** The upstream's status; undefined before its headers. */
  status: number | undefined;
  upstreamRequestId: string | undefined;
  bytes = 0;
  redacted = 0;
  private controller: Dispatcher.DispatchController | undefined;
  private readonly redactor: StreamRedactor | undefined;
  private decoder: Transform | undefined;
  private small: Small | undefined;
  private remaining: number | undefined;
  private held: Buffer = NOTHING;
  private over = false;
  /** All of the body has come in. */
  private ended = false;
  private cutFor: string | undefined;
  private stalled: NodeJS.Timeout | undefined;

  constructor(private readonly options: AnswerOptions) {
    if (options.secrets) this.redactor = new StreamRedactor(options.secrets);
    options.response.once('close', () => {
      clearTimeout(this.stalled);
      if (!this.over) this.fail('client-closed', new Error('the client went away'));
    });
  }

  /** Ends it now, wherever it stands. */
  cut(failure: string): void {
    if (this.over) return;
    this.cutFor = failure;
    this.fail(failure, new Error(failure));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.over) controller.abort(new Error(this.cutFor ?? 'over'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _: unknown, statusText?: string): void {
    if (status < 200 || this.over) return;
    const { response, secrets } = this.options;
    const raw = (controller.rawHeaders as readonly Buffer[]).map((part) => part.toString('latin1'));
    const kept = responseHeaders(raw, { injected: this.options.injected });
    if (kept.kind === 'refused') {
      this.fail('upstream-malformed', new Error(kept.problem));
      return;
    }
    this.status = status;
    this.upstreamRequestId =
      headerValue(raw, 'x-github-request-id') ??
      headerValue(raw, 'x-amzn-requestid') ??
      headerValue(raw, 'x-request-id');

    let { headers } = kept;
    const bodyless = response.req.method === 'HEAD' || status === 204 || status === 304;
    this.options.teacher?.begin(status, headerValue(headers, 'location'));
    if (secrets) headers = this.redactHeaders(secrets, headers);
    if (secrets || this.options.teacher) {
      if (!bodyless && !this.open(headers)) return;
      if (this.decoder || this.small)
        headers = without(headers, ['content-encoding', 'content-length', 'etag', 'content-md5', 'digest']);
    }
    const length = headerValue(headers, 'content-length');
    if (length !== undefined && !/^\d{1,15}$/.test(length)) {
      this.fail('upstream-malformed', new Error('a length that is no number'));
      return;
    }
    if (length !== undefined && !bodyless) this.remaining = Number(length);
    const [said = ''] = secrets ? this.redactHeaders(secrets, [phrase(statusText)]) : [phrase(statusText)];
    response.sendDate = false;
    if (this.small) {
      // With its length, once that is known.
      this.small.begin = (more) => response.writeHead(status, said, [...headers, ...more]);
      return;
    }
    response.writeHead(status, said, headers);
    // Nothing more may come for minutes (SSE before its first event), so the client gets the headers by themselves.
    if (this.remaining === undefined && !bodyless) response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over) return;
    if (this.small) {
      this.small.chunks.push(chunk);
      return;
    }
    if (this.decoder) {
      if (!this.decoder.write(chunk)) controller.pause();
      return;
    }
    const passed = this.redactor ? this.redactor.push(chunk) : chunk;
    if (this.remaining !== undefined) this.remaining -= chunk.length;
    if (this.remaining === undefined || this.remaining > 0) this.send(passed);
    else this.held = passed;
  }

  onResponseEnd(_: Dispatcher.DispatchController, trailers: Record<string, string | string[] | undefined>): void {
    this.ended = true;
    if (this.over) return;
    if (this.small) this.completeSmall(this.small);
    else if (this.decoder) this.decoder.end();
    else this.complete(trailers);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail('upstream-broke', error);
  }

  private redactHeaders(secrets: CompiledSecrets, headers: string[]): string[] {
    const clean = redactTexts(secrets, headers);
    if (clean === headers) return headers;
    this.redacted += clean.filter((text, i) => text !== headers[i]).length;
    return [...clean];
  }

  /** Puts a decoder in the way where the body is encoded; false where it can't be read. */
  private open(headers: readonly string[]): boolean {
    let coding: Coding | undefined;
    try {
      coding = codingOf(headerValue(headers, 'content-encoding'));
    } catch (error) {
      this.fail('upstream-encoding', error);
      return false;
    }
    if (coding === undefined) return true;
    const length = headerValue(headers, 'content-length');
    if (length !== undefined && Number(length) <= SMALL_BYTES) {
      this.small = { coding, chunks: [], begin: () => undefined };
    } else {
      this.decode(coding);
    }
    return true;
  }

  private completeSmall({ coding, chunks, begin }: Small): void {
    this.small = undefined;
    const bytes = Buffer.concat(chunks);
    let decoded: Buffer | undefined;
    try {
      // Redirects say gzip and have no body.
      decoded = bytes.length === 0 ? bytes : decodeSmall(coding, bytes);
    } catch (error) {
      this.fail('upstream-encoding', error);
      return;
    }
    if (decoded) {
      begin(['content-length', String(decoded.length)]);
      this.held = this.redactor ? this.redactor.push(decoded) : decoded;
      this.complete({});
      return;
    }
    begin([]);
    this.decode(coding).end(bytes);
  }

  private decode(coding: Coding): Transform {
    const decoder = decoderFor(coding);
    this.decoder = decoder;
    let decoded = 0;
    decoder.on('data', (chunk: Buffer) => {
      decoded += chunk.length;
      if (decoded > this.options.decodedLimit) this.fail('upstream-too-large', new Error('decoded too large'));
      else this.send(this.redactor ? this.redactor.push(chunk) : chunk);
    });
    decoder.on('drain', () => this.controller?.resume());
    decoder.once('end', () => {
      this.complete({});
      // What a host sends after the end of what it compressed is nobody's, and it may send for ever.
      if (!this.ended) this.controller?.abort(new Error('a body that goes on after its end'));
    });
    decoder.once('error', (error) => this.fail('upstream-encoding', error));
    return decoder;
  }

  private send(chunk: Buffer): void {
    if (chunk.length === 0 || this.over) return;
    const { response } = this.options;
    this.bytes += chunk.length;
    this.options.teacher?.push(chunk);
    if (response.write(chunk)) return;
    this.pause();
    response.once('drain', () => this.resume());
  }

  /** A client that does not read holds a connection and memory here and at the upstream; not for ever. */
  private pause(): void {
    (this.decoder ?? this.controller)?.pause();
    clearTimeout(this.stalled);
    this.stalled = setTimeout(() => this.cut('client-stalled'), this.options.stalledReaderMs);
  }

  private resume(): void {
    clearTimeout(this.stalled);
    (this.decoder ?? this.controller)?.resume();
  }

  private complete(trailers: Record<string, string | string[] | undefined>): void {
    if (this.over) return;
    this.over = true;
    const { response, owner } = this.options;
    const tail = this.redactor?.end() ?? NOTHING;
    const rest = tail.length === 0 ? this.held : Buffer.concat([this.held, tail]);
    this.bytes += rest.length;
    this.options.teacher?.end(rest);
    if (this.redactor) this.redacted += this.redactor.count;
    owner.settle(this, undefined).then(
      () => {
        const names = Object.keys(trailers);
        if (names.length > 0 && !this.redactor) addTrailers(response, trailers);
        response.end(rest);
      },
      () => response.destroy(),
    );
  }

  private fail(failure: string, error: unknown): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.stalled);
    this.controller?.abort(error instanceof Error ? error : new Error(failure));
    this.decoder?.destroy();
    if (this.redactor) this.redacted += this.redactor.count;
    const { response, owner } = this.options;
    if (!response.headersSent && failure === 'upstream-broke') {
      owner.refuseLate(error);
      return;
    }
    const end = (): unknown => response.destroy();
    owner.settle(this, failure).then(end, end);
  }
}

/** Trailers of an answer that is not searched; those that are would need the same care as headers, and none is known. */
function addTrailers(response: ServerResponse, trailers: Record<string, string | string[] | undefined>): void {
  const raw = Object.entries(trailers).flatMap(([name, value]) => [value ?? []].flat().flatMap((each) => [name, each]));
  const kept = responseHeaders(raw, { injected: false });
  if (kept.kind === 'refused') return;
  const pairs: [string, string][] = [];
  for (let i = 0; i < kept.headers.length; i += 2) pairs.push([kept.headers[i] ?? '', kept.headers[i + 1] ?? '']);
  response.addTrailers(pairs);
}

function phrase(text: string | undefined): string {
  return (text ?? '').replace(/[^\t\x20-\x7e]/g, ' ');
}
