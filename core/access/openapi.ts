import * as z from 'zod/mini';
import { mayDo, OPERATION_IDS, type OperationId } from './may-do';
import { OPERATIONS, type Operation, PATH_PARTS } from './operations';
import { PROBLEMS, problem } from './problem';
import { ROLES } from './role';

/** The OpenAPI 3.1 document of the control API, made of the table of operations; committed as core/schema/control-api.json. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const id of OPERATION_IDS) {
    const operation = OPERATIONS[id];
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: operationObject(id, operation),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Agent platform: control API',
      version: '1',
      description: 'Starts, shows and ends sessions. Agents have no way in here.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ accessToken: [] }],
    paths,
    components: {
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'an access token, no id token',
        },
      },
      schemas: { Problem: schemaOf(problem) },
      responses: {
        Problem: {
          description: `What is wrong. Codes: ${Object.keys(PROBLEMS).join(', ')}`,
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

function operationObject(operationId: OperationId, operation: Operation): object {
  const parameters = [
    ...[...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
      name,
      in: 'path',
      required: true,
      schema: schemaOf(PATH_PARTS[name as keyof typeof PATH_PARTS]),
    })),
    ...parametersOf('query', operation.query),
    ...parametersOf('header', operation.headers),
  ];
  return {
    operationId,
    summary: operation.summary,
    description: `Roles: ${rolesOf(operationId)}.`,
    ...(parameters.length > 0 && { parameters }),
    ...(operation.body && {
      requestBody: {
        required: required(operation.body).length > 0,
        content: { 'application/json': { schema: schemaOf(operation.body) } },
      },
    }),
    responses: {
      [operation.status]: {
        description: 'done',
        content: { 'application/json': { schema: schemaOf(operation.answer, 'output') } },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** As `mayDo` decides, asked with each role alone: of any session, else of one's own. */
function rolesOf(id: OperationId): string {
  const me = 'me';
  const subjects = id === 'liftPanic' ? ({ kind: 'panic' } as const) : ({ kind: 'session' } as const);
  const any = ROLES.filter((role) => mayDo({ principal: me, roles: [role] }, id, subjects).kind === 'yes');
  const own = ROLES.filter(
    (role) =>
      !any.includes(role) &&
      mayDo({ principal: me, roles: [role] }, id, { kind: 'session', requester: me }).kind === 'yes',
  );
  if (id === 'liftPanic') return 'operator, and then another operator or an approver';
  return [...any, ...own.map((role) => `${role} (own sessions)`)].join(', ');
}

function parametersOf(place: string, schema: z.ZodMiniObject | undefined): object[] {
  if (schema === undefined) return [];
  const needed = required(schema);
  return Object.entries(schema.shape).map(([name, member]) => ({
    name: place === 'header' ? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name,
    in: place,
    required: needed.includes(name),
    schema: schemaOf(member as z.ZodMiniType),
  }));
}

function required(schema: z.ZodMiniObject): string[] {
  return Object.entries(schema.shape).flatMap(([name, member]) =>
    (member as z.ZodMiniType).safeParse(undefined).success ? [] : [name],
  );
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is; its own dialect is the default, so none is named. */
function schemaOf(schema: z.ZodMiniType, io: 'input' | 'output' = 'input'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Record<string, unknown>;
  return rest;
}
