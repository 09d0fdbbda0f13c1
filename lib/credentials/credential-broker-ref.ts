import type { IGrantable } from 'aws-cdk-lib/aws-iam';

/** The credential broker as the services that ask it need it. Each has an alias of its own: that is how it is known. */
export interface ICredentialBroker {
  /** What the egress proxy invokes, to inject what it gets. */
  readonly egressProxyAliasArn: string;
  /** What the commit broker invokes, to push. */
  readonly commitBrokerAliasArn: string;
  /** What the life cycle of sessions invokes: looks before a session starts, and takes back at its end. */
  readonly sessionLifecycleAliasArn: string;
  /** Lets a role ask as the egress proxy. One role and no other should have it. */
  grantAskAsEgressProxy(grantee: IGrantable): void;
  /** Lets a role ask as the commit broker. */
  grantAskAsCommitBroker(grantee: IGrantable): void;
  /** Lets a role ask as the life cycle of sessions. */
  grantAskAsSessionLifecycle(grantee: IGrantable): void;
}
