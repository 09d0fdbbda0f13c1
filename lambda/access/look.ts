import { mayDo, OPERATION_IDS } from '../../core/access/may-do';
import { entitlement } from '../../core/access/principal';
import { actionOf } from '../../core/access/record';
import { sessionView } from '../../core/access/session-view';
import { transcriptStream } from '../../core/access/transcript-stream';
import { sessionCost } from '../../core/ceiling/idle-cost';
import { isTerminal } from '../../core/session/state';
import { InvalidCursor } from '../../runtime/session-table';
import { check, done, findSession, forbidden, refuse } from './outcome';
import { recordHuman } from './people-records';
import type { ApiOptions, Ask, Outcome } from './ports';

export async function listSessions({ table }: ApiOptions, ask: Ask): Promise<Outcome> {
  const { caller, request } = ask;
  const { live, mine, limit, cursor } = request.query;
  const all = mine === 'true' ? undefined : mayDo(caller, 'listSessions', { kind: 'session' });
  if (all?.kind !== 'yes') {
    const own = mayDo(caller, 'listSessions', { kind: 'session', requester: caller.principal });
    if (own.kind === 'no') return forbidden(ask, own);
  }
  try {
    const page = await table.list({
      ...(all?.kind !== 'yes' && { requester: caller.principal }),
      ...(live === 'true' && { live: true }),
      ...(limit !== undefined && { limit: Number(limit) }),
      ...(cursor !== undefined && { cursor }),
    });
    return done({ sessions: page.rows.map(sessionView), ...(page.cursor !== undefined && { cursor: page.cursor }) });
  } catch (error) {
    // DynamoDB's word for a key that was not its own: the cursor comes from the caller.
    const odd =
      error instanceof InvalidCursor || (cursor !== undefined && (error as Error).name === 'ValidationException');
    if (!odd) throw error;
    return refuse(
      'request-invalid',
      'query cursor: got one that was not given, expected none or the last one answered',
    );
  }
}

export async function getSession(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const found = await findSession(options, ask);
  return found.kind === 'found' ? done({ session: sessionView(found.row) }) : found;
}

export async function getLogs(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const found = await findSession(options, ask);
  if (found.kind !== 'found') return found;
  const { row } = found;
  const { caller, sourceAddress, request } = ask;
  const { transcripts, records } = options;
  const { cursor } = request.query;
  // What a session wrote may be anything: who read it is asked after an attack. One record a reading, not one a page.
  if (cursor === undefined) await recordHuman(records, { caller, sourceAddress, action: actionOf(request.id), row });
  const logStream = row.taskArn && transcriptStream(row.profile, row.taskArn);
  const page = logStream === undefined ? { lines: [] } : await transcripts.page(logStream, cursor);
  if (page === undefined) {
    return refuse(
      'request-invalid',
      'query cursor: got one that was not given, expected none or the last one answered',
    );
  }
  const { sessionId } = row;
  const complete = isTerminal(row.state);
  return done({ sessionId, logGroup: transcripts.logGroup, ...(logStream && { logStream }), complete, ...page });
}

export async function getCost(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const found = await findSession(options, ask);
  if (found.kind !== 'found') return found;
  const { row } = found;
  const until = row.endedAt === undefined ? options.clock.wall() : Date.parse(row.endedAt);
  const seconds = row.startedAt === undefined ? 0 : Math.max(0, Math.ceil((until - Date.parse(row.startedAt)) / 1000));
  const policy = await options.documents.current(row.profile);
  // Under another document the task may have had another size.
  const size = policy?.hash === row.documentHash ? policy.document.session : undefined;
  const compute = (time: number): number | undefined =>
    size && Math.ceil(sessionCost(size.cpuUnits, size.memoryMiB, size.storageGiB, time) * 1e6);
  const sofar = seconds === 0 ? 0 : compute(seconds);
  const most = compute(row.lifetimeSeconds);
  return done({
    sessionId: row.sessionId,
    complete: isTerminal(row.state),
    reservedMicroUsd: row.budgetReservedMicroUsd,
    computeSeconds: seconds,
    ...(sofar !== undefined && { computeMicroUsd: sofar }),
    ...(most !== undefined && { atMostMicroUsd: most + row.budgetReservedMicroUsd }),
  });
}

export async function listProfiles({ documents }: ApiOptions, ask: Ask): Promise<Outcome> {
  const refused = check(ask);
  if (refused) return refused;
  const { caller } = ask;
  return done({
    profiles: documents.profiles.map((profile) => ({
      profile,
      teams: caller.memberships.flatMap(({ team }) =>
        entitlement(caller, { profile, team }).kind === 'ok' ? [team] : [],
      ),
    })),
  });
}

export async function getPolicy({ documents }: ApiOptions, ask: Ask): Promise<Outcome> {
  const refused = check(ask);
  if (refused) return refused;
  const profile = ask.request.parts.profile ?? '';
  if (!documents.profiles.includes(profile)) {
    const detail = `got a name that no profile has, expected one of ${documents.profiles.join(', ')}`;
    return { ...refuse('profile-unknown', detail), target: profile };
  }
  const policy = await documents.current(profile);
  if (policy === undefined) return refuse('unavailable', 'the policy document can not be read now; try again');
  return done({ profile, documentHash: policy.hash, document: policy.document });
}

export async function whoAmI(_: ApiOptions, { caller }: Ask): Promise<Outcome> {
  const subject = { kind: 'session', requester: caller.principal } as const;
  return done({ ...caller, may: OPERATION_IDS.filter((id) => mayDo(caller, id, subject).kind === 'yes') });
}
