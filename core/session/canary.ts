import type { SelfAnswer } from './self';

/**
 * Something that must not work from inside a session's network. Each is aimed at a target that answers whenever there is a
 * way to it: silence then says that there is none, and not that nobody was there.
 */
export type Probe = ProbeTarget & {
  /** Word of it in findings. */
  readonly id: string;
  /** What it shows where it fails, as it should. */
  readonly proves: string;
};

export type ProbeTarget =
  /** Through the proxy, in a CONNECT tunnel as clients make them: the policy has to say no. */
  | { readonly kind: 'proxied'; readonly host: string }
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'udp'; readonly address: string; readonly port: number; readonly says: 'dns' | 'quic' | 'ntp' }
  /** Asked of the resolver that the task has, or of the one named. */
  | { readonly kind: 'name'; readonly name: string; readonly server?: string }
  /** Variables that would lead to credentials. */
  | { readonly kind: 'variable'; readonly name: string };

/** What was seen of one probe. */
export type Observation =
  | { readonly kind: 'answered' }
  | { readonly kind: 'silence' }
  /** An error of the system or of the resolver, by its name. */
  | { readonly kind: 'error'; readonly code: string }
  /** The proxy refused, with this word; any other answer of it is `answered`. */
  | { readonly kind: 'refused'; readonly code: string };

export type Outcome = { readonly kind: 'closed' } | { readonly kind: 'open'; readonly saw: string };

/**
 * Addresses of public services that have been the same for years and answer everybody. Several owners: one that is down,
 * or a path of which only one prefix is closed, hides nothing.
 */
const CLOUDFLARE = '1.1.1.1';
const GOOGLE = '8.8.8.8';
const QUAD9 = '9.9.9.9';
/** github.com, whose ssh is what an agent would look for first. */
const GITHUB = '140.82.121.3';
/** time.cloudflare.com */
const TIME = '162.159.200.123';
/** The VPC's resolver under its link-local address, which is always there: the DNS Firewall has to stand behind it too. */
const VPC_RESOLVER = '169.254.169.253';

const tcp = (id: string, address: string, port: number, proves: string): Probe => ({
  ...{ id, proves },
  ...{ kind: 'tcp', address, port },
});
const udp = (id: string, address: string, port: number, says: 'dns' | 'quic' | 'ntp', proves: string): Probe => ({
  ...{ id, proves },
  ...{ kind: 'udp', address, port, says },
});

const DIRECT = 'no connection leaves past the proxy';
const ODD = 'no port is open that no rule names';
const UDP = 'nothing leaves as UDP, QUIC included';
const NAME = 'the resolver knows no name but the platform’s, so names carry nothing out';
const METADATA = 'no host answers with credentials';

const ALWAYS: readonly Probe[] = [
  tcp('direct-https', CLOUDFLARE, 443, DIRECT),
  tcp('direct-https-google', GOOGLE, 443, DIRECT),
  tcp('direct-https-quad9', QUAD9, 443, DIRECT),
  tcp('direct-http', CLOUDFLARE, 80, DIRECT),
  tcp('port-ssh', GITHUB, 22, ODD),
  tcp('port-dns', GOOGLE, 53, ODD),
  tcp('port-dns-tls', CLOUDFLARE, 853, ODD),
  udp('udp-dns', GOOGLE, 53, 'dns', UDP),
  udp('udp-dns-cloudflare', CLOUDFLARE, 53, 'dns', UDP),
  udp('udp-quic', CLOUDFLARE, 443, 'quic', UDP),
  udp('udp-quic-google', GOOGLE, 443, 'quic', UDP),
  udp('udp-ntp', TIME, 123, 'ntp', UDP),
  // 169.254.170.2 is not here: Fargate always answers there, with metadata. Without a task role it has no credentials,
  // which the variables below show.
  tcp('metadata', '169.254.169.254', 80, METADATA),
  tcp('metadata-ipv6', 'fd00:ec2::254', 80, METADATA),
  tcp('metadata-pod', '169.254.170.23', 80, METADATA),
  { id: 'name', proves: NAME, kind: 'name', name: 'example.com' },
  { id: 'name-google', proves: NAME, kind: 'name', name: 'dns.google' },
  { id: 'name-link-local', proves: NAME, kind: 'name', name: 'example.com', server: VPC_RESOLVER },
  ...[
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
  ].map(
    (name): Probe => ({
      id: `variable-${name.toLowerCase().replaceAll('_', '-')}`,
      proves: 'the task has no role and nobody gave it keys',
      kind: 'variable',
      name,
    }),
  ),
];

