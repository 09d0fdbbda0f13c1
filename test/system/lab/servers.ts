import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Socket } from 'node:net';
import { PORTS, SERVER } from './addresses';

/** Every server of the lab, in the server's namespace. Usage: servers.ts KEY CERTIFICATE; prints `ready`. */
const [keyFile, certificateFile] = process.argv.slice(2);
if (keyFile === undefined || certificateFile === undefined) throw new Error('usage: servers.ts KEY CERTIFICATE');

/** Answers when the whole request is here, with as many bytes as the path asks for. */
const answer: RequestListener = (request, response) => {
  request.resume();
  request.once('end', () => response.end('x'.repeat(Number(request.url?.slice(1)) || 2)));
};

const survive = (socket: Socket): Socket => socket.on('error', () => socket.destroy());
const echo = (greeting: string) =>
  createTcp((socket) => {
    survive(socket).write(greeting);
    socket.on('data', (data) => socket.write(data));
  });

const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
const listening: Promise<unknown>[] = [];
const listen = (server: ReturnType<typeof createTcp>, address: string, port: number): void => {
  server.on('tlsClientError', () => undefined);
  listening.push(new Promise((resolve) => server.listen(port, address, () => resolve(undefined))));
};

for (const address of [SERVER.web, SERVER.attacker, SERVER.inHomeNet]) {
  for (const port of PORTS.tls) listen(createHttps(tls, answer), address, port);
}
for (const port of PORTS.http) listen(createHttp(answer), SERVER.web, port);
for (const port of PORTS.echo) listen(echo(''), SERVER.web, port);
for (const port of [443, ...PORTS.echo]) {
  listen(echo('BANNER of a server that speaks first\r\n'), SERVER.speaksFirst, port);
  listen(echo(''), SERVER.echo, port);
  listen(
    createTcp((socket) => survive(socket).resume()),
    SERVER.sink,
    port,
  );
}
for (const port of PORTS.udp) {
  const socket = createSocket('udp4', (data, from) => socket.send(data, from.port, from.address));
  listening.push(new Promise((resolve) => socket.bind(port, SERVER.web, () => resolve(undefined))));
}
Promise.all(listening).then(() => process.stdout.write('ready\n'));
