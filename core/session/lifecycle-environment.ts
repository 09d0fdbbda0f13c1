import * as z from 'zod/mini';

/** What the functions of a session's life are told, one variable each. The construct writes it, the functions read it. */
export const LIFECYCLE_VARIABLES = {
  sessionsTable: 'SESSIONS_TABLE',
  bindingsTable: 'BINDINGS_TABLE',
  cluster: 'CLUSTER_ARN',
  maxSessions: 'MAX_SESSIONS',
  runTaskPerSecond: 'RUN_TASK_PER_SECOND',
  launchQueue: 'LAUNCH_QUEUE_URL',
  taskDefinitions: 'TASK_DEFINITIONS',
  subnets: 'SUBNETS',
  securityGroup: 'SECURITY_GROUP',
  payloads: 'PAYLOADS_BUCKET',
  broker: 'CREDENTIAL_BROKER',
} as const;

const some = z.string().check(z.minLength(1));
const list = z.pipe(
  some,
  z.transform((text) => text.split(',')),
);
const taskDefinitions = z.pipe(
  z.pipe(
    some,
    z.transform((text): unknown => JSON.parse(text)),
  ),
  z.record(some, some),
);

/** Of every function. */
const shared = z.object({
  SESSIONS_TABLE: some,
  BINDINGS_TABLE: some,
  CLUSTER_ARN: some,
  MAX_SESSIONS: z._default(z.coerce.number().check(z.int(), z.minimum(1)), 1000),
  CREDENTIAL_BROKER: z.optional(some),
});
const launch = z.object({
  RUN_TASK_PER_SECOND: z.coerce.number().check(z.minimum(0.1), z.maximum(100)),
  LAUNCH_QUEUE_URL: some,
  TASK_DEFINITIONS: taskDefinitions,
  SUBNETS: list,
  SECURITY_GROUP: some,
});
const preflight = z.object({ TASK_DEFINITIONS: taskDefinitions, PAYLOADS_BUCKET: some });

type Environment = Readonly<Record<string, string | undefined>>;

export const sharedSettings = (environment: Environment) => shared.parse(environment);
export const launchSettings = (environment: Environment) => launch.parse(environment);
export const preflightSettings = (environment: Environment) => preflight.parse(environment);
