import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Resolve } from './dial';

const TIMEOUT_MS = 2_000;
const TRIES = 2;

/**
 * Names by the resolver of /etc/resolv.conf, after /etc/hosts. Not by getaddrinfo: it holds one of the four threads of
 * the pool until the name server answers, so a few names that none answers for would stop everybody's look-ups.
 */
export function resolver(hostsFile = '/etc/hosts'): Resolve {
  const dns = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const local = readHosts(hostsFile);
  const pending = new Map<string, Promise<readonly LookupAddress[]>>();
  const ask = async (host: string): Promise<readonly LookupAddress[]> => {
    const [v4, v6] = await Promise.allSettled([dns.resolve4(host), dns.resolve6(host)]);
    if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
    return [
      ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
      ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
    ];
  };
  return (host) => {
    const known = local.get(host);
    if (known) return Promise.resolve(known);
    // One question however many connections want the answer; the next one is asked anew, so nothing is remembered.
    let answer = pending.get(host);
    if (!answer) {
      answer = ask(host).finally(() => pending.delete(host));
      pending.set(host, answer);
    }
    return answer;
  };
}

function readHosts(file: string): Map<string, LookupAddress[]> {
  const known = new Map<string, LookupAddress[]>();
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // A container without one has no names of its own.
  }
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names) known.set(name, [...(known.get(name) ?? []), { address, family }]);
  }
  return known;
}
