import type { SuricataRule } from './suricata';

/** Limits that can't be raised ("AWS Network Firewall quotas"). */
export const FIREWALL_LIMITS = { rules: 30_000, textBytes: 2_000_000, ruleCharacters: 8_192 } as const;

/** How many CIDRs the construct may put into HOME_NET; {@link checkLimits} counts on no more. */
export const MAX_HOME_NETS = 5;

export interface OverLimit {
  readonly kind: 'over-limit';
  readonly limit: 'rules' | 'text-bytes' | 'rule-characters' | 'capacity';
  readonly most: number;
  readonly got: number;
  /** What is over which limit, and what to do. */
  readonly problem: string;
}

const LONGEST_CIDR = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128'.length;
/** `![a,b,c,d,e]`, which is EXTERNAL_NET; HOME_NET is one shorter. */
const LONGEST_VARIABLE = MAX_HOME_NETS * (LONGEST_CIDR + 1) + 2;

/**
 * "Each variable value in the rule counts towards this limit" leaves open whether the value replaces the name; both are
 * counted. Lines are ASCII, so characters are bytes. A CloudFormation
 * template holds 1 MB, so text from about half of the byte limit on must come from somewhere else than the template.
 */
export function checkLimits(
  rules: readonly SuricataRule[],
  lines: readonly string[],
  capacity?: number,
): OverLimit | undefined {
  const { textBytes, ruleCharacters } = FIREWALL_LIMITS;
  if (rules.length > FIREWALL_LIMITS.rules) {
    return over(
      'rules',
      FIREWALL_LIMITS.rules,
      rules.length,
      'rules',
      'replace hosts of one owner by a wildcard, or remove hosts',
    );
  }
  const lengths = lines.map(expandedLength);
  const long = lengths.findIndex((length) => length > ruleCharacters);
  if (long !== -1) {
    const name = rules[long]?.options.find((option) => option.kind === 'msg')?.text;
    const todo = 'block a wildcard instead of its single names, or allow the needed names instead of the wildcard';
    return over('rule-characters', ruleCharacters, lengths[long] ?? 0, `characters in the rule "${name}"`, todo);
  }
  const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
  if (bytes > textBytes) {
    return over('text-bytes', textBytes, bytes, 'bytes of rules', 'replace hosts by a wildcard, or remove hosts');
  }
  if (capacity !== undefined && rules.length > capacity) {
    const todo = 'make a rule group with more capacity (AWS replaces the group) or remove hosts';
    return over('capacity', capacity, rules.length, 'rules for the capacity of the rule group', todo);
  }
  return undefined;
}

/**
 * A rule takes one unit ("Setting rule group capacity in AWS Network Firewall"). The capacity is fixed at creation, and
 * CloudFormation replaces a group whose capacity changes (which fails for a group with a fixed name). So: the smallest of 1,000, 2,000, 4,000 ... that is at least twice the need, but no more than a policy may hold; a list can double
 * before the number moves.
 */
export function ruleCapacity(rules: number): number {
  let step = 1_000;
  while (step < 2 * rules) step *= 2;
  return Math.min(step, FIREWALL_LIMITS.rules);
}

function expandedLength(line: string): number {
  return line.length + (line.match(/\$(HOME|EXTERNAL)_NET/g)?.length ?? 0) * LONGEST_VARIABLE;
}

function over(limit: OverLimit['limit'], most: number, got: number, what: string, todo: string): OverLimit {
  return { kind: 'over-limit', limit, most, got, problem: `got ${got} ${what}, at most ${most}; ${todo}` };
}
