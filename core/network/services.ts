/**
 * Names and ports of the services that sessions reach. The name is the first label in the platform's zone:
 * `egress.agents.internal`.
 */
export const SERVICE_NAMES = { egressProxy: 'egress', modelGateway: 'models' } as const;

/** Ports of the services that sessions reach. */
export const SERVICE_PORTS = { egressProxy: 3128, modelGateway: 443 } as const;

export type ServiceName = keyof typeof SERVICE_PORTS;

/** `egress.agents.internal`. */
export function serviceHost(service: ServiceName, zone: string): string {
  return `${SERVICE_NAMES[service]}.${zone}`;
}

/**
 * What a container of a service answers its own health check at: on its loopback only, since a session must not learn
 * from it how the service is doing. It says that the process answers, not that all is well: a task that is replaced takes
 * its connections with it, and where the log or a table is the trouble, its successor is no better off.
 */
export const HEALTH = { port: 8081, path: '/livez' } as const;

/**
 * Where the egress proxy hands out the certificates of its authorities, as PEM, to every caller with a live session. A
 * session has no credential with which it could read them from AWS.
 */
export const CERTIFICATES_PATH = '/.platform/ca.pem';

/**
 * Where the egress proxy tells a caller which task it takes it for, see core/session/self.ts: session-init waits here
 * until the answer is itself.
 */
export const SELF_PATH = '/.platform/session';

/** Where the egress proxy hands out the text of a session's task, while the session starts and no longer. */
export const TASK_TEXT_PATH = '/.platform/task';

/** Hosts of AWS APIs, one exact name each. Nothing is opened below `amazonaws.com`: everybody's buckets live there. */
export interface AwsHosts {
  readonly appConfigData: string;
  readonly dynamoDb: string;
  /** Login and manifests. */
  readonly ecrApi: string;
  /** The account's own registry. */
  readonly ecrRegistry: string;
  /** The bucket of AWS's own that image layers come from. */
  readonly ecrLayers: string;
  readonly lambda: string;
  readonly logs: string;
  /** Buckets by their path: a name of a bucket in front of it is known at deploy only. */
  readonly s3: string;
  readonly secretsManager: string;
}

/** Region, account and suffix may be deploy-time values. */
export function awsHosts(account: string, region: string, urlSuffix: string): AwsHosts {
  const suffix = `${region}.${urlSuffix}`;
  return {
    appConfigData: `appconfigdata.${suffix}`,
    dynamoDb: `dynamodb.${suffix}`,
    ecrApi: `api.ecr.${suffix}`,
    ecrRegistry: `${account}.dkr.ecr.${suffix}`,
    ecrLayers: `prod-${region}-starport-layer-bucket.s3.${suffix}`,
    lambda: `lambda.${suffix}`,
    logs: `logs.${suffix}`,
    s3: `s3.${suffix}`,
    secretsManager: `secretsmanager.${suffix}`,
  };
}
