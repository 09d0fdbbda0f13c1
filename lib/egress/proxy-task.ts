import { Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  AwsLogDriverMode,
  Capability,
  type ContainerDefinition,
  ContainerImage,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../../core/egress/environment';
import { HEALTH, SERVICE_PORTS } from '../../core/network/services';
import { INLINE_POLICY } from '../acknowledgements';
import { ExecutionRole, tasksOfThisAccount } from '../execution-role';
import { grantUseThrough } from '../platform-key';
import { secretResources } from '../secret-resources';
import type { ServiceImageConfig } from '../service-image';
import type { ClientIdentityConfig } from './client-identity';

export interface ProxyTaskProps {
  readonly image: ServiceImageConfig;
  readonly identity: ClientIdentityConfig;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly logGroup: ILogGroup;
  /** Keys of the secrets that grants name. */
  readonly secretKeys: readonly IKey[];
  /** Alias of the credential broker; undefined where it reads the secrets itself. */
  readonly brokerArn: string | undefined;
  readonly proxyName: string;
}

/** Of no account on any base image: nobody else's files are readable by it. */
const USER = '65532:65532';

/** Long streams end by themselves or are cut after this; Fargate takes no more. */
const STOP_TIMEOUT = Duration.seconds(120);

/**
 * What one proxy is: a task with exactly the rights of its identity, a container that can change nothing in itself, and
 * lines that are never dropped.
 *
 * @internal
 */
export class ProxyTask extends Construct {
  readonly definition: FargateTaskDefinition;
  readonly taskRole: Role;

  private readonly container: ContainerDefinition;

  constructor(scope: Construct, id: string, props: ProxyTaskProps) {
    super(scope, id);
    const { region } = Stack.of(this);
    const { image, identity } = props;
    this.taskRole = new Role(this, 'Role', {
      description:
        'The egress proxy: reads who is bound to an address, policies, its authority and the secrets of grants',
      assumedBy: tasksOfThisAccount(this),
    });
    Validations.of(this.taskRole).acknowledge(INLINE_POLICY);
    identity.grantTo(this.taskRole);
    if (props.brokerArn === undefined) this.grantSecrets(identity.secretArns, props.secretKeys);
    else this.grantBroker(props.brokerArn);

    this.definition = new FargateTaskDefinition(this, 'Definition', {
      cpu: props.cpu,
      memoryLimitMiB: props.memoryMiB,
      runtimePlatform: { cpuArchitecture: image.architecture, operatingSystemFamily: OperatingSystemFamily.LINUX },
      taskRole: this.taskRole,
      executionRole: new ExecutionRole(this, 'ExecutionRole', {
        description: 'Pulls the image of the egress proxy and writes its log',
        repositoryArns: [image.repositoryArn],
        logGroup: props.logGroup,
      }),
    });
    const linuxParameters = new LinuxParameters(this, 'Linux', { initProcessEnabled: true });
    linuxParameters.dropCapabilities(Capability.ALL);
    const port = SERVICE_PORTS.egressProxy;
    this.container = this.definition.addContainer('proxy', {
      image: ContainerImage.fromRegistry(image.imageUri),
      memoryLimitMiB: props.memoryMiB,
      user: USER,
      readonlyRootFilesystem: true,
      privileged: false,
      linuxParameters,
      stopTimeout: STOP_TIMEOUT,
      portMappings: [{ containerPort: port }],
      healthCheck: {
        command: ['CMD', 'node', '-e', PROBE],
        interval: Duration.seconds(15),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(30),
      },
      logging: LogDrivers.awsLogs({
        logGroup: props.logGroup,
        streamPrefix: 'egress',
        // ECS's own default drops lines when its buffer is full (since 2025-06-25); these are evidence.
        mode: AwsLogDriverMode.BLOCKING,
      }),
      environment: {
        ...identity.environment,
        [ENVIRONMENT.port]: String(port),
        [ENVIRONMENT.healthPort]: String(HEALTH.port),
        [ENVIRONMENT.region]: region,
        [ENVIRONMENT.proxy]: props.proxyName,
        ...(props.brokerArn !== undefined && { [ENVIRONMENT.broker]: props.brokerArn }),
        [ENVIRONMENT.policies]: Stack.of(this).toJsonString(identity.policies),
        // The user has no entry in /etc/passwd to read it from.
        HOME: '/',
        // Else the SDK's DynamoDB client takes an endpoint with the account in its name, which no list of ours has.
        AWS_ACCOUNT_ID_ENDPOINT_MODE: 'disabled',
      },
    });
    this.container.addUlimits({ name: UlimitName.NOFILE, softLimit: 65_535, hardLimit: 65_535 });
    Validations.of(this.definition).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason:
        'the variables are names of tables, documents and one secret; what they name needs the task role to be read',
    });
  }

  /** The authority is made for this task's role, so it comes later. */
  setAuthority(secretArn: string): void {
    this.container.addEnvironment(ENVIRONMENT.authoritySecret, secretArn);
  }

  /** Its own alias, and with it its own questions. */
  private grantBroker(aliasArn: string): void {
    this.taskRole.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [aliasArn] }));
  }

  private grantSecrets(secretArns: readonly string[], keys: readonly IKey[]): void {
    if (secretArns.length > 0) {
      this.taskRole.addToPolicy(
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: secretArns.flatMap(secretResources),
        }),
      );
    }
    for (const key of keys) grantUseThrough(this.taskRole, key, 'secretsmanager', ['kms:Decrypt']);
  }
}

/** Run by the image's own node: images without a shell have nothing else. */
const PROBE =
  `require('node:http').get({host:'127.0.0.1',port:${HEALTH.port},path:'${HEALTH.path}',timeout:4000},` +
  "(answer)=>process.exit(answer.statusCode===200?0:1)).on('error',()=>process.exit(1))";
