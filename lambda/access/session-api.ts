import { OPERATIONS } from '../../core/access/operations';
import { caller as callerSchema } from '../../core/access/principal';
import { type RawRequest, readRequest } from '../../core/access/read-request';
import { takeTurn } from './caller-pace';
import { getPanic, liftPanic, raisePanic, stopSession } from './end';
import { getCost, getLogs, getPolicy, getSession, listProfiles, listSessions, whoAmI } from './look';
import { refuse } from './outcome';
import { recordRefusal } from './people-records';
import type { ApiOptions, Handlers, Outcome } from './ports';
import { startSession } from './start';

export interface ApiRequest extends RawRequest {
  /** As the authorizer wrote it. */
  readonly caller: string | undefined;
  readonly sourceAddress: string | undefined;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const HANDLERS: Handlers = {
  startSession,
  listSessions,
  getSession,
  stopSession,
  getLogs,
  getCost,
  getPanic,
  raisePanic,
  liftPanic,
  listProfiles,
  getPolicy,
  whoAmI,
};

/** The control API: one request, one answer, and a record of every no and of everything that was done. */
export class SessionApi {
  constructor(private readonly options: ApiOptions) {}

  async handle(request: ApiRequest): Promise<ApiResponse> {
    try {
      return await this.answer(request);
    } catch (error) {
      this.options.onProblem('a request failed', error);
      return respond(refuse('unavailable', 'something broke here and nothing is certain; try again with the same key'));
    }
  }

  private async answer(request: ApiRequest): Promise<ApiResponse> {
    const { store, clock, records } = this.options;
    const { sourceAddress } = request;
    const caller = callerOf(request.caller);
    const read = readRequest(request);
    const id = read.kind === 'ok' ? read.request.id : read.id;
    const outcome = await (async (): Promise<Outcome> => {
      if (caller === undefined) return refuse('not-signed-in', 'got no caller; sign in with `agentctl login`');
      const turn = await takeTurn(store, clock, caller.principal, id === undefined ? 'ordinary' : OPERATIONS[id].pace);
      if (turn.kind === 'too-fast') {
        const retryAfterSeconds = turn.waitSeconds;
        return refuse('too-fast', `got too many requests of yours; wait ${retryAfterSeconds} s`, { retryAfterSeconds });
      }
      if (read.kind === 'refused') return { kind: 'refused', problem: read.problem };
      return HANDLERS[read.request.id](this.options, { caller, request: read.request, sourceAddress });
    })();
    if (outcome.kind === 'refused') {
      await recordRefusal(records, { ...(caller && { principal: caller.principal }), id, outcome, sourceAddress });
    }
    return respond(outcome, id === undefined ? 200 : OPERATIONS[id].status);
  }
}

function callerOf(text: string | undefined) {
  try {
    return callerSchema.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

/** Answers are somebody's own, and hold what agents wrote: nothing keeps them, and no browser reads more into them. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

function respond(outcome: Outcome, status = 200): ApiResponse {
  if (outcome.kind === 'done') {
    const headers = { ...HEADERS, 'content-type': 'application/json' };
    return { status, headers, body: JSON.stringify(outcome.body) };
  }
  const { problem } = outcome;
  return {
    status: problem.status,
    headers: {
      ...HEADERS,
      'content-type': 'application/problem+json',
      ...(problem.retryAfterSeconds !== undefined && { 'retry-after': String(problem.retryAfterSeconds) }),
    },
    body: JSON.stringify(problem),
  };
}
