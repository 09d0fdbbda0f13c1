import type { TokenSettings } from '../../core/access/environment';
import type { AccessMapping } from '../../core/access/mapping';
import { routeOf } from '../../core/access/operations';
import { principalOf } from '../../core/access/principal';
import { actionOf } from '../../core/access/record';
import { anyAddress, principal as principalField } from '../../core/audit/field';
import type { Clock } from '../../runtime/clock';
import type { Records } from '../../runtime/records';
import type { KeySet } from './key-set';
import { type TokenRefusal, verifyToken } from './verify-token';

/** What API Gateway hands a REQUEST authorizer, as far as it is read. */
export interface AuthorizerEvent {
  readonly methodArn: string;
  readonly httpMethod?: string;
  readonly path?: string;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly requestContext?: { readonly identity?: { readonly sourceIp?: string } };
}

export interface AuthorizerAnswer {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly [
      { readonly Action: 'execute-api:Invoke'; readonly Effect: 'Allow' | 'Deny'; readonly Resource: string },
    ];
  };
  /** Text only. `caller` for the API; `reason` for the answer to whoever is refused. */
  readonly context: Readonly<Record<string, string>>;
}

export interface AuthorizeOptions {
  readonly settings: TokenSettings;
  readonly mapping: AccessMapping;
  readonly keys: KeySet;
  readonly records: Records;
  readonly clock: Clock;
}

/** Neither a yes nor a no: API Gateway answers 500, and an alarm counts it. */
export class CanNotTell extends Error {
  override readonly name = 'CanNotTell';
}

/**
 * Who calls. API Gateway keeps no answer of it: each request is judged as it comes, for exactly the method it asks for,
 * and each refusal is recorded here, since nothing behind ever hears of it.
 */
export async function authorize(options: AuthorizeOptions, event: AuthorizerEvent): Promise<AuthorizerAnswer> {
  const { settings, mapping, keys, records, clock } = options;
  const token = await verifyToken(authorizationOf(event), { settings, keys, now: clock.wall() });
  const result = token.kind === 'ok' ? principalOf(token.claims, mapping) : token;
  if (result.kind === 'ok') {
    const { caller } = result;
    return answer('Allow', event, caller.principal, { caller: JSON.stringify(caller) });
  }
  const { reason } = result;
  const principal = 'principal' in result ? result.principal : undefined;
  const route = routeOf(event.httpMethod ?? '', event.path ?? '');
  const address = anyAddress.safeParse(event.requestContext?.identity?.sourceIp?.toLowerCase());
  await records.write({
    kind: 'refusal',
    subject: { kind: 'platform' },
    detail: {
      control: 'authorizer',
      reason,
      action: route.kind === 'found' ? actionOf(route.id) : 'unknown',
      ...(principalField.safeParse(principal).success && { principal }),
      ...(address.success && { sourceAddress: address.data }),
      status: 401,
      times: 1,
    },
  });
  if (reason === ('keys-unreachable' satisfies TokenRefusal)) throw new CanNotTell(reason);
  return answer('Deny', event, 'nobody', { reason });
}

/** Two headers are two opinions on who calls. */
function authorizationOf({ multiValueHeaders }: AuthorizerEvent): string | undefined {
  const values = Object.entries(multiValueHeaders ?? {}).flatMap(([name, list]) =>
    name.toLowerCase() === 'authorization' ? (list ?? []) : [],
  );
  return values.length === 1 ? values[0] : undefined;
}

function answer(
  Effect: 'Allow' | 'Deny',
  { methodArn }: AuthorizerEvent,
  principalId: string,
  context: Readonly<Record<string, string>>,
): AuthorizerAnswer {
  return {
    principalId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect, Resource: methodArn }],
    },
    context,
  };
}
