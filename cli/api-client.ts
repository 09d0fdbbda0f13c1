import type { OperationId } from '../core/access/may-do';
import { OPERATIONS } from '../core/access/operations';
import { PROBLEMS, type Problem, type ProblemCode, problem, problemOf } from '../core/access/problem';
import { EXITS, type Io } from './verb';

/** The platform said no, or nothing. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(readonly problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
  }

  get exit(): number {
    const { status } = this.problem;
    if (status === 404) return EXITS.notFound;
    if (status === 400 || status === 405 || status === 413) return EXITS.usage;
    return status === 429 || status >= 500 ? EXITS.unavailable : EXITS.refused;
  }
}

export interface Call {
  readonly parts?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

const MOST_TRIES = 4;
const LONGEST_WAIT_MS = 20_000;
const DEADLINE_MS = 35_000;

/** The control API by its table of operations. */
export class ApiClient {
  constructor(
    private readonly endpoint: string,
    private readonly token: string | undefined,
    private readonly io: Io,
  ) {}

  /**
   * What cannot be told from never having happened is asked again, a few times: starts carry a key, and all others may
   * happen twice. @throws ApiError
   */
  async call<A>(id: OperationId, call: Call = {}): Promise<A> {
    for (let tries = 1; ; tries++) {
      const answer = await this.once(id, call);
      if (answer.kind === 'done') return answer.body as A;
      const { problem: found } = answer;
      const again = found.status === 429 || found.status >= 500;
      // Stopped by people: trying again does not lift it.
      if (!again || found.code === 'platform-paused' || tries >= MOST_TRIES) throw new ApiError(found);
      const seconds = found.retryAfterSeconds;
      const wait = Math.min(seconds === undefined ? 500 * 2 ** (tries - 1) : seconds * 1000, LONGEST_WAIT_MS);
      this.io.stderr(`${found.title}; asking again in ${wait / 1000} s\n`);
      await (this.io.sleep ?? sleep)(wait);
    }
  }

  private async once(id: OperationId, { parts = {}, query = {}, headers = {}, body }: Call) {
    const { method, path } = OPERATIONS[id];
    const place = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parts[name] ?? ''));
    const asked = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    );
    const search = asked.length === 0 ? '' : `?${new URLSearchParams(asked)}`;
    try {
      const response = await fetch(`${this.endpoint}${place}${search}`, {
        method,
        headers: {
          ...headers,
          'user-agent': 'agentctl',
          ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        // A redirect would take the token elsewhere.
        redirect: 'error',
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      const json: unknown = await response.json().catch(() => undefined);
      if (response.ok && json !== undefined) return { kind: 'done' as const, body: json };
      return { kind: 'problem' as const, problem: problemFrom(response, json) };
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
      const detail = `got no answer from ${this.endpoint} (${cause}); check the address and the network with \`agentctl doctor\``;
      return { kind: 'problem' as const, problem: problemOf('unavailable', detail) };
    }
  }
}

/** Of the API itself, or of what stands before it: the firewall and API Gateway answer in forms of their own. */
function problemFrom(response: Response, json: unknown): Problem {
  const read = problem.safeParse(json);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const wait = Number.isFinite(seconds) && seconds >= 0 ? { retryAfterSeconds: Math.ceil(seconds) } : {};
  if (read.success) return { ...wait, ...read.data };
  const { status } = response;
  const known: Partial<Record<number, ProblemCode>> = { 401: 'not-signed-in', 413: 'body-too-large', 429: 'too-fast' };
  const code = known[status] ?? (status >= 500 ? 'unavailable' : 'request-invalid');
  const detail = `got HTTP ${status} and no problem of the API; it comes from something before it, such as its firewall`;
  return { ...problemOf(code, detail, wait), status: status in known ? PROBLEMS[code].status : status };
}

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
