import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIENT_NETS, DEAF_PORTS, SERVER, SERVER_GATEWAYS } from './addresses';
import { capturedAt } from './captured';
import { configure, Namespaces, printed, stop, until } from './namespaces';
import type { ClientResult, FirewallRun, FirewallRunResult } from './protocol';
import { loggedRules, startSuricata } from './suricata';

/**
 * One run of a firewall: client - firewall - server in three network namespaces, a list of cases, everything gone at the
 * end. A process of its own, so that it can clean up whatever happens to the test that started it; started by lab.ts.
 */
const MOST_MILLISECONDS = 90_000;
const TSX = ['--import', 'tsx'];

async function runFirewall(
  namespaces: Namespaces,
  folder: string,
  { firewall, order, cases }: FirewallRun,
): Promise<FirewallRunResult> {
  const client = namespaces.add('client');
  const middle = namespaces.add('firewall');
  const server = namespaces.add('server');
  connect(namespaces, { client, middle, server }, firewall.dropsFragments);

  const certificate = [join(folder, 'key.pem'), join(folder, 'certificate.pem')] as const;
  namespaces.run(server, 'openssl', ...certificateArguments(...certificate));
  const capture = join(folder, 'capture');
  const sniffer = namespaces.spawn(server, 'python3', [join(__dirname, 'sniffer.py'), 'server0', capture]);
  const servers = namespaces.spawn(server, process.execPath, [...TSX, join(__dirname, 'servers.ts'), ...certificate]);
  const [engine] = await Promise.all([
    startSuricata(namespaces, middle, folder, firewall, order),
    printed(sniffer, 'ready'),
    printed(servers, 'ready'),
  ]);

  const results = await actOut(namespaces, client, JSON.stringify(cases));
  // Every packet has its verdict before anybody counts.
  await until('an empty packet queue', () => queueIsEmpty(namespaces, middle));
  await Promise.all([stop(sniffer), stop(engine), stop(servers)]);

  const rules = loggedRules(folder);
  const captured = capturedAt(readFileSync(capture, 'latin1'));
  const observations = results.map(({ port, answer, received }) => {
    const { bytes = 0, syns = 0 } = captured.get(port) ?? {};
    return [port, { answer, received, atServer: bytes, synsAtServer: syns, rules: rules.get(port) ?? [] }] as const;
  });
  return Object.fromEntries(observations);
}

function connect(
  namespaces: Namespaces,
  { client, middle, server }: Record<'client' | 'middle' | 'server', string>,
  dropsFragments: boolean,
): void {
  configure(middle, [
    `link add name client1 type veth peer name client0 netns ${client}`,
    `link add name server1 type veth peer name server0 netns ${server}`,
    ...CLIENT_NETS.map(({ gateway }) => `address add ${gateway}/24 dev client1`),
    ...SERVER_GATEWAYS.map((gateway) => `address add ${gateway}/24 dev server1`),
    'link set client1 up',
    'link set server1 up',
  ]);
  configure(client, [
    ...CLIENT_NETS.map(({ address }) => `address add ${address}/24 dev client0`),
    'link set client0 up',
    ...CLIENT_NETS.slice(0, 1).map(({ gateway }) => `route add default via ${gateway}`),
  ]);
  configure(server, [
    ...Object.values(SERVER).map((address) => `address add ${address}/24 dev server0`),
    'link set server0 up',
    ...SERVER_GATEWAYS.slice(0, 1).map((gateway) => `route add default via ${gateway}`),
  ]);
  namespaces.run(middle, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0');
  for (const [namespace, device] of [
    [client, 'client0'],
    [middle, 'client1'],
    [middle, 'server1'],
    [server, 'server0'],
  ] as const) {
    // Else the engine sees segments of 64 KB that no real network carries.
    namespaces.run(namespace, 'ethtool', '-K', device, 'tso', 'off', 'gso', 'off', 'gro', 'off', 'tx', 'off');
  }
  for (const [namespace, side] of [
    [client, '--dport'],
    [server, '--sport'],
  ] as const) {
    const isReset = ['-p', 'tcp', '--tcp-flags', 'RST', 'RST', side, `${DEAF_PORTS}:65535`];
    namespaces.run(namespace, 'iptables-legacy', '-A', 'INPUT', ...isReset, '-j', 'DROP');
  }
  namespaces.run(middle, 'iptables-legacy', '-A', 'FORWARD', '-j', 'NFQUEUE', '--queue-num', '0');
  if (dropsFragments) {
    // Stands for the stateless engine and its aws:drop on fragments: the flag "more" or an offset.
    const isFragment = ['-m', 'u32', '--u32', '4&0x3FFF=0x1:0x3FFF'];
    namespaces.run(middle, 'iptables-legacy', '-I', 'FORWARD', ...isFragment, '-j', 'DROP');
  }
}

function certificateArguments(key: string, certificate: string): string[] {
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  return [...made, '-subj', '/CN=lab', '-keyout', key, '-out', certificate];
}

function actOut(namespaces: Namespaces, namespace: string, cases: string): Promise<ClientResult[]> {
  const client = namespaces.spawn(namespace, process.execPath, [...TSX, join(__dirname, 'client.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    client.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    client.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`the client ended with ${code}`));
    });
    client.stdin?.end(cases);
  });
}

/** The third column is how many packets wait for a verdict. */
function queueIsEmpty(namespaces: Namespaces, namespace: string): boolean {
  const queues = namespaces.run(namespace, 'cat', '/proc/net/netfilter/nfnetlink_queue');
  return queues
    .trim()
    .split('\n')
    .every((queue) => queue.trim().split(/\s+/)[2] === '0');
}

process.once('message', (run: FirewallRun) => {
  const folder = mkdtempSync(join(tmpdir(), 'firewall-lab-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const namespaces = new Namespaces();
  const timer = setTimeout(() => {
    console.error(`a firewall run took more than ${MOST_MILLISECONDS} ms`);
    process.exit(1);
  }, MOST_MILLISECONDS);
  runFirewall(namespaces, folder, run).then(
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
