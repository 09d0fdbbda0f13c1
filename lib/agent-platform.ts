import { Construct } from 'constructs';
import type { ControlApi } from './access/control-api';
import type { CredentialBroker } from './credentials/credential-broker';
import type { EgressProxy } from './egress/egress-proxy';
import type { AgentNetwork } from './network/agent-network';
import { composePlatform, type PlatformProps } from './platform-props';
import type { SessionLifecycle } from './session/session-lifecycle';
import type { Sessions } from './session/sessions';

export interface AgentPlatformProps extends PlatformProps {}

/**
 * The whole platform in one stack: yours.
 *
 * @throws where a profile, a range or a zone is wrong; the message says what was got, expected and what to do
 */
export class AgentPlatform extends Construct {
  readonly network: AgentNetwork;
  readonly sessions: Sessions;
  readonly egressProxy: EgressProxy;
  readonly lifecycle: SessionLifecycle;
  readonly controlApi: ControlApi;
  /** Undefined where no profile has a grant. */
  readonly credentialBroker?: CredentialBroker;

  constructor(scope: Construct, id: string, props: AgentPlatformProps) {
    super(scope, id);
    const { network, sessions, egressProxy, lifecycle, controlApi, broker } = composePlatform(
      {
        network: this,
        sessions: this,
        credentials: () => this,
        egress: this,
        lifecycle: this,
        access: this,
        endpoints: this,
      },
      props,
    );
    this.credentialBroker = broker;
    this.network = network;
    this.sessions = sessions;
    this.egressProxy = egressProxy;
    this.lifecycle = lifecycle;
    this.controlApi = controlApi;
  }
}
