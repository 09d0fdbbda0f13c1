import { Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Connections, type IConnectable, type ISecurityGroup, Port } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerInsights, FargateService, type ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DnsRecordType } from 'aws-cdk-lib/aws-servicediscovery';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { awsHosts, SERVICE_NAMES, SERVICE_PORTS } from '../../core/network/services';
import { checkSize } from '../../core/session/size';
import type { ICredentialBroker } from '../credentials/credential-broker-ref';
import type { IServiceNetwork } from '../network/agent-network-ref';
import { allowLogs, platformKey } from '../platform-key';
import { ServiceImage, type ServiceImageConfig } from '../service-image';
import { alarmTopic } from './alarm-topic';
import { CertificateAuthority } from './certificate-authority';
import type { ClientIdentity, ClientIdentityConfig } from './client-identity';
import { ProxyAlarms } from './proxy-alarms';
import { proxyMetric } from './proxy-metrics';
import { ProxyTask } from './proxy-task';

export interface EgressProxyProps {
  /** Where it runs: an AgentNetwork, or a VPC of yours in a ServiceNetwork. */
  readonly network: IServiceNetwork;
  /** How it knows who is calling, and which policy decides. */
  readonly identity: ClientIdentity;
  /** @default ServiceImage.fromPackage() */
  readonly image?: ServiceImage;
  /**
   * Cluster of its service, in the network's VPC. Not the one sessions run in: whoever may start a session there could
   * start a service.
   *
   * @default a new one
   */
  readonly cluster?: ICluster;
  /** Of one task, in units of which 1024 are a vCPU. @default 512 */
  readonly cpu?: number;
  /** Of one task. @default 1024 */
  readonly memoryMiB?: number;
  /** Tasks that run at any time. @default 2 */
  readonly minCapacity?: number;
  /** Tasks that run at most. @default 10, or minCapacity where that is more */
  readonly maxCapacity?: number;
  /**
   * Where it gets the credentials of grants. With one it reads no secret of a grant itself.
   *
   * @default none: grants of kind secret-header are read from Secrets Manager, others are refused
   */
  readonly broker?: ICredentialBroker;
  /**
   * Keys of secrets that grants name, where there is no broker.
   *
   * @default none: the secrets are under AWS's own key
   */
  readonly secretKeys?: IKey[];
  /**
   * Where alarms go.
   *
   * @default a new topic; subscribe to `alarmTopic`
   */
  readonly alarmTopic?: ITopic;
  /**
   * Key of logs, alarms and documents. The certificate authority has one of its own.
   *
   * @default a new one
   */
  readonly encryptionKey?: IKey;
  /**
   * Whether AWS refuses to delete the log.
   *
   * @default true, unless throwaway
   */
  readonly deletionProtection?: boolean;
  /**
   * Deletes log, keys and certificate authority with the stack, and protects nothing.
   *
   * @default false
   */
  readonly throwaway?: boolean;
}

/**
 * The only thing a session can talk to on its way out: ends TLS, asks the policy of whoever calls about each request, adds
 * the granted credential, and writes down what happened. Here is what runs it; what it does is in the image.
 *
 * @throws where the size is none that Fargate has, capacities contradict each other, or a client is given a broker
 */
export class EgressProxy extends Construct implements IConnectable {
  readonly connections: Connections;
  readonly securityGroup: ISecurityGroup;
  readonly service: FargateService;
  readonly cluster: ICluster;
  /** Its records and metrics, a line each. */
  readonly logGroup: ILogGroup;
  /** Certificates that its clients have to trust, as PEM, up to two; not secret. Sessions get them from the proxy itself. */
  readonly caCertificates: IStringParameter;
  readonly alarmTopic: ITopic;

  private readonly proxyName: string;

