import { parseHostPattern, WILDCARD_ON_SUFFIX } from '../egress/host';
import { PRESET_NAMES } from '../egress/presets';
import { isPublicSuffixWildcard } from '../egress/public-suffix';
import { isWrite, READ_METHODS } from '../egress/rule';
import { checkSize, FARGATE_CPUS, STORAGE_GIB } from '../session/size';
import type { NetworkConfig, ProfileConfig } from './config';
import { rulesOfGrant } from './grants';
import type { Problem, ProblemPath } from './problem';

/** Seconds. A session outlives neither the longest life of the second compute backend nor a working day. */
export const LIFETIME = { min: 60, max: 8 * 3600 } as const;

export function checkSession(config: ProfileConfig): Problem[] {
  const problems: Problem[] = [];
  const size = checkSize(config.size.cpu, config.size.memory);
  if (size.kind === 'cpu') {
    problems.push({
      path: ['size', 'cpu'],
      got: String(config.size.cpu),
      expected: 'a number of vCPUs that Fargate has',
      fix: `choose one of ${FARGATE_CPUS.join(', ')}`,
    });
  } else if (size.kind === 'memory') {
    problems.push({
      path: ['size', 'memory'],
      got: `${config.size.memory / 1024}GiB`,
      expected: `what Fargate has for ${config.size.cpu} vCPU`,
      fix: `choose ${size.offered}`,
    });
  }
  if (config.size.storage < STORAGE_GIB.min || config.size.storage > STORAGE_GIB.max) {
    problems.push({
      path: ['size', 'storage'],
      got: `${config.size.storage}GiB`,
      expected: `${STORAGE_GIB.min}GiB to ${STORAGE_GIB.max}GiB`,
      fix: `Fargate's ephemeral storage has these bounds`,
    });
  }
  if (config.lifetime < LIFETIME.min || config.lifetime > LIFETIME.max) {
    problems.push({
      path: ['lifetime'],
      got: `${config.lifetime / 60}m`,
      expected: 'at least 1m and at most 8h',
      fix: 'split longer work into several sessions',
    });
  }
  if (config.idleTimeout < LIFETIME.min || config.idleTimeout > config.lifetime) {
    problems.push({
      path: ['idleTimeout'],
      got: `${config.idleTimeout / 60}m`,
      expected: 'at least 1m and at most the lifetime',
      fix: 'lower idleTimeout, or leave it out for 15m',
    });
  }
  if (config.models.allow.length === 0 && config.models.budget > 0) {
    problems.push({
      path: ['models', 'budget'],
      got: `${config.models.budget} USD and no model`,
      expected: 'a model that may spend it',
      fix: 'name one under models.allow, or remove the budget',
    });
  }
  if (config.models.allow.length > 0 && config.models.budget === 0) {
    problems.push({
      path: ['models', 'budget'],
      got: '0 USD',
      expected: 'more than 0 where models are allowed',
      fix: 'set the most one session may spend, for example 20',
    });
  }
  return problems;
}

export function checkHosts(config: ProfileConfig): Problem[] {
  const { rules, requestable, blocked, presets } = config.egress;
  const named: [ProblemPath, string | undefined][] = [
    ...rules.map((r, i): [ProblemPath, string] => [['egress', 'rules', i, 'host'], r.host]),
    ...requestable.map((r, i): [ProblemPath, string] => [['egress', 'requestable', i, 'host'], r.host]),
    ...blocked.map((host, i): [ProblemPath, string] => [['egress', 'blocked', i], host]),
    ...Object.entries(config.grants).flatMap(([id, grant]): [ProblemPath, string | undefined][] =>
      'host' in grant ? [[['grants', id, 'host'], grant.host]] : [],
    ),
  ];
  const hosts = named.flatMap(([path, host]) => (host === undefined ? [] : checkHost(path, host)));
  const unknown = presets.flatMap((name, i): Problem[] =>
    (PRESET_NAMES as readonly string[]).includes(name)
      ? []
      : [
          {
            path: ['egress', 'presets', i],
            got: `"${name}"`,
            expected: 'the name of a preset',
            fix: `choose from ${PRESET_NAMES.join(', ')}`,
          },
        ],
  );
  return [...hosts, ...unknown];
}

/** Also used for hosts outside profiles. */
export function checkHost(path: ProblemPath, host: string): Problem[] {
  const parsed = parseHostPattern(host);
  const expected = 'a host: a.example.com, *.example.com (below the apex) or .example.com (with it)';
  if (parsed.kind === 'ok' && !isPublicSuffixWildcard(parsed.value)) return [];
  const problem = parsed.kind === 'invalid' ? parsed.problem : WILDCARD_ON_SUFFIX;
  return [{ path, got: `"${host}"`, expected, fix: `${problem}; name the host itself, for example api.example.com` }];
}

