import type { PolicyDocument } from '../../../core/egress/document';
import type { RefusalCode } from '../../../core/egress/refusal';
import { WAYS, type Way, type WireRequest } from '../../../core/egress/request';

/**
 * One thing an agent may try, as data: the tests of core read it with {@link wireOf}, tests of the real proxy send
 * {@link headOf} as it stands. The rest of the request is such that without the check it guards it would be allowed.
 */
export interface Attack {
  readonly name: string;
  /** Number in the list of pitfalls (egress and injection), where it is one of them. */
  readonly pitfall?: number;
  /** File and check in core/egress: delete it, and this entry turns red. */
  readonly guards: string;
  /** The ways in by which it can be sent; the verdict is the same for each. Default: all. */
  readonly ways?: readonly Way[];
  readonly expect: RefusalCode | 'allow';
  /** Node's own parser answers 400 before anything of ours is asked. */
  readonly nodeRefuses?: boolean;

  readonly method?: string;
  /** The host meant; `open.test` by default, where everything is allowed. */
  readonly host?: string;
  /** Origin form. */
  readonly target?: string;
  readonly version?: string;
  /** Host header; null for none. By default what the way asks for. */
  readonly hostHeader?: string | null;
  /** Whole header lines, without their end. */
  readonly lines?: readonly string[];
  /** In place of the request line that `method`, `host` and `target` make. */
  readonly requestLine?: string;
  /** `http` for the way `absolute`; default https. */
  readonly scheme?: 'http' | 'https';
  /** What CONNECT names, where it is not `host`. */
  readonly tunnelHost?: string;
  readonly tunnelPort?: number;
  /** SNI; null for none. Default: the host. */
  readonly serverName?: string | null;
  readonly body?: string;
  readonly contentType?: string | null;
  readonly contentEncoding?: string;
  /** Ids of requestable rules that are open. */
  readonly opened?: readonly string[];
}

export const PROXY_HOST = 'egress.platform.internal';

export function waysOf(attack: Attack): readonly Way[] {
  return attack.ways ?? WAYS;
}

/** The bytes of the head, up to and with the empty line; Latin-1. */
export function headOf(attack: Attack, way: Way): string {
  const { method = 'GET', host = 'open.test', target = '/', version = '1.1', lines = [] } = attack;
  const target_ = {
    connect: target,
    named: `/u/${host}${target}`,
    absolute: `${attack.scheme ?? 'https'}://${host}${target}`,
  }[way];
  const hostHeader = attack.hostHeader === undefined ? (way === 'named' ? PROXY_HOST : host) : attack.hostHeader;
  const { body, contentType = 'application/json', contentEncoding } = attack;
  return [
    attack.requestLine ?? `${method} ${target_} HTTP/${version}`,
    ...(hostHeader === null ? [] : [`Host: ${hostHeader}`]),
    ...lines,
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...(body === undefined || contentType === null ? [] : [`Content-Type: ${contentType}`]),
    ...(contentEncoding === undefined ? [] : [`Content-Encoding: ${contentEncoding}`]),
    '',
    '',
  ].join('\r\n');
}

/** The head as a parser gives it that refuses nothing. */
export function wireOf(attack: Attack, way: Way): WireRequest {
  const [first = '', ...lines] = headOf(attack, way).split('\r\n').slice(0, -2);
  const [method = '', target = '', protocol = ''] = first.split(' ');
  const { host = 'open.test', serverName } = attack;
  return {
    way,
    method,
    target,
    httpVersion: protocol.replace('HTTP/', ''),
    rawHeaders: lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
    }),
    ...(way === 'connect' && {
      tunnel: {
        host: attack.tunnelHost ?? host,
        port: attack.tunnelPort ?? 443,
        serverName: serverName === null ? undefined : (serverName ?? host),
      },
    }),
  };
}

type Rule = PolicyDocument['rules'][number];
const rule = (id: string, host: string, change: Partial<Rule> = {}): Rule => ({
  id,
  host,
  port: 443,
  methods: ['GET'],
  origin: { kind: 'rule', name: host },
  reason: 'a rule of the attack list',
  ...change,
});
const METHODS: Rule['methods'] = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'];
const preset = { kind: 'preset', name: 'npm' } as const;
const granted = { kind: 'grant', name: 'api' } as const;

/** What the attacks are asked of. */
export const ATTACKED: PolicyDocument = {
  version: 1,
  profile: 'attacked',
  session: {
    image: 'x@sha256:0',
    cpuUnits: 1024,
    memoryMiB: 2048,
    storageGiB: 21,
    lifetimeSeconds: 60,
    idleSeconds: 60,
  },
  rules: [
    rule('rule.open', 'open.test', { methods: METHODS, limits: { websocket: true, encodedSlash: true } }),
    rule('rule.below', '*.open.test', { methods: METHODS }),
    rule('rule.domain', '.domain.test', { methods: METHODS }),
    rule('rule.idn', 'xn--bcher-kva.test'),
    rule('rule.paths', 'paths.test', {
      methods: ['GET', 'POST'],
      paths: ['/v1/**', '/repos/*/x', '/pre*mid*.json', '/ab*bc', '/end/'],
    }),
    rule('rule.query', 'query.test', {
      query: [{ name: 'service', values: ['git-upload-pack', 'a b'] }, { name: 'page' }, { name: 'key' }],
    }),
    rule('rule.graphql', 'graphql.test', {
      methods: ['POST'],
      graphql: { operations: ['query', 'mutation'], fields: ['viewer', 'createIssue'] },
    }),
    rule('rule.anyfield', 'anyfield.test', {
      methods: ['GET', 'POST'],
      graphql: { operations: ['query'] },
      query: [{ name: 'v' }, { name: 'query' }],
    }),
    rule('rule.mcp', 'mcp.test', { methods: ['GET', 'POST', 'PUT', 'DELETE'], mcp: { tools: ['search'] } }),
    rule('rule.twice.1', 'twice.test'),
    rule('rule.twice.2', '.twice.test', { paths: ['/both'] }),
    rule('rule.shadow', 'order.test', { methods: ['GET', 'POST'] }),
    rule('preset.order', 'order.test', { methods: METHODS, origin: preset }),
    rule('grant.order', 'order.test', {
      methods: ['POST'],
      paths: ['/graphql'],
      graphql: { operations: ['query'] },
      inject: 'api',
      origin: granted,
    }),
    rule('grant.ask', 'ask.test', { methods: ['POST'], ask: true, inject: 'api', origin: granted }),
    rule('preset.blocked', '.blocked.test', { methods: METHODS, origin: preset }),
    rule('rule.slashes', 'noslash.test'),
    rule('rule.plain', 'plain.test', { port: 80 }),
    rule('rule.quiet', 'quiet.test', { methods: METHODS }),
  ],
  requestable: [
    rule('requestable.1', 'later.test', { origin: { kind: 'requestable', name: 'later.test' } }),
    rule('requestable.2', 'quiet.test', {
      methods: ['DELETE'],
      paths: ['/later'],
      limits: { websocket: true },
      origin: { kind: 'requestable', name: 'quiet.test' },
    }),
  ],
  blocked: ['*.blocked.test', 'never.domain.test'],
  grants: [{ kind: 'secret-header', id: 'api', secretArn: 'arn', header: 'authorization', prefix: 'Bearer ' }],
  models: { allow: [], budgetUsd: 0 },
};
