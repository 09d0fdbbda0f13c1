import type { ApiRequest, ApiResponse } from './session-api';

/** What API Gateway hands a proxy integration of a REST API, as far as it is read. */
export interface GatewayEvent {
  readonly httpMethod: string;
  readonly path: string;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly authorizer?: Readonly<Record<string, unknown>> | null;
    readonly identity?: { readonly sourceIp?: string };
  };
}

export interface GatewayAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function fromGateway(event: GatewayEvent): ApiRequest {
  const { body, isBase64Encoded, requestContext } = event;
  const caller = requestContext.authorizer?.caller;
  const text = body ?? undefined;
  return {
    method: event.httpMethod,
    path: event.path,
    query: listsOf(event.multiValueQueryStringParameters),
    headers: listsOf(event.multiValueHeaders, true),
    body: text !== undefined && isBase64Encoded ? Buffer.from(text, 'base64').toString('utf8') : text,
    caller: typeof caller === 'string' ? caller : undefined,
    sourceAddress: requestContext.identity?.sourceIp,
  };
}

export function toGateway({ status, headers, body }: ApiResponse): GatewayAnswer {
  return { statusCode: status, headers, body };
}

function listsOf(values: GatewayEvent['multiValueHeaders'], lower = false): Record<string, string[]> {
  // Without what every object has: `?constructor=x` is a parameter like any other, and refused as one.
  const lists: Record<string, string[]> = Object.create(null);
  for (const [name, list] of Object.entries(values ?? {})) {
    const key = lower ? name.toLowerCase() : name;
    lists[key] = [...(lists[key] ?? []), ...(list ?? [])];
  }
  return lists;
}
