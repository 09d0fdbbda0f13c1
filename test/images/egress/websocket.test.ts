import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { CANARY, documentOf, exchange, GRANT, Lab, rule } from './lab/lab';

const HOST = 'ws.example.com';
const OPEN = rule({ id: 'grant.token.1', host: HOST, inject: 'token', limits: { websocket: true } });

let lab: Lab;
let server: WebSocketServer;
let received: string[];

beforeEach(async () => {
  received = [];
  lab = await Lab.start({
    callerLimits: { websockets: 2 },
    document: documentOf([OPEN, rule({ id: 'rule.1', host: 'plain.example.com' })], { grants: [GRANT] }),
    upstream: (_request, response) => response.writeHead(404).end('no'),
  });
  server = new WebSocketServer({ noServer: true });
  lab.upstream.on('upgrade', (request, socket: Duplex, head) => {
    if (request.url === '/refuses') {
      socket.end('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    server.handleUpgrade(request, socket, head, (peer) => {
      peer.send(`you are ${request.headers.authorization}`);
      peer.on('message', (data, binary) => {
        received.push(data.toString());
        peer.send(data, { binary });
      });
    });
  });
});

afterEach(async () => {
  for (const peer of server.clients) peer.terminate();
  await lab.stop();
  expect(lab.errors).toEqual([]);
});

async function open(host: string, path = '/'): Promise<{ socket: WebSocket; messages: string[] }> {
  const tunnel = await lab.tunnel(host);
  const socket = new WebSocket(`wss://${host}${path}`, ['chat'], { createConnection: (() => tunnel) as never });
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(data.toString()));
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { socket, messages };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

const egress = (): object[] => lab.records.flatMap((record) => (record.kind === 'egress' ? [record.detail] : []));

describe('pitfall 25: WebSocket', () => {
  it('relays messages both ways, injects at the handshake and masks what comes back', async () => {
    const { socket, messages } = await open(HOST);
    socket.send('x'.repeat(70_000));
    socket.send(Buffer.from([1, 2, 3]));
    await until(() => messages.length === 3);
    expect(messages[0]).toMatch(/^you are [\w ]*\*+$/);
    expect(messages[0]).not.toContain(CANARY);
    expect(messages[1]).toHaveLength(70_000);
    socket.close(1000, 'done');
    await until(() => egress().length === 1);
    expect(egress()).toMatchObject([{ status: 101, grantId: 'token', verdict: 'allow', bytesOut: 70_003 }]);
  });

  it('N12 ends where an injected value is sent in a message', async () => {
    const { socket } = await open(HOST);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(`here it is: ${CANARY}`);
    await closed;
    await until(() => egress().length === 1);
    expect(egress()).toMatchObject([{ failure: 'secret-in-request' }]);
    expect(received).toEqual([]);
  });

  it('bounds how many one caller has open', async () => {
    const first = await open(HOST);
    await open(HOST);
    await expect(open(HOST)).rejects.toThrow('429');
    first.socket.close();
    await until(() => egress().length === 2);
    await open(HOST);
  });

  it('refuses where the rule does not allow it', async () => {
    await expect(open('plain.example.com')).rejects.toThrow('403');
    expect(egress()).toMatchObject([{ reason: 'websocket-not-allowed' }]);
    await until(() => lab.states.openRequests === 0);
  });

  it('tells the client when the host does not switch', async () => {
    await expect(open(HOST, '/refuses')).rejects.toThrow('502');
    expect(egress()).toMatchObject([{ status: 401, failure: 'websocket-refused' }]);
  });

  it('ends with the session', async () => {
    const { socket } = await open(HOST);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    lab.closeSession('tester');
    await closed;
    await until(() => egress().length === 1);
    expect(egress()).toMatchObject([{ failure: 'session-closed' }]);
  });

  it('ends when a new document has no rule for it', async () => {
    const { socket } = await open(HOST);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    lab.setDocument(documentOf([rule({ id: 'rule.1', host: 'plain.example.com' })]));
    await closed;
    await until(() => egress().length === 1);
    expect(egress()).toMatchObject([{ failure: 'policy-changed' }]);
  });

  it('refuses a switch to anything else', async () => {
    const tunnel = await lab.tunnel(HOST);
    const reply = await exchange(
      tunnel,
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
    );
    expect(reply.status).toBe(400);
  });
});
