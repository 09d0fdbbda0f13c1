import * as z from 'zod/mini';
import { principal, text, time } from '../audit/field';
import { SESSION_ROW_VERSION, ttl } from '../session/row';
import { ROLES } from './role';

/** Beside the rows, with a colon as no session's id has. */
export const LIFT_KEY = 'lift:panic';

/** How long somebody else may take to say yes. */
export const LIFT_MS = 30 * 60_000;

/** Somebody wants a panic lifted. It is of one panic: what is raised after it has to be asked about again. */
export const liftRequest = z.strictObject({
  version: z.literal(SESSION_ROW_VERSION),
  sessionId: z.literal(LIFT_KEY),
  epoch: z.int(),
  askedBy: principal,
  roles: z.array(z.enum(ROLES)),
  remark: text,
  expiresAt: time,
  ttl,
});
export type LiftRequest = z.infer<typeof liftRequest>;

/** The request, where it is of this panic and not too old. */
export function liftAsked(item: unknown, epoch: number, now: number): LiftRequest | undefined {
  const read = liftRequest.safeParse(item);
  if (!read.success || read.data.epoch !== epoch || Date.parse(read.data.expiresAt) <= now) return undefined;
  return read.data;
}
