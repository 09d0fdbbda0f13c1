import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CfnTemplate, exampleNames, templatesOf, templatesOfExample, variantNames } from '../templates';
import type { Firewall } from './lab/protocol';
import { STOCK_CONFIGURATION, variableArguments } from './lab/suricata';
import { firewallsOf } from './template-firewalls';

/** Every firewall that some template has, by where it is from. Tier LEAN has none. */
const FIREWALLS = [
  ...variantNames().map((name) => ({ from: `variant ${name}`, templates: templatesOf(name) })),
  ...exampleNames().map((name) => ({ from: `example ${name}`, templates: templatesOfExample(name) })),
].map(({ from, templates }) => ({ from, firewalls: Object.values<CfnTemplate>(templates).flatMap(firewallsOf) }));

/** What `suricata -T` says; throws where it refuses. */
function load(firewall: Firewall): string {
  const folder = mkdtempSync(join(tmpdir(), 'firewall-rules-'));
  try {
    const rules = join(folder, 'template.rules');
    writeFileSync(rules, firewall.rules);
    const args = [
      '-T',
      '-v',
      '-c',
      STOCK_CONFIGURATION,
      '-S',
      rules,
      '-l',
      folder,
      ...variableArguments(firewall.homeNet),
    ];
    return execFileSync('suricata', args, { encoding: 'utf8', stdio: 'pipe', timeout: 30_000 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('N14 real Suricata loads the rules of every template', () => {
  it('there are templates with a firewall, of variants and of examples', () => {
    const withFirewall = FIREWALLS.filter(({ firewalls }) => firewalls.length > 0).map(
      ({ from }) => from.split(' ')[0],
    );
    expect(new Set(withFirewall)).toEqual(new Set(['variant', 'example']));
  });

  it.each(FIREWALLS.filter(({ firewalls }) => firewalls.length > 0))('$from', ({ firewalls }) => {
    for (const firewall of firewalls) {
      const count = firewall.rules.trim().split('\n').length;
      expect(load(firewall)).toContain(`${count} rules successfully loaded, 0 rules failed`);
    }
  });

  it('refuses a rule that is not one', () => {
    const rules = 'pass tls $HOME_NET any -> $EXTERNAL_NET 443 (msg:"open"; tls.sni; content:"x; sid:1;)\n';
    expect(() => load({ rules, homeNet: ['10.0.0.0/8'], dropsFragments: true, exceptionPolicy: 'reject' })).toThrow();
  });
});
