import { addressIn, judgeCheckable, judgeLive, type LiveResult } from '../../core/credentials/live';
import { refusedFor } from '../../core/credentials/refusal';
import { BINDING_KEY, CLOSED_ADDRESS, EPOCH_ADDRESS } from '../../core/session/binding';
import { SESSION_KEY } from '../../core/session/row';
import type { Clock } from '../../runtime/clock';
import type { ReadItem } from '../../runtime/dynamo-items';

export interface SessionReader {
  /** Whether the session lives at this moment. */
  live(sessionId: string): Promise<LiveResult>;
  /** Whether it may be looked at before it starts. */
  checkable(sessionId: string): Promise<LiveResult>;
}

export interface SessionTables {
  readonly read: ReadItem;
  readonly sessionsTable: string;
  readonly bindingsTable: string;
  readonly clock: Clock;
}

/** From the tables, strongly consistent and never remembered. */
export function sessionReader({ read, sessionsTable, bindingsTable, clock }: SessionTables): SessionReader {
  const item = (address: string) => read(bindingsTable, { [BINDING_KEY]: address });
  const judge = async (sessionId: string, by: typeof judgeLive): Promise<LiveResult> => {
    try {
      const [row, epoch, closed] = await Promise.all([
        read(sessionsTable, { [SESSION_KEY]: sessionId }),
        item(EPOCH_ADDRESS),
        item(CLOSED_ADDRESS),
      ]);
      const address = addressIn(row);
      const binding = address === undefined ? undefined : await item(address);
      return by(sessionId, { row, binding, epoch, closed, now: clock.wall() });
    } catch (error) {
      return refusedFor('tables-unreadable', error instanceof Error ? error.name : 'unknown');
    }
  };
  return {
    live: (sessionId) => judge(sessionId, judgeLive),
    checkable: (sessionId) => judge(sessionId, judgeCheckable),
  };
}
