import * as fc from 'fast-check';
import { admission, DAY_MS } from '../../../core/access/admission';
import { liftAsked } from '../../../core/access/lift-request';
import type { AccessMapping } from '../../../core/access/mapping';
import { mayDo, OPERATION_IDS, type OperationId } from '../../../core/access/may-do';
import { openApiDocument } from '../../../core/access/openapi';
import { OPERATIONS, routeOf } from '../../../core/access/operations';
import { entitlement, principalOf } from '../../../core/access/principal';
import { ROLES, type Role } from '../../../core/access/role';
import { PACES, pace } from '../../../core/access/throttle';
import { withinProfile } from '../../../core/access/within-profile';
import { SESSION_STATES } from '../../../core/session/state';
import { liveRow, TIME } from '../session/samples';

const ME = 'https://idp.example.com|me';
const OTHER = 'https://idp.example.com|other';
const may = (role: Role, id: OperationId, requester?: string) =>
  mayDo({ principal: ME, roles: [role] }, id, { kind: 'session', requester }).kind === 'yes';

describe('A2 who may do what', () => {
  /** Of others' sessions, and of one's own where that is more. */
  const TABLE: Readonly<Record<OperationId, { readonly any: readonly Role[]; readonly own?: readonly Role[] }>> = {
    startSession: { any: ['submitter'] },
    listSessions: { any: ['approver', 'operator', 'auditor'], own: ['submitter'] },
    getSession: { any: ['approver', 'operator', 'auditor'], own: ['submitter'] },
    stopSession: { any: ['operator'], own: ['submitter'] },
    getLogs: { any: ['operator', 'auditor'], own: ['submitter'] },
    getCost: { any: ['operator', 'auditor'], own: ['submitter'] },
    getPanic: { any: ROLES },
    raisePanic: { any: ['operator'] },
    liftPanic: { any: ['operator'] },
    listProfiles: { any: ROLES },
    getPolicy: { any: ROLES },
    whoAmI: { any: ROLES },
  };

  it.each(OPERATION_IDS)('A2 %s, by each role, of somebody else and of their own', (id) => {
    for (const role of ROLES) {
      const { any, own = [] } = TABLE[id];
      expect({ role, may: may(role, id, OTHER) }).toEqual({ role, may: any.includes(role) });
      expect({ role, may: may(role, id, ME) }).toEqual({ role, may: any.includes(role) || own.includes(role) });
    }
  });

  it('A2 nobody does anything without a role, and the auditor changes nothing', () => {
    for (const id of OPERATION_IDS) {
      expect(mayDo({ principal: ME, roles: [] }, id, { kind: 'session', requester: ME }).kind).toBe('no');
      if (OPERATIONS[id].method === 'POST') expect(may('auditor', id, ME)).toBe(false);
    }
  });

  it('A2 a panic is lifted by somebody else than who asked, whatever roles both have', () => {
    fc.assert(
      fc.property(fc.subarray([...ROLES]), fc.constantFrom(ME, OTHER), (roles, liftAskedBy) => {
        const decided = mayDo({ principal: ME, roles }, 'liftPanic', { kind: 'panic', liftAskedBy });
        const fits = roles.includes('operator') || roles.includes('approver');
        expect(decided.kind).toBe(fits && liftAskedBy !== ME ? 'yes' : 'no');
      }),
    );
    expect(mayDo({ principal: ME, roles: ['approver'] }, 'liftPanic', { kind: 'panic' }).kind).toBe('no');
  });

  it('A2 a request to lift is of one panic and of half an hour', () => {
    const item = {
      version: 1,
      sessionId: 'lift:panic',
      epoch: 4,
      askedBy: ME,
      roles: ['operator'],
      remark: 'x',
      expiresAt: TIME,
      ttl: 1,
    };
    const at = Date.parse(TIME);
    expect(liftAsked(item, 4, at - 1)?.askedBy).toBe(ME);
    for (const [epoch, now] of [
      [5, at - 1],
      [4, at],
    ] as const)
      expect(liftAsked(item, epoch, now)).toBeUndefined();
    expect(liftAsked(undefined, 4, at)).toBeUndefined();
  });
});

