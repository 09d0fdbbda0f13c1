import { request } from 'node:https';
import type { Clock } from '../../runtime/clock';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of repeated ones the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** One call, over TLS. Throws where there was no answer. A port, so that tests can have it fail. */
export type HttpCall = (request: HttpRequest) => Promise<HttpAnswer>;

/** A token answer has a few hundred bytes, a list of rules some thousand. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const CALL_MS = 5000;

/**
 * Node's own client and not fetch: it follows no redirect, which would carry the App's own token to wherever the answer
 * says, and takes the authority of a server of one's own.
 */
export function httpsCall(authorities?: readonly string[]): HttpCall {
  return ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const call = request(
        url,
        {
          method,
          headers: { 'user-agent': 'cdk-agent-platform', ...headers },
          signal: AbortSignal.timeout(CALL_MS),
          ...(authorities && { ca: [...authorities] }),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let size = 0;
          answer.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > MAX_ANSWER_BYTES) call.destroy(new Error('the answer is too large'));
            else chunks.push(chunk);
          });
          answer.once('error', reject);
          answer.once('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: Object.fromEntries(
                Object.entries(answer.headers).map(([name, value]) => [name, [value].flat()[0] ?? '']),
              ),
              text: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      call.once('error', reject);
      call.end(body);
    });
}

const ATTEMPTS = 3;
/** A service waits for the broker, and an agent for the service. */
const LONGEST_WAIT_MS = 2000;

/**
 * Tries again what was lost, what the server could not do just then, and what came too fast where the server names a time
 * short enough to wait for. Throws where it never got an answer.
 */
export function withRetries(call: HttpCall, clock: Clock): HttpCall {
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  return async (one) => {
    for (let attempt = 1; ; attempt++) {
      let wait = 100 * 4 ** (attempt - 1);
      try {
        const answer = await call(one);
        if (attempt === ATTEMPTS || !isPassing(answer)) return answer;
        const asked = Number(answer.headers['retry-after']) * 1000;
        if (Number.isFinite(asked)) wait = asked;
        if (wait > LONGEST_WAIT_MS) return answer;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
      await sleep(wait);
    }
  };
}

/** GitHub's secondary limits come as 403 with a time to wait. */
function isPassing({ status, headers }: HttpAnswer): boolean {
  return status === 429 || status >= 500 || (status === 403 && headers['retry-after'] !== undefined);
}
