import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespaces, printed, stop } from './namespaces';
import type { DnsAnswer, DnsRule, ResolverRun, ResolverRunResult } from './resolver-protocol';

/** One run of a resolver with DNS lists, in a namespace with nothing but loopback; started by lab.ts. */
const MOST_MILLISECONDS = 60_000;
const RESOLVER = 5_301;
const REST_OF_DNS = 5_302;

async function runResolver(
  namespaces: Namespaces,
  folder: string,
  { rules, names }: ResolverRun,
): Promise<ResolverRunResult> {
  const namespace = namespaces.add('dns');
  const nameServer = namespaces.spawn(namespace, process.execPath, [
    ...['--import', 'tsx', join(__dirname, 'name-server.ts')],
    String(REST_OF_DNS),
  ]);
  let output = '';
  nameServer.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
  });
  const file = join(folder, 'unbound.conf');
  writeFileSync(file, configuration(folder, rules));
  const resolver = namespaces.spawn(namespace, 'unbound', ['-d', '-v', '-c', file]);
  await Promise.all([printed(nameServer, 'ready'), printed(resolver, 'start of service')]);

  const statuses: [name: string, status: string][] = [];
  for (const name of names) {
    const dig = ['@127.0.0.1', '-p', String(RESOLVER), '+tries=1', '+time=5', name, 'A'];
    const status = /status: (\w+)/.exec(namespaces.run(namespace, 'dig', ...dig))?.[1] ?? 'no answer';
    statuses.push([name, status]);
  }
  // Only then is all of its output here.
  await stop(nameServer);
  const asked = new Set(output.split('\n').map((line) => line.replace(/^asked /, '')));
  return Object.fromEntries(
    statuses.map(([name, status]): [string, DnsAnswer] => [name, { status, asked: asked.has(name.toLowerCase()) }]),
  );
}

/**
 * Response policy zones have the same shape as a DNS Firewall rule group: zones are asked in order, the first that knows
 * the name decides; `x` is that name alone, `*.x` every name below it without the apex.
 */
function configuration(folder: string, rules: readonly DnsRule[]): string {
  const zones = rules.map(({ action, domains }, index) => {
    const file = join(folder, `rule-${index}.zone`);
    // `.` says NXDOMAIN. Final dots are left out: the names stand below the zone.
    const target = action === 'ALLOW' ? 'rpz-passthru.' : '.';
    writeFileSync(
      file,
      [
        '$TTL 60',
        '@ SOA localhost. root.localhost. 1 3600 600 86400 60',
        '@ NS localhost.',
        ...domains.map((domain) => `${domain} CNAME ${target}`),
        '',
      ].join('\n'),
    );
    return `rpz:\n  name: "rule${index}."\n  zonefile: "${file}"`;
  });
  return `server:
  interface: 127.0.0.1
  port: ${RESOLVER}
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  qname-minimisation: no
  module-config: "respip iterator"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
${zones.join('\n')}
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@${REST_OF_DNS}
`;
}

process.once('message', (run: ResolverRun) => {
  const folder = mkdtempSync(join(tmpdir(), 'resolver-lab-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const namespaces = new Namespaces();
  const timer = setTimeout(() => {
    console.error(`a resolver run took more than ${MOST_MILLISECONDS} ms`);
    process.exit(1);
  }, MOST_MILLISECONDS);
  runResolver(namespaces, folder, run).then(
    (result) => {
      clearTimeout(timer);
      process.send?.(result, () => process.exit(0));
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
