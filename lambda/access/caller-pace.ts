import { hash } from 'node:crypto';
import * as z from 'zod/mini';
import { callerRateKey, type Pace, type Paced, pace } from '../../core/access/throttle';
import type { Clock } from '../../runtime/clock';
import type { ItemStore } from '../../runtime/item-store';

const paceItem = z.object({ nextAt: z.number() });
/** Requests of one caller at one moment; more of them at once is too fast by itself. */
const MOST_TRIES = 6;

/** One item for each caller and pace, moved on by every request, whatever becomes of it. */
export async function takeTurn(store: ItemStore, clock: Clock, principal: string, of: Pace): Promise<Paced> {
  const key = callerRateKey(of, hash('sha256', principal, 'hex'));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const stored = paceItem.safeParse(await store.read('sessions', key));
    const before = stored.success ? stored.data.nextAt : undefined;
    const turn = pace(of, before, clock.wall());
    if (turn.kind === 'too-fast') return turn;
    const { nextAt } = turn;
    const result = await store.transact([
      {
        table: 'sessions',
        key,
        op: 'put',
        item: { version: 1, sessionId: key, nextAt, ttl: Math.ceil(nextAt / 1000) + 3600 },
        guard: {
          name: 'pace as read',
          condition: before === undefined ? { kind: 'absent' } : { kind: 'equals', values: { nextAt: before } },
        },
      },
    ]);
    if (result.kind === 'done') return turn;
  }
  return { kind: 'too-fast', waitSeconds: 1 };
}
