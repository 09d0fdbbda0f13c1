import { hash } from 'node:crypto';
import { admission, DAY_MS } from '../../core/access/admission';
import type * as answers from '../../core/access/answers';
import { IDEMPOTENCY_HEADER, type StartBody } from '../../core/access/operations';
import { entitlement } from '../../core/access/principal';
import { sessionView } from '../../core/access/session-view';
import { type WithinProfile, withinProfile } from '../../core/access/within-profile';
import { makeSessionId } from '../../core/session/id';
import { idempotencyItem, idempotencyKey } from '../../core/session/items';
import { pendingRow, type SessionRow } from '../../core/session/row';
import { MAX_TASK_TEXT_BYTES } from '../../core/session/self';
import type { LoadedPolicy } from '../../runtime/policies';
import { check, done, refuse } from './outcome';
import { recordHuman } from './people-records';
import type { ApiOptions, Ask, Outcome } from './ports';

interface Wanted {
  readonly body: StartBody;
  readonly text: Uint8Array;
  /** Hashes of caller and key, and of what was asked for. */
  readonly idempotency: { readonly key: string; readonly request: string };
}

/**
 * A session, once for each key. The row comes first: whatever breaks after it, the same request again goes on where this
 * one stopped, and where nobody asks again, the reaper ends what never started.
 */
export async function startSession(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const refused = check(ask);
  if (refused) return refused;
  const body = ask.request.body as StartBody;
  const text = Buffer.from(body.task, 'utf8');
  if (text.length > MAX_TASK_TEXT_BYTES || /\p{Cs}/u.test(body.task)) {
    const detail = `body task: got ${text.length} bytes, expected at most ${MAX_TASK_TEXT_BYTES} of well-formed UTF-8; put what is long into the repository`;
    return refuse('request-invalid', detail);
  }
  const wanted = { body, text, idempotency: idempotencyOf(ask, body) };
  // Before every limit: what was started counts against them, and its own retry would be told that it is one too many.
  return (await earlier(options, ask, wanted)) ?? (await startNew(options, ask, wanted));
}

async function startNew(options: ApiOptions, ask: Ask, wanted: Wanted): Promise<Outcome> {
  const { documents } = options;
  const { profile, team } = wanted.body;
  if (!documents.profiles.includes(profile)) {
    return refuse('profile-unknown', `got "${profile}", expected one of ${documents.profiles.join(', ')}`);
  }
  const entitled = entitlement(ask.caller, { profile, team });
  if (entitled.kind === 'refused') return refuse(entitled.reason, entitlementDetail(ask, wanted.body));
  const paused = await notNow(options);
  if (paused) return paused;
  const policy = await documents.current(profile);
  if (policy === undefined) return refuse('unavailable', 'the policy document can not be read now; try again');
  const within = withinProfile(policy.document, wanted.body);
  if (within.kind === 'refused') return refuse(within.reason, withinDetail(profile, within));
  const reserve = within.reserveMicroUsd;
  const over = await overLimit(options, ask, reserve);
  if (over) return over;
  return create(options, ask, wanted, { team: entitled.team, reserve, policy });
}

async function notNow({ table }: ApiOptions): Promise<Outcome | undefined> {
  const epoch = await table.epoch();
  if (epoch?.open) return undefined;
  return refuse('platform-paused', 'nothing starts until two people lift the panic; see `agentctl panic --status`');
}

function notEntitled(ask: Ask, { profile, team }: Pick<SessionRow, 'profile' | 'team'>): Outcome | undefined {
  const entitled = entitlement(ask.caller, { profile, team });
  return entitled.kind === 'refused' ? refuse(entitled.reason, entitlementDetail(ask, { profile, team })) : undefined;
}

function withinDetail(profile: string, refused: Extract<WithinProfile, { kind: 'refused' }>): string {
  if (refused.reason === 'budget-too-high') {
    return `got ${refused.got} USD, expected at most ${refused.most} of profile "${profile}"; ask for less`;
  }
  return `got "${refused.got}", expected one that a github-app grant of profile "${profile}" names: ${refused.known.join(', ') || 'none'}`;
}

