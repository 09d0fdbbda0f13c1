/**
 * The prefix of a service's IAM actions, and the name in its signatures, where they differ from its endpoint's. Source:
 * Service Authorization Reference. `actions` are all there may be, where not every action of the service is harmless.
 */
interface AwsService {
  readonly prefix?: string;
  readonly signing?: string;
  readonly actions?: readonly string[];
}

const SERVICES: Readonly<Record<string, AwsService>> = {
  'api.ecr': { prefix: 'ecr', signing: 'ecr' },
  'api.ecr-public': { prefix: 'ecr-public', signing: 'ecr-public' },
  'api.sagemaker': { prefix: 'sagemaker', signing: 'sagemaker' },
  'api.pricing': { prefix: 'pricing', signing: 'pricing' },
  'bedrock-agent': { prefix: 'bedrock', signing: 'bedrock' },
  'bedrock-agent-runtime': { prefix: 'bedrock', signing: 'bedrock' },
  'bedrock-runtime': { prefix: 'bedrock', signing: 'bedrock' },
  email: { prefix: 'ses', signing: 'ses' },
  'execute-api': { prefix: 'execute-api' },
  monitoring: { prefix: 'cloudwatch' },
  'runtime.sagemaker': { prefix: 'sagemaker', signing: 'sagemaker' },
  'streams.dynamodb': { prefix: 'dynamodb', signing: 'dynamodb' },
  // Anything else of STS gives keys to whoever reads the answer, and that is the agent.
  sts: { actions: ['GetCallerIdentity'] },
  tagging: { prefix: 'tag' },
};

/**
 * Answers of these are credentials, and an answer is read by the agent: by prefix, what a session may never do. Not every
 * one there is; which of AWS's actions give credentials is listed nowhere.
 */
const CREDENTIAL_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  codeartifact: ['GetAuthorizationToken'],
  'cognito-identity': ['GetCredentialsForIdentity', 'GetOpenIdToken*'],
  connect: ['GetFederationToken*'],
  datazone: ['GetEnvironmentCredentials'],
  ec2: ['GetPasswordData'],
  'ec2-instance-connect': ['*'],
  ecr: ['GetAuthorizationToken'],
  'ecr-public': ['GetAuthorizationToken'],
  elasticmapreduce: ['GetClusterSessionCredentials'],
  'emr-containers': ['GetManagedEndpointSessionCredentials'],
  gamelift: ['GetComputeAuthToken', 'GetComputeAccess', 'GetInstanceAccess', 'RequestUploadCredentials'],
  iam: ['*'],
  lakeformation: ['GetTemporary*Credentials'],
  lightsail: ['GetInstanceAccessDetails', 'DownloadDefaultKeyPair', 'GetRelationalDatabaseMasterUserPassword'],
  'rds-db': ['*'],
  redshift: ['GetClusterCredentials*'],
  'redshift-serverless': ['GetCredentials'],
  s3: ['GetDataAccess'],
  s3express: ['CreateSession'],
  sagemaker: ['CreatePresigned*'],
  ssm: ['StartSession', 'ResumeSession'],
  sso: ['GetRoleCredentials'],
  // GetCallerIdentity answers whoever is denied it. Source: AWS STS API reference.
  sts: ['*'],
};

const PLAIN = /^[a-z0-9][a-z0-9-]{0,62}$/;

const find = (endpoint: string): AwsService => (Object.hasOwn(SERVICES, endpoint) ? (SERVICES[endpoint] ?? {}) : {});

/** What a session policy allows for an endpoint; undefined where its IAM prefix is not known. */
export function actionsOf(endpoint: string): readonly string[] | undefined {
  const { prefix, actions } = find(endpoint);
  const name = prefix ?? endpoint;
  if (!PLAIN.test(name)) return undefined;
  return (actions ?? ['*']).map((action) => `${name}:${action}`);
}

/** What a session policy denies for an endpoint: a host that no grant names is signed for by nobody. */
export function credentialActionsOf(endpoint: string): readonly string[] {
  const name = find(endpoint).prefix ?? endpoint;
  const actions = Object.hasOwn(CREDENTIAL_ACTIONS, name) ? CREDENTIAL_ACTIONS[name] : undefined;
  return (actions ?? []).map((action) => `${name}:${action}`);
}

/** The service in the scope of a signature for this endpoint, where a client did not say. */
export function signingName(endpoint: string): string {
  return find(endpoint).signing ?? endpoint;
}