/**
 * The probes of one session. Of another session's address it is enough to be answered at all: a machine that is reached
 * says so also where the port is closed. Where no other session is known there is nothing to show.
 */
export function probesFor(self: Pick<SelfAnswer, 'refusedHost' | 'neighbour'>): Probe[] {
  const { refusedHost, neighbour } = self;
  return [
    ...ALWAYS,
    ...(refusedHost === undefined
      ? []
      : [{ id: 'blocked-host', proves: 'the proxy decides', kind: 'proxied', host: refusedHost } as const]),
    ...(neighbour === undefined
      ? []
      : [
          tcp('neighbour', neighbour, 8080, 'no session reaches another'),
          udp('neighbour-udp', neighbour, 8080, 'dns', 'no session reaches another'),
        ]),
  ];
}

/** Names of errors that a host gives itself when it has no way: nothing came back from anybody. */
const NO_WAY: readonly string[] = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'ENETDOWN'];
/** Of a name that was not resolved, for whatever reason; c-ares' words. */
const NOT_RESOLVED: readonly string[] = [
  ...['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'ETIMEOUT', 'ECONNREFUSED', 'ECANCELLED', 'ENETUNREACH'],
];
const POLICY_REFUSALS: readonly string[] = ['host-not-allowed', 'host-blocked'];

/**
 * Closed only where it was seen to be: whatever is not understood is open. A connection refused (RST, ICMP) is an answer
 * like any other, since somebody was reached who gave it.
 */
export function judge(probe: Probe, seen: Observation): Outcome {
  const closed = { kind: 'closed' } as const;
  const open = { kind: 'open', saw: 'code' in seen ? seen.code : seen.kind } as const;
  switch (probe.kind) {
    case 'proxied':
      // Silence of the proxy is no decision.
      return seen.kind === 'refused' && POLICY_REFUSALS.includes(seen.code) ? closed : open;
    case 'tcp':
    case 'udp':
      if (seen.kind === 'silence') return closed;
      return seen.kind === 'error' && NO_WAY.includes(seen.code) ? closed : open;
    case 'name':
      if (seen.kind === 'silence') return closed;
      return seen.kind === 'error' && NOT_RESOLVED.includes(seen.code) ? closed : open;
    case 'variable':
      return seen.kind === 'silence' ? closed : open;
  }
}

/** A probe that got through. */
export interface Escape {
  readonly id: string;
  readonly saw: string;
}

export type CanaryVerdict =
  | { readonly kind: 'closed'; readonly probes: number }
  | { readonly kind: 'escaped'; readonly escapes: readonly Escape[] };

export function verdictOf(
  seen: readonly { readonly probe: Probe; readonly observation: Observation }[],
): CanaryVerdict {
  const escapes = seen.flatMap(({ probe, observation }) => {
    const outcome = judge(probe, observation);
    return outcome.kind === 'open' ? [{ id: probe.id, saw: outcome.saw }] : [];
  });
  // Without the proxy's own no there is no proof that it decides at all.
  if (!seen.some(({ probe }) => probe.kind === 'proxied')) escapes.push({ id: 'blocked-host', saw: 'not-asked' });
  return escapes.length > 0 ? { kind: 'escaped', escapes } : { kind: 'closed', probes: seen.length };
}
