import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Observation, Probe } from '../../core/session/canary';
import { question } from './questions';

export interface ProbeWays {
  readonly proxy: { readonly host: string; readonly port: number };
  /** Of the platform, PEM: a refusal inside of TLS counts only where the proxy itself gave it. */
  readonly authorities: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** How long an answer is waited for. */
  readonly milliseconds: number;
}

const code = (error: unknown): Observation => ({
  kind: 'error',
  code: (error as NodeJS.ErrnoException).code ?? 'unknown',
});

/** Tries one path. Never throws: what went wrong is what was seen. */
export function observe(probe: Probe, ways: ProbeWays): Promise<Observation> {
  switch (probe.kind) {
    case 'tcp':
      return overTcp(probe.address, probe.port, ways.milliseconds);
    case 'udp':
      return overUdp(probe, ways.milliseconds);
    case 'name':
      return ofName(probe.name, probe.server, ways.milliseconds);
    case 'proxied':
      return throughProxy(probe.host, ways);
    case 'variable':
      return Promise.resolve({ kind: ways.variables[probe.name] === undefined ? 'silence' : 'answered' });
  }
}

function overTcp(host: string, port: number, milliseconds: number): Promise<Observation> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (seen: Observation): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(seen);
    };
    const timer = setTimeout(() => end({ kind: 'silence' }), milliseconds);
    socket.once('connect', () => end({ kind: 'answered' }));
    socket.once('error', (error) => end(code(error)));
  });
}

function overUdp(probe: Extract<Probe, { kind: 'udp' }>, milliseconds: number): Promise<Observation> {
  return new Promise((resolve) => {
    const socket = createSocket(probe.address.includes(':') ? 'udp6' : 'udp4');
    const end = (seen: Observation): void => {
      clearTimeout(timer);
      clearInterval(again);
      socket.close();
      resolve(seen);
    };
    const timer = setTimeout(() => end({ kind: 'silence' }), milliseconds);
    const ask = (): void =>
      socket.send(question(probe.says), (error) => {
        if (error) end(code(error));
      });
    // A datagram may be lost, and an ICMP error comes with the send after it.
    const again = setInterval(ask, milliseconds / 4);
    socket.once('message', () => end({ kind: 'answered' }));
    socket.once('error', (error) => end(code(error)));
    socket.connect(probe.port, probe.address, ask);
  });
}

async function ofName(name: string, server: string | undefined, milliseconds: number): Promise<Observation> {
  const resolver = new Resolver({ timeout: milliseconds / 2, tries: 1 });
  if (server !== undefined) resolver.setServers([server]);
  const timer = setTimeout(() => resolver.cancel(), milliseconds);
  try {
    await resolver.resolve4(name);
    return { kind: 'answered' };
  } catch (error) {
    return code(error);
  } finally {
    clearTimeout(timer);
  }
}

function throughProxy(host: string, { proxy, authorities, milliseconds }: ProbeWays): Promise<Observation> {
  return new Promise((resolve) => {
    const asked = request({
      ...{ host: proxy.host, port: proxy.port, method: 'CONNECT', path: `${host}:443`, agent: false },
      headers: { host: `${host}:443` },
    });
    const end = (seen: Observation): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve(seen);
    };
    const timer = setTimeout(() => end({ kind: 'silence' }), milliseconds);
    asked.once('error', (error) => end(code(error)));
    asked.once('response', (answer) => end(refusalOf(answer)));
    asked.once('connect', (answer, socket) => {
      if (answer.statusCode !== 200) return end(refusalOf(answer));
      // Also what shows that clients can trust the certificate that the proxy makes.
      const secure = connectTls({ socket, servername: host, ca: authorities, ALPNProtocols: ['http/1.1'] });
      secure.once('error', (error) => end(code(error)));
      secure.once('secureConnect', () => {
        const inside = request({ host, path: '/', createConnection: () => secure, headers: { host } });
        inside.once('error', (error) => end(code(error)));
        inside.once('response', (inner) => end(refusalOf(inner)));
        inside.end();
      });
    });
    asked.end();
  });
}

function refusalOf({ headers, statusCode = 0 }: IncomingMessage): Observation {
  const refusal = headers['x-agent-platform-refusal'];
  // The header alone could be an upstream's.
  return typeof refusal === 'string' && statusCode >= 400 ? { kind: 'refused', code: refusal } : { kind: 'answered' };
}
