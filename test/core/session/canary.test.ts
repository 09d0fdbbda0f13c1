import { judge, type Observation, type Probe, probesFor, verdictOf } from '../../../core/session/canary';

const SELF = { refusedHost: 'example.com', neighbour: '10.64.0.9' };
const PROBES = probesFor(SELF);
const of = (kind: Probe['kind']): Probe => {
  const found = PROBES.find((probe) => probe.kind === kind);
  if (!found) throw new Error(`no probe of kind ${kind}`);
  return found;
};
const error = (code: string): Observation => ({ kind: 'error', code });
const expected = (probe: Probe): Observation =>
  probe.kind === 'proxied' ? { kind: 'refused', code: 'host-not-allowed' } : { kind: 'silence' };

describe('S10 what a probe saw', () => {
  const CASES: readonly (readonly [Probe['kind'], Observation, 'open' | 'closed'])[] = [
    ['tcp', { kind: 'silence' }, 'closed'],
    ['tcp', error('ENETUNREACH'), 'closed'],
    ['tcp', error('EHOSTUNREACH'), 'closed'],
    ['tcp', { kind: 'answered' }, 'open'],
    // Somebody was reached who said no.
    ['tcp', error('ECONNREFUSED'), 'open'],
    ['tcp', error('ECONNRESET'), 'open'],
    ['tcp', error('a word nobody knows'), 'open'],
    ['udp', { kind: 'silence' }, 'closed'],
    ['udp', error('EPERM'), 'closed'],
    ['udp', { kind: 'answered' }, 'open'],
    ['udp', error('ECONNREFUSED'), 'open'],
    ['name', { kind: 'silence' }, 'closed'],
    ...['ENOTFOUND', 'ENODATA', 'EREFUSED', 'ESERVFAIL', 'ETIMEOUT', 'ECANCELLED'].map(
      (code) => ['name', error(code), 'closed'] as const,
    ),
    ['name', { kind: 'answered' }, 'open'],
    ['name', error('EBADRESP'), 'open'],
    ['proxied', { kind: 'refused', code: 'host-not-allowed' }, 'closed'],
    ['proxied', { kind: 'refused', code: 'host-blocked' }, 'closed'],
    ['proxied', { kind: 'refused', code: 'upstream-unreachable' }, 'open'],
    ['proxied', { kind: 'refused', code: 'feed-stale' }, 'open'],
    ['proxied', { kind: 'answered' }, 'open'],
    // No decision at all: the proxy may be gone, or its certificate not be trusted.
    ['proxied', { kind: 'silence' }, 'open'],
    ['proxied', error('ECONNREFUSED'), 'open'],
    ['proxied', error('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'open'],
    ['variable', { kind: 'silence' }, 'closed'],
    ['variable', { kind: 'answered' }, 'open'],
  ];

  it.each(CASES)('S10 %s, %j: %s', (kind, seen, outcome) => {
    expect(judge(of(kind), seen).kind).toBe(outcome);
  });
});

describe('S10 the verdict', () => {
  const all = (change: (probe: Probe) => Observation = expected) =>
    verdictOf(PROBES.map((probe) => ({ probe, observation: change(probe) })));

  it('S10 is closed where every probe is', () => {
    expect(all()).toEqual({ kind: 'closed', probes: PROBES.length });
  });

  it.each(PROBES.map((probe) => [probe.id, probe] as const))('S10 is escaped where %s gets through', (id, open) => {
    const verdict = all((probe) => (probe === open ? { kind: 'answered' } : expected(probe)));
    expect(verdict).toEqual({ kind: 'escaped', escapes: [{ id, saw: 'answered' }] });
  });

  it('S10 is escaped where the proxy was not asked, or nothing was', () => {
    expect(verdictOf([])).toEqual({ kind: 'escaped', escapes: [{ id: 'blocked-host', saw: 'not-asked' }] });
    const without = probesFor({ neighbour: SELF.neighbour });
    expect(verdictOf(without.map((probe) => ({ probe, observation: expected(probe) }))).kind).toBe('escaped');
  });
});

describe('S10 the probes', () => {
  it('S10 have names of their own, which records can hold', () => {
    const ids = PROBES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9-]{0,63}$/);
  });

  it('S10 say nothing of another session where none is known', () => {
    expect(probesFor({ refusedHost: 'example.com' }).map(({ id }) => id)).not.toContain('neighbour');
  });

  it('S10 do not ask the address that Fargate answers at in every task', () => {
    expect(JSON.stringify(PROBES)).not.toContain('169.254.170.2"');
  });

  it('N3 cover raw addresses, odd ports, UDP, names, metadata, the proxy, other sessions and credentials', () => {
    expect(new Set(PROBES.map(({ kind }) => kind))).toEqual(new Set(['tcp', 'udp', 'name', 'proxied', 'variable']));
    const tcp = PROBES.flatMap((probe) => (probe.kind === 'tcp' ? [`${probe.address}:${probe.port}`] : []));
    expect(tcp).toEqual(expect.arrayContaining(['1.1.1.1:443', '140.82.121.3:22', '169.254.169.254:80']));
    const udp = PROBES.flatMap((probe) => (probe.kind === 'udp' ? [probe.port] : []));
    expect(udp).toEqual(expect.arrayContaining([53, 443, 123]));
  });
});
