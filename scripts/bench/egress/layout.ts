/** Where everything stands inside the lab's two network namespaces. */

/** A public address, since the proxy refuses any other upstream. Nothing leaves the namespaces. */
export const UPSTREAM = '11.0.0.1';
/** The event streams' upstream: a second program at a second address. */
export const STREAMS = '11.0.0.2';
/** Their neighbour, on the proxies' side. */
export const PROXY_SIDE = '11.0.0.10';

export const PROXY = { host: '127.0.0.1', port: 3128 } as const;

/** One name is asked for in everything but event streams. */
export const HOST = 'api.bench.test';
/** Several, because a proxy may limit its connections to one host. */
export const STREAM_HOSTS = ['sse1.bench.test', 'sse2.bench.test', 'sse3.bench.test', 'sse4.bench.test'] as const;

/** The generator's own addresses: as many sessions, since a proxy may limit one session's connections. */
export const CALLERS = 16;
export const callerAddress = (index: number): string => `127.0.1.${1 + (index % CALLERS)}`;

export const PATHS = {
  small: '/v1/small',
  /** The same bytes with `Content-Encoding: gzip`, whoever asks. */
  smallGzip: '/v1/small.gz',
  large: '/v1/large',
  /** Says which Authorization the upstream got. */
  seen: '/v1/seen',
  stream: '/v1/stream',
} as const;

export const SMALL_BYTES = 1024;
export const LARGE_BYTES = 1024 * 1024;
export const FRAME_MS = 20;

/** What proxies that inject add. */
export const CREDENTIAL = 'sk-bench-5f1c9a7be02d4468';

/** Proxy on the one, generator and upstreams on the other. */
export const CORES = { proxy: 0, others: 1 } as const;
