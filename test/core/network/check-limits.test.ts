import { checkLimits, MAX_HOME_NETS, ruleCapacity } from '../../../core/network/firewall-limits';
import type { SuricataRule } from '../../../core/network/suricata';

const rule = (text: string): SuricataRule => ({
  action: 'pass',
  protocol: 'tls',
  source: 'any',
  sourcePort: 'any',
  direction: '->',
  destination: 'any',
  destinationPort: 443,
  options: [
    { kind: 'sid', id: 1 },
    { kind: 'msg', text },
  ],
});
const rules = (count: number): SuricataRule[] => Array.from({ length: count }, () => rule('allow x'));
/** Ten characters for each CIDR of the variable would do for IPv4; counted is the longest there is. */
const LONGEST_VARIABLE = '![,,,,]'.length + 5 * 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128'.length;

describe('N14 AWS limits, at their edges', () => {
  it.each<[number, string | undefined]>([
    [30_000, undefined],
    [30_001, 'rules'],
  ])('N14 %d rules', (count, limit) => {
    const result = checkLimits(rules(count), []);
    expect(result?.limit).toBe(limit);
    const problem = expect.stringMatching(/^got 30001 rules, at most 30000; replace/);
    if (result) expect(result).toMatchObject({ kind: 'over-limit', most: 30_000, got: count, problem });
  });

  it.each<[string, number, string | undefined]>([
    ['as long as a rule may be', 8_192, undefined],
    ['one more', 8_193, 'rule-characters'],
  ])('N14 a rule %s', (_, length, limit) => {
    const line = `$HOME_NET${'x'.repeat(length - 9)}`;
    const plain = 'x'.repeat(length);
    const both = `$HOME_NET $EXTERNAL_NET ${'x'.repeat(length - 24 - 2 * LONGEST_VARIABLE)}`;
    expect(MAX_HOME_NETS).toBe(5);
    for (const long of [plain, both]) {
      const result = checkLimits([rule('allow a'), rule('allow b')], ['short', long]);
      expect(result?.limit).toBe(limit);
      if (result) expect(result).toMatchObject({ most: 8_192, got: length });
      if (result) expect(result.problem).toContain('"allow b"');
    }
    expect(checkLimits([rule('allow a')], [line])).toMatchObject({ got: length + LONGEST_VARIABLE });
  });

  it('N14 2,000,000 bytes, line ends included', () => {
    const lines = Array.from({ length: 1_000 }, () => 'x'.repeat(1_999));
    expect(checkLimits([], lines)).toBeUndefined();
    expect(checkLimits([], [...lines, ''])).toMatchObject({ limit: 'text-bytes', most: 2_000_000, got: 2_000_001 });
  });

  it('N14 the capacity of a group that exists', () => {
    expect(checkLimits(rules(100), [], 100)).toBeUndefined();
    const problem = expect.stringContaining('rules for the capacity');
    expect(checkLimits(rules(101), [], 100)).toMatchObject({ limit: 'capacity', most: 100, got: 101, problem });
    expect(checkLimits(rules(1), [], 0)).toMatchObject({ limit: 'capacity' });
  });

  it('N14 capacity is a coarse step of at least twice the need', () => {
    expect([0, 500, 501, 1_001, 15_001, 30_000].map(ruleCapacity)).toEqual([
      1_000, 1_000, 2_000, 4_000, 30_000, 30_000,
    ]);
  });
});
