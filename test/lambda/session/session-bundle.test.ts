import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { LIFECYCLE_VARIABLES as NAMES } from '../../../core/session/lifecycle-environment';
import { SESSION } from '../../core/session/samples';
import { dummyAws } from '../dummy-aws';

/**
 * The functions as they are deployed: the bundle under assets/ with the real AWS SDK, against empty tables, a Step
 * Functions and a queue that take everything.
 */
const BUNDLE = join(__dirname, '../../../assets/session/index.js');

type Handler = (event: object) => Promise<unknown>;
let server: Server;
let handlers: Record<string, Handler>;
let calls: { target: string; body: Record<string, unknown> }[];
let answered: { Status: string }[];
const before = { ...process.env };

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = JSON.parse(Buffer.concat(parts).toString());
    if (request.url === '/answer') answered.push(body);
    else calls.push({ target: String(request.headers['x-amz-target']), body });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  Object.assign(process.env, {
    ...dummyAws(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    [NAMES.sessionsTable]: 'sessions',
    [NAMES.bindingsTable]: 'bindings',
    [NAMES.cluster]: 'arn:aws:ecs:eu-west-1:111122223333:cluster/sessions',
    [NAMES.maxSessions]: '5',
    [NAMES.runTaskPerSecond]: '20',
    [NAMES.launchQueue]: 'https://sqs.eu-west-1.amazonaws.com/111122223333/launches',
    [NAMES.taskDefinitions]: JSON.stringify({ coder: 'arn:coder' }),
    [NAMES.subnets]: 'subnet-1,subnet-2',
    [NAMES.securityGroup]: 'sg-1',
    [NAMES.payloads]: 'payloads',
  });
  handlers = await import(BUNDLE);
});
afterAll(async () => {
  process.env = before;
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});
beforeEach(() => {
  calls = [];
  answered = [];
  for (const method of ['log', 'warn', 'error'] as const)
    jest.spyOn(console, method).mockImplementation(() => undefined);
});
afterEach(() => jest.restoreAllMocks());
const targets = () => calls.map(({ target }) => target.split('.')[1]);

describe('S5 the deployed functions', () => {
  it('W3 are one bundle below 150 KB, with a handler for each', () => {
    expect(statSync(BUNDLE).size).toBeLessThan(150 * 1024);
    expect(
      Object.keys(handlers)
        .filter((name) => typeof handlers[name] === 'function')
        .sort(),
    ).toEqual(['finish', 'installEpoch', 'launch', 'panic', 'preflight', 'reaper', 'run', 'stop', 'taskEvent'].sort());
  });

  it('S7 the epoch is made with the platform, never in the place of one, and stays when the stack goes', async () => {
    const ask = (RequestType: string) =>
      handlers.installEpoch?.({
        RequestType,
        ResponseURL: `${process.env.AWS_ENDPOINT_URL}/answer`,
        StackId: 'stack',
        RequestId: 'request',
        LogicalResourceId: 'Epoch',
        ResourceProperties: {},
      });
    await ask('Create');
    expect(targets()).toEqual(['GetItem', 'TransactWriteItems']);
    const [{ Put } = { Put: undefined }] = (calls[1]?.body?.TransactItems ?? []) as { Put?: object }[];
    expect(Put).toMatchObject({
      TableName: 'bindings',
      Item: { address: { S: 'epoch' }, epoch: { N: '0' }, open: { BOOL: true } },
      ConditionExpression: 'attribute_not_exists(#k)',
    });
    calls = [];
    await ask('Delete');
    expect([calls, answered.map(({ Status }) => Status)]).toEqual([[], ['SUCCESS', 'SUCCESS']]);
  });

  it('S5 preflight of a session nobody knows tells the machine by the name it has a Retry for', async () => {
    await expect(handlers.preflight?.({ sessionId: SESSION })).rejects.toMatchObject({ name: 'SessionOver' });
  });

  it('S5 a launch of a session nobody knows starts nothing and has the machine go on', async () => {
    const body = JSON.stringify({ sessionId: SESSION, token: 'token' });
    expect(await handlers.launch?.({ Records: [{ messageId: '1', body }] })).toEqual({ batchItemFailures: [] });
    expect(targets()).toEqual(['GetItem', 'SendTaskSuccess']);
  });

  it('S5 a stop of a session nobody knows stores its token and uses it', async () => {
    await handlers.stop?.({ sessionId: SESSION, token: 'token', failed: { Error: 'none' } });
    expect(targets()).toEqual(['TransactWriteItems', 'GetItem', 'GetItem', 'GetItem']);
  });

  it("S5 an event of a task that is nobody's is told, and stops nothing that is not ours", async () => {
    await handlers.taskEvent?.({ 'detail-type': 'ECS Task State Change', detail: { startedBy: 'ecs-svc/1' } });
    expect(calls).toEqual([]);
    expect(console.warn).toHaveBeenCalledTimes(1);
  });

  it('S5 the reaper looks at every live state and at the cluster', async () => {
    await handlers.reaper?.({});
    expect(targets().filter((target) => target === 'Query')).toHaveLength(7);
    expect(targets()).toContain('ListTasks');
    expect(console.log).toHaveBeenCalledWith(expect.objectContaining({ message: 'reaped', live: 0, failed: 0 }));
  });
});
