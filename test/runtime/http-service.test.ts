import { EventEmitter, once } from 'node:events';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { drainable, limitConnections } from '../../runtime/http-parts';
import { HttpService, type HttpServiceOptions } from '../../runtime/http-service';
import { ManualClock, settle } from './manual-clock';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return (server.address() as AddressInfo).port;
}
function ask(port: number, path: string, method = 'GET'): Promise<{ status: number; body: unknown; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, method, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text, body: text === '' ? undefined : JSON.parse(text) });
    });
    sent.on('error', reject).end();
  });
}
/** A connection that has said what it says and waits. */
async function open(port: number, says = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  opened.push({ close: () => socket.destroy() });
  await once(socket, 'connect');
  if (says !== '') socket.write(says);
  return socket;
}
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

async function service(change: Partial<HttpServiceOptions> = {}) {
  const clock = new ManualClock();
  const signals = new EventEmitter();
  const ends: (number | 'killed')[] = [];
  const shell = new HttpService({
    parts: [],
    problems: () => [],
    health: { port: 0 },
    clock,
    signals,
    say: () => undefined,
    leave: (code) => ends.push(code),
    kill: () => ends.push('killed'),
    ...change,
  });
  const { port, address } = await shell.start();
  opened.push({ close: () => void shell.stop() });
  return { shell, clock, signals, ends, port, address };
}

describe('the health port of a service', () => {
  it('says ready, and why not, on the machine alone unless told otherwise', async () => {
    let problems: string[] = [];
    const { port, address } = await service({ problems: () => problems });
    expect(address).toBe('127.0.0.1');
    expect(await ask(port, '/healthz')).toMatchObject({ status: 200, body: { status: 'ready', reasons: [] } });
    problems = ['feed-stale'];
    expect(await ask(port, '/healthz')).toMatchObject({
      status: 503,
      body: { status: 'unready', reasons: ['feed-stale'] },
    });
    // Not alive would have every task replaced while a table is away, and the new ones would be no better.
    expect(await ask(port, '/livez')).toMatchObject({ status: 200 });
    const everywhere = await service({ health: { port: 0, host: '0.0.0.0' } });
    expect(everywhere.address).toBe('0.0.0.0');
  });

  it('is not ready where it can not be told', async () => {
    const { port } = await service({
      problems: () => {
        throw new Error('secret');
      },
    });
    const answer = await ask(port, '/healthz');
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain('secret');
  });

  it('gives metrics, takes no other method, knows no other path and keeps no connection', async () => {
    const { port } = await service({ snapshot: () => ({ Requests: 3 }) });
    expect(await ask(port, '/metrics')).toMatchObject({ status: 200, body: { Requests: 3 } });
    expect(await ask(port, '/healthz', 'POST')).toMatchObject({ status: 405 });
    expect(await ask(port, '/healthz', 'HEAD')).toMatchObject({ status: 200, text: '' });
    expect(await ask(port, '/')).toMatchObject({ status: 404 });
    const socket = await open(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/\r\nconnection: close\r\n/i);
    await once(socket, 'end');
  });

  it('answers though somebody holds half of its connections', async () => {
    const { port } = await service();
    const first = await Promise.all(Array.from({ length: 31 }, () => open(port)));
    expect(await ask(port, '/livez')).toMatchObject({ status: 200 });
    first.push(await open(port));
    const asks = 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n';
    const more = await Promise.all(Array.from({ length: 5 }, () => open(port, asks)));
    let answered = 0;
    for (const socket of more) socket.once('data', () => answered++);
    await until(() => more.every((socket) => socket.destroyed));
    expect(answered).toBe(0);
    expect(first.some((socket) => socket.destroyed)).toBe(false);
  });
});

