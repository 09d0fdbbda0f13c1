import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { compilePolicy } from '../../../core/egress/match';
import { SELF_PATH, TASK_TEXT_PATH } from '../../../core/network/services';
import { selfAnswer } from '../../../core/session/self';
import { answerAboutSelf } from '../../../images/egress/about-self';
import { CallerStates, DEFAULT_CALLER_LIMITS } from '../../../images/egress/caller-states';
import type { EgressPorts } from '../../../images/egress/ports';
import type { Caller, CallerTask } from '../../../runtime/caller';
import { systemClock } from '../../../runtime/clock';
import { SESSION, TASK, TIME } from '../../core/session/samples';
import { documentOf, rule } from './lab/lab';

const TEXT = 'fix the build';
const task: CallerTask = {
  taskArn: TASK,
  generation: 1,
  state: 'STARTING',
  taskText: { sha256: 'cd'.repeat(32), bytes: TEXT.length },
  lifetimeEndsAt: TIME,
};
const subject = {
  kind: 'session' as const,
  sessionId: SESSION,
  requester: 'https://idp.example.com|a',
  team: 't',
  profile: 'test',
};

describe('what the proxy tells a session about itself', () => {
  let server: Server;
  let caller: Caller;
  let hosts: string[];
  let asked: string[];
  let states: CallerStates;
  let until: Promise<void> | undefined;

  beforeEach(async () => {
    caller = { subject, key: SESSION, opened: [], task };
    hosts = [];
    asked = [];
    until = undefined;
    states = new CallerStates(systemClock, { ...DEFAULT_CALLER_LIMITS, connections: 4 });
    const ports = {
      states,
      limits: { stalledReaderMs: 60_000 },
      callers: { neighbourOf: () => '10.64.0.9' },
      taskTexts: {
        read: async (session: string) => {
          asked.push(session);
          await until;
          return Buffer.from(TEXT);
        },
      },
    } as unknown as EgressPorts;
    server = createServer(async (request, response) => {
      const policy = compilePolicy(documentOf(hosts.map((host, i) => rule({ id: `rule.${i}`, host }))));
      const ingress = { way: 'named' as const, address: '10.64.0.8' };
      if (await answerAboutSelf(ports, request, response, ingress, caller, { hash: 'h', policy })) return;
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const get = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method });
  const self = async () => selfAnswer.parse(await (await get(SELF_PATH)).json());

  it('S4 names the task it takes the caller for, and what session-init checks its text with', async () => {
    expect(await self()).toEqual({
      version: 1,
      sessionId: SESSION,
      taskArn: TASK,
      generation: 1,
      profile: 'test',
      taskText: task.taskText,
      lifetimeEndsAt: TIME,
      idleSeconds: 60,
      refusedHost: 'example.com',
      neighbour: '10.64.0.9',
    });
  });

  it('S10 names a host for the canary that the profile closes', async () => {
    hosts = ['example.com', 'www.iana.org'];
    expect((await self()).refusedHost).toBe('one.one.one.one');
    hosts = ['example.com', 'www.iana.org', 'one.one.one.one', 'dns.google'];
    expect(Object.keys(await self())).not.toContain('refusedHost');
  });

  it('S4 tells nobody of other sessions once the agent may be there', async () => {
    caller = { ...caller, task: { ...task, state: 'RUNNING' } };
    expect(Object.keys(await self())).not.toContain('neighbour');
  });

  it('C1 hands the text of the task to the session that starts, its own', async () => {
    expect(await (await get(TASK_TEXT_PATH)).text()).toBe(TEXT);
    expect(asked).toEqual([SESSION]);
  });

  it.each(['RUNNING', 'AWAITING_APPROVAL'] as const)('C1 has no such path for a session in %s', async (state) => {
    caller = { ...caller, task: { ...task, state } };
    expect((await get(TASK_TEXT_PATH)).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it.each([
    ['another method', () => get(TASK_TEXT_PATH, 'POST')],
    ['a query', () => get(`${TASK_TEXT_PATH}?session=${SESSION}`)],
    ['a path below', () => get(`${TASK_TEXT_PATH}/${SESSION}`)],
  ])('C1 knows nothing of %s', async (_, ask) => {
    expect((await ask()).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it('C1 knows nothing of a caller that is no session', async () => {
    caller = { subject: { kind: 'client', name: 'fleet', profile: 'test' }, key: 'fleet', opened: [], task };
    expect((await get(SELF_PATH)).status).toBe(404);
    expect((await get(TASK_TEXT_PATH)).status).toBe(404);
  });

  it('S4 a text is read few times a minute, whoever asks: the agent may be there before the state says so', async () => {
    const answers: number[] = [];
    for (let i = 0; i < 64; i++) answers.push((await get(TASK_TEXT_PATH)).status);
    expect(answers).toEqual([...Array(60).fill(200), ...Array(4).fill(404)]);
    expect(asked).toHaveLength(60);
  });

  it('S4 and by one request at a time', async () => {
    let read = (): void => undefined;
    until = new Promise((resolve) => {
      read = resolve;
    });
    const first = get(TASK_TEXT_PATH);
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await get(TASK_TEXT_PATH)).status).toBe(404);
    read();
    expect((await first).status).toBe(200);
    expect((await get(TASK_TEXT_PATH)).status).toBe(200);
  });

  it('S7 its connections count as others of the session do, and end with it', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
        socket.write(`GET ${SELF_PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
        const [data] = (await once(socket, 'data')) as [Buffer];
        return { socket, status: data.toString('latin1').slice(9, 12) };
      }),
    );
    expect(sockets.map(({ status }) => status).sort()).toEqual(['200', '200', '200', '200', '404']);
    const closed = sockets.filter(({ status }) => status === '200').map(({ socket }) => once(socket, 'close'));
    states.cut(SESSION);
    await Promise.all(closed);
    for (const { socket } of sockets) socket.destroy();
  });
});
