import * as z from 'zod/mini';
import { sha256 } from '../audit/field';
import { sessionId } from './id';
import { SESSION_ROW_VERSION, ttl } from './row';

/**
 * What stands in the table of sessions beside the rows. Their keys have a colon, which no session's id has, so none is
 * ever read as a row.
 */
export const idempotencyKey = (hash: string): string => `idempotency:${hash}`;
export const waitKey = (id: string): string => `wait:${id}`;
/** How many sessions hold a place, in `used`. */
export const SLOTS_KEY = 'slots:all';
/** When RunTask may be asked next, in `nextAt`. */
export const RATE_KEY = 'rate:run-task';

const version = z.literal(SESSION_ROW_VERSION);

/** A request that was taken: who asks again with the same key gets the same session. */
export const idempotencyItem = z.strictObject({
  version,
  sessionId: z.string().check(z.regex(/^idempotency:[0-9a-f]{64}$/)),
  session: sessionId,
  request: sha256.check(z.describe('of the request: the same key with another one is refused')),
  ttl,
});

/** The token with which the state machine goes on. Who has it can end a session, so it stands in no row. */
export const waitItem = z.strictObject({
  version,
  sessionId: z.string().check(z.regex(/^wait:s[0-9a-z]{26}$/)),
  token: z.string().check(z.regex(/^[!-~]{1,2048}$/)),
  until: z.enum(['over', 'gone']).check(z.describe('that no service answers it, or that nothing of it runs')),
  ttl,
});
export type Wait = Pick<z.infer<typeof waitItem>, 'token' | 'until'>;

export const slotsItem = z.object({ used: z.int() });
export const rateItem = z.object({ nextAt: z.int() });
