import type { Way } from '../../../../core/egress/request';
import { type Network, type Opened, open, type RawAnswer, type RawConnection, send } from './raw';

export interface PlainRequest {
  readonly way?: Way;
  readonly host?: string;
  readonly method?: string;
  readonly target?: string;
  /** Whole lines. */
  readonly lines?: readonly string[];
  readonly body?: string | Buffer;
  readonly scheme?: 'http' | 'https';
}

/** A request with nothing wrong in it. */
export function textOf(request: PlainRequest): Buffer {
  const {
    way = 'connect',
    host = 'up.test',
    method = 'GET',
    target = '/',
    lines = [],
    body,
    scheme = 'https',
  } = request;
  const at = { connect: target, named: `/u/${host}${target}`, absolute: `${scheme}://${host}${target}` }[way];
  const head = [
    `${method} ${at} HTTP/1.1`,
    `Host: ${way === 'named' ? 'egress.platform.internal' : host}`,
    ...lines,
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body ?? '')]);
}

/** On a connection of its own. */
export function ask(
  lab: Network,
  port: number,
  request: PlainRequest & { readonly from?: string; readonly milliseconds?: number } = {},
): Promise<RawAnswer | undefined> {
  const { way = 'connect', host = 'up.test', from, milliseconds = 10_000 } = request;
  return send(lab, port, { way, host, ...(from !== undefined && { from }) }, textOf(request), {
    head: request.method === 'HEAD',
    milliseconds,
  });
}

/** A connection that is expected to open. */
export async function opened(
  lab: Network,
  port: number,
  options: Partial<Parameters<typeof open>[2]> = {},
): Promise<RawConnection> {
  const result: Opened = await open(lab, port, { way: 'connect', ...options });
  if (result.kind === 'open') return result.connection;
  throw new Error(`no connection: ${result.kind === 'no-tls' ? result.error : result.answer?.reason}`);
}
