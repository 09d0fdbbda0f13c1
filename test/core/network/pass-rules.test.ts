import type { HostPattern } from '../../../core/egress/host';
import { firewallRules } from '../../../core/network/firewall-rules';
import { patterns } from './rule-reader';

/** Lines before the default-deny, ids cut off. */
function lines(input: Parameters<typeof firewallRules>[0]): string[] {
  const result = firewallRules(input);
  if (result.kind !== 'ok') throw new Error(result.problem);
  const all = result.text.split('\n').map((line) => line.replace(/ sid:\d+; rev:1;\)$/, ''));
  return all.slice(
    0,
    all.findIndex((line) => line.includes('msg:"deny ')),
  );
}
const service = (name: string): HostPattern & { readonly kind: 'exact' } => ({ kind: 'exact', name });
const PASS = 'pass tls $HOME_NET any -> $EXTERNAL_NET 443';

describe('N14 pass rules as text', () => {
  it.each<[string, string]>([
    ['a.example.com', 'tls.sni; content:"a.example.com"; nocase; startswith; endswith;'],
    ['.example.com', 'tls.sni; dotprefix; content:".example.com"; nocase; endswith;'],
    [
      '*.example.com',
      'tls.sni; dotprefix; content:".example.com"; nocase; endswith; content:!".example.com"; nocase; startswith; endswith;',
    ],
  ])('N14 %s', (text, name) => {
    const allowed = patterns(text);
    expect(lines({ allowed })).toEqual([`${PASS} (alert; msg:"allow ${text}"; flow:to_server; ${name}`]);
    expect(lines({ allowed, logAllowed: false })).toEqual([`${PASS} (msg:"allow ${text}"; flow:to_server; ${name}`]);
  });

  it('N14 AWS APIs that services need pass first, each by its exact name, whatever is blocked', () => {
    const services = [service('b.eu-west-1.amazonaws.com'), service('a.eu-west-1.amazonaws.com')];
    const got = lines({ allowed: [], blocked: patterns('.amazonaws.com'), services });
    const sni = (name: string) => `tls.sni; content:"${name}"; nocase; startswith; endswith;`;
    expect(got).toEqual([
      ...['a', 'b'].map((label) => {
        const name = `${label}.eu-west-1.amazonaws.com`;
        return `${PASS} (alert; msg:"service ${name}"; flow:to_server; ${sni(name)}`;
      }),
      'reject tls any any -> any any (msg:"block .amazonaws.com"; flow:to_server; tls.sni; dotprefix; content:".amazonaws.com"; nocase; endswith;',
    ]);
  });
});
