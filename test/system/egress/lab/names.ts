import { ATTACKER, PRIVATE_UPSTREAM, UNREACHABLE, UPSTREAM, UPSTREAM_IPV6 } from './addresses';

/** What the lab's resolver answers; IPv4 and IPv6 by their form. `silent`: never. An empty list: no such name. */
export type Answers = readonly string[] | 'silent';

/** One after the other where there are several: the second question of a rebinding gets another answer. */
const TABLE: Readonly<Record<string, readonly Answers[]>> = {
  'private.test': [['10.0.0.5']],
  'shared.test': [['100.64.0.9']],
  'loopback.test': [['127.0.0.1']],
  'unspecified.test': [['0.0.0.0']],
  'metadata.test': [['169.254.169.254']],
  'task-metadata.test': [['169.254.170.2']],
  'pod-metadata.test': [['169.254.170.23']],
  'wire-server.test': [['168.63.129.16']],
  'metadata6.test': [['fd00:ec2::254']],
  'loopback6.test': [['::1']],
  'mapped6.test': [['::ffff:169.254.169.254']],
  'nat64.test': [['64:ff9b::a9fe:a9fe']],
  '6to4.test': [['2002:a9fe:a9fe::1']],
  'mixed.test': [[UPSTREAM, '10.0.0.5']],
  'mixed6.test': [[UPSTREAM, 'fd00:ec2::254']],
  'rebind.test': [[UPSTREAM], ['10.0.0.5']],
  'dual.test': [[UPSTREAM, UPSTREAM_IPV6]],
  'inside.test': [[PRIVATE_UPSTREAM]],
  'inside-not.test': [[PRIVATE_UPSTREAM]],
  'nowhere.test': [[]],
  'unreachable.test': [[UNREACHABLE]],
};

const asked = new Map<string, number>();

export function answersFor(name: string): Answers {
  const known = TABLE[name];
  if (known) {
    const times = asked.get(name) ?? 0;
    asked.set(name, times + 1);
    return known[Math.min(times, known.length - 1)] ?? [];
  }
  if (name.endsWith('.silent.test')) return 'silent';
  if (name === 'evil.test' || name.endsWith('.evil.test')) return [ATTACKER];
  return [UPSTREAM];
}
