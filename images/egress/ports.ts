import type { Callers } from '../../runtime/caller';
import type { Clock } from '../../runtime/clock';
import type { Credentials } from '../../runtime/credential';
import type { Policies } from '../../runtime/policies';
import type { Records } from '../../runtime/records';
import type { TaskTexts } from '../../runtime/task-texts';
import type { CallerStates } from './caller-states';
import type { CompiledPolicies } from './compiled-policies';
import type { Dialler } from './dial';
import type { EarlyRefusals } from './early-refusals';
import type { LeafCertificates } from './leaf-certificates';
import type { EgressMetrics } from './metrics';
import type { Upstreams } from './upstreams';

/** What the proxy is made of; tests put in their own clock, identities and upstreams. */
export interface EgressPorts {
  readonly callers: Callers;
  readonly policies: Policies;
  readonly compiled: CompiledPolicies;
  readonly credentials: Credentials;
  readonly records: Records;
  readonly earlyRefusals: EarlyRefusals;
  readonly states: CallerStates;
  readonly upstreams: Upstreams;
  readonly dialler: Dialler;
  readonly leaves: LeafCertificates;
  /** What sessions trust, PEM. */
  readonly certificates: () => string;
  /** Absent where callers are no sessions. */
  readonly taskTexts?: TaskTexts;
  readonly metrics: EgressMetrics;
  readonly clock: Clock;
  readonly limits: EgressLimits;
  /** Something broke that should not; never anything of a request. */
  readonly onError: (error: unknown) => void;
  /** The operator's words on how access is asked for; stands in refusals of whatever could be read. */
  readonly howToAsk: string | undefined;
}

export interface EgressLimits {
  /** Bytes of a request's body where the rule says nothing. */
  readonly bodyBytes: number;
  /** Bodies up to this are read whole and screened before anything is sent. */
  readonly bufferedBodyBytes: number;
  /** Bytes a compressed answer may grow to, where it has to be opened. */
  readonly decodedBytes: number;
  /** Milliseconds in which a client has to send its headers. */
  readonly headersTimeoutMs: number;
  /** Milliseconds in which a client has to send a whole request. */
  readonly requestTimeoutMs: number;
  /** Milliseconds for a TLS handshake in a tunnel. */
  readonly handshakeTimeoutMs: number;
  /** Milliseconds a client may take to read what is there for it. */
  readonly stalledReaderMs: number;
  /** Milliseconds a WebSocket may be silent. */
  readonly websocketIdleMs: number;
  /** Connections in all. */
  readonly connections: number;
  /** Connections from one address, whoever it is: more than one caller may have, so that it is told why. */
  readonly connectionsPerAddress: number;
}

export const DEFAULT_LIMITS: EgressLimits = {
  bodyBytes: 100 * 1024 * 1024,
  bufferedBodyBytes: 64 * 1024,
  decodedBytes: 1024 * 1024 * 1024,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 15 * 60_000,
  handshakeTimeoutMs: 10_000,
  stalledReaderMs: 120_000,
  websocketIdleMs: 10 * 60_000,
  connections: 8_192,
  connectionsPerAddress: 512,
};
