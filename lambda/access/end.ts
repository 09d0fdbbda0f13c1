import type { PanicView } from '../../core/access/answers';
import { LIFT_KEY, LIFT_MS, type LiftRequest, liftAsked } from '../../core/access/lift-request';
import { sessionView } from '../../core/access/session-view';
import type { EpochItem } from '../../core/session/binding';
import { isTerminal } from '../../core/session/state';
import { PanicRefused } from '../../runtime/panic-switch';
import { check, done, findSession, refuse } from './outcome';
import { recordHuman } from './people-records';
import type { ApiOptions, Ask, Outcome } from './ports';

const remarkOf = ({ request }: Ask): string | undefined => (request.body as { remark?: string }).remark;

/** Closes row and binding here and now; the state machine does the rest. */
export async function stopSession(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const found = await findSession(options, ask);
  if (found.kind !== 'found') return found;
  const { row } = found;
  const { caller, sourceAddress } = ask;
  const remark = remarkOf(ask);
  if (!isTerminal(row.state))
    await recordHuman(options.records, { caller, sourceAddress, action: 'stop', row, remark });
  const by = caller.principal;
  const event = { kind: 'stop', cause: 'stop-requested', by, ...(remark !== undefined && { remark }) } as const;
  const applied = await options.transitions.apply(row.sessionId, event);
  return done({ session: sessionView(applied.kind === 'applied' ? applied.row : row) });
}

export async function getPanic(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const refused = check(ask);
  if (refused) return refused;
  const epoch = await options.table.epoch();
  if (epoch === undefined) return noEpoch();
  return done(panicView(epoch, await askedLift(options, epoch)));
}

/** The one write that every service reads comes first; records and the end of tasks after it. */
export async function raisePanic(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const refused = check(ask);
  if (refused) return refused;
  const { caller, sourceAddress } = ask;
  const remark = remarkOf(ask);
  const epoch = await options.table.panic(caller.principal, remark ?? 'no reason given');
  const [swept, recorded] = await Promise.allSettled([
    options.startSweep(),
    recordHuman(options.records, { caller, sourceAddress, action: 'panic', remark }),
  ]);
  if (swept.status === 'rejected') options.onProblem('the sweep could not be started', swept.reason);
  if (recorded.status === 'rejected') throw recorded.reason;
  return done({ panic: panicView(epoch, undefined), sweep: swept.status === 'fulfilled' ? 'started' : 'not-started' });
}

/** Whoever asks first asks; somebody else who asks the same says yes by it. */
export async function liftPanic(options: ApiOptions, ask: Ask): Promise<Outcome> {
  const epoch = await options.table.epoch();
  if (epoch === undefined) return noEpoch();
  const asked = epoch.open ? undefined : await askedLift(options, epoch);
  const refused = check(ask, { kind: 'panic', liftAskedBy: asked?.askedBy });
  if (refused) return refused;
  if (epoch.open) return refuse('not-paused', 'got a platform that runs; there is nothing to lift');
  const { caller, sourceAddress } = ask;
  const { store, records } = options;
  if (asked === undefined) {
    const item = newRequest(options, ask, epoch);
    await recordHuman(records, { caller, sourceAddress, action: 'ask-lift-panic', remark: remarkOf(ask) });
    // Over one that is of another panic or too old; two who ask at once: the later asks, and either says yes to it.
    await store.transact([{ table: 'sessions', key: LIFT_KEY, op: 'put', item }]);
    return done({ panic: panicView(epoch, item), lifted: false });
  }
  const { askedBy, roles } = asked;
  const confirmedBy = caller.principal;
  await recordHuman(records, {
    caller: { principal: askedBy, roles },
    sourceAddress,
    action: 'lift-panic',
    confirmedBy,
    remark: remarkOf(ask) ?? asked.remark,
  });
  try {
    const after = await options.table.lift(askedBy, confirmedBy, asked.remark, asked.epoch);
    await store.transact([{ table: 'sessions', key: LIFT_KEY, op: 'delete' }]);
    return done({ panic: panicView(after, undefined), lifted: true });
  } catch (error) {
    if (!(error instanceof PanicRefused)) throw error;
    return refuse('not-paused', `${error.message}`);
  }
}

async function askedLift({ store, clock }: ApiOptions, { epoch }: EpochItem): Promise<LiftRequest | undefined> {
  return liftAsked(await store.read('sessions', LIFT_KEY), epoch, clock.wall());
}

function newRequest({ clock }: ApiOptions, ask: Ask, { epoch }: EpochItem): LiftRequest {
  const expires = clock.wall() + LIFT_MS;
  return {
    version: 1,
    sessionId: LIFT_KEY,
    epoch,
    askedBy: ask.caller.principal,
    roles: [...ask.caller.roles],
    remark: remarkOf(ask) ?? 'no reason given',
    expiresAt: new Date(expires).toISOString(),
    ttl: Math.ceil(expires / 1000),
  };
}

function noEpoch(): Outcome {
  return refuse('unavailable', 'there is no epoch item, so every service refuses everybody; deploy the platform again');
}

function panicView(item: EpochItem, asked: LiftRequest | undefined): PanicView {
  const { open, epoch, changedBy, changedAt, confirmedBy, remark } = item;
  return {
    open,
    epoch,
    changedBy,
    changedAt,
    ...(confirmedBy !== undefined && { confirmedBy }),
    ...(remark !== undefined && { remark }),
    ...(asked && { liftAskedBy: asked.askedBy, liftExpiresAt: asked.expiresAt }),
  };
}
