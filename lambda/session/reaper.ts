import { findingOf, type Patience } from '../../core/session/overdue';
import type { SessionRow } from '../../core/session/row';
import { LIVE_STATES } from '../../core/session/state';
import type { Clock } from '../../runtime/clock';
import type { Transitions } from '../../runtime/session-transitions';

export interface ReaperOptions {
  readonly transitions: Transitions;
  readonly clock: Clock;
  readonly patience?: Patience;
  readonly onProblem: (sessionId: string, problem: string) => void;
}

export interface Reaped {
  readonly live: number;
  readonly overdue: number;
  readonly missing: number;
  readonly orphans: number;
  readonly failed: number;
}

/** Most that DescribeTasks takes. */
const AT_ONCE = 100;
/** One by one it would take minutes; all at once they would wait for each other. */
const PARALLEL = 20;

/**
 * Each minute: what ECS says of every task of a live session, whose time is over, and what runs and is nobody's. So an
 * event that was lost costs a minute, and a function that died costs its session nothing but time.
 */
export async function reap(options: ReaperOptions): Promise<Reaped> {
  const { transitions, clock } = options;
  const rows = await liveRows(transitions);
  const epoch = await transitions.table.epoch();
  const { missing, orphans, failed } = await compare(options, rows);
  let overdue = 0;
  const broken = await each(options, rows, async (row) => {
    if (epoch?.open === false) {
      // Bound before the panic or not: whatever lives while it lasts is over.
      await transitions.apply(row.sessionId, { kind: 'stop', cause: 'panic' });
      return;
    }
    const finding = findingOf(row, clock.wall(), options.patience);
    if (finding.kind === 'fine') return;
    overdue++;
    if (finding.kind === 'overdue') await transitions.apply(row.sessionId, { kind: 'overdue' });
    else {
      if (row.taskArn !== undefined) await transitions.tasks.stop(row.taskArn, 'session over long since');
      await transitions.apply(row.sessionId, { kind: 'finish', force: true });
    }
  });
  return { live: rows.length, overdue, missing, orphans, failed: failed + broken };
}

/** After a panic: ends every session, as fast as StopTask allows. No service answers any of them meanwhile. */
export async function sweep(options: ReaperOptions): Promise<{ readonly stopped: number; readonly failed: number }> {
  const rows = await liveRows(options.transitions);
  const failed = await each(options, rows, async ({ sessionId }) => {
    await options.transitions.apply(sessionId, { kind: 'stop', cause: 'panic' });
  });
  return { stopped: rows.length - failed, failed };
}

async function liveRows({ table }: Transitions): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await table.list({ live: true, limit: 1000, ...(cursor !== undefined && { cursor }) });
    rows.push(...page.rows);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return rows.filter(({ state }) => (LIVE_STATES as readonly string[]).includes(state));
}

/** What ECS has against what the rows say, both ways. */
async function compare(
  options: ReaperOptions,
  rows: readonly SessionRow[],
): Promise<Pick<Reaped, 'missing' | 'orphans' | 'failed'>> {
  const { tasks } = options.transitions;
  const owned = new Map(rows.flatMap((row) => (row.taskArn === undefined ? [] : [[row.taskArn, row.sessionId]])));
  const running: string[] = [];
  let after: string | undefined;
  do {
    const page = await tasks.list({ ...(after !== undefined && { after }) });
    running.push(...page.taskArns);
    after = page.after;
  } while (after !== undefined);
  // Of tasks whose session is not known to be live, too: one is a start whose answer was lost, the next is nobody's.
  const asked = [...new Set([...owned.keys(), ...running])];
  const found = { missing: 0, orphans: 0, failed: 0 };
  for (let i = 0; i < asked.length; i += AT_ONCE) {
    const described = await tasks.describe(asked.slice(i, i + AT_ONCE));
    found.failed += await each(options, described.tasks, async (task) => {
      await options.transitions.taskSeen(task);
    });
    for (const taskArn of described.strange) {
      found.orphans++;
      await tasks.stop(taskArn, 'started by nobody who may');
    }
    for (const taskArn of described.missing) {
      const sessionId = owned.get(taskArn);
      if (sessionId === undefined) continue;
      found.missing++;
      await options.transitions.apply(sessionId, { kind: 'task-missing', taskArn });
    }
  }
  return found;
}

/** One that fails keeps no other from its turn: a hostile session must not shield the rest. Gives how many failed. */
async function each<T extends { readonly sessionId: string }>(
  { onProblem }: ReaperOptions,
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<number> {
  const waiting = [...all];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      try {
        await work(one);
      } catch (error) {
        failed++;
        onProblem(one.sessionId, error instanceof Error ? error.message : 'unknown');
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return failed;
}
