import { ENVIRONMENT, readEnvironment } from '../../../core/egress/environment';

const PLACE = { profile: 'coding', applicationId: 'a1', environmentId: 'e1', configurationProfileId: 'p1' };
const SESSIONS = {
  EGRESS_PORT: '3128',
  EGRESS_REGION: 'eu-west-1',
  EGRESS_PROXY: 'acme-proxy',
  EGRESS_IDENTITY: 'sessions',
  EGRESS_BINDINGS_TABLE: 'bindings',
  EGRESS_ROWS_TABLE: 'rows',
  EGRESS_PAYLOADS_BUCKET: 'payloads',
  EGRESS_POLICIES: JSON.stringify([PLACE]),
  EGRESS_AUTHORITY_SECRET: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:authority-AbCdEf',
};
const CLIENT = {
  ...SESSIONS,
  EGRESS_IDENTITY: 'client',
  EGRESS_CLIENT_NAME: 'builds',
  EGRESS_CLIENT_PROFILE: 'coding',
};

describe('variables of the proxy', () => {
  it('are read for sessions and for a client', () => {
    expect(readEnvironment(SESSIONS)).toEqual({
      kind: 'ok',
      value: {
        port: 3128,
        region: 'eu-west-1',
        proxy: 'acme-proxy',
        identity: { kind: 'sessions', bindingsTable: 'bindings', rowsTable: 'rows', payloadsBucket: 'payloads' },
        policies: [PLACE],
        authoritySecret: SESSIONS.EGRESS_AUTHORITY_SECRET,
      },
    });
    expect(readEnvironment(CLIENT)).toMatchObject({
      value: { identity: { kind: 'client', name: 'builds', profile: 'coding' } },
    });
  });

  it.each(Object.keys(SESSIONS))('%s has to be set', (name) => {
    expect(readEnvironment({ ...SESSIONS, [name]: '' })).toMatchObject({
      kind: 'invalid',
      problems: expect.arrayContaining([`${name}: is not set`]),
    });
  });

  it.each([
    ['a port that is none', { EGRESS_PORT: '70000' }, /^EGRESS_PORT: got "70000"/],
    ['an identity nobody knows', { EGRESS_IDENTITY: 'anyone' }, /^EGRESS_IDENTITY: got "anyone"/],
    ['policies that are no JSON', { EGRESS_POLICIES: '[' }, /^EGRESS_POLICIES: expected a JSON list/],
    ['no policy', { EGRESS_POLICIES: '[]' }, /^EGRESS_POLICIES/],
    ['a policy without its place', { EGRESS_POLICIES: '[{"profile":"coding"}]' }, /^EGRESS_POLICIES/],
    ['a policy that is null', { EGRESS_POLICIES: '[null]' }, /^EGRESS_POLICIES/],
  ])('%s is refused', (_, change, problem) => {
    const result = readEnvironment({ ...SESSIONS, ...change });
    expect(result).toMatchObject({ kind: 'invalid', problems: [expect.stringMatching(problem)] });
  });

  it('no two have one name', () => {
    const names = Object.values(ENVIRONMENT);
    expect(new Set(names).size).toBe(names.length);
  });
});
