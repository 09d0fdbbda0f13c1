/**
 * The credential broker, as the services that ask it need it. Each has an alias of its own, and the right to invoke that
 * one alone: this is how the broker knows who asks.
 */
export interface ICredentialBroker {
  /** What the egress proxy invokes, to inject what it gets. */
  readonly egressProxyAliasArn: string;
  /** What the commit broker invokes, to push. */
  readonly commitBrokerAliasArn: string;
  /** What the life cycle of sessions invokes: looks before a session starts, and takes back at its end. */
  readonly lifecycleAliasArn: string;
}
