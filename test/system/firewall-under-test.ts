import { App, Stack } from 'aws-cdk-lib';
import { FirewallPolicy } from '../../lib/network';
import { HOME_NET } from './lab/addresses';
import type { Firewall } from './lab/protocol';
import { firewallsOf } from './template-firewalls';

/**
 * The firewall of a synthesized template, for names that the lab's servers answer for. Every spelling of a host is here,
 * and every way a blocked host can lie in an allowed one.
 */
export function firewallUnderTest(): Firewall {
  const app = new App();
  const stack = new Stack(app, 'lab');
  new FirewallPolicy(stack, 'Policy', {
    allowedHosts: ['allowed.test.example', '.domain.example', '*.sub.example', '.mixed.example', '.half.example'],
    blockedHosts: [
      'blocked.domain.example',
      '.tree.domain.example',
      'one.sub.example',
      '*.below.mixed.example',
      'half.example',
    ],
    homeNet: HOME_NET,
  });
  const [firewall] = firewallsOf(app.synth().getStackByName('lab').template);
  if (firewall === undefined) throw new Error('the template has no firewall policy');
  return firewall;
}
