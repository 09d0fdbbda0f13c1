import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { decideHost } from '../../core/egress/decide';
import { normaliseConnect } from '../../core/egress/normalise';
import type { RefusalCode } from '../../core/egress/refusal';
import { Account } from './account';
import type { EgressPorts } from './ports';
import { clientOf, writeRefusal } from './refuse';

/** What the inner server needs to know of the connection its requests come on. */
export interface Tunnel {
  readonly address: string;
  readonly host: string;
  readonly port: number;
}

const tunnels = new WeakMap<object, Tunnel>();

/** The tunnel a socket of the inner server belongs to. */
export function tunnelOf(socket: object): Tunnel | undefined {
  return tunnels.get(socket);
}

/**
 * CONNECT: the proxy itself is the host, with a certificate of the platform's authority, and every request inside is
 * judged by itself. Whatever is not TLS with http/1.1 in it goes nowhere, since nothing here passes bytes on unread.
 */
export async function openTunnel(
  ports: EgressPorts,
  inner: Server,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const address = socket.remoteAddress ?? '';
  const answer = (code: RefusalCode, more: { host?: string; problem?: string } = {}): void => {
    ports.metrics.refused(code);
    const howToAsk = ports.howToAsk === undefined ? {} : { howToAsk: ports.howToAsk };
    writeRefusal(socket, { code, way: 'connect', ...clientOf(request), ...howToAsk, ...more });
  };

  const identity = await ports.callers.identify(address);
  const ready = identity.kind === 'caller' ? ports.compiled.get(identity.caller.subject.profile) : undefined;
  if (identity.kind === 'refused' || !ready) {
    const code = identity.kind === 'refused' ? identity.code : 'policy-missing';
    await ports.earlyRefusals.unknown(address, code);
    return answer(code);
  }
  const { caller } = identity;
  const state = ports.states.of(caller);
  const refuse = async (code: RefusalCode, host: string, problem?: string): Promise<void> => {
    const facts = { way: 'connect' as const, method: 'CONNECT', scheme: 'https' as const, host, port: 443 };
    const account = new Account(ports.records, ports.clock, caller, ready.hash, facts);
    account.facts.reason = code;
    await account.write();
    answer(code, { host, ...(problem !== undefined && { problem }) });
  };

  const target = normaliseConnect({
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
  });
  if (target.kind === 'refused') return await refuse(target.code, request.url ?? '', target.problem);
  if (!state.connect(socket)) return await refuse('session-limit', target.host);
  const closed = decideHost(ready.policy, target.host);
  // The refusal of a name is readable inside TLS only (git, pip and curl show nothing of an answer to CONNECT), so a few
  // names a minute get a certificate for it. An agent that tries one name after the other gets the short answer.
  if (closed !== undefined && !state.mayMintRefusal()) return await refuse(closed, target.host);

  const secureContext = await ports.leaves.contextFor(target.host);
  if (socket.destroyed) return;
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.length > 0) socket.unshift(head);
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext,
    ALPNProtocols: ['http/1.1'],
    requestCert: false,
  });
  const timer = setTimeout(() => secure.destroy(), ports.limits.handshakeTimeoutMs);
  secure.once('close', () => {
    clearTimeout(timer);
    socket.destroy();
  });
  secure.on('error', () => secure.destroy());
  secure.once('secure', () => {
    clearTimeout(timer);
    tunnels.set(secure, { address, host: target.host, port: target.port });
    inner.emit('connection', secure);
  });
}
