import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EcsTasks } from '../../runtime/ecs-tasks';
import { SESSION, TASK } from '../core/session/samples';

/** ECS through the real SDK: what is sent, and what is made of each answer. */
const CLUSTER = 'arn:aws:ecs:eu-central-1:111122223333:cluster/sessions';
const DEFINITION = 'arn:aws:ecs:eu-central-1:111122223333:task-definition/coder:7';
const TOKEN = `${SESSION}-1`;

let server: Server;
let calls: { target: string; body: Record<string, unknown> }[];
let answers: { status: number; body: object }[];
let tasks: EcsTasks;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    calls.push({
      target: String(request.headers['x-amz-target']).split('.')[1] ?? '',
      body: JSON.parse(Buffer.concat(parts).toString()),
    });
    const { status, body } = answers.shift() ?? { status: 500, body: { __type: 'ServerException' } };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  tasks = new EcsTasks({
    cluster: CLUSTER,
    taskDefinitions: new Map([['coder', DEFINITION]]),
    subnets: ['subnet-1', 'subnet-2'],
    securityGroups: ['sg-1'],
    client: {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'dummy', secretAccessKey: 'dummy' },
      maxAttempts: 1,
    },
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});
beforeEach(() => {
  calls = [];
  answers = [];
});
const run = (profile = 'coder') => tasks.run({ profile, sessionId: SESSION, token: TOKEN });
const error = (type: string, message = '') => ({ status: 400, body: { __type: type, message } });

describe('S4 S5 RunTask', () => {
  it("S4 asks for one task in the sessions' subnets, without public address, way in, role or overrides", async () => {
    answers = [{ status: 200, body: { tasks: [{ taskArn: TASK }], failures: [] } }];
    expect(await run()).toEqual({ kind: 'started', taskArn: TASK });
    // Whole: whatever is added here is something a task gets.
    expect(calls).toStrictEqual([
      {
        target: 'RunTask',
        body: {
          cluster: CLUSTER,
          taskDefinition: DEFINITION,
          clientToken: TOKEN,
          startedBy: TOKEN,
          count: 1,
          launchType: 'FARGATE',
          platformVersion: '1.4.0',
          enableExecuteCommand: false,
          enableECSManagedTags: false,
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: ['subnet-1', 'subnet-2'],
              securityGroups: ['sg-1'],
              assignPublicIp: 'DISABLED',
            },
          },
          tags: [{ key: 'agent-platform:session', value: SESSION }],
        },
      },
    ]);
  });

  it.each<[string, { status: number; body: object }, string]>([
    [
      'failures[] with a 200',
      { status: 200, body: { tasks: [], failures: [{ reason: 'Capacity is unavailable' }] } },
      'refused',
    ],
    ['nothing at all with a 200', { status: 200, body: { tasks: [], failures: [] } }, 'refused'],
    ['the token with other parameters', error('ConflictException'), 'refused'],
    ['a throttle', error('ThrottlingException', 'Rate exceeded'), 'unclear'],
    ['a throttle by another name', error('ClientException', 'Rate exceeded'), 'unclear'],
    [
      'an account without a vCPU left',
      error('ClientException', "You've reached the limit on the number of vCPUs"),
      'unclear',
    ],
    ['a fault of ECS', { status: 500, body: { __type: 'ServerException' } }, 'unclear'],
    ['no right to', error('AccessDeniedException'), 'invalid'],
    ['a task definition that is gone', error('ClientException', 'TaskDefinition is inactive'), 'invalid'],
    ['an error nobody knows', error('SomethingNew'), 'unclear'],
  ])('S5 after %s', async (_, answer, kind) => {
    answers = [answer];
    expect((await run()).kind).toBe(kind);
    // One turn, one call: the SDK's own retries would be above the rate.
    expect(calls).toHaveLength(1);
  });

  it('S5 a profile nobody deployed is not asked for', async () => {
    expect((await run('other')).kind).toBe('invalid');
    expect(calls).toEqual([]);
  });
});

describe('S5 what is asked of tasks', () => {
  const said = { taskArn: TASK, startedBy: TOKEN, version: 3, lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };

  it.each<[string, { status: number; body: object }, string]>([
    ['one that runs', { status: 200, body: { task: { ...said, desiredStatus: 'STOPPED' } } }, 'asked'],
    ['one that has stopped', { status: 200, body: { task: { ...said, lastStatus: 'STOPPED' } } }, 'gone'],
    ['one ECS has forgotten', error('InvalidParameterException', 'The referenced task was not found.'), 'gone'],
  ])('S5 stops %s', async (_, answer, expected) => {
    answers = [answer];
    expect(await tasks.stop(TASK, 'x'.repeat(999))).toBe(expected);
    expect(String(calls[0]?.body.reason)).toHaveLength(255);
  });

  it('S5 says so where a stop is throttled', async () => {
    answers = [error('ThrottlingException', 'Rate exceeded')];
    await expect(tasks.stop(TASK, 'over')).rejects.toThrow('Rate exceeded');
  });

  it("S5 describes sessions' tasks, names those ECS does not know, and those that are nobody's", async () => {
    const strange = TASK.replace(/.$/, 'f');
    answers = [
      {
        status: 200,
        body: {
          tasks: [said, { ...said, taskArn: strange, startedBy: 'somebody' }],
          failures: [
            { arn: 'arn:gone', reason: 'MISSING' },
            { arn: 'arn:odd', reason: 'OTHER' },
          ],
        },
      },
    ];
    const described = await tasks.describe([TASK, strange, 'arn:gone', 'arn:odd']);
    expect(described.tasks.map(({ taskArn, sessionId, running }) => [taskArn, sessionId, running])).toEqual([
      [TASK, SESSION, true],
    ]);
    expect([described.missing, described.strange]).toEqual([['arn:gone'], [strange]]);
    expect((await tasks.describe([])).tasks).toEqual([]);
    expect(calls).toHaveLength(1);
  });

  it('S5 lists what runs, of one token too, page by page', async () => {
    answers = [
      { status: 200, body: { taskArns: [TASK], nextToken: 'next' } },
      { status: 200, body: { taskArns: [] } },
    ];
    expect(await tasks.list({ startedBy: TOKEN })).toEqual({ taskArns: [TASK], after: 'next' });
    expect(await tasks.list({ after: 'next' })).toEqual({ taskArns: [] });
    expect(calls.map(({ body }) => body)).toEqual([
      { cluster: CLUSTER, startedBy: TOKEN, desiredStatus: 'RUNNING' },
      { cluster: CLUSTER, nextToken: 'next', desiredStatus: 'RUNNING' },
    ]);
  });
});
