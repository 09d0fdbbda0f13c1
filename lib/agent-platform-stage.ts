import { CfnOutput, type Environment, Stack, Stage } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { accessOutputs, type ControlApi } from './access/control-api';
import type { CredentialBroker } from './credentials/credential-broker';
import { brokerOutputs } from './credentials/outputs';
import type { EgressProxy } from './egress/egress-proxy';
import type { AgentNetwork } from './network/agent-network';
import { composePlatform, type PlatformProps } from './platform-props';
import { pascal } from './session/construct-id';
import type { SessionLifecycle } from './session/session-lifecycle';
import type { Sessions } from './session/sessions';

export interface AgentPlatformStageProps extends PlatformProps {
  /**
   * Account and region. With an account, CDK looks the region's zones up unless `availabilityZones` names them; a
   * region alone needs no credentials at synth.
   *
   * @default the CLI's
   */
  readonly env?: Environment;
}

/**
 * The whole platform in several stacks, which is how it is deployed on its own or by CDK Pipelines: the network, the
 * sessions, the egress proxy, what starts and ends sessions, the control API, and the endpoints, whose policies name roles and
 * repositories of the second.
 */
export class AgentPlatformStage extends Stage {
  readonly network: AgentNetwork;
  readonly sessions: Sessions;
  readonly egressProxy: EgressProxy;
  readonly lifecycle: SessionLifecycle;
  readonly controlApi: ControlApi;
  /** Undefined where no profile has a grant. */
  readonly credentialBroker?: CredentialBroker;

  constructor(scope: Construct, id: string, props: AgentPlatformStageProps) {
    super(scope, id, { env: props.env });
    // With exports and imports a profile could not be taken away: its repository's export is in use while it goes.
    this.node.setContext('@aws-cdk/core:defaultCrossStackReferences', 'weak');
    const { network, sessions, egressProxy, lifecycle, controlApi, broker } = composePlatform(
      {
        network: new Stack(this, 'network', {
          description: 'Agent platform: the two VPCs and what stands between them',
        }),
        sessions: new Stack(this, 'sessions', {
          description: 'Agent platform: cluster, tasks, images, rows, policies',
        }),
        credentials: () =>
          new Stack(this, 'credentials', {
            description: 'Agent platform: credentials that sessions use and never hold',
          }),
        egress: new Stack(this, 'egress', { description: 'Agent platform: the egress proxy, the only way out' }),
        lifecycle: new Stack(this, 'lifecycle', { description: 'Agent platform: what starts and ends sessions' }),
        access: new Stack(this, 'access', { description: 'Agent platform: the control API, and who may call it' }),
        endpoints: new Stack(this, 'endpoints', { description: 'Agent platform: the endpoints a task starts with' }),
      },
      props,
    );
    for (const [name, repository] of sessions._repositories) {
      new CfnOutput(Stack.of(sessions), `${pascal(name)}RepositoryUri`, {
        value: repository.repositoryUri,
        description: `Push the images of ${name} here, then pin their digest`,
      });
    }
    accessOutputs(Stack.of(controlApi), controlApi);
    if (broker) brokerOutputs(Stack.of(broker), broker);
    this.credentialBroker = broker;
    this.network = network;
    this.sessions = sessions;
    this.egressProxy = egressProxy;
    this.lifecycle = lifecycle;
    this.controlApi = controlApi;
  }
}