describe('A1 who somebody is', () => {
  const mapping: AccessMapping = {
    groupsClaim: 'groups',
    groups: [
      { group: 'a', roles: ['submitter'], team: 'alpha', profiles: ['coding'] },
      { group: 'a2', roles: ['submitter'], team: 'alpha', profiles: ['review'] },
      { group: 'a3', roles: ['submitter'], team: 'alpha' },
      { group: 'b', roles: ['submitter', 'operator'], team: 'beta', profiles: ['review'] },
      { group: 'o', roles: ['operator'] },
    ],
  };
  const of = (groups: unknown, change: object = {}) =>
    principalOf({ iss: 'https://idp.example.com', sub: 'me', groups, ...change }, mapping);

  it('A1 no subject of one issuer is named like one of another', () => {
    const issuer = fc.constantFrom(
      'https://idp.example.com',
      'https://idp.example.com/a',
      'https://idp.example.com/a/b',
    );
    const subject = fc.string({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(issuer, subject, issuer, subject, (iss, sub, iss2, sub2) => {
        const [one, other] = [of(['o'], { iss, sub }), of(['o'], { iss: iss2, sub: sub2 })];
        if (one.kind !== 'ok' || other.kind !== 'ok') return;
        expect(one.caller.principal === other.caller.principal).toBe(iss === iss2 && sub === sub2);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['an issuer with the sign that ends it', { iss: 'https://idp.example.com|x' }],
    ['no https', { iss: 'http://idp.example.com' }],
    ['no issuer', { iss: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty one', { sub: '' }],
    ['one with a space', { sub: 'a b' }],
    ['one of 300 characters', { sub: 'a'.repeat(300) }],
    ['a number', { sub: 7 }],
  ])('A1 names nobody who has %s', (_, change) => {
    expect(of(['o'], change).kind).toBe('refused');
  });

  it('A1 reads groups as a list or as one text, and nothing else', () => {
    expect(of('o')).toMatchObject({ caller: { roles: ['operator'] } });
    for (const groups of [undefined, null, {}, 7, ['O'], 'a,o', [['o']]]) expect(of(groups).kind).toBe('refused');
  });

  it('A1 adds up what groups of one team may start, and says which team where there are several', () => {
    const caller = (groups: string[]) => {
      const result = of(groups);
      if (result.kind !== 'ok') throw new Error(result.reason);
      return result.caller;
    };
    expect(entitlement(caller(['a', 'a2']), { profile: 'review' })).toEqual({ kind: 'ok', team: 'alpha' });
    expect(entitlement(caller(['a']), { profile: 'review' })).toMatchObject({ reason: 'profile-not-entitled' });
    expect(entitlement(caller(['a3', 'a']), { profile: 'any' })).toEqual({ kind: 'ok', team: 'alpha' });
    expect(entitlement(caller(['a2', 'b']), { profile: 'review' })).toMatchObject({ reason: 'team-ambiguous' });
    expect(entitlement(caller(['a2', 'b']), { profile: 'review', team: 'beta' })).toEqual({ kind: 'ok', team: 'beta' });
    expect(entitlement(caller(['o']), { profile: 'review' })).toMatchObject({ reason: 'team-unknown' });
  });
});

describe('A1 how much one person may have', () => {
  const now = Date.parse(TIME);
  const limits = { liveSessions: 2, dailyMicroUsd: 100, dailySessions: 4 };
  const row = (change: object) => ({ ...liveRow, budgetReservedMicroUsd: 40, ...change });
  const over = (rows: ReturnType<typeof row>[], reserve = 0) => {
    const verdict = admission(rows, reserve, limits, now);
    return verdict.kind === 'ok' ? 'ok' : verdict.reason;
  };

  it('A1 counts what has not ended, whatever its state, and what was reserved within a day', () => {
    for (const state of SESSION_STATES) {
      const ended = ['SUCCEEDED', 'FAILED', 'STOPPED', 'REFUSED', 'EXPIRED'].includes(state);
      expect(over([row({ state }), row({ state })])).toBe(ended ? 'ok' : 'concurrency-exceeded');
    }
    const done = row({ state: 'STOPPED' });
    expect(over([done, done], 20)).toBe('ok');
    expect(over([done, done], 21)).toBe('budget-exceeded');
    expect(over([done, row({ state: 'REFUSED' })], 60)).toBe('ok');
    expect(over([done, row({ state: 'STOPPED', createdAt: new Date(now - DAY_MS).toISOString() })], 60)).toBe('ok');
    expect(over(Array(4).fill(row({ state: 'REFUSED' })))).toBe('daily-sessions-exceeded');
  });

  it('A1 a caller gets a burst and then the rate, however they space their requests', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 400 }), { maxLength: 200 }), (gaps) => {
        let stored: number | undefined;
        let at = now;
        let taken = 0;
        for (const gap of gaps) {
          at += gap;
          const turn = pace('ordinary', stored, at);
          if (turn.kind !== 'ok') continue;
          stored = turn.nextAt;
          taken++;
        }
        const { burst, perSecond } = PACES.ordinary;
        expect(taken).toBeLessThanOrEqual(burst + ((at - now) / 1000) * perSecond);
      }),
    );
  });
});

describe('A1 the OpenAPI document', () => {
  const { paths } = openApiDocument() as {
    paths: Record<string, Record<string, { operationId: string; description: string }>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, description }]) => ({
      path,
      method,
      operationId,
      description,
    })),
  );

  it('A1 has each operation once, where requests to it are routed', () => {
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual([...OPERATION_IDS].sort());
    for (const { path, method, operationId } of operations) {
      expect(routeOf(method.toUpperCase(), path.replace(/\{\w+\}/g, 'x'))).toMatchObject({
        kind: 'found',
        id: operationId,
      });
    }
  });

  it('A1 says who may, as the rules decide', () => {
    const says = Object.fromEntries(operations.map(({ operationId, description }) => [operationId, description]));
    expect(says.stopSession).toBe('Roles: operator, submitter (own sessions).');
    expect(says.raisePanic).toBe('Roles: operator.');
  });
});

describe('A1 what a profile permits a start to ask for', () => {
  const grants = [
    { kind: 'github-app' as const, id: 'shop', repositories: ['acme/shop'], access: 'read' as const },
    { kind: 'oidc' as const, id: 'cloud', audience: 'x' },
  ];
  const within = (wanted: Parameters<typeof withinProfile>[1]) =>
    withinProfile({ models: { allow: [], budgetUsd: 10 }, grants }, wanted);

  it('A1 its budget or less, in whole millionths, rounded up', () => {
    expect(within({})).toEqual({ kind: 'ok', reserveMicroUsd: 10_000_000 });
    expect(within({ budgetUsd: 0.0000001 })).toEqual({ kind: 'ok', reserveMicroUsd: 1 });
    expect(within({ budgetUsd: 10.01 })).toMatchObject({ reason: 'budget-too-high', got: 10.01, most: 10 });
  });

  it('A1 C8 a repository that a grant names, and no other', () => {
    expect(within({ repository: 'acme/shop' }).kind).toBe('ok');
    expect(within({ repository: 'acme/payroll' })).toMatchObject({
      reason: 'repository-unknown',
      known: ['acme/shop'],
    });
  });
});
