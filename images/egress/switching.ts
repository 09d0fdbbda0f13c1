import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RefusalCode } from '../../core/egress/refusal';
import type { CompiledSecrets } from '../../core/egress/secret-patterns';
import type { Account } from './account';
import type { Target } from './dial';
import type { EgressPorts } from './ports';
import { upstreamError } from './upstream-error';
import { acceptWebSocket, connectWebSocket, SwitchRefused, WebSocketRelay } from './websocket';

export interface SwitchOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: { readonly socket: Duplex; readonly head: Buffer };
  readonly target: Target;
  readonly path: string;
  readonly headers: readonly string[];
  readonly secrets: () => CompiledSecrets | undefined;
  /** Bytes the client may send in all. */
  readonly sendLimit: number;
  readonly account: Account;
}

/**
 * Both handshakes, the host's first: a client that is told 101 has a host at the other end. The host's connection lives
 * no longer than the client's, from the first moment on.
 */
export async function switchProtocols(
  ports: EgressPorts,
  options: SwitchOptions,
): Promise<WebSocketRelay | RefusalCode | 'client-closed'> {
  const { request, response, upgrade, target, secrets } = options;
  const { facts } = options.account;
  let socket: Socket | undefined;
  const leave = (): unknown => socket?.destroy();
  upgrade.socket.once('close', leave);
  try {
    socket = await ports.dialler.dial(target);
    socket.on('error', () => undefined);
    if (upgrade.socket.destroyed) throw new Error('the client went away');
    facts.upstreamAddress = socket.remoteAddress ?? '';
    const { host } = target;
    const to = { host, path: options.path, headers: options.headers, socket };
    const upstream = await connectWebSocket(to, ports.limits.handshakeTimeoutMs);
    if (upgrade.socket.destroyed) throw new Error('the client went away');
    facts.status = 101;
    response.detachSocket(upgrade.socket as Socket);
    const client = await acceptWebSocket(request, upgrade.socket, upgrade.head, upstream.protocol);
    return new WebSocketRelay(client, upstream, {
      secrets,
      sendLimit: options.sendLimit,
      idleMs: ports.limits.websocketIdleMs,
    });
  } catch (error) {
    socket?.destroy();
    if (upgrade.socket.destroyed) return 'client-closed';
    if (!(error instanceof SwitchRefused)) return upstreamError(error).code;
    if (error.status !== undefined) facts.status = error.status;
    return 'websocket-refused';
  } finally {
    upgrade.socket.off('close', leave);
  }
}

/** Relays until one side ends, and records before the client hears of it. */
export async function relay(to: WebSocketRelay, account: Account, record: () => Promise<void>): Promise<void> {
  const { facts } = account;
  await to.run(async (failure) => {
    if (failure !== undefined) facts.failure = failure;
    facts.bytesIn = to.bytesIn;
    facts.bytesOut = to.bytesOut;
    facts.redactedValues = to.redacted;
    await record();
  });
}
