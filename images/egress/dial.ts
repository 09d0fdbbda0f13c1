import type { LookupAddress, LookupOptions } from 'node:dns';
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { mayDial } from '../../core/egress/address';
import { plainAddress } from '../../runtime/address';
import { UpstreamError, upstreamError } from './upstream-error';

/** Every address of a name; fails where there is none. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export interface DialOptions {
  readonly resolve: Resolve;
  /** PEM certificates that are trusted instead of Node's own list. */
  readonly authorities?: readonly string[];
  readonly timeoutMs: number;
  /** Whether the proxy may connect there; a parameter, since the tests' upstreams are on loopback. */
  readonly mayDial?: typeof mayDial;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly scheme: 'https' | 'http';
  /** The rule says that this exact host may have a private address. */
  readonly allowPrivate: boolean;
}

/**
 * Opens connections to hosts. A name is resolved once for each connection, refused where any of its addresses is not
 * public (an answer that mixes both is an attack), and only an address of that answer is dialled: a second look-up
 * could answer something else (DNS rebinding). TLS names the host that policy named, and verifies it.
 */
export class Dialler {
  private readonly sessions = new Map<string, Buffer>();
  private readonly allowed: typeof mayDial;

  constructor(private readonly options: DialOptions) {
    this.allowed = options.mayDial ?? mayDial;
  }

  /** @throws UpstreamError */
  async dial(target: Target): Promise<Socket> {
    const addresses = await this.addressesOf(target);
    const socket = this.open(target, addresses);
    const event = target.scheme === 'https' ? 'secureConnect' : 'connect';
    return await new Promise<Socket>((resolve, reject) => {
      const give = (error: unknown): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(upstreamError(error));
      };
      const timer = setTimeout(() => give(new UpstreamError('upstream-timeout')), this.options.timeoutMs);
      socket.once('error', give);
      socket.once(event, () => {
        // Connected to what was checked, or to nothing: autoSelectFamily and the kernel are not ours.
        const remote = spelled(socket.remoteAddress ?? '');
        if (
          !addresses.some(({ address }) => spelled(address) === remote) ||
          !this.allowed(remote, target.allowPrivate)
        ) {
          return give(new UpstreamError('private-address'));
        }
        clearTimeout(timer);
        socket.off('error', give);
        resolve(socket);
      });
    });
  }

  private async addressesOf(target: Target): Promise<LookupAddress[]> {
    let found: readonly LookupAddress[];
    try {
      found = await this.options.resolve(target.host);
    } catch (error) {
      throw new UpstreamError('name-not-found', { cause: error });
    }
    if (found.length === 0) throw new UpstreamError('name-not-found');
    if (!found.every(({ address }) => this.allowed(address, target.allowPrivate))) {
      throw new UpstreamError('private-address');
    }
    return [...found];
  }

  private open(target: Target, addresses: LookupAddress[]): Socket {
    const to = { host: target.host, port: target.port, lookup: fixed(addresses), autoSelectFamily: true };
    if (target.scheme === 'http') return connectTcp(to).setNoDelay();
    const key = `${target.host}:${target.port}`;
    const socket: TLSSocket = connectTls({
      ...to,
      servername: target.host,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      session: this.sessions.get(key),
      ...(this.options.authorities && { ca: [...this.options.authorities] }),
    });
    socket.on('session', (session) => this.remember(key, session));
    return socket.setNoDelay();
  }

  private remember(key: string, session: Buffer): void {
    this.sessions.delete(key);
    this.sessions.set(key, session);
    if (this.sessions.size <= 256) return;
    const [oldest] = this.sessions.keys();
    if (oldest !== undefined) this.sessions.delete(oldest);
  }
}

function fixed(addresses: LookupAddress[]): LookupFunction {
  return (_host: string, options: LookupOptions, callback) => {
    const [first] = addresses;
    // Not before connect() has returned: where no route leads to the address it would fail inside of it, with nobody there
    // to hear of the error yet.
    process.nextTick(() => {
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 4);
    });
  };
}

function spelled(address: string): string {
  return plainAddress(address).toLowerCase();
}
