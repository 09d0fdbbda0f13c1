import { parseHostPattern, WILDCARD_ON_SUFFIX } from '../egress/host';
import { PRESET_NAMES } from '../egress/presets';
import { isPublicSuffixWildcard } from '../egress/public-suffix';
import { isWrite, READ_METHODS } from '../egress/rule';
import { checkSize, FARGATE_CPUS, STORAGE_GIB } from '../session/size';
import type { ProfileConfig, TargetConfig } from './config';
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
  const { storage } = config.size;
  if (!Number.isInteger(storage) || storage < STORAGE_GIB.min || storage > STORAGE_GIB.max) {
    problems.push({
      path: ['size', 'storage'],
      got: `${storage}GiB`,
      expected: `whole GiB, ${STORAGE_GIB.min}GiB to ${STORAGE_GIB.max}GiB`,
      fix: `Fargate's ephemeral storage has these bounds`,
    });
  }
  if (config.lifetime < LIFETIME.min || config.lifetime > LIFETIME.max) {
    problems.push({
      path: ['lifetime'],
      got: spoken(config.lifetime),
      expected: 'at least 1m and at most 8h',
      fix: 'split longer work into several sessions',
    });
  }
  if (config.idleTimeout < LIFETIME.min || config.idleTimeout > config.lifetime) {
    problems.push({
      path: ['idleTimeout'],
      got: spoken(config.idleTimeout),
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
  return [...hosts, ...unknown, ...checkDistinct(['egress', 'presets'], presets)];
}

/** A name given twice makes two equal rules, and a request that two rules of a kind match is refused. */
export function checkDistinct(path: ProblemPath, names: readonly string[]): Problem[] {
  const seen = names.map((name) => name.toLowerCase());
  return names.flatMap((name, i) =>
    seen.indexOf(name.toLowerCase()) === i
      ? []
      : [{ path: [...path, i], got: `"${name}" again`, expected: 'each name once', fix: 'remove the second one' }],
  );
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
      if ((isWrite(own.methods ?? []) || own.websocket) && !own.reason?.trim()) {
        problems.push({
          path: [...path, 'methods'],
          got: writes.join(', ') || 'a WebSocket',
          expected: 'a reason beside methods that write',
          fix: 'add reason: why a session must write here, or use a grant',
        });
      }
      return [...problems, ...checkTarget(path, own)];
    }),
  );
}

type Target = Pick<TargetConfig, 'host' | 'methods' | 'graphql' | 'mcp' | 'urls' | 'allowPrivate'>;

export function checkTarget(path: ProblemPath, target: Target): Problem[] {
  return [...checkBody(path, target), ...checkSeen(path, target), ...checkPrivate(path, target)];
}

/** The URL is all that may carry something out of a reading request; a body beside it would make the limit a show. */
function checkSeen(path: ProblemPath, { urls, methods = [] }: Target): Problem[] {
  if (urls === undefined || !isWrite(methods)) return [];
  return [
    {
      path: [...path, 'urls'],
      got: `urls: seen and methods ${methods.join(', ')}`,
      expected: 'methods that only read on a rule for seen URLs',
      fix: 'a body carries what the URL may not; make the methods that write a rule of their own',
    },
  ];
}

/** Whoever may name hosts below a wildcard could point one at any address of the network. */
function checkPrivate(path: ProblemPath, { allowPrivate, host }: Target): Problem[] {
  const parsed = parseHostPattern(host);
  if (allowPrivate !== true || parsed.kind === 'invalid' || parsed.value.kind === 'exact') return [];
  return [
    {
      path: [...path, 'allowPrivate'],
      got: `allowPrivate on "${host}"`,
      expected: 'one exact host that may have a private address',
      fix: 'make a rule for each such host',
    },
  ];
}

/** GraphQL and MCP travel in the body of a POST: on any other method such a rule would look stricter than it is. */
function checkBody(path: ProblemPath, target: Target): Problem[] {
  if (target.graphql && target.mcp) {
    return [
      {
        path: [...path, 'mcp'],
        got: 'graphql and mcp on one rule',
        expected: 'one of the two',
        fix: 'a body is one or the other; make two rules',
      },
    ];
  }
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

/** Seconds, in the largest unit that is whole. */
function spoken(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
