import { ruleCapacity } from '../../../core/network/firewall-limits';
import { firewallRules } from '../../../core/network/firewall-rules';
import { hostSids } from '../../../core/network/rule-ids';
import { okRules, pattern, patterns } from './rule-reader';

const denyRules = (): number => okRules({ allowed: [] }).rules.length;
const hosts = (count: number, suffix = 'example.com') =>
  Array.from({ length: count }, (_, index) => pattern(`h${index}.${suffix}`));
/** 200 characters, so that 30,000 rules are more than 2,000,000 bytes. */
const LONG = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.com`;

describe('N14 firewall rules: AWS limits', () => {
  it('N14 takes 30,000 rules and not one more', () => {
    const most = 30_000 - denyRules();
    // Names as short as they can be: 30,000 rules of usual names meet the byte limit first.
    const result = firewallRules({ allowed: hosts(most + 1) });
    expect(result).toMatchObject({ kind: 'over-limit', limit: 'rules', most: 30_000, got: 30_001 });
    expect(firewallRules({ allowed: hosts(most) })).not.toMatchObject({ limit: 'rules' });
  });

  it('N14 takes 2,000,000 bytes of text and says what to do about more', () => {
    const result = firewallRules({ allowed: hosts(6_000, LONG) });
    expect(result).toMatchObject({ kind: 'over-limit', limit: 'text-bytes', most: 2_000_000 });
    expect(result).toHaveProperty(
      'problem',
      expect.stringMatching(/^got \d+ bytes of rules, at most 2000000; replace/),
    );
    const { text } = okRules({ allowed: hosts(3_000, LONG) });
    expect(text.length).toBeLessThanOrEqual(2_000_000);
  });

  it('N14 a rule whose exceptions reach 8,192 characters with expanded variables is refused by name', () => {
    const most = (blocked: number) =>
      firewallRules({ allowed: patterns('.example.com'), blocked: hosts(blocked, 'example.com') });
    const first = Array.from({ length: 300 }, (_, index) => index).find((count) => most(count).kind !== 'ok') ?? 0;
    const over = most(first);
    const under = most(first - 1);
    expect(over).toMatchObject({ kind: 'over-limit', limit: 'rule-characters', most: 8_192 });
    expect(over).toHaveProperty('problem', expect.stringContaining('in the rule "allow .example.com", at most 8192'));
    const longest = Math.max(...(under.kind === 'ok' ? under.text.split('\n').map((line) => line.length) : [0]));
    // Five IPv6 CIDRs for each of the two variables are about 440 characters.
    expect(longest).toBeLessThanOrEqual(8_192 - 440);
    expect(longest).toBeGreaterThan(8_192 - 600);
  });

  it('N14 capacity is a coarse step of at least twice the need, at most what a policy holds', () => {
    expect([1, 500, 501, 1_000, 1_001, 8_000, 8_001, 15_001, 30_000].map(ruleCapacity)).toEqual([
      1_000, 1_000, 2_000, 2_000, 4_000, 16_000, 30_000, 30_000, 30_000,
    ]);
    expect(okRules({ allowed: hosts(10) }).capacity).toBe(1_000);
  });

  it('N14 keeps the capacity of a rule group that exists, and refuses what it can not hold', () => {
    expect(okRules({ allowed: hosts(10), capacity: 100 }).capacity).toBe(100);
    expect(firewallRules({ allowed: hosts(100), capacity: 100 })).toMatchObject({
      kind: 'over-limit',
      limit: 'capacity',
      most: 100,
      got: 100 + denyRules(),
      problem: expect.stringContaining('more capacity'),
    });
  });
});

describe('N14 rule ids', () => {
  it('N14 colliding keys get different sids', () => {
    const keys = Array.from({ length: 30_000 }, (_, index) => `allow h${index}.example.com`);
    const sids = new Set(hostSids(keys).values());
    expect(sids.size).toBe(keys.length);
    expect(Math.min(...sids)).toBeGreaterThanOrEqual(1_001_000);
    expect(Math.max(...sids)).toBeLessThanOrEqual(1_999_999);
  });

  it('N14 of two names with one hash the second moves on by one, whatever else is there', () => {
    const [first, second] = ['allow h8.example.com', 'allow h211.example.com'];
    const alone = hostSids([first]).get(first) ?? 0;
    expect(hostSids([second]).get(second)).toBe(alone);
    expect([...hostSids(['allow a.example.com', first, second]).values()].slice(1)).toEqual([alone, alone + 1]);
  });

  it('N14 the sid of a name is part of the log format and stays', () => {
    expect(hostSids(['allow api.exact.test']).get('allow api.exact.test')).toBe(1_886_479);
  });
});
