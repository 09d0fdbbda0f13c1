import {
  AppConfigDataClient,
  type AppConfigDataClientConfig,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';

export interface Latest {
  /** For the next question; each is good for one. */
  readonly token: string;
  /** Empty where nothing changed since the question before of the same session. */
  readonly bytes: Uint8Array;
  readonly nextPollSeconds: number;
}

/** AppConfig's data plane. A port, so that tests can have it fail. Settles soon, whatever the network does. */
export interface AppConfigSource {
  /** Begins a session and gives its first token. */
  start(profile: string): Promise<string>;
  latest(token: string): Promise<Latest>;
}

/** The least that AppConfig takes. Source: AWS AppConfig API reference, StartConfigurationSession. */
export const MIN_POLL_SECONDS = 15;

export interface AppConfigSourceOptions {
  readonly application: string;
  readonly environment: string;
  /** Default: the region and credentials of the environment. */
  readonly client?: AppConfigDataClientConfig;
  /** One call as a whole, its retries included; default 10 seconds. */
  readonly deadlineMs?: number;
}

export function appConfigSource(options: AppConfigSourceOptions): AppConfigSource {
  const client = new AppConfigDataClient({
    // One that was lost may have used up its token: a new session is begun instead of asking again.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true },
    ...options.client,
  });
  const soon = () => ({ abortSignal: AbortSignal.timeout(options.deadlineMs ?? 10_000) });
  return {
    async start(profile) {
      const { InitialConfigurationToken: token } = await client.send(
        new StartConfigurationSessionCommand({
          ApplicationIdentifier: options.application,
          EnvironmentIdentifier: options.environment,
          ConfigurationProfileIdentifier: profile,
          RequiredMinimumPollIntervalInSeconds: MIN_POLL_SECONDS,
        }),
        soon(),
      );
      if (token === undefined) throw new Error('AppConfig began a session without token');
      return token;
    },
    async latest(ConfigurationToken) {
      const answer = await client.send(new GetLatestConfigurationCommand({ ConfigurationToken }), soon());
      if (answer.NextPollConfigurationToken === undefined) throw new Error('AppConfig answered without token');
      return {
        token: answer.NextPollConfigurationToken,
        bytes: answer.Configuration ?? new Uint8Array(),
        nextPollSeconds: answer.NextPollIntervalInSeconds ?? MIN_POLL_SECONDS,
      };
    },
  };
}
