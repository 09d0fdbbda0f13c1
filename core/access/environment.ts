import * as z from 'zod/mini';
import { slug } from '../audit/field';
import { accessMapping } from './mapping';

/** Variables of the two functions of the control API: what lib/access sets. None of them is a secret. */
export const ACCESS_VARIABLES = {
  /** JSON, see {@link tokenSettings}. */
  token: 'ACCESS_TOKEN',
  /** JSON, see mapping.ts. */
  mapping: 'ACCESS_MAPPING',
  sessionsTable: 'SESSIONS_TABLE',
  bindingsTable: 'BINDINGS_TABLE',
  payloads: 'PAYLOADS_BUCKET',
  logGroup: 'SESSIONS_LOG_GROUP',
  stateMachine: 'STATE_MACHINE_ARN',
  panicFunction: 'PANIC_FUNCTION_ARN',
  /** JSON: where each profile's document is in AppConfig. */
  policies: 'POLICIES',
  /** JSON, see admission.ts. */
  limits: 'REQUESTER_LIMITS',
} as const;

const some = z.string().check(z.minLength(1));
const https = z.string().check(z.regex(/^https:\/\/[a-z0-9.-]+(?::\d+)?(?:\/[!-{}~]*)?$/));
const json = <T extends z.ZodMiniType>(schema: T) =>
  z.pipe(
    z.pipe(
      some,
      z.transform((text): unknown => JSON.parse(text)),
    ),
    schema,
  );

/** Which tokens are taken: of one issuer, for one audience. */
export const tokenSettings = z.strictObject({
  issuer: https,
  /** Where its keys are; asked of the issuer's discovery document where it is left out. */
  jwksUri: z.optional(https),
  /** `cognito`: `client_id` is one of the audiences and `token_use` is `access`; `oidc`: `aud` has one of them. */
  kind: z.enum(['cognito', 'oidc']),
  audiences: z.array(some).check(z.minLength(1)),
  /** A claim that says the sign-in had a second factor, where the issuer has one. */
  mfa: z.optional(z.strictObject({ claim: some, value: some })),
});
export type TokenSettings = z.infer<typeof tokenSettings>;

const authorizer = z.object({ ACCESS_TOKEN: json(tokenSettings), ACCESS_MAPPING: json(accessMapping) });

const place = z.strictObject({
  profile: slug,
  applicationId: some,
  environmentId: some,
  configurationProfileId: some,
});
export type ProfilePlace = z.infer<typeof place>;

const count = z.int().check(z.minimum(0));
const api = z.object({
  SESSIONS_TABLE: some,
  BINDINGS_TABLE: some,
  PAYLOADS_BUCKET: some,
  SESSIONS_LOG_GROUP: some,
  STATE_MACHINE_ARN: some,
  PANIC_FUNCTION_ARN: some,
  POLICIES: json(z.array(place).check(z.minLength(1))),
  REQUESTER_LIMITS: json(z.strictObject({ liveSessions: count, dailyMicroUsd: count, dailySessions: count })),
});

type Environment = Readonly<Record<string, string | undefined>>;

export const authorizerSettings = (environment: Environment) => authorizer.parse(environment);
export const apiSettings = (environment: Environment) => api.parse(environment);
