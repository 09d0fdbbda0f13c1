import { type Bound, CALLING_STATES, isLive, readBinding, readBound } from '../../../core/session/live';
import { SESSION_STATES } from '../../../core/session/state';
import { liveRow, OTHER_SESSION, OTHER_TASK, openBinding, SESSION, TIME } from './samples';

const ADDRESS = openBinding.address;
const bound = readBound(openBinding, liveRow);
const good = (bound.kind === 'bound' ? bound.bound : undefined) as Bound;
const present = { now: Date.parse(TIME), epoch: 2, closed: [] };
const closing = { sessionId: SESSION, generation: 1, closedAt: TIME };

describe('C1 an open binding of the address, and nothing else, says who calls', () => {
  it('C1 is read as it is', () => {
    expect(readBinding(ADDRESS, openBinding)).toEqual({ kind: 'open', binding: openBinding });
  });

  it.each<[string, unknown, string]>([
    ['no item', undefined, 'unbound-address'],
    ['a closed one', { ...openBinding, closedAt: TIME }, 'session-closed'],
    ['that of another address', { ...openBinding, address: '10.64.3.18' }, 'feed-stale'],
    ['a newer version', { ...openBinding, version: 2 }, 'feed-stale'],
    ['an attribute nobody knows', { ...openBinding, suspended: true }, 'feed-stale'],
    [
      'the epoch item',
      { version: 1, address: 'epoch', epoch: 2, open: true, changedAt: TIME, changedBy: 'x' },
      'feed-stale',
    ],
  ])('C1 %s refuses', (_, item, code) => {
    expect(readBinding(ADDRESS, item)).toEqual({ kind: 'refused', code });
  });
});

describe('C1 the row a binding names has to agree with it', () => {
  it('C1 and then it is bound until its lifetime ends', () => {
    expect(bound).toEqual({
      kind: 'bound',
      bound: { binding: openBinding, row: liveRow, endsAt: Date.parse('2026-11-03T10:15:00.000Z') },
    });
  });

  it.each<[string, unknown, string]>([
    ['no row', undefined, 'unbound-address'],
    ['a row not understood', { ...liveRow, version: 2 }, 'feed-stale'],
    ['the row of another session', { ...liveRow, sessionId: OTHER_SESSION }, 'feed-stale'],
    ['another task', { ...liveRow, taskArn: OTHER_TASK }, 'session-closed'],
    ['no task', { ...liveRow, taskArn: undefined }, 'session-closed'],
    ['a later generation', { ...liveRow, generation: 2 }, 'session-closed'],
    ['an earlier generation', { ...liveRow, generation: 0 }, 'session-closed'],
    ['no end of life', { ...liveRow, lifetimeEndsAt: undefined }, 'session-closed'],
  ])('C1 %s refuses', (_, item, code) => {
    expect(readBound(openBinding, item)).toEqual({ kind: 'refused', code });
  });

  it('C1 it may call while session-init asks who it is, while it runs and while it waits for a person, and never else', () => {
    const answers = SESSION_STATES.map((state) => {
      const result = readBound(openBinding, { ...liveRow, state });
      return [state, result.kind === 'bound' ? 'bound' : result.code];
    });
    expect(Object.fromEntries(answers)).toEqual({
      PENDING: 'unbound-address',
      QUEUED: 'unbound-address',
      PREFLIGHT: 'unbound-address',
      STARTING: 'bound',
      RUNNING: 'bound',
      AWAITING_APPROVAL: 'bound',
      STOPPING: 'session-closed',
      SUCCEEDED: 'session-closed',
      FAILED: 'session-closed',
      STOPPED: 'session-closed',
      REFUSED: 'session-closed',
      EXPIRED: 'session-closed',
    });
    expect(CALLING_STATES).toHaveLength(3);
  });
});

describe('S7 what is bound is live only now', () => {
  it.each([
    ['in its own epoch', present],
    ['in an epoch not yet read here', { ...present, epoch: 1 }],
    ['in the last millisecond', { ...present, now: good.endsAt - 1 }],
    ['though another was closed', { ...present, closed: [{ ...closing, sessionId: OTHER_SESSION }] }],
    ['though its task before was closed', { ...present, closed: [{ ...closing, generation: 0 }] }],
  ])('S7 is %s', (_, when) => {
    expect(isLive(good, when)).toBe(true);
  });

  it.each([
    ['after a panic', { ...present, epoch: 3 }],
    ['at the end of its life', { ...present, now: good.endsAt }],
    ['at a time that is none', { ...present, now: Number.NaN }],
    ['once closed', { ...present, closed: [{ ...closing, sessionId: OTHER_SESSION }, closing] }],
    ['once closed with a later task', { ...present, closed: [{ ...closing, generation: 2 }] }],
  ])('S7 is not %s', (_, when) => {
    expect(isLive(good, when)).toBe(false);
  });
});
