import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ACCESS_VARIABLES as NAMES } from '../../../core/access/environment';
import type { Caller } from '../../../core/access/principal';
import { fetchKeysOf } from '../../../lambda/authorizer/fetch-keys';
import { documentOf } from '../../runtime/documents';
import { dummyAws } from '../dummy-aws';
import { ISSUER } from './issuer';

/** The function as it is deployed: the bundle under assets/ with the real AWS SDK, against services that take everything. */
const ASSETS = join(__dirname, '../../../assets');

interface Answer {
  readonly statusCode: number;
  readonly body: string;
}
let server: Server;
let handler: (event: object) => Promise<Answer>;
let calls: { what: string; body: string }[];
let written: string[];
let redirected: number;
const before = { ...process.env };
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** What each service answers, after its API reference. */
function aws(
  what: string,
  body: string,
): { readonly json?: object; readonly raw?: string; readonly headers?: Record<string, string> } {
  if (what.endsWith('GetItem') && body.includes('"epoch"')) {
    const item = { version: { N: '1' }, address: { S: 'epoch' }, epoch: { N: '3' }, open: { BOOL: true } };
    return {
      json: { Item: { ...item, changedBy: { S: 'deployment' }, changedAt: { S: '2026-11-03T09:15:00.000Z' } } },
    };
  }
  if (what === 'POST /configurationsessions') return { json: { InitialConfigurationToken: 'first' } };
  if (what.startsWith('GET /configuration')) {
    return { raw: JSON.stringify(documentOf('coding')), headers: { 'next-poll-configuration-token': 'next' } };
  }
  return { json: { executionArn: 'arn:x', startDate: 1 } };
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const path = (request.url ?? '').split('?')[0];
    const what = String(request.headers['x-amz-target'] ?? `${request.method} ${path}`);
    const body = Buffer.concat(parts).toString();
    if (path?.startsWith('/issuer')) {
      redirected += Number(path === '/issuer/elsewhere');
      if (path === '/issuer/moved') response.writeHead(302, { location: '/issuer/elsewhere' }).end();
      else if (path === '/issuer/endless') response.end(`{"keys":["${'x'.repeat(300_000)}"]}`);
      else if (path === '/issuer/.well-known/openid-configuration') {
        response.end(JSON.stringify({ issuer: `${url()}/issuer`, jwks_uri: `${url()}/issuer/keys` }));
      } else response.end('{"keys":[{"kty":"RSA"},7,null]}');
      return;
    }
    calls.push({ what, body });
    const { json, raw, headers } = aws(what, body);
    response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.0', ...headers })
      .end(raw ?? JSON.stringify(json));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  Object.assign(process.env, {
    ...dummyAws(url()),
    [NAMES.sessionsTable]: 'sessions',
    [NAMES.bindingsTable]: 'bindings',
    [NAMES.payloads]: 'payloads',
    [NAMES.logGroup]: 'sessions',
    [NAMES.stateMachine]: 'arn:aws:states:eu-west-1:111122223333:stateMachine:life',
    [NAMES.panicFunction]: 'arn:aws:lambda:eu-west-1:111122223333:function:panic',
    [NAMES.policies]: JSON.stringify([
      { profile: 'coding', applicationId: 'app', environmentId: 'env', configurationProfileId: 'conf' },
    ]),
    [NAMES.limits]: JSON.stringify({ liveSessions: 1, dailyMicroUsd: 1, dailySessions: 1 }),
  });
  ({ handler } = await import(join(ASSETS, 'access/index.js')));
});
afterAll(async () => {
  process.env = before;
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});
beforeEach(() => {
  calls = [];
  written = [];
  redirected = 0;
  jest.spyOn(console, 'error').mockImplementation((...said) => void written.push(JSON.stringify(said)));
  jest.spyOn(process.stdout, 'write').mockImplementation(((bytes: Uint8Array, done: () => void) => {
    written.push(Buffer.from(bytes).toString());
    done();
    return true;
  }) as never);
});
afterEach(() => jest.restoreAllMocks());

