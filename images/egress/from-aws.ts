import type { ProxyEnvironment } from '../../core/egress/environment';
import { AppConfigPolicies } from '../../runtime/app-config-policies';
import { appConfigSource } from '../../runtime/app-config-source';
import { askBroker, BrokerCredentials } from '../../runtime/broker-credentials';
import type { Callers } from '../../runtime/caller';
import type { Clock } from '../../runtime/clock';
import type { Credentials } from '../../runtime/credential';
import { DynamoCallers } from '../../runtime/dynamo-callers';
import { dynamoItems } from '../../runtime/dynamo-items';
import {
  type ReadSecret,
  readSecretsManager,
  SecretsManagerCredentials,
} from '../../runtime/secrets-manager-credentials';
import { StaticCallers } from '../../runtime/static-callers';
import { bucketTaskTexts } from '../../runtime/task-texts';
import { SecretAuthority } from './secret-authority';
import type { OnSourceProblem, Sources } from './sources';

/** Everything from AWS, with the rights of the task's role. Region and endpoints are the SDK's own settings. */
export async function sourcesFromAws(
  environment: ProxyEnvironment,
  clock: Clock,
  onProblem: OnSourceProblem,
): Promise<Sources> {
  const { region, identity } = environment;
  const read = readSecretsManager({ region });
  return {
    callers: callersOf(environment, clock, onProblem),
    policies: policiesOf(environment, clock, onProblem),
    credentials: credentialsOf(environment, read, clock, onProblem),
    authority: await SecretAuthority.open(environment.authoritySecret, read, clock, (problem) =>
      onProblem('authority', problem),
    ),
    ...(identity.kind === 'sessions' && {
      taskTexts: bucketTaskTexts({ bucket: identity.payloadsBucket, client: { region } }),
    }),
  };
}

function credentialsOf(
  { broker, region }: ProxyEnvironment,
  read: ReadSecret,
  clock: Clock,
  onSourceProblem: OnSourceProblem,
): Credentials {
  const onProblem = (grant: string, problem: string) => onSourceProblem('credentials', `grant ${grant}: ${problem}`);
  if (broker === undefined) return new SecretsManagerCredentials({ read, clock, onProblem });
  return new BrokerCredentials({ ask: askBroker(broker, { region }), clock, onProblem });
}

function callersOf({ identity, region }: ProxyEnvironment, clock: Clock, onProblem: OnSourceProblem): Callers {
  if (identity.kind === 'client') return new StaticCallers(identity);
  return new DynamoCallers({
    read: dynamoItems({ client: { region } }).read,
    sessionsTable: identity.rowsTable,
    bindingsTable: identity.bindingsTable,
    clock,
    onProblem: (problem) => onProblem('callers', problem),
  });
}

function policiesOf(
  { policies, region }: ProxyEnvironment,
  clock: Clock,
  onProblem: OnSourceProblem,
): AppConfigPolicies {
  const [first] = policies;
  if (!first || policies.some((place) => place.applicationId !== first.applicationId)) {
    throw new Error('policies: expected documents of one AppConfig application');
  }
  const source = appConfigSource({
    application: first.applicationId,
    environment: first.environmentId,
    client: { region },
  });
  const ids = new Map(policies.map(({ profile, configurationProfileId }) => [profile, configurationProfileId]));
  return new AppConfigPolicies({
    // By id: the task's role names the configuration by its id, whatever it is called.
    source: { ...source, start: (profile) => source.start(ids.get(profile) ?? profile) },
    profiles: policies.map(({ profile }) => profile),
    clock,
    onProblem: (profile, problems) => onProblem('policies', `policy ${profile}: ${problems.join('; ')}`),
  });
}
