import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { METRIC_NAMESPACE, METRICS, PROXY_DIMENSION } from '../../core/egress/metrics';
import { systemClock } from '../../runtime/clock';
import { type CustomResourceEvent, customResourceHandler } from '../../runtime/custom-resource';
import { Metrics } from '../../runtime/metrics';
import { makeAuthority } from './make-authority';
import { type AuthorityStore, rotateAuthority } from './rotate-authority';

const secrets = new SecretsManagerClient({ maxAttempts: 5 });
const parameters = new SSMClient({ maxAttempts: 5 });

const setting = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const SecretId = setting('AUTHORITY_SECRET');
const Name = setting('CERTIFICATES_PARAMETER');
const proxy = setting('PROXY_NAME');

const store: AuthorityStore = {
  readSecret: () =>
    unless('ResourceNotFoundException', async () => {
      return (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString;
    }),
  async writeSecret(SecretString) {
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  },
  readCertificates: () =>
    unless(
      'ParameterNotFound',
      async () => (await parameters.send(new GetParameterCommand({ Name }))).Parameter?.Value,
    ),
  async writeCertificates(Value) {
    await parameters.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
  },
  async removeCertificates() {
    await unless('ParameterNotFound', () => parameters.send(new DeleteParameterCommand({ Name })));
  },
};

const metrics = new Metrics({
  namespace: METRIC_NAMESPACE,
  dimensions: { [PROXY_DIMENSION]: proxy },
  definitions: { AuthorityDaysLeft: METRICS.AuthorityDaysLeft },
  clock: systemClock,
});

async function rotate(): Promise<void> {
  const { step, daysLeft } = await rotateAuthority(store, (at) => makeAuthority(proxy, at), systemClock.wall());
  console.log({ message: 'certificate authority', step, daysLeft });
  metrics.watch('AuthorityDaysLeft', () => daysLeft);
  // Not through console: its line would be wrapped, and CloudWatch looks for the metric at the top of it.
  for (const line of metrics.lines()) process.stdout.write(`${line}\n`);
}

const resource = customResourceHandler(async (event) => {
  // The secret is CloudFormation's own, and goes or stays as its policy says.
  if (event.RequestType === 'Delete') await store.removeCertificates();
  else await rotate();
  return { physicalId: Name };
});

/** Called by CloudFormation when the proxy is deployed, and by a schedule each day. */
export const handler = async (event: CustomResourceEvent | Readonly<Record<string, unknown>>): Promise<void> =>
  'RequestType' in event ? resource(event as CustomResourceEvent) : rotate();

async function unless<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === name) return undefined;
    throw error;
  }
}
