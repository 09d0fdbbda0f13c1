import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT, CLIENT_OUTSIDE_HOME_NET } from './addresses';
import { type Namespaces, printed } from './namespaces';
import { ACTION_ORDERS, type ActionOrder, type Firewall } from './protocol';

/** The configuration Debian ships: its defaults are the nearest thing to "stock" there is. */
export const STOCK_CONFIGURATION = '/etc/suricata/suricata.yaml';

/**
 * Starts the engine inline on packet queue 0. Of the stock configuration three things change: the order of actions, what
 * happens to streams the engine can't follow (the policy's setting), and that alerts are all it logs. One worker, so that
 * packets are judged in the order they came.
 */
export async function startSuricata(
  namespaces: Namespaces,
  namespace: string,
  folder: string,
  firewall: Firewall,
  order: ActionOrder,
): Promise<ChildProcess> {
  const rules = join(folder, 'template.rules');
  writeFileSync(rules, firewall.rules);
  const settings = join(folder, 'lab.yaml');
  writeFileSync(settings, configuration(firewall, order));
  const engine = namespaces.spawn(namespace, 'suricata', [
    ...['-c', STOCK_CONFIGURATION, '--include', settings, '-S', rules, '-l', folder],
    // Without it a rule that doesn't parse is only skipped.
    '--init-errors-fatal',
    ...['-q', '0', '--runmode', 'workers', '-k', 'none'],
    ...variableArguments(firewall.homeNet),
  ]);
  await printed(engine, 'Engine started');
  return engine;
}

/** As AWS sets them: EXTERNAL_NET is the negation of the policy's HOME_NET. */
export function variableArguments(homeNet: readonly string[]): string[] {
  const set = (name: string, value: string) => ['--set', `vars.address-groups.${name}=${value}`];
  return [...set('HOME_NET', `[${homeNet.join(',')}]`), ...set('EXTERNAL_NET', '!$HOME_NET')];
}

function configuration(firewall: Firewall, order: ActionOrder): string {
  return [
    '%YAML 1.1',
    '---',
    'action-order:',
    ...ACTION_ORDERS[order].map((action) => `  - ${action}`),
    `exception-policy: ${firewall.exceptionPolicy}`,
    'outputs:',
    '  - eve-log: { enabled: yes, filetype: regular, filename: eve.json, types: [alert] }',
    '',
  ].join('\n');
}

interface AlertRecord {
  readonly event_type: string;
  readonly src_ip: string;
  readonly src_port?: number;
  readonly dest_port?: number;
  readonly alert?: { readonly signature: string };
}

/** What the engine logged, as messages of rules by client port. Only complete once the engine has ended. */
export function loggedRules(folder: string): Map<number, string[]> {
  const byPort = new Map<number, string[]>();
  for (const line of readFileSync(join(folder, 'eve.json'), 'utf8').split('\n')) {
    if (line === '') continue;
    const record: AlertRecord = JSON.parse(line);
    const fromClient = [CLIENT, CLIENT_OUTSIDE_HOME_NET].includes(record.src_ip);
    const port = fromClient ? record.src_port : record.dest_port;
    if (port === undefined || record.alert === undefined) continue;
    const rules = byPort.get(port) ?? [];
    if (!rules.includes(record.alert.signature)) byPort.set(port, [...rules, record.alert.signature]);
  }
  return byPort;
}
