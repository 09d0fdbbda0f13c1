import fc from 'fast-check';
import { type HostPattern, parseHostPattern } from '../../../core/egress/host';
import { type FirewallRulesInput, firewallRules } from '../../../core/network/firewall-rules';
import type { SuricataOption, SuricataRule } from '../../../core/network/suricata';

export function pattern(text: string): HostPattern {
  const parsed = parseHostPattern(text);
  if (parsed.kind !== 'ok') throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
}

export function patterns(...texts: string[]): HostPattern[] {
  return texts.map(pattern);
}

export function okRules(input: FirewallRulesInput) {
  const result = firewallRules(input);
  if (result.kind !== 'ok') throw new Error(result.problem);
  return result;
}

type Kind = SuricataOption['kind'];

export function optionsOf<K extends Kind>(rule: SuricataRule, kind: K): Extract<SuricataOption, { kind: K }>[] {
  return rule.options.filter((option): option is Extract<SuricataOption, { kind: K }> => option.kind === kind);
}

export function msgOf(rule: SuricataRule): string {
  return optionsOf(rule, 'msg')
    .map(({ text }) => text)
    .join();
}

/** What Suricata 7.0.10 does with a tls.sni rule, as seen with the real engine: all contents on one buffer must hold. */
export function matchesSni(rule: SuricataRule, sni: string): boolean {
  const lower = sni.toLowerCase();
  const buffer = optionsOf(rule, 'dotprefix').length > 0 ? `.${lower}` : lower;
  return optionsOf(rule, 'content').every(({ value, negated, startswith, endswith, nocase }) => {
    const subject = nocase ? buffer : buffer.replace(lower, sni);
    const found =
      subject.includes(value) &&
      (!startswith || subject.startsWith(value)) &&
      (!endswith || subject.endsWith(value)) &&
      (!(startswith && endswith) || subject === value);
    return found !== Boolean(negated);
  });
}

/** Few labels, so that random patterns cover, equal and exclude each other often. */
export const anyName = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'a-b'), { minLength: 1, maxLength: 4 })
  .map((labels) => `${labels.join('.')}.test`);

export const anyPatterns = fc.array(
  fc.record<HostPattern>({ kind: fc.constantFrom('exact', 'subdomains', 'domain'), name: anyName }),
  { maxLength: 8 },
);
