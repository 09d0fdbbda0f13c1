/** Variables of the proxy's container: what lib/egress sets, and images/egress reads. None of them is a secret. */
export const ENVIRONMENT = {
  /** TCP port to listen on. */
  port: 'EGRESS_PORT',
  /** TCP port of the health check, on the loopback. */
  healthPort: 'EGRESS_HEALTH_PORT',
  region: 'EGRESS_REGION',
  /** Name of this proxy: the dimension of its metrics. */
  proxy: 'EGRESS_PROXY',
  /** `sessions`: callers are known by their binding. `client`: whoever gets through the security group is one client. */
  identity: 'EGRESS_IDENTITY',
  /** Of `sessions`: names of the two tables. */
  bindingsTable: 'EGRESS_BINDINGS_TABLE',
  rowsTable: 'EGRESS_ROWS_TABLE',
  /** Of `sessions`: name of the bucket with the texts of their tasks. */
  payloadsBucket: 'EGRESS_PAYLOADS_BUCKET',
  /** Of `client`: as records name it, and the profile whose document decides. */
  clientName: 'EGRESS_CLIENT_NAME',
  clientProfile: 'EGRESS_CLIENT_PROFILE',
  /** JSON: where each profile's document is in AppConfig, see {@link PolicyPlace}. */
  policies: 'EGRESS_POLICIES',
  /** ARN of the credential broker's alias for this proxy; not set where it reads the secrets of grants itself. */
  broker: 'EGRESS_BROKER',
  /** ARN of the secret with the certificate authorities, see certificate-rotation.ts. */
  authoritySecret: 'EGRESS_AUTHORITY_SECRET',
} as const;

export interface PolicyPlace {
  readonly profile: string;
  readonly applicationId: string;
  readonly environmentId: string;
  readonly configurationProfileId: string;
}

export type ProxyIdentity =
  | {
      readonly kind: 'sessions';
      readonly bindingsTable: string;
      readonly rowsTable: string;
      readonly payloadsBucket: string;
    }
  | { readonly kind: 'client'; readonly name: string; readonly profile: string };

export interface ProxyEnvironment {
  readonly port: number;
  readonly region: string;
  readonly proxy: string;
  readonly identity: ProxyIdentity;
  readonly policies: readonly PolicyPlace[];
  readonly authoritySecret: string;
  readonly broker?: string;
}

export type EnvironmentResult =
  | { readonly kind: 'ok'; readonly value: ProxyEnvironment }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads the variables; everything that is wrong at once, and nothing is guessed. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): EnvironmentResult {
  const problems: string[] = [];
  const required = (name: string): string => {
    const value = variables[name] ?? '';
    if (value === '') problems.push(`${name}: is not set`);
    return value;
  };
  const broker = variables[ENVIRONMENT.broker];
  const value: ProxyEnvironment = {
    port: Number(required(ENVIRONMENT.port)),
    region: required(ENVIRONMENT.region),
    proxy: required(ENVIRONMENT.proxy),
    identity: identity(required, problems),
    policies: policies(required(ENVIRONMENT.policies), problems),
    authoritySecret: required(ENVIRONMENT.authoritySecret),
    ...(broker && { broker }),
  };
  if (!Number.isInteger(value.port) || value.port < 1 || value.port > 65_535) {
    problems.push(`${ENVIRONMENT.port}: got "${variables[ENVIRONMENT.port]}", expected a port`);
  }
  return problems.length > 0 ? { kind: 'invalid', problems } : { kind: 'ok', value };
}

function identity(required: (name: string) => string, problems: string[]): ProxyIdentity {
  const kind = required(ENVIRONMENT.identity);
  if (kind === 'client') {
    return { kind, name: required(ENVIRONMENT.clientName), profile: required(ENVIRONMENT.clientProfile) };
  }
  if (kind !== 'sessions') problems.push(`${ENVIRONMENT.identity}: got "${kind}", expected sessions or client`);
  return {
    kind: 'sessions',
    bindingsTable: required(ENVIRONMENT.bindingsTable),
    rowsTable: required(ENVIRONMENT.rowsTable),
    payloadsBucket: required(ENVIRONMENT.payloadsBucket),
  };
}

const PLACE_KEYS = ['profile', 'applicationId', 'environmentId', 'configurationProfileId'] as const;

function policies(text: string, problems: string[]): PolicyPlace[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (Array.isArray(json) && json.length > 0 && json.every(isPlace)) return json;
  problems.push(`${ENVIRONMENT.policies}: expected a JSON list of objects with ${PLACE_KEYS.join(', ')}`);
  return [];
}

function isPlace(item: unknown): item is PolicyPlace {
  if (typeof item !== 'object' || item === null) return false;
  const place = item as Record<string, unknown>;
  return PLACE_KEYS.every((key) => typeof place[key] === 'string' && place[key] !== '');
}
