import { REGIONS } from '../../../core/network/regions';

describe('N3 facts about regions', () => {
  it.each(Object.entries(REGIONS))('N3 %s has the id of a prefix list and an account', (region, facts) => {
    expect(region).toMatch(/^[a-z]{2}-[a-z]+-\d$/);
    expect(facts.s3PrefixList).toMatch(/^pl-[0-9a-f]{8}$/);
    expect(facts.guardDutyAccount).toMatch(/^\d{12}$/);
  });

  it('N3 the table is there, and no account of GuardDuty stands twice', () => {
    const accounts = Object.values(REGIONS).map(({ guardDutyAccount }) => guardDutyAccount);
    expect(accounts.length).toBeGreaterThan(15);
    expect(new Set(accounts).size).toBe(accounts.length);
  });
});
