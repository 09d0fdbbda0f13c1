import { Stack, Validations } from 'aws-cdk-lib';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PolicyDocument } from '../../core/egress/document';
import { SERVICE_PORTS, serviceHost } from '../../core/network/services';
import { SESSION_ENVIRONMENT, SESSION_PATHS, SESSION_USER } from '../../core/session/task-layout';

export interface SessionTaskProps {
  readonly document: PolicyDocument;
  readonly executionRole: IRole;
  readonly logGroup: ILogGroup;
  /** DNS zone of the platform's services. */
  readonly zoneName: string;
  /**
   * The platform's own image with session-init and session-recorder, by digest.
   *
   * @default none: the task has the agent's container only. That container starts through a launcher that session-init
   * brings, so without it the task ends at once; no agent ever runs unchecked.
   */
  readonly sessionImageUri?: string;
}

/**
 * The one factory of task definitions. A session's task has no task role, so nothing in it answers with AWS keys.
 *
 * An L1 on purpose: the L2 always makes a task role and decides other things by defaults of its own; here every
 * property that is not set is one we know Fargate leaves off.
 *
 * @internal
 */
export class SessionTask extends Construct {
  readonly taskDefinitionArn: string;

  constructor(scope: Construct, id: string, props: SessionTaskProps) {
    super(scope, id);
    const { session } = props.document;
    const companion = props.sessionImageUri;
    const task = new CfnTaskDefinition(this, 'Resource', {
      cpu: String(session.cpuUnits),
      memory: String(session.memoryMiB),
      ephemeralStorage: { sizeInGiB: session.storageGiB },
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
      executionRoleArn: props.executionRole.roleArn,
      enableFaultInjection: false,
      volumes: [{ name: 'workspace' }, { name: 'session' }],
      containerDefinitions: [
        ...(companion === undefined ? [] : [init(companion, props.zoneName, this.logging(props, 'init'))]),
        agent(props),
        ...(companion === undefined ? [] : [recorder(companion, this.logging(props, 'recorder'))]),
      ],
    });
    this.taskDefinitionArn = task.ref;
    Validations.of(task).acknowledge(
      {
        id: 'AwsSolutions-ECS2',
        reason:
          'the variables are constants: addresses of the proxy and the gateway, and folders; nothing about a session',
      },
      {
        id: 'AwsSolutions-ECS7',
        reason:
          'the agent has no log driver: awslogs has no cap, and an agent could spend without limit by writing to it. Its ' +
          'output goes to a volume, from where session-recorder ships it with a cap',
      },
    );
  }

  private logging(props: SessionTaskProps, prefix: string): CfnTaskDefinition.LogConfigurationProperty {
    return {
      logDriver: 'awslogs',
      options: {
        'awslogs-group': props.logGroup.logGroupName,
        'awslogs-region': Stack.of(this).region,
        'awslogs-stream-prefix': `${props.document.profile}-${prefix}`,
        // ECS's own default drops lines when its buffer is full (since 2025-06-25).
        mode: 'blocking',
      },
    };
  }
}

/** What every container has in common. Fargate has no way to set no-new-privileges: the launcher checks it. */
function hardened(): Pick<
  CfnTaskDefinition.ContainerDefinitionProperty,
  'user' | 'readonlyRootFilesystem' | 'privileged' | 'linuxParameters' | 'interactive' | 'pseudoTerminal'
> {
  return {
    user: `${SESSION_USER}:${SESSION_USER}`,
    readonlyRootFilesystem: true,
    privileged: false,
    interactive: false,
    pseudoTerminal: false,
    linuxParameters: {
      capabilities: { drop: ['ALL'] },
      initProcessEnabled: true,
      tmpfs: [{ containerPath: '/tmp', size: 256, mountOptions: ['nosuid', 'nodev'] }],
    },
  };
}

function agent(props: SessionTaskProps): CfnTaskDefinition.ContainerDefinitionProperty {
  const { session } = props.document;
  const waits = props.sessionImageUri !== undefined;
  return {
    ...hardened(),
    name: 'agent',
    image: session.image,
    essential: true,
    entryPoint: ['/bin/sh', SESSION_PATHS.launcher],
    ...(session.command && { command: session.command }),
    workingDirectory: SESSION_PATHS.workspace,
    environment: environment(props.zoneName),
    stopTimeout: 30,
    mountPoints: [
      { sourceVolume: 'workspace', containerPath: SESSION_PATHS.workspace, readOnly: false },
      { sourceVolume: 'session', containerPath: SESSION_PATHS.session, readOnly: true },
    ],
    ...(waits && {
      dependsOn: [
        { containerName: 'session-init', condition: 'SUCCESS' },
        { containerName: 'session-recorder', condition: 'START' },
      ],
    }),
  };
}

/** Runs to its end before the agent's container exists. Not essential, else its end would end the task. */
function init(
  image: string,
  zone: string,
  logConfiguration: CfnTaskDefinition.LogConfigurationProperty,
): CfnTaskDefinition.ContainerDefinitionProperty {
  return {
    ...hardened(),
    name: 'session-init',
    image,
    command: ['init'],
    environment: [{ name: SESSION_ENVIRONMENT.zone, value: zone }],
    essential: false,
    logConfiguration,
    mountPoints: [
      { sourceVolume: 'workspace', containerPath: SESSION_PATHS.workspace, readOnly: false },
      { sourceVolume: 'session', containerPath: SESSION_PATHS.session, readOnly: false },
    ],
  };
}

/** Essential: where it ends, the task ends. It is stopped last (reverse order) and has time to ship what is left. */
function recorder(
  image: string,
  logConfiguration: CfnTaskDefinition.LogConfigurationProperty,
): CfnTaskDefinition.ContainerDefinitionProperty {
  return {
    ...hardened(),
    name: 'session-recorder',
    image,
    command: ['record'],
    essential: true,
    logConfiguration,
    stopTimeout: 120,
    dependsOn: [{ containerName: 'session-init', condition: 'SUCCESS' }],
    mountPoints: [
      { sourceVolume: 'workspace', containerPath: SESSION_PATHS.workspace, readOnly: true },
      { sourceVolume: 'session', containerPath: SESSION_PATHS.session, readOnly: true },
    ],
  };
}

/** Convenience for clients, not a control: an agent may change them and gains nothing, since there is no other route. */
function environment(zone: string): CfnTaskDefinition.KeyValuePairProperty[] {
  const proxy = `http://${serviceHost('egressProxy', zone)}:${SERVICE_PORTS.egressProxy}`;
  return Object.entries({
    ANTHROPIC_BASE_URL: `https://${serviceHost('modelGateway', zone)}`,
    HOME: SESSION_PATHS.home,
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: `.${zone}`,
    no_proxy: `.${zone}`,
  }).map(([name, value]) => ({ name, value }));
}