  constructor(scope: Construct, id: string, props: EgressProxyProps) {
    super(scope, id);
    const { network } = props;
    const { cpu, memoryMiB } = checkedSize(props);
    const capacity = checkedCapacity(props);
    this.proxyName = Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
    const removalPolicy = props.throwaway ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const deletionProtection = props.deletionProtection ?? !props.throwaway;
    const key = props.encryptionKey ?? platformKey(this, 'Key', { removalPolicy });
    if (props.encryptionKey) allowLogs(this, props.encryptionKey);

    const image = (props.image ?? ServiceImage.fromPackage())._bind(this, 'Image', 'egress');
    const identity = props.identity._bind({ scope: this, encryptionKey: key, deletionProtection });
    const port = SERVICE_PORTS.egressProxy;
    this.securityGroup = network.addService('EgressProxy', { port, fromSessions: identity.client === undefined });
    this.connections = new Connections({ securityGroups: [this.securityGroup], defaultPort: Port.tcp(port) });
    if (identity.client) this.connections.allowDefaultPortFrom(identity.client, 'The client to the egress proxy');
    if (identity.client && props.broker) {
      throw new Error(
        'egress proxy: got a broker for a client, expected one for sessions; a client has no grants there',
      );
    }
    network.addServiceHosts(this.hosts(image, identity));
    if (props.broker) network.addServiceHosts([lambdaHost(this)]);

    this.logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: key,
      retention: RetentionDays.ONE_YEAR,
      removalPolicy,
      deletionProtectionEnabled: deletionProtection,
    });
    const task = new ProxyTask(this, 'Task', {
      image,
      identity,
      cpu,
      memoryMiB,
      logGroup: this.logGroup,
      secretKeys: props.secretKeys ?? [],
      brokerArn: props.broker?.egressProxyAliasArn,
      proxyName: this.proxyName,
    });
    const authority = new CertificateAuthority(this, 'Authority', {
      signer: task.taskRole,
      encryptionKey: key,
      removalPolicy,
      proxyName: this.proxyName,
    });
    task.setAuthority(authority.secretArn);
    this.caCertificates = authority.certificates;

    this.cluster =
      props.cluster ??
      new Cluster(this, 'Cluster', { vpc: network.egressVpc, containerInsightsV2: ContainerInsights.ENABLED });
    this.service = new FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition: task.definition,
      vpcSubnets: network.serviceSubnets,
      assignPublicIp: network.assignPublicIp,
      securityGroups: [this.securityGroup],
      enableExecuteCommand: false,
      // New tasks stand before old ones are told to drain; what does not come up is taken back.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      ...(network.namespace && {
        cloudMapOptions: {
          cloudMapNamespace: network.namespace,
          name: SERVICE_NAMES.egressProxy,
          dnsRecordType: DnsRecordType.A,
          dnsTtl: Duration.seconds(10),
        },
      }),
    });
    // Without a way out no image is pulled, and without an authority no task becomes healthy: the deployment would be
    // taken back before the rest of the stack stands.
    this.service.node.addDependency(network.wayOut, authority.ready);
    this.addScaling(capacity);

    this.alarmTopic = props.alarmTopic ?? alarmTopic(this, 'Alarms', key);
    new ProxyAlarms(this, 'Alarm', {
      proxyName: this.proxyName,
      service: this.service,
      rotation: authority.rotation,
      action: new SnsAction(this.alarmTopic),
    });
  }

  /** Requests decided, allowed or not. */
  metricRequests(options: MetricOptions = {}): Metric {
    return proxyMetric(this.proxyName, 'Requests', options).attachTo(this);
  }

  /**
   * Requests refused.
   *
   * @param code of the reason, such as `host-not-allowed`; default: all of them
   */
  metricRefusals(code?: string, options: MetricOptions = {}): Metric {
    return proxyMetric(this.proxyName, 'Refusals', options, code).attachTo(this);
  }

  /** Requests refused because it is not known which sessions are live. */
  metricStaleFeed(options: MetricOptions = {}): Metric {
    return proxyMetric(this.proxyName, 'StaleFeed', options).attachTo(this);
  }

  /** Records that could not be written; their requests failed. */
  metricRecordFailures(options: MetricOptions = {}): Metric {
    return proxyMetric(this.proxyName, 'RecordFailures', options).attachTo(this);
  }

  /** Connections of clients, of one task on average. */
  metricOpenTunnels(options: MetricOptions = {}): Metric {
    return proxyMetric(this.proxyName, 'OpenTunnels', options).attachTo(this);
  }

  /** Days until the certificate that signs now expires. */
  metricAuthorityDaysLeft(options: MetricOptions = {}): Metric {
    return proxyMetric(this.proxyName, 'AuthorityDaysLeft', options).attachTo(this);
  }

  /** What Fargate and the container ask AWS for, each by its exact name. */
  private hosts({ registryHost }: ServiceImageConfig, { client }: ClientIdentityConfig): string[] {
    const { account, region, urlSuffix } = Stack.of(this);
    const aws = awsHosts(account, region, urlSuffix);
    return [
      aws.ecrApi,
      registryHost ?? aws.ecrRegistry,
      aws.ecrLayers,
      aws.logs,
      aws.appConfigData,
      aws.dynamoDb,
      aws.secretsManager,
      // Task texts of sessions.
      ...(client === undefined ? [aws.s3] : []),
    ];
  }

  /** Streams hold a task without costing it CPU, so connections count as well. Tasks go slowly: each takes its tunnels. */
  private addScaling({ min, max }: { readonly min: number; readonly max: number }): void {
    const scaling = this.service.autoScaleTaskCount({ minCapacity: min, maxCapacity: max });
    const cooldown = { scaleInCooldown: Duration.minutes(15), scaleOutCooldown: Duration.minutes(1) };
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60, ...cooldown });
    scaling.scaleToTrackCustomMetric('Tunnels', {
      metric: proxyMetric(this.proxyName, 'OpenTunnels', { period: Duration.minutes(1) }),
      targetValue: 500,
      ...cooldown,
    });
  }
}

/** Where the broker is invoked. */
function lambdaHost(scope: Construct): string {
  const { account, region, urlSuffix } = Stack.of(scope);
  return awsHosts(account, region, urlSuffix).lambda;
}

function checkedSize(props: EgressProxyProps): { cpu: number; memoryMiB: number } {
  const { cpu = 512, memoryMiB = 1024 } = props;
  const verdict = checkSize(cpu / 1024, memoryMiB);
  if (verdict.kind === 'ok') return { cpu, memoryMiB };
  const expected = verdict.kind === 'cpu' ? '256, 512, 1024, 2048, 4096 ...' : `${verdict.offered} with it`;
  throw new Error(`egress proxy: got cpu ${cpu} and memoryMiB ${memoryMiB}, expected ${expected}, as Fargate has them`);
}

function checkedCapacity(props: EgressProxyProps): { min: number; max: number } {
  const min = props.minCapacity ?? 2;
  const max = props.maxCapacity ?? Math.max(10, min);
  if (Number.isInteger(min) && Number.isInteger(max) && min >= 1 && max >= min) return { min, max };
  throw new Error(
    `egress proxy: got minCapacity ${min} and maxCapacity ${max}, expected 1 or more, and no less at most`,
  );
}
