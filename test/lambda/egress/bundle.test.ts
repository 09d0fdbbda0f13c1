import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { dummyAws } from '../dummy-aws';

/**
 * The function as it is deployed: the bundle under assets/ with the real AWS SDK, which talks JSON to a small Secrets
 * Manager and Parameter Store and puts its answer where CloudFormation would take it.
 */
const BUNDLE = join(__dirname, '../../../assets/egress/index.js');

interface Input {
  readonly SecretString?: string;
  readonly Value?: string;
}

let server: Server;
let secret: string | undefined;
let parameter: string | undefined;
let refuse: string | undefined;
let calls: string[];
let answers: { Status: string; PhysicalResourceId: string; Reason?: string }[];
let handler: (event: object) => Promise<void>;

/** The two APIs as far as they are used here, after their API references. */
function aws(target: string, input: Input): { status: number; body: object } {
  const error = (code: string) => ({ status: 400, body: { __type: code, message: `because ${code}` } });
  calls.push(target);
  if (refuse) return error(refuse);
  switch (target) {
    case 'GetSecretValue':
      return secret === undefined
        ? error('ResourceNotFoundException')
        : { status: 200, body: { SecretString: secret } };
    case 'PutSecretValue':
      secret = input.SecretString;
      return { status: 200, body: {} };
    case 'GetParameter':
      return parameter === undefined
        ? error('ParameterNotFound')
        : { status: 200, body: { Parameter: { Value: parameter } } };
    case 'PutParameter':
      parameter = input.Value;
      return { status: 200, body: { Version: 1 } };
    case 'DeleteParameter':
      if (parameter === undefined) return error('ParameterNotFound');
      parameter = undefined;
      return { status: 200, body: {} };
    default:
      return error('UnknownOperation');
  }
}

const before = { ...process.env };
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    if (request.url === '/answer') {
      answers.push(JSON.parse(text));
      response.end();
      return;
    }
    const target = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const { status, body } = aws(target, JSON.parse(text));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  Object.assign(process.env, {
    ...dummyAws(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    AUTHORITY_SECRET: 'authority',
    CERTIFICATES_PARAMETER: '/acme/certificates',
    PROXY_NAME: 'acme',
  });
  ({ handler } = await import(BUNDLE));
});
afterAll(async () => {
  process.env = before;
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

let written: string[];
beforeEach(() => {
  secret = undefined;
  parameter = undefined;
  refuse = undefined;
  calls = [];
  answers = [];
  written = [];
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

const ask = (RequestType: 'Create' | 'Update' | 'Delete', PhysicalResourceId?: string) =>
  handler({
    RequestType,
    ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Authority',
    PhysicalResourceId,
    ResourceProperties: {},
  });
/** What EventBridge sends by a schedule. */
const tick = () => handler({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });

describe('N5 the deployed function', () => {
  it('N5 makes an authority once, whatever CloudFormation and the schedule repeat', async () => {
    await ask('Create');
    const first = secret;
    await ask('Create');
    await ask('Update', '/acme/certificates');
    await tick();
    expect(secret).toBe(first);
    expect(answers.map(({ Status, PhysicalResourceId }) => [Status, PhysicalResourceId])).toEqual(
      Array(3).fill(['SUCCESS', '/acme/certificates']),
    );
    expect(new X509Certificate(parameter ?? '').ca).toBe(true);
    expect(parameter).not.toContain('PRIVATE');
    expect(calls.filter((call) => call.startsWith('Put'))).toEqual(['PutSecretValue', 'PutParameter']);
  });

  it('N5 tells how long it is valid, as a metric, and no key in any line', async () => {
    await tick();
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      Proxy: 'acme',
      AuthorityDaysLeft: 365,
      _aws: { CloudWatchMetrics: [{ Namespace: 'AgentPlatform/Egress', Dimensions: [['Proxy']] }] },
    });
    const said = JSON.stringify([...written, ...jest.mocked(console.log).mock.calls]);
    expect(said).not.toMatch(/PRIVATE|BEGIN/);
  });

  it('N5 takes the certificates away with the stack, and leaves the secret to its own policy', async () => {
    await ask('Create');
    calls = [];
    await ask('Delete', '/acme/certificates');
    await ask('Delete', '/acme/certificates');
    expect(answers.map(({ Status }) => Status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(parameter).toBeUndefined();
    expect(secret).toBeDefined();
    expect(new Set(calls)).toEqual(new Set(['DeleteParameter']));
  });

  it('N5 tells CloudFormation of a refusal, and fails on the schedule, where an alarm counts it', async () => {
    refuse = 'AccessDeniedException';
    await ask('Create');
    expect(answers).toMatchObject([
      { Status: 'FAILED', Reason: 'AccessDeniedException: because AccessDeniedException' },
    ]);
    await expect(tick()).rejects.toThrow('because AccessDeniedException');
  });
});
