import { runTaskToken, type SessionRow } from '../../core/session/row';
import { isTerminal } from '../../core/session/state';
import type { SessionGrants } from '../../runtime/session-ports';
import type { Transitions } from '../../runtime/session-transitions';

export interface StopOptions {
  readonly transitions: Transitions;
  readonly grants: SessionGrants;
}

export interface StopInput {
  readonly sessionId: string;
  /** The machine goes on with it, once the task is gone. */
  readonly token: string;
  /** What a state failed with; `none` where all went well. */
  readonly failed: { readonly Error: string };
}

/** Source: Amazon States Language, "Errors". */
const TIMEOUTS: readonly string[] = ['States.Timeout', 'States.HeartbeatTimeout'];

/** Stores the machine's token, and lets it go on at once where the session is over already. */
export async function run({ transitions }: StopOptions, sessionId: string, token: string): Promise<void> {
  const { table } = transitions;
  await table.wait(sessionId, { token, until: 'over' });
  // What ended it may have looked for a token a moment before there was one.
  const row = await table.get(sessionId);
  if (row === undefined || row.state === 'STOPPING' || isTerminal(row.state)) await transitions.wake(sessionId, false);
}

/** However it came to this: no service answers it, its task is told to stop, and its grants are taken back. */
export async function stop({ transitions, grants }: StopOptions, input: StopInput): Promise<void> {
  const { sessionId, token, failed } = input;
  await transitions.table.wait(sessionId, { token, until: 'gone' });
  const applied = await transitions.apply(sessionId, {
    kind: 'machine-failed',
    timedOut: TIMEOUTS.includes(failed.Error),
  });
  if (applied.kind === 'applied') {
    const { row } = applied;
    // Only what was started can have been given anything.
    await Promise.all([stopTask(transitions, row), row.startedAt && grants.revoke(sessionId)]);
  }
  // Asked of the row as it is now: the task may have gone before there was a token to tell of it.
  const after = await transitions.table.get(sessionId);
  if (after === undefined || !mayRun(after)) await transitions.wake(sessionId, true);
}

function mayRun({ startedAt, state, taskArn, taskGone }: SessionRow): boolean {
  return startedAt !== undefined && !isTerminal(state) && taskArn !== undefined && !taskGone;
}

async function stopTask(transitions: Transitions, row: SessionRow): Promise<void> {
  if (row.startedAt === undefined || row.taskGone) return;
  const { sessionId, generation } = row;
  const taskArn = row.taskArn ?? (await findTask(transitions, row));
  if (taskArn === undefined) return;
  if (row.taskArn === undefined) await transitions.apply(sessionId, { kind: 'run-task-answered', generation, taskArn });
  const answer = await transitions.tasks.stop(taskArn, `session over: ${row.cause ?? 'ended by ECS'}`);
  if (answer === 'gone') await transitions.apply(sessionId, { kind: 'task-missing', taskArn });
}

/** RunTask's answer was lost, but not its task. */
async function findTask({ tasks }: Transitions, row: SessionRow): Promise<string | undefined> {
  const { taskArns } = await tasks.list({ startedBy: runTaskToken(row) });
  return taskArns[0];
}

/** The end. After a stop nothing is waited for: what ECS still says is about a session that is over. */
export async function finish({ transitions }: StopOptions, sessionId: string): Promise<void> {
  await transitions.apply(sessionId, { kind: 'finish', force: true });
}