export function checkRules(config: ProfileConfig): Problem[] {
  const lists = { rules: config.egress.rules, requestable: config.egress.requestable };
  return Object.entries(lists).flatMap(([list, rules]) =>
    rules.flatMap((own, i): Problem[] => {
      const path: ProblemPath = ['egress', list, i];
      const writes = (own.methods ?? []).filter((method) => !(READ_METHODS as readonly string[]).includes(method));
      const problems: Problem[] = [];
      if (isWrite(own.methods ?? []) && !own.reason?.trim()) {
        problems.push({
          path: [...path, 'methods'],
          got: writes.join(', '),
          expected: 'a reason beside methods that write',
          fix: 'add reason: why a session must write here, or use a grant',
        });
      }
      return [...problems, ...checkTarget(path, own)];
    }),
  );
}

/** GraphQL and MCP travel in the body of a POST: on any other method such a rule would look stricter than it is. */
function checkTarget(
  path: ProblemPath,
  target: { methods?: readonly string[]; graphql?: unknown; mcp?: unknown },
): Problem[] {
  const inBody = target.graphql ? 'graphql' : target.mcp ? 'mcp' : undefined;
  if (inBody === undefined || (target.methods?.length === 1 && target.methods[0] === 'POST')) return [];
  return [
    {
      path: [...path, inBody],
      got: `methods ${(target.methods ?? ['GET', 'HEAD']).join(', ')}`,
      expected: `methods: [POST] on a rule with ${inBody}`,
      fix: 'make other methods a rule of their own',
    },
  ];
}

export function checkGrants(config: ProfileConfig): Problem[] {
  return Object.entries(config.grants).flatMap(([id, grant]): Problem[] => {
    if (grant.kind === 'github-app' || grant.kind === 'aws-role') {
      if (rulesOfGrant(id, grant).length > 0) return [];
      return [
        {
          path: ['grants', id],
          got: 'a grant that reaches no host',
          expected: grant.kind === 'aws-role' ? 'services or buckets' : 'repositories',
          fix: 'name what the grant is for, or remove it',
        },
      ];
    }
    return checkTarget(['grants', id], grant);
  });
}

/** Private ranges, big enough, and not overlapping: peering refuses VPCs that do. */
export function checkCidrs(network: NetworkConfig): Problem[] {
  const problems: Problem[] = [];
  const given = (['sessionsCidr', 'egressCidr'] as const).flatMap((key) => {
    const text = network[key];
    return text === undefined ? [] : [{ key, text, range: parseCidr(text) }];
  });
  for (const { key, text, range } of given) {
    if (range !== undefined && range.length >= 16 && range.length <= 22 && isPrivate(range)) continue;
    problems.push({
      path: ['network', key],
      got: `"${text}"`,
      expected: 'a private IPv4 range of /16 to /22 on its boundary, in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16',
      fix: 'write for example 10.64.0.0/16',
    });
  }
  const sessions = parseCidr(network.sessionsCidr ?? DEFAULT_CIDRS.sessions);
  const egress = parseCidr(network.egressCidr ?? DEFAULT_CIDRS.egress);
  if (problems.length === 0 && sessions && egress && sessions.first <= egress.last && egress.first <= sessions.last) {
    problems.push({
      path: ['network', network.egressCidr ? 'egressCidr' : 'sessionsCidr'],
      got: `sessions ${network.sessionsCidr ?? DEFAULT_CIDRS.sessions}, egress ${network.egressCidr ?? DEFAULT_CIDRS.egress}`,
      expected: 'two ranges that do not overlap',
      fix: 'peered VPCs can not share addresses; move one of them',
    });
  }
  return problems;
}

export const DEFAULT_CIDRS = { sessions: '10.64.0.0/16', egress: '10.65.0.0/20' } as const;

interface Range {
  readonly first: number;
  readonly last: number;
  readonly length: number;
}

function parseCidr(text: string): Range | undefined {
  const [address = '', length = ''] = text.split('/');
  const bytes = address.split('.').map(Number);
  const bits = Number(length);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255)) || !(bits >= 0 && bits <= 32))
    return undefined;
  const first = bytes.reduce((value, byte) => value * 256 + byte, 0);
  const size = 2 ** (32 - bits);
  return first % size === 0 ? { first, last: first + size - 1, length: bits } : undefined;
}

function isPrivate(range: Range): boolean {
  return ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].some((text) => {
    const block = parseCidr(text);
    return block !== undefined && range.first >= block.first && range.last <= block.last;
  });
}
