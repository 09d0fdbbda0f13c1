/** Why a request is refused or broke. The word stands in the record, in the answer's body and in its headers. */
export interface RefusalKind {
  /** Not 401, 407, 408, 420, 429 or 5xx where a person or a policy has to change: clients prompt or retry on those. */
  readonly status: number;
  /** For a person and an agent: what is wrong. */
  readonly says: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Seconds after which a retry makes sense; absent where it never does. */
  readonly retryAfterSeconds?: number;
}

const POLICY = 'ask whoever keeps the profile to add a rule; `agentctl policy show` lists those there are';

export const REFUSALS = {
  // Who is calling.
  'unbound-address': {
    status: 403,
    says: 'no live session has this address',
    remedy: 'start a session; nothing else may use the proxy',
  },
  'session-closed': { status: 410, says: 'the session has ended', remedy: 'start a new session' },
  'platform-paused': {
    status: 403,
    says: 'an operator has stopped all sessions (panic)',
    remedy: 'wait until an operator lifts it',
  },
  'feed-stale': {
    status: 503,
    says: 'the proxy can not tell which sessions are live',
    remedy: 'try again; operators see an alarm',
    retryAfterSeconds: 5,
  },
  'policy-missing': {
    status: 503,
    says: 'the proxy has no valid policy document of this profile',
    remedy: 'try again; operators see an alarm',
    retryAfterSeconds: 5,
  },
  // What was sent.
  'malformed-request': {
    status: 400,
    says: 'the request is not in the one form the proxy accepts',
    remedy: 'send HTTP/1.1 with one Host, a plain path and no tricks',
  },
  'name-mismatch': {
    status: 421,
    says: 'CONNECT, SNI and Host do not name the same host',
    remedy: 'use one name for all three',
  },
  'body-too-large': {
    status: 413,
    says: 'the body is larger than the rule allows',
    remedy: 'send less, or ask for a higher maxBody in the rule',
  },
  'credential-in-url': {
    status: 403,
    says: 'the URL carries a credential',
    remedy: 'leave it out; the proxy adds the one the profile grants',
  },
  // What the document says.
  'host-not-allowed': { status: 403, says: 'no rule names this host', remedy: POLICY },
  'host-blocked': {
    status: 403,
    says: 'the host is blocked whatever rules say',
    remedy: "use another source; blocks are the platform team's",
  },
  'port-not-allowed': { status: 403, says: 'only port 443 is open', remedy: 'use https on its own port' },
  'plain-http': { status: 403, says: 'no rule allows plain http to this host', remedy: 'use https' },
  'no-rule': { status: 403, says: 'rules name this host, none allows this method and path', remedy: POLICY },
  'ambiguous-rules': {
    status: 403,
    says: 'more than one rule of one kind matches, so none decides',
    remedy: 'ask whoever keeps the profile to make the rules disjoint',
  },
  requestable: {
    status: 403,
    says: 'closed until an approver opens it for this session',
    remedy: 'ask for it; the profile lists it as requestable',
  },
  'approval-required': {
    status: 403,
    says: 'a person has to approve this first',
    remedy: 'ask the requester to approve it',
  },
  'body-not-understood': {
    status: 403,
    says: 'the rule looks into the body, and this one can not be read without doubt',
    remedy: 'send one plain JSON request, uncompressed',
  },
  'websocket-not-allowed': {
    status: 403,
    says: 'the rule does not allow WebSocket',
    remedy: 'ask whoever keeps the profile to set websocket on the rule',
  },
  'rate-limited': {
    status: 429,
    says: "the session used up this rule's requests for the minute",
    remedy: 'wait',
    retryAfterSeconds: 60,
  },
  'session-limit': {
    status: 429,
    says: 'the session has too many connections or requests open',
    remedy: 'close some',
    retryAfterSeconds: 5,
  },
  // What leaves.
  'secret-in-request': { status: 403, says: 'the request carries a secret the platform knows', remedy: 'remove it' },
  'url-not-seen': {
    status: 403,
    says: 'this rule opens only URLs that trusted content named; this one was composed',
    remedy: 'follow a link as it stands, or ask the requester',
  },
  'url-too-opaque': {
    status: 403,
    says: 'the URL is longer, more random or more varied than reading needs',
    remedy: 'ask for plain pages one by one',
  },
  // Beyond the proxy.
  'private-address': {
    status: 403,
    says: 'the host resolves to an address that is not public',
    remedy: 'nothing to do from here; operators see it in the record',
  },
  'name-not-found': { status: 502, says: 'the host has no address', remedy: 'check the name' },
  'upstream-certificate': {
    status: 502,
    says: "the host's certificate is not valid for it",
    remedy: 'nothing to do from here; the connection was not used',
  },
  'upstream-unreachable': {
    status: 502,
    says: 'the host could not be reached',
    remedy: 'try again later',
    retryAfterSeconds: 10,
  },
  'upstream-timeout': {
    status: 504,
    says: 'the host did not answer in time',
    remedy: 'try again later',
    retryAfterSeconds: 10,
  },
  'websocket-refused': {
    status: 502,
    says: 'the host did not switch to WebSocket',
    remedy: 'look at how the host wants to be asked; its status is in the record',
  },
  'credential-unavailable': {
    status: 503,
    says: 'the granted credential could not be had',
    remedy: 'try again; operators see an alarm',
    retryAfterSeconds: 5,
  },
  'service-missing': {
    status: 403,
    says: 'the platform service that takes this request is not deployed',
    remedy: 'ask the platform team',
  },
  'shutting-down': { status: 503, says: 'this proxy is draining', remedy: 'connect again', retryAfterSeconds: 1 },
} as const satisfies Record<string, RefusalKind>;

export type RefusalCode = keyof typeof REFUSALS;

/** What a reader of hostile input answers where it refuses. `problem` is text of ours and holds nothing that was sent. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly problem: string;
}

export function refused(code: RefusalCode, problem: string): Refused {
  return { kind: 'refused', code, problem };
}
