import * as z from 'zod/mini';

/** Every error of the API, as RFC 9457 has them (`application/problem+json`). */
export const problem = z.object({
  type: z.string().check(z.describe('urn:agent-platform:problem:CODE')),
  title: z.string().check(z.describe('what is wrong, the same for each of a code')),
  status: z.int(),
  code: z.string().check(z.describe('a word that programs may read')),
  detail: z.string().check(z.describe('got what, expected what, and what to do')),
  problems: z.optional(
    z
      .array(z.object({ where: z.string(), got: z.string(), expected: z.string() }))
      .check(z.describe('each thing that is wrong with the request')),
  ),
  retryAfterSeconds: z.optional(z.int()),
});
export type Problem = z.infer<typeof problem>;

/** What is wrong by code, and its status. 401 and 403 stand apart: after the first one signs in, after the second one asks. */
export const PROBLEMS = {
  'not-signed-in': { status: 401, title: 'not signed in' },
  'request-invalid': { status: 400, title: 'the request is not as the API has it' },
  'role-missing': { status: 403, title: 'your roles do not permit this' },
  'same-person': { status: 403, title: 'this takes a second person' },
  'team-unknown': { status: 403, title: 'you are not in the team' },
  'team-ambiguous': { status: 400, title: 'several of your teams would do' },
  'profile-not-entitled': { status: 403, title: 'the profile is not open to you' },
  'path-unknown': { status: 404, title: 'no such path' },
  'session-unknown': { status: 404, title: 'no such session' },
  'profile-unknown': { status: 404, title: 'no such profile' },
  'method-unknown': { status: 405, title: 'no such method here' },
  'key-reused': { status: 409, title: 'the key was used for another request' },
  'not-paused': { status: 409, title: 'there is no panic to lift' },
  'body-too-large': { status: 413, title: 'the request is too large' },
  'body-unreadable': { status: 400, title: 'the body is not JSON' },
  'repository-unknown': { status: 422, title: 'no repository of the profile' },
  'budget-too-high': { status: 422, title: 'more than the profile permits' },
  'budget-exceeded': { status: 422, title: 'your budget of the day is used up' },
  'concurrency-exceeded': { status: 422, title: 'as many of your sessions run as may' },
  'daily-sessions-exceeded': { status: 422, title: 'as many sessions as you may start in a day' },
  'too-fast': { status: 429, title: 'too many requests' },
  'platform-paused': { status: 503, title: 'the platform is stopped by a panic' },
  unavailable: { status: 503, title: 'something the platform needs does not answer' },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

export function problemOf(code: ProblemCode, detail: string, more: Partial<Problem> = {}): Problem {
  return { type: `urn:agent-platform:problem:${code}`, ...PROBLEMS[code], code, detail, ...more };
}
