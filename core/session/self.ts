import * as z from 'zod/mini';
import { body, slug, taskArn, time } from '../audit/field';
import { interfaceAddress } from './binding';
import { sessionId } from './id';
import { generation } from './row';

/** A task's text is read whole, by the proxy and by session-init. */
export const MAX_TASK_TEXT_BYTES = 1024 * 1024;

/** Where a task's text lies in the bucket of payloads. */
export function taskTextKey(session: string): string {
  return `task-text/${session}`;
}

/**
 * What the egress proxy answers a session about itself. Nothing in it is worth stealing: an agent knows its task from the
 * metadata endpoint, and an id proves nothing. Not strict: of what a newer proxy says, an older image reads its part.
 */
export const selfAnswer = z.object({
  version: z.literal(1),
  sessionId,
  taskArn: taskArn.check(z.describe('the task the proxy takes the caller for; session-init waits until it is its own')),
  generation,
  profile: slug,
  taskText: body,
  lifetimeEndsAt: time,
  idleSeconds: z.int().check(z.minimum(1)),
  refusedHost: z.optional(
    z.string().check(z.regex(/^[a-z0-9.-]{1,253}$/), z.describe('a host that exists and that the profile closes')),
  ),
  neighbour: z.optional(interfaceAddress.check(z.describe('address of another live session'))),
});
export type SelfAnswer = z.infer<typeof selfAnswer>;

/**
 * Hosts that answer on 443 for as long as there is an internet, none of them in a preset. The canary asks for the first
 * one that the profile closes: a host that does not exist would be refused by an open proxy as well.
 */
export const REFUSED_HOST_CANDIDATES = ['example.com', 'www.iana.org', 'one.one.one.one', 'dns.google'] as const;
