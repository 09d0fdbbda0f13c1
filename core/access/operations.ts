import * as z from 'zod/mini';
import { repository, slug, text } from '../audit/field';
import { sessionId } from '../session/id';
import { MAX_TASK_TEXT_BYTES } from '../session/self';
import * as answers from './answers';
import { OPERATION_IDS, type OperationId } from './may-do';
import type { Pace } from './throttle';

/** The API as a table: routes, validation and the OpenAPI document are read from here, and from nowhere else. */
export interface Operation {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI spells it; parts in braces are of {@link PATH_PARTS}. */
  readonly path: string;
  readonly summary: string;
  readonly pace: Pace;
  readonly query?: z.ZodMiniObject;
  readonly headers?: z.ZodMiniObject;
  readonly body?: z.ZodMiniObject;
  readonly status: 200 | 201 | 202;
  readonly answer: z.ZodMiniObject;
}

/** API Gateway gives a function at most this much; base64 and JSON around it included, Lambda takes 6 MB. */
export const MAX_BODY_BYTES = 2 * MAX_TASK_TEXT_BYTES;

export const PATH_PARTS = { sessionId, profile: slug } as const;

/** Chosen by the client, new for each session wanted, and the same for each try to get it. */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

const remark = z.optional(text.check(z.describe('why, for those who read it later; one line, at most 256 characters')));

const startBody = z.strictObject({
  profile: slug.check(z.describe('name of a profile: lower-case letters, digits, hyphens')),
  task: z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(MAX_TASK_TEXT_BYTES),
      z.describe(`what the agent is to do, at most ${MAX_TASK_TEXT_BYTES} bytes of UTF-8`),
    ),
  team: z.optional(slug.check(z.describe('whom the session counts for, where you are in several teams'))),
  repository: z.optional(repository.check(z.describe('owner/name of the repository it works on'))),
  budgetUsd: z.optional(
    z
      .number()
      .check(
        z.minimum(0),
        z.maximum(1_000_000),
        z.describe("US dollars for models; the profile's own budget is the most, and the default"),
      ),
  ),
});
export type StartBody = z.infer<typeof startBody>;

const pageCursor = z.optional(
  z.string().check(z.regex(/^[A-Za-z0-9_-]{1,2048}$/), z.describe('of the page before, as it was answered')),
);

const listQuery = z.strictObject({
  live: z.optional(z.enum(['true', 'false']).check(z.describe('true: only those that have not ended'))),
  mine: z.optional(z.enum(['true', 'false']).check(z.describe('true: only your own; always so for submitters'))),
  limit: z.optional(
    z.string().check(z.regex(/^(?:[1-9][0-9]?|100)$/), z.describe('how many at most, 1 to 100; default 50')),
  ),
  cursor: pageCursor,
});

const idempotency = z.object({
  [IDEMPOTENCY_HEADER]: z
    .string()
    .check(
      z.regex(/^[A-Za-z0-9_-]{16,128}$/),
      z.describe('16 to 128 letters, digits, - and _: new for each session wanted, the same for each try to get it'),
    ),
});

export const OPERATIONS: Readonly<Record<OperationId, Operation>> = {
  startSession: {
    method: 'POST',
    path: '/v1/sessions',
    summary: 'Starts a session, once for each key',
    pace: 'ordinary',
    headers: idempotency,
    body: startBody,
    status: 201,
    answer: answers.started,
  },
  listSessions: {
    method: 'GET',
    path: '/v1/sessions',
    summary: 'Sessions, newest first; of everybody by state',
    pace: 'ordinary',
    query: listQuery,
    status: 200,
    answer: answers.sessionPage,
  },
  getSession: {
    method: 'GET',
    path: '/v1/sessions/{sessionId}',
    summary: 'One session',
    pace: 'ordinary',
    status: 200,
    answer: answers.oneSession,
  },
  stopSession: {
    method: 'POST',
    path: '/v1/sessions/{sessionId}/stop',
    summary: 'Ends a session: from the answer on nothing it does has an effect',
    pace: 'urgent',
    body: z.strictObject({ remark }),
    status: 200,
    answer: answers.oneSession,
  },
  getLogs: {
    method: 'GET',
    path: '/v1/sessions/{sessionId}/logs',
    summary: 'A page of the lines in which the recorder shipped transcripts and output: what the task says of itself',
    pace: 'ordinary',
    query: z.strictObject({ cursor: pageCursor }),
    status: 200,
    answer: answers.transcript,
  },
  getCost: {
    method: 'GET',
    path: '/v1/sessions/{sessionId}/cost',
    summary: 'What a session may cost, and has taken of compute',
    pace: 'ordinary',
    status: 200,
    answer: answers.cost,
  },
  getPanic: {
    method: 'GET',
    path: '/v1/panic',
    summary: 'Whether the platform is stopped, by whom and why',
    pace: 'ordinary',
    status: 200,
    answer: answers.panicView,
  },
  raisePanic: {
    method: 'POST',
    path: '/v1/panic',
    summary: 'Stops the platform: every service refuses every session within two seconds, and all are ended',
    pace: 'urgent',
    body: z.strictObject({ remark }),
    status: 200,
    answer: answers.raised,
  },
  liftPanic: {
    method: 'POST',
    path: '/v1/panic/lift',
    summary: 'Asks for the end of a panic, or says yes to what somebody else asked; the sessions stay ended',
    pace: 'urgent',
    body: z.strictObject({ remark }),
    status: 200,
    answer: answers.lifted,
  },
  listProfiles: {
    method: 'GET',
    path: '/v1/profiles',
    summary: 'Kinds of sessions, and for which teams you may start each',
    pace: 'ordinary',
    status: 200,
    answer: answers.profiles,
  },
  getPolicy: {
    method: 'GET',
    path: '/v1/profiles/{profile}/policy',
    summary: 'What sessions of a profile may do, as the services read it',
    pace: 'ordinary',
    status: 200,
    answer: answers.policy,
  },
  whoAmI: {
    method: 'GET',
    path: '/v1/whoami',
    summary: 'Who you are here, and what you may do',
    pace: 'ordinary',
    status: 200,
    answer: answers.whoAmI,
  },
};

export type Route =
  | { readonly kind: 'found'; readonly id: OperationId; readonly parts: Readonly<Record<string, string>> }
  | { readonly kind: 'no-path' }
  | { readonly kind: 'no-method'; readonly allowed: readonly string[] };

/** Which operation a request is. Parts are taken as they stand: nothing of theirs needs an escape. */
export function routeOf(method: string, path: string): Route {
  const matching = OPERATION_IDS.flatMap((id) => {
    const parts = matchPath(OPERATIONS[id].path, path);
    return parts === undefined ? [] : [{ id, parts }];
  });
  const found = matching.find(({ id }) => OPERATIONS[id].method === method);
  if (found) return { kind: 'found', ...found };
  if (matching.length === 0) return { kind: 'no-path' };
  return { kind: 'no-method', allowed: matching.map(({ id }) => OPERATIONS[id].method) };
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const got = path.split('/');
  if (wanted.length !== got.length) return undefined;
  const parts: Record<string, string> = {};
  for (const [i, segment] of wanted.entries()) {
    const value = got[i] ?? '';
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined) {
      if (segment !== value) return undefined;
    } else {
      parts[name] = value;
    }
  }
  return parts;
}