describe('the end of a service', () => {
  async function slow() {
    const responses: ServerResponse[] = [];
    const server = createServer((_, response) => responses.push(response));
    const set = await service({});
    const part = drainable(server, set.clock);
    const port = await listen(server);
    return { responses, server, part, port };
  }

  it('takes nothing new, says draining, lets what is under way end, writes what is left, and leaves', async () => {
    const { responses, part, port } = await slow();
    let finished = false;
    const set = await service({
      parts: [part],
      finish: async () => {
        finished = true;
      },
    });
    const answer = ask(port, '/');
    await until(() => responses.length === 1);
    set.signals.emit('SIGTERM');
    await settle();
    expect(await ask(set.port, '/healthz')).toMatchObject({ status: 503, body: { status: 'draining' } });
    await expect(ask(port, '/')).rejects.toThrow('ECONNREFUSED');
    expect([finished, set.ends]).toEqual([false, []]);
    responses[0]?.end('{}');
    expect(await answer).toMatchObject({ status: 200 });
    await set.shell.stop();
    expect([finished, set.ends]).toEqual([true, [0]]);
    expect(set.signals.listenerCount('SIGTERM') + set.signals.listenerCount('SIGINT')).toBe(0);
    expect(set.clock.pending).toBe(0);
  });

  it('ends an idle connection that was kept, at once', async () => {
    const server = createServer((_, response) => response.end('{}'));
    const clock = new ManualClock();
    const part = drainable(server, clock);
    const port = await listen(server);
    const socket = await open(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    const set = await service({ parts: [part] });
    socket.resume();
    await set.shell.stop();
    expect(set.ends).toEqual([0]);
  });

  it('ends a connection that is kept as soon as its request is done', async () => {
    const responses: ServerResponse[] = [];
    const server = createServer((_, response) => responses.push(response));
    const clock = new ManualClock();
    const part = drainable(server, clock);
    const port = await listen(server);
    const socket = await open(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => responses.length === 1);
    const drained = part.drain(new Promise(() => undefined));
    const got = once(socket, 'data');
    responses[0]?.end('{}');
    await got;
    await clock.advance(200);
    await drained;
    expect(clock.pending).toBe(0);
  });

  it('ends by force what is under way after the deadline, tunnels too', async () => {
    const { responses, server, part, port } = await slow();
    const tunnels: Socket[] = [];
    server.on('connect', (_, socket: Socket) => {
      socket.on('error', () => undefined);
      tunnels.push(socket);
    });
    const sockets = [
      await open(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
      await open(port, 'CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n'),
    ];
    for (const socket of sockets) socket.resume();
    await until(() => responses.length + tunnels.length === 2);
    const set = await service({ parts: [part], drainMs: 5000 });
    set.signals.emit('SIGINT');
    await set.clock.advance(4999);
    expect([set.ends, sockets.map((socket) => socket.destroyed)]).toEqual([[], [false, false]]);
    await set.clock.advance(1);
    await set.shell.stop();
    expect(set.ends).toEqual([0]);
    await Promise.all(sockets.filter((socket) => !socket.destroyed).map((socket) => once(socket, 'close')));
  });

  it.each<[string, Partial<HttpServiceOptions>, number]>([
    ['a part that hangs beyond the deadline', { parts: [{ drain: () => new Promise(() => undefined) }] }, 101_000],
    ['a part that fails', { parts: [{ drain: () => Promise.reject(new Error('broken')) }] }, 0],
    ['records that can not be written', { finish: () => Promise.reject(new Error('EPIPE')) }, 0],
    ['records whose reader stalls', { finish: () => new Promise(() => undefined) }, 10_000],
  ])('is by force for %s', async (_, change, after) => {
    const set = await service(change);
    set.signals.emit('SIGTERM');
    await settle();
    if (after > 0) {
      await set.clock.advance(after - 1);
      expect(set.ends).toEqual([]);
      await set.clock.advance(1);
    }
    await set.shell.stop();
    expect(set.ends).toEqual(['killed']);
  });

  it('a second signal ends it at once', async () => {
    const set = await service({ parts: [{ drain: () => new Promise(() => undefined) }] });
    set.signals.emit('SIGTERM');
    await settle();
    expect(set.ends).toEqual([]);
    set.signals.emit('SIGTERM');
    expect(set.ends).toEqual(['killed']);
    await set.clock.advance(101_000);
  });

  it('ends what has no upgrade where one part ends later than the other', async () => {
    let end: () => void = () => undefined;
    const later = new Promise<void>((resolve) => {
      end = resolve;
    });
    const set = await service({ parts: [{ drain: async () => undefined }, { drain: () => later }] });
    const stopped = set.shell.stop();
    await settle();
    expect(set.ends).toEqual([]);
    end();
    await stopped;
    expect(set.ends).toEqual([0]);
  });
});

describe('N3 one caller does not take all connections there are', () => {
  it('N3 beyond its own, or all, a connection is closed, and room that is made is used', async () => {
    const server = createServer((_, response) => response.end('{}'));
    const count = limitConnections(server, { total: 3, perAddress: 2 });
    const port = await listen(server);
    const from = async (localAddress: string) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      socket.on('error', () => undefined);
      opened.push({ close: () => socket.destroy() });
      await once(socket, 'connect');
      socket.resume();
      return socket;
    };
    const [first] = [await from('127.0.0.1'), await from('127.0.0.1')];
    const third = await from('127.0.0.1');
    await once(third, 'close');
    await from('127.0.0.2');
    await until(() => count.open === 3);
    await once(await from('127.0.0.3'), 'close');
    first?.destroy();
    await until(() => count.open === 2);
    const again = await from('127.0.0.1');
    await until(() => count.open === 3);
    expect(again.destroyed).toBe(false);
  });
});
