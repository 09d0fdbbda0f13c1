import { checkHost, checkRules, checkSession } from '../../../core/profile/check';
import type { ProfileConfig } from '../../../core/profile/config';

const base: ProfileConfig = {
  image: { build: '.' },
  size: { cpu: 1, memory: 4096, storage: 21 },
  lifetime: 3600,
  idleTimeout: 900,
  egress: { presets: [], rules: [], requestable: [], blocked: [] },
  grants: {},
  models: { allow: [], budget: 0 },
};

describe('W3 what is wrong is said as people write it', () => {
  it.each([
    [32_400, '9h'],
    [30_660, '511m'],
    [28_801, '28801s'],
  ])('W3 a lifetime of %d seconds', (lifetime, got) => {
    expect(checkSession({ ...base, lifetime })).toMatchObject([{ path: ['lifetime'], got }]);
  });

  it('W3 methods that write, without those that read', () => {
    const rules = [{ host: 'a.example.com', methods: ['GET', 'POST', 'PUT'] as const }];
    expect(checkRules({ ...base, egress: { ...base.egress, rules } })).toMatchObject([{ got: 'POST, PUT' }]);
  });

  it.each([
    ['10.0.0.1', 'IP address'],
    ['*.com', 'strangers'],
    ['*.github.io', 'strangers'],
    ['a', 'single label'],
  ])('N1 why %s is no host', (host, why) => {
    const [problem, ...others] = checkHost(['host'], host);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path: ['host'], got: `"${host}"`, fix: expect.stringContaining(why) });
  });
});
