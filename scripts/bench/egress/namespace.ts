import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { HOST, PROXY_SIDE, STREAM_HOSTS, STREAMS, UPSTREAM } from './layout';

const PREFIX = 'egress-bench-';
const UPSTREAM_SIDE = '-up';
const ETC = '/etc/netns';

export interface Namespaces {
  /** Proxies and generator. */
  readonly proxies: string;
  readonly upstreams: string;
}

/**
 * Two network namespaces with a cable between them and nothing else: what runs there can reach nothing else. Two, since
 * a proxy may refuse to dial an address of its own machine. Gone when this process ends; what a killed run left behind
 * goes with the next one.
 */
export function createNamespaces(): Namespaces {
  for (const name of leftBehind()) remove(name);
  const proxies = `${PREFIX}${process.pid}`;
  const upstreams = `${proxies}${UPSTREAM_SIDE}`;
  process.once('exit', () => {
    remove(proxies);
    remove(upstreams);
  });
  for (const name of [proxies, upstreams]) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  ip('-n', proxies, 'link', 'add', 'bench', 'type', 'veth', 'peer', 'name', 'bench', 'netns', upstreams);
  ip('-n', proxies, 'address', 'add', `${PROXY_SIDE}/24`, 'dev', 'bench');
  for (const address of [UPSTREAM, STREAMS]) ip('-n', upstreams, 'address', 'add', `${address}/24`, 'dev', 'bench');
  for (const name of [proxies, upstreams]) ip('-n', name, 'link', 'set', 'bench', 'up');
  mkdirSync(`${ETC}/${proxies}`, { recursive: true });
  writeFileSync(`${ETC}/${proxies}/hosts`, hosts());
  return { proxies, upstreams };
}

function hosts(): string {
  const streams = STREAM_HOSTS.map((host) => `${STREAMS} ${host}\n`).join('');
  return `127.0.0.1 localhost\n${UPSTREAM} ${HOST}\n${streams}`;
}

function leftBehind(): string[] {
  const known = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  return known.filter(
    (name) => name.startsWith(PREFIX) && !existsSync(`/proc/${Number.parseInt(name.slice(PREFIX.length), 10)}`),
  );
}

function remove(name: string): void {
  try {
    ip('netns', 'delete', name);
  } catch {
    // Never made, or gone already.
  }
  rmSync(`${ETC}/${name}`, { recursive: true, force: true });
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}
