import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type BrokerSettings, readBrokerEnvironment } from '../../core/credentials/environment';
import { githubHosts } from '../../core/credentials/github-target';
import type { BrokerAnswer } from '../../core/credentials/messages';
import { GITHUB_ITEM, githubAccountItem, ITEM_KEY, OWNER_KEY, personKey } from '../../core/credentials/stored';
import { SESSION_KEY, sessionRow } from '../../core/session/row';
import { appConfigSource } from '../../runtime/app-config-source';
import { type Clock, systemClock } from '../../runtime/clock';
import { DurableRecords, logStore } from '../../runtime/credential-records';
import { dynamoItems, type ReadItem } from '../../runtime/dynamo-items';
import { readSecretsManager } from '../../runtime/secrets-manager-credentials';
import { admittedGrants } from './admitted-grants';
import { CredentialBroker, type Minters } from './broker';
import { GithubApi } from './github-api';
import { GrantRecords } from './grant-records';
import { httpsCall, withRetries } from './http-call';
import { tableLock } from './lock';
import { AwsRoleMinter, assumeRoleWith } from './mint-aws';
import { GithubMinter } from './mint-github';
import { OauthMinter } from './mint-oauth';
import { OidcMinter } from './mint-oidc';
import { SecretHeaderMinter } from './mint-secret';
import { documentReader } from './read-document';
import { sessionReader } from './read-session';
import type { SignRs256 } from './sign';
import { kmsDataKeys, tokenTable } from './token-table';

const environment = readBrokerEnvironment(process.env);
if (environment.kind === 'invalid') throw new Error(environment.problems.join('\n'));
const { settings } = environment;

/** Between invocations a function is frozen, and the monotonic clock with it: what was read then would stay fresh. */
const clock: Clock = { ...systemClock, monotonic: () => Date.now() };

const deadlines = { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true };
const kms = new KMSClient({ maxAttempts: 3, requestHandler: deadlines });
const secrets = new SecretsManagerClient({ maxAttempts: 3, requestHandler: deadlines });
const { read } = dynamoItems();
const items = DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 3, requestHandler: deadlines }));

const broker = new CredentialBroker({
  sessions: sessionReader({ read, ...settings, clock }),
  documents: documents(settings),
  minters: minters(settings, read),
  admitted: admittedGrants(items, settings.table, clock),
  tokens: tokenTable(items, settings.table, kmsDataKeys(kms, settings.tokenKey)),
  records: new GrantRecords(
    new DurableRecords({
      service: 'credential-broker',
      store: logStore(settings.records),
      clock,
      random: randomBytes,
      onProblem: (problem) => console.error({ message: problem }),
    }),
    async (sessionId) => {
      const row = sessionRow.safeParse(await read(settings.sessionsTable, { [SESSION_KEY]: sessionId }));
      return row.success ? row.data : undefined;
    },
  ),
  clock,
  random: randomBytes,
});

/** Invoked by the platform's services, each through its own alias. */
export const handler = (event: unknown, context: { readonly invokedFunctionArn: string }): Promise<BrokerAnswer> =>
  broker.answer(event, context.invokedFunctionArn);

function documents({ policies }: BrokerSettings) {
  const [first] = policies;
  if (!first || policies.some(({ applicationId }) => applicationId !== first.applicationId)) {
    throw new Error('policies: expected documents of one AppConfig application');
  }
  const ids = new Map(policies.map(({ profile, configurationProfileId }) => [profile, configurationProfileId]));
  return documentReader(
    appConfigSource({ application: first.applicationId, environment: first.environmentId, deadlineMs: 4000 }),
    ids,
    clock,
  );
}

function minters({ platform, github, oauth, issuer, table }: BrokerSettings, readItem: ReadItem): Minters {
  const readSecret = readSecretsManager();
  return {
    'secret-header': new SecretHeaderMinter(readSecret),
    ...(oauth && {
      oauth: new OauthMinter({
        ...oauth,
        read: readSecret,
        write: writeSecret,
        // Not tried again: what was lost on the way may have used up the refresh token.
        call: httpsCall(),
        lock: tableLock(items, table, clock),
      }),
    }),
    ...(issuer && {
      oidc: new OidcMinter({
        issuer: issuer.url,
        sign: signWith(issuer.keyId),
        publicKey: () => publicKey(issuer.keyId),
        random: randomBytes,
      }),
    }),
    'aws-role': new AwsRoleMinter(
      assumeRoleWith(new STSClient({ maxAttempts: 2, requestHandler: deadlines })),
      platform,
    ),
    ...(github && {
      'github-app': new GithubMinter({
        hosts: githubHosts(github.host),
        api: new GithubApi(githubHosts(github.host), withRetries(httpsCall(), clock)),
        appId: parameter(github.appParameter),
        sign: signWith(github.keyId),
        accountOf: async (requester) => {
          const item = await readItem(table, { [OWNER_KEY]: personKey(requester), [ITEM_KEY]: GITHUB_ITEM });
          const account = githubAccountItem.safeParse(item);
          return account.success ? account.data : undefined;
        },
        clock,
      }),
    }),
  };
}

function signWith(KeyId: string): SignRs256 {
  return async (Message) => {
    const { Signature } = await kms.send(
      new SignCommand({ KeyId, Message, MessageType: 'RAW', SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }),
      { abortSignal: AbortSignal.timeout(5000) },
    );
    if (!Signature) throw new Error('KMS answered without a signature');
    return Signature;
  };
}

function parameter(Name: string): () => Promise<string | undefined> {
  const parameters = new SSMClient({ maxAttempts: 3, requestHandler: deadlines });
  return async () => {
    try {
      return (await parameters.send(new GetParameterCommand({ Name }))).Parameter?.Value;
    } catch (error) {
      if (error instanceof Error && error.name === 'ParameterNotFound') return undefined;
      throw error;
    }
  };
}

async function writeSecret(SecretId: string, SecretString: string): Promise<void> {
  await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }), { abortSignal: AbortSignal.timeout(5000) });
}

async function publicKey(KeyId: string): Promise<Uint8Array> {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }), { abortSignal: AbortSignal.timeout(5000) });
  if (!PublicKey) throw new Error('KMS answered without a public key');
  return PublicKey;
}