const ask = (roles: Caller['roles'], httpMethod: string, path: string, body?: object) =>
  handler({
    httpMethod,
    path,
    multiValueHeaders: { 'Idempotency-Key': ['a-key-of-this-test'] },
    body: body ? JSON.stringify(body) : null,
    requestContext: {
      authorizer: {
        caller: JSON.stringify({ principal: `${ISSUER}|alice`, roles, memberships: [{ team: 'payments' }] }),
      },
      identity: { sourceIp: '198.51.100.7' },
    },
  });
const asked = () => calls.map(({ what }) => what.replace(/^\w+\./, ''));

describe('A1 the deployed functions', () => {
  it('W3 are bundles below 150 KB', () => {
    for (const name of ['access', 'authorizer']) {
      expect(statSync(join(ASSETS, name, 'index.js')).size).toBeLessThan(150 * 1024);
    }
  });

  it('A1 a start writes row and key, its record, the text and then starts the machine', async () => {
    const { statusCode, body } = await ask(['submitter'], 'POST', '/v1/sessions', {
      profile: 'coding',
      task: 'Fix it',
    });
    const { session } = JSON.parse(body) as { session: { sessionId: string } };
    expect({ statusCode, written: written.length }).toEqual({ statusCode: 201, written: 1 });
    expect(asked()).toEqual([
      'GetItem',
      'TransactWriteItems',
      'GetItem',
      'GetItem',
      'POST /configurationsessions',
      'GET /configuration',
      'Query',
      'TransactWriteItems',
      `PUT /payloads/task-text/${session.sessionId}`,
      'StartExecution',
    ]);
    const start = JSON.parse(calls.at(-1)?.body ?? '') as { name: string; input: string };
    expect(start).toMatchObject({ name: session.sessionId, input: JSON.stringify({ sessionId: session.sessionId }) });
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      kind: 'human',
      writer: { service: 'control-api', sequence: 0 },
      detail: { action: 'start', target: session.sessionId },
    });
  });

  it('S7 a panic writes the epoch, and has all ended without waiting for it', async () => {
    const { statusCode, body } = await ask(['operator'], 'POST', '/v1/panic', { remark: 'leak' });
    expect({ statusCode, body: JSON.parse(body) }).toMatchObject({
      statusCode: 200,
      body: { sweep: 'started', panic: { epoch: 4 } },
    });
    expect(asked().slice(2)).toEqual([
      'GetItem',
      'TransactWriteItems',
      expect.stringMatching(/^POST \/2015-03-31\/functions\/.*panic\/invocations$/),
    ]);
  });

  it('A1 a refusal is answered as a problem and recorded', async () => {
    const { statusCode } = await ask(['auditor'], 'POST', '/v1/panic');
    expect(statusCode).toBe(403);
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      kind: 'refusal',
      detail: { reason: 'role-missing', action: 'raise-panic' },
    });
  });
});

describe('A1 keys of an issuer', () => {
  const keys = (jwksUri?: string) =>
    fetchKeysOf({ issuer: `${url()}/issuer`, ...(jwksUri && { jwksUri: `${url()}${jwksUri}` }) })();

  it('A1 are read where it says, and what is none is left out', async () => {
    expect(await keys('/issuer/keys')).toEqual([{ kty: 'RSA' }]);
  });

  it('A1 are never read behind a redirect, nor without end, nor at an address without TLS that discovery names', async () => {
    await expect(keys('/issuer/moved')).rejects.toThrow();
    expect(redirected).toBe(0);
    await expect(keys('/issuer/endless')).rejects.toThrow('too much');
    await expect(keys()).rejects.toThrow('https');
    await expect(fetchKeysOf({ issuer: `${url()}/issuer/` })()).rejects.toThrow('another issuer');
  });
});