async function create(
  options: ApiOptions,
  ask: Ask,
  { body, text, idempotency }: Wanted,
  { team, reserve, policy }: { readonly team: string; readonly reserve: number; readonly policy: LoadedPolicy },
): Promise<Outcome> {
  const { table, clock, random, records } = options;
  const now = clock.wall();
  const row = pendingRow(
    {
      sessionId: makeSessionId(now, random(10)),
      profile: body.profile,
      documentHash: policy.hash,
      requester: ask.caller.principal,
      team,
      ...(body.repository !== undefined && { repository: body.repository }),
      taskText: { sha256: hash('sha256', text, 'hex'), bytes: text.length },
      budgetReservedMicroUsd: reserve,
      lifetimeSeconds: policy.document.session.lifetimeSeconds,
    },
    new Date(now).toISOString(),
  );
  const created = await table.create(row, idempotency);
  if (created.kind === 'id-taken') throw new Error('80 random bits were taken already');
  // The same request at the same moment.
  if (created.kind === 'repeated') return repeated(options, ask, created.sessionId, created.same, text);
  const { caller, sourceAddress } = ask;
  await recordHuman(records, { caller, sourceAddress, action: 'start', row });
  await begin(options, row, text);
  return answer(row, false);
}

async function earlier(options: ApiOptions, ask: Ask, { idempotency, text }: Wanted): Promise<Outcome | undefined> {
  const { store, clock } = options;
  const item = idempotencyItem.safeParse(await store.read('sessions', idempotencyKey(idempotency.key)));
  if (!item.success || item.data.ttl * 1000 <= clock.wall()) return undefined;
  return repeated(options, ask, item.data.session, item.data.request === idempotency.request, text);
}

async function repeated(
  options: ApiOptions,
  ask: Ask,
  sessionId: string,
  same: boolean,
  text: Uint8Array,
): Promise<Outcome> {
  if (!same) return refuse('key-reused', 'got a key of another request, expected a new one; make one for each session');
  const row = await options.table.get(sessionId);
  if (row === undefined) return refuse('key-reused', 'the session of this key is gone; make a new key');
  if (row.state !== 'PENDING') return answer(row, true);
  // Whoever asked first may not have come this far, and may have lost the right since. What follows may be done twice.
  const refused = (await notNow(options)) ?? notEntitled(ask, row);
  if (refused) return refused;
  const { caller, sourceAddress } = ask;
  await recordHuman(options.records, { caller, sourceAddress, action: 'start', row });
  await begin(options, row, text);
  return answer(row, true);
}

async function begin({ taskTexts, startMachine }: ApiOptions, row: SessionRow, text: Uint8Array): Promise<void> {
  await taskTexts.put(row.sessionId, text);
  await startMachine(row.sessionId);
}

function answer(row: SessionRow, isRepeated: boolean): Outcome {
  return done({ session: sessionView(row), repeated: isRepeated } satisfies ReturnType<typeof answers.started.parse>);
}

async function overLimit(
  { table, limits, clock }: ApiOptions,
  ask: Ask,
  reserve: number,
): Promise<Outcome | undefined> {
  const now = clock.wall();
  const rows: SessionRow[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await table.list({ requester: ask.caller.principal, limit: 100, ...(cursor && { cursor }) });
    rows.push(...page.rows);
    cursor = page.cursor;
    const oldest = rows.at(-1);
    // A session lives for hours, so of those that began before yesterday none is live.
    const past = oldest !== undefined && now - Date.parse(oldest.createdAt) > 2 * DAY_MS;
    if (cursor === undefined || past || rows.length >= limits.dailySessions) break;
  }
  const verdict = admission(rows, reserve, limits, now);
  if (verdict.kind === 'ok') return undefined;
  const { reason, got, limit } = verdict;
  const detail = {
    'concurrency-exceeded': `got ${got} that have not ended, expected below ${limit}; stop one, or wait for one to end`,
    'daily-sessions-exceeded': `got ${got} of the last 24 hours, expected below ${limit}; wait, or ask for a higher limit`,
    'budget-exceeded': `got ${got / 1e6} USD reserved within 24 hours with this one, expected at most ${limit / 1e6}; ask for less with budgetUsd`,
  }[reason];
  return refuse(reason, detail);
}

function idempotencyOf(ask: Ask, { profile, task, team, repository, budgetUsd }: StartBody) {
  const sha256 = (value: unknown): string => hash('sha256', JSON.stringify(value), 'hex');
  return {
    // Of the caller's own keys: nobody meets, or finds out about, the key of another.
    key: sha256([ask.caller.principal, ask.request.headers[IDEMPOTENCY_HEADER]]),
    request: sha256([profile, task, team ?? null, repository ?? null, budgetUsd ?? null]),
  };
}

function entitlementDetail({ caller }: Ask, { profile, team }: Pick<StartBody, 'profile' | 'team'>): string {
  const teams = caller.memberships.map((each) => each.team).join(', ') || 'none';
  return `got profile "${profile}"${team === undefined ? '' : ` for team "${team}"`}, expected one that a team of yours may start (teams: ${teams}); name one with team, or ask for it`;
}
