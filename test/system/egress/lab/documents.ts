import type { PolicyDocument } from '../../../../core/egress/document';
import { PRESETS } from '../../../../core/egress/presets';
import { AGENTS } from './addresses';

type Rule = PolicyDocument['rules'][number];

const rule = (name: string, host: string, change: Partial<Rule> = {}): Rule => ({
  id: `rule.${name}`,
  host,
  port: 443,
  methods: ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'],
  origin: { kind: 'rule', name: host },
  reason: 'a rule of the lab',
  ...change,
});

/** A secret of the platform. Wherever it turns up but at `api.test`, something leaked. */
export const SECRET = 'sk-canary/7Qf+9"2m&Zx=0a1b2c3d4e5f';
/** A secret of the same kind in another header. */
export const KEY_SECRET = 'key-canary-Tz81!uP04_w9x7y5';
/** One that has the form of an id, so that it fits wherever a record holds one. */
export const ID_SECRET = 'ghp_canaryA1b2C3d4E5f6G7h8J9k0';
/** Where agents' models are, as their clients have it unless told otherwise. */
export const MODEL = 'api.anthropic.com';
/** What an agent brings along; nothing of it may leave. */
export const AGENTS_OWN = 'agents-own-canary-5Jk2Lm8Np4Qr';

const ODD_ADDRESSES = [
  ...['private', 'shared', 'loopback', 'unspecified', 'metadata', 'task-metadata', 'pod-metadata', 'wire-server'],
  ...['metadata6', 'loopback6', 'mapped6', 'nat64', '6to4', 'mixed', 'mixed6', 'rebind'],
];

const presets = (['npm', 'pypi', 'github'] as const).flatMap((name) =>
  PRESETS[name].map(
    ({ encodedSlash, ...preset }: (typeof PRESETS)[typeof name][number] & { encodedSlash?: true }, i) => ({
      ...(preset as unknown as Rule),
      id: `preset.${name}.${i + 1}`,
      port: 443 as const,
      origin: { kind: 'preset' as const, name },
      ...(encodedSlash && { limits: { encodedSlash } }),
    }),
  ),
);

/** The lab's own profile. */
export const LAB_DOCUMENT: PolicyDocument = {
  version: 1,
  profile: 'lab',
  session: {
    image: 'x@sha256:0',
    cpuUnits: 1024,
    memoryMiB: 2048,
    storageGiB: 21,
    lifetimeSeconds: 3600,
    idleSeconds: 600,
  },
  rules: [
    rule('up', 'up.test', { limits: { websocket: true } }),
    rule('other', 'other.test'),
    rule('below', '*.below.test'),
    rule('silent', '*.silent.test'),
    rule('small', 'small.test', { limits: { maxBodyBytes: 1000 } }),
    rule('paths', 'paths.test', { methods: ['GET'], paths: ['/v1/**'] }),
    rule('plain', 'plain.test', { port: 80, methods: ['GET', 'HEAD'] }),
    rule('dual', 'dual.test'),
    rule('seen', 'seen.test', { methods: ['GET'], limits: { urls: 'seen' } }),
    rule('few', 'few.test', { methods: ['GET'], limits: { distinctUrls: 5 } }),
    rule('rate', 'rate.test', { limits: { requestsPerMinute: 5 } }),
    rule('inside', 'inside.test', { limits: { allowPrivate: true } }),
    rule('inside-not', 'inside-not.test'),
    rule('nowhere', 'nowhere.test'),
    rule('unreachable', 'unreachable.test'),
    ...['expired', 'untrusted', 'wrong-name'].map((name) => rule(name, `${name}.test`)),
    ...ODD_ADDRESSES.map((name) => rule(name, `${name}.test`)),
    ...presets,
    rule('github-api', 'api.github.com', { methods: ['GET'], paths: ['/repos/lab/**'] }),
    rule('x', 'api.test', {
      id: 'grant.tok.1',
      inject: 'tok',
      origin: { kind: 'grant', name: 'tok' },
      limits: { websocket: true },
    }),
    rule('x', 'key.test', { id: 'grant.key.1', inject: 'key', origin: { kind: 'grant', name: 'key' } }),
    rule('x', MODEL, {
      id: 'grant.key.2',
      methods: ['POST'],
      paths: ['/v1/messages'],
      inject: 'key',
      origin: { kind: 'grant', name: 'key' },
    }),
    rule('x', 'hub.test', { id: 'grant.hub.1', inject: 'hub', origin: { kind: 'grant', name: 'hub' } }),
    rule('x', 'lost.test', { id: 'grant.lost.1', inject: 'lost', origin: { kind: 'grant', name: 'lost' } }),
  ],
  requestable: [],
  blocked: ['blocked.below.test'],
  grants: [
    { kind: 'secret-header', id: 'tok', secretArn: 'arn', header: 'authorization', prefix: 'Bearer ' },
    { kind: 'secret-header', id: 'key', secretArn: 'arn', header: 'x-api-key', prefix: '' },
    { kind: 'secret-header', id: 'hub', secretArn: 'arn', header: 'authorization', prefix: '' },
    { kind: 'secret-header', id: 'lost', secretArn: 'arn', header: 'x-api-key', prefix: '' },
  ],
  models: { allow: [], budgetUsd: 0 },
};

export const CREDENTIALS = {
  version: 1,
  grants: {
    tok: { headers: [{ name: 'authorization', value: `Bearer ${SECRET}` }], secrets: [SECRET] },
    key: { headers: [{ name: 'x-api-key', value: KEY_SECRET }], secrets: [KEY_SECRET] },
    hub: { headers: [{ name: 'authorization', value: ID_SECRET }], secrets: [ID_SECRET] },
    // Of the attack list's document.
    api: { headers: [{ name: 'authorization', value: `Bearer ${SECRET}` }], secrets: [SECRET] },
  },
};

const session = (letter: string, profile: string) => ({
  kind: 'session' as const,
  sessionId: `s01jabcdefghjkmnpqrstvwxy${letter}0`,
  requester: 'https://issuer.test|ada',
  team: 'lab',
  profile,
});

export interface CallersFile {
  readonly version: 1;
  readonly bindings: readonly {
    readonly address: string;
    readonly subject: ReturnType<typeof session>;
    readonly opened?: readonly string[];
  }[];
  readonly closed: readonly string[];
  readonly paused?: boolean;
}

export const SESSIONS = {
  attacked: session('a', 'attacked'),
  lab: session('b', 'lab'),
  neighbour: session('c', 'lab'),
  closed: session('d', 'lab'),
  undocumented: session('e', 'undocumented'),
} as const;

export const CALLERS: CallersFile = {
  version: 1,
  bindings: (Object.keys(SESSIONS) as (keyof typeof SESSIONS)[]).map((name) => ({
    address: AGENTS[name],
    subject: SESSIONS[name],
  })),
  closed: [SESSIONS.closed.sessionId],
};

/** Every value that must not turn up where it does not belong, and the hosts that are sent it. */
export const CANARIES: readonly { readonly value: string; readonly hosts: readonly string[] }[] = [
  { value: SECRET, hosts: ['api.test', 'order.test', 'ask.test'] },
  { value: KEY_SECRET, hosts: ['key.test', MODEL] },
  { value: ID_SECRET, hosts: ['hub.test'] },
  { value: AGENTS_OWN, hosts: [] },
];
