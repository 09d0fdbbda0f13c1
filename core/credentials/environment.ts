import * as z from 'zod/mini';

/** Variables of the broker's function: what lib/credentials sets. None of them is a secret. */
export const BROKER_ENVIRONMENT = {
  /** Stands in external ids and issuers. */
  platform: 'BROKER_PLATFORM',
  sessionsTable: 'BROKER_SESSIONS_TABLE',
  bindingsTable: 'BROKER_BINDINGS_TABLE',
  /** The broker's own table: linked accounts, and tokens that live. */
  table: 'BROKER_TABLE',
  /** Key that encrypts tokens in it. */
  tokenKey: 'BROKER_TOKEN_KEY',
  /** JSON: where each profile's document is in AppConfig. */
  policies: 'BROKER_POLICIES',
  /** Log group of its records. */
  records: 'BROKER_RECORDS',
  /** JSON, see {@link BrokerSettings.github}; not set where no profile has such a grant. */
  github: 'BROKER_GITHUB',
  /** JSON, see {@link BrokerSettings.oauth}. */
  oauth: 'BROKER_OAUTH',
  /** JSON, see {@link BrokerSettings.issuer}. */
  issuer: 'BROKER_ISSUER',
} as const;

const text = z.string().check(z.minLength(1));

const place = z.strictObject({
  profile: text,
  applicationId: text,
  environmentId: text,
  configurationProfileId: text,
});

/** A provider of OAuth tokens: an endpoint, and the client that the platform is there. */
export const oauthProvider = z.strictObject({
  tokenEndpoint: z.string().check(z.regex(/^https:\/\/[a-z0-9.-]+(?::\d+)?\/[!-~]*$/)),
  clientId: text,
  /** Of the client's own secret; absent for a public client. */
  clientSecretArn: z.optional(text),
  authentication: z.enum(['basic', 'body']),
});
export type OauthProvider = z.infer<typeof oauthProvider>;

const settings = z.object({
  platform: z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9-]{0,62}$/)),
  sessionsTable: text,
  bindingsTable: text,
  table: text,
  tokenKey: text,
  records: text,
  policies: z.array(place).check(z.minLength(1)),
  github: z.optional(
    z.strictObject({
      host: z.string().check(z.regex(/^[a-z0-9.-]{1,253}$/)),
      /** Key whose public half the App has. */
      keyId: text,
      /** SSM parameter with the App's client id or number; written when the App is connected. */
      appParameter: text,
    }),
  ),
  oauth: z.optional(
    z.strictObject({
      /** In front of the names of the secrets that hold refresh tokens. */
      secretPrefix: text,
      providers: z.record(z.string(), oauthProvider),
    }),
  ),
  issuer: z.optional(z.strictObject({ url: z.string().check(z.regex(/^https:\/\/[!-~]+$/)), keyId: text })),
});
export type BrokerSettings = z.infer<typeof settings>;

const JSON_SETTINGS: readonly string[] = ['policies', 'github', 'oauth', 'issuer'];

export type SettingsResult =
  | { readonly kind: 'ok'; readonly settings: BrokerSettings }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads the variables; everything that is wrong at once, and nothing is guessed. */
export function readBrokerEnvironment(variables: Readonly<Record<string, string | undefined>>): SettingsResult {
  const raw = Object.entries(BROKER_ENVIRONMENT).map(([key, name]) => {
    const value = variables[name];
    return [key, value !== undefined && JSON_SETTINGS.includes(key) ? parsed(value) : value];
  });
  const result = settings.safeParse(Object.fromEntries(raw));
  if (result.success) return { kind: 'ok', settings: result.data };
  const nameOf = (key: PropertyKey | undefined) =>
    BROKER_ENVIRONMENT[key as keyof typeof BROKER_ENVIRONMENT] ?? 'environment';
  return {
    kind: 'invalid',
    problems: result.error.issues.map(
      ({ path: [key, ...rest], message }) => `${[nameOf(key), ...rest].join('.')}: ${message}`,
    ),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
