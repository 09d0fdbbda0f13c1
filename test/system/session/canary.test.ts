import { type Probe, probesFor } from '../../../core/session/canary';
import { NEIGHBOUR, SessionLab } from './lab/session-lab';

/**
 * The canary in a network where every target is there and answers: closed as deployed, nothing gets out; with one way
 * opened, exactly its probe says so.
 */
let lab: SessionLab;
beforeAll(async () => {
  lab = await SessionLab.start();
});
afterAll(() => lab?.close());

const PROBES = probesFor({ refusedHost: 'blocked.below.test', neighbour: NEIGHBOUR });
const of = <K extends Probe['kind']>(kind: K): Extract<Probe, { kind: K }>[] =>
  PROBES.filter((probe): probe is Extract<Probe, { kind: K }> => probe.kind === kind);

const IPV6 = 'metadata-ipv6';
const ways = [...of('tcp'), ...of('udp')].filter(({ id }) => id !== IPV6);
const idsOf = async (...args: Parameters<SessionLab['runCanary']>): Promise<string[]> => {
  const verdict = await lab.runCanary(...args);
  return verdict.kind === 'closed' ? [] : verdict.escapes.map(({ id }) => id);
};

it('S10 finds no way out of the network as it is deployed', async () => {
  expect(await lab.runCanary()).toEqual({ kind: 'closed', probes: PROBES.length });
});

it.each(ways.map((probe) => [probe.id, probe] as const))(
  'S10 sees an open way: %s',
  async (id, { kind, address, port }) => {
    expect(await lab.whileOpen({ protocol: kind, address, port }, () => idsOf())).toEqual([id]);
  },
);

it(`S10 sees an open way: ${IPV6}`, async () => {
  expect(await lab.whileIpv6(() => idsOf())).toEqual([IPV6]);
});

it('S10 sees a resolver that knows foreign names', async () => {
  await lab.tellVpc('open');
  try {
    expect(await idsOf()).toEqual(of('name').map(({ id }) => id));
  } finally {
    await lab.tellVpc('closed');
  }
});

it('S10 sees a proxy that lets a host through that it should not', async () => {
  expect(await lab.runCanary({ refusedHost: 'up.test' })).toEqual({
    kind: 'escaped',
    escapes: [{ id: 'blocked-host', saw: 'answered' }],
  });
});

it('S10 takes no other failure for the refusal of a policy', async () => {
  // Allowed by the policy, and the host is not there: nothing came of it, and the proxy had said yes.
  expect(await lab.runCanary({ refusedHost: 'nowhere.test' })).toEqual({
    kind: 'escaped',
    escapes: [{ id: 'blocked-host', saw: 'name-not-found' }],
  });
});

it.each(of('variable').map(({ id, name }) => [id, name]))(
  'S4 sees credentials by their variable: %s',
  async (id, name) => {
    expect(await idsOf({ env: { [name]: 'x' } })).toEqual([id]);
  },
);

it('S10 has a test for each probe', () => {
  expect(new Set(PROBES.map(({ kind }) => kind))).toEqual(new Set(['tcp', 'udp', 'name', 'proxied', 'variable']));
});
