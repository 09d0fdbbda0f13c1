import type { PreflightCause } from '../../core/session/cause';
import type { SessionRow } from '../../core/session/row';
import type { SessionGrants } from '../../runtime/session-ports';
import type { Transitions } from '../../runtime/session-transitions';

export interface PreflightOptions {
  readonly transitions: Transitions;
  readonly grants: SessionGrants;
  readonly profiles: ReadonlySet<string>;
  /** Whether the session's task text is there, as long as its row says. */
  readonly hasTaskText: (row: SessionRow) => Promise<boolean>;
}

/** Tells the machine not to go on and not to try again. */
export class SessionOver extends Error {
  override readonly name = 'SessionOver';
}

export interface Preflighted {
  readonly sessionId: string;
  /** How long the machine waits for the task. */
  readonly lifetimeSeconds: number;
}

/** Waiting in the queue for RunTask's turn and for the first container takes none of a session's lifetime here. */
const MARGIN_SECONDS = 60;

const GRANT_CAUSES: Readonly<Record<string, PreflightCause>> = {
  'requester-unknown': 'grant-beyond-requester',
  'requester-rights': 'grant-beyond-requester',
  'branch-unprotected': 'branch-unprotected',
  'document-missing': 'document-changed',
  'document-changed': 'document-changed',
  'platform-paused': 'platform-paused',
};
/** A broker that can't say is asked again: that is a fault, and no refusal. */
const UNCLEAR: readonly string[] = ['tables-unreadable', 'provider-unreachable', 'record-failed'];

/** What can be known to fail is told before compute is bought. */
export async function preflight(options: PreflightOptions, sessionId: string): Promise<Preflighted> {
  const { transitions } = options;
  const started = await transitions.apply(sessionId, { kind: 'preflight-started' });
  if (started.kind !== 'applied') throw new SessionOver(`session ${sessionId}: no such row`);
  const { row } = started;
  if (row.state === 'PREFLIGHT') {
    const cause = await refusalOf(options, row);
    await transitions.apply(sessionId, cause ? { kind: 'preflight-refused', cause } : { kind: 'preflight-passed' });
  }
  const after = await transitions.table.get(sessionId);
  if (after?.state !== 'QUEUED') throw new SessionOver(`session ${sessionId}: ${after?.cause ?? after?.state}`);
  return { sessionId, lifetimeSeconds: row.lifetimeSeconds + MARGIN_SECONDS };
}

async function refusalOf(options: PreflightOptions, row: SessionRow): Promise<PreflightCause | undefined> {
  const epoch = await options.transitions.table.epoch();
  if (!epoch?.open) return 'platform-paused';
  if (!options.profiles.has(row.profile)) return 'profile-unknown';
  if (!(await options.hasTaskText(row))) return 'task-text-missing';
  const [problem] = await options.grants.check(row.sessionId);
  if (problem === undefined) return undefined;
  if (UNCLEAR.includes(problem)) throw new Error(`grants of ${row.sessionId}: ${problem}`);
  return GRANT_CAUSES[problem] ?? 'grant-unresolvable';
}
