import { Client, type Dispatcher, Pool } from 'undici';
import type { Dialler, Target } from './dial';
import { upstreamError } from './upstream-error';

export interface UpstreamsOptions {
  readonly dialler: Dialler;
  /** Connections to one host; further requests wait. */
  readonly connectionsPerHost: number;
  /** Hosts whose connections are kept; the longest unused goes first. */
  readonly maxHosts: number;
  /** Milliseconds until the answer's headers. */
  readonly headersTimeoutMs: number;
  /** Milliseconds between two pieces of an answer's body. */
  readonly bodyTimeoutMs: number;
}

/** Hears of one request; gets the connection that carries it. */
export interface UpstreamHandler extends Dispatcher.DispatchHandler {
  connection?: { readonly address: string | undefined };
}

/**
 * Connections to hosts, kept open between requests. They carry nothing of a session: what identifies one is in each
 * request, and the agent's own headers about connections are never passed on.
 */
export class Upstreams {
  private readonly pools = new Map<string, Pool>();

  constructor(private readonly options: UpstreamsOptions) {}

  dispatch(target: Target, request: Omit<Dispatcher.DispatchOptions, 'origin'>, handler: UpstreamHandler): void {
    this.poolOf(target).dispatch({ ...request, origin: originOf(target) }, handler);
  }

  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.allSettled(pools.map((pool) => pool.destroy()));
  }

  private poolOf(target: Target): Pool {
    // A rule that allows private addresses must not lend its connections to one that does not.
    const key = `${originOf(target)}${target.allowPrivate ? ' private' : ''}`;
    const known = this.pools.get(key);
    if (known) {
      if (this.pools.size > this.options.maxHosts / 2) {
        this.pools.delete(key);
        this.pools.set(key, known);
      }
      return known;
    }
    const pool = new Pool(originOf(target), {
      connections: this.options.connectionsPerHost,
      factory: (origin, options) => new AddressedClient(origin, options as Client.Options),
      connect: (_options, callback) => {
        this.options.dialler.dial(target).then(
          (socket) => callback(null, socket as never),
          (error) => callback(upstreamError(error), null),
        );
      },
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 300_000,
      headersTimeout: this.options.headersTimeoutMs,
      bodyTimeout: this.options.bodyTimeoutMs,
      maxHeaderSize: 64 * 1024,
      maxResponseSize: -1,
    });
    this.pools.set(key, pool);
    this.evict();
    return pool;
  }

  private evict(): void {
    if (this.pools.size <= this.options.maxHosts) return;
    for (const [key, pool] of this.pools) {
      this.pools.delete(key);
      // Ends what is idle and lets requests under way finish.
      pool.close().catch(() => undefined);
      return;
    }
  }
}

/** Lets a handler know which address the connection it was given to leads to. */
class AddressedClient extends Client {
  address: string | undefined;

  constructor(origin: string | URL, options: Client.Options) {
    const connect = options.connect;
    super(origin, {
      ...options,
      connect:
        typeof connect !== 'function'
          ? connect
          : (to, callback) =>
              connect(to, (...result) => {
                this.address = result[1]?.remoteAddress;
                callback(...result);
              }),
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: UpstreamHandler): boolean {
    handler.connection = this;
    return super.dispatch(options, handler);
  }
}

function originOf({ scheme, host, port }: Target): string {
  return `${scheme}://${host}:${port}`;
}
