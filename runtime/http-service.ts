import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from './clock';
import { type Drainable, limitConnections } from './http-parts';

export interface HttpServiceOptions {
  /** What takes requests. Already listening, or about to: the shell only ends it. */
  readonly parts: readonly Drainable[];
  /** Why requests can't be served now; empty where they can. Asked at each health check, so it reads memory only. */
  readonly problems: () => readonly string[];
  /** For `/metrics`. */
  readonly snapshot?: () => Readonly<Record<string, number>>;
  readonly health: { readonly port: number; readonly host?: string };
  /** Time that requests under way have; default 100 seconds, since Fargate kills after 120 at most. */
  readonly drainMs?: number;
  /** Once nothing is under way: writes what is left. */
  readonly finish?: () => Promise<void>;
  /** Time that has; default 10 seconds. */
  readonly finishMs?: number;
  readonly clock?: Clock;
  readonly say?: (line: string) => void;
  /** Where signals come from; default this process. */
  readonly signals?: Pick<NodeJS.EventEmitter, 'on' | 'off'>;
  readonly leave?: (code: number) => void;
  /** Ends the process whatever it is doing. */
  readonly kill?: () => void;
}

type Phase = 'starting' | 'running' | 'draining';
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What every container has around its servers: health and metrics on a port of their own, and an orderly end. */
export class HttpService {
  private phase: Phase = 'starting';
  private readonly clock: Clock;
  private readonly server: Server;
  private readonly onSignal = () => this.signalled();
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: HttpServiceOptions) {
    this.clock = options.clock ?? systemClock;
    this.server = createServer(
      {
        headersTimeout: 2000,
        requestTimeout: 2000,
        connectionsCheckingInterval: 1000,
        maxHeaderSize: 8192,
      },
      (request, response) => this.answer(request, response),
    );
    limitConnections(this.server, { total: 64, perAddress: 32 });
  }

  /** Opens the health port and listens to signals. Requests are served from here on. */
  async start(): Promise<AddressInfo> {
    const { port, host = '127.0.0.1' } = this.options.health;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
    for (const signal of SIGNALS) this.signals.on(signal, this.onSignal);
    this.phase = 'running';
    return this.server.address() as AddressInfo;
  }

  /** Drains, finishes, leaves. Asked again it is the same end. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private get signals(): Pick<NodeJS.EventEmitter, 'on' | 'off'> {
    return this.options.signals ?? process;
  }

  private signalled(): void {
    if (this.stopping === undefined) {
      void this.stop();
      return;
    }
    this.say('second signal: leaving at once');
    this.kill();
  }

  /** A listener stays on the signals until the end: without one, the second would not be seen as one. */
  private async end(): Promise<void> {
    this.phase = 'draining';
    const { parts, finish, drainMs = 100_000, finishMs = 10_000 } = this.options;
    this.say(`draining for at most ${drainMs} ms`);
    // Parts force what is left when told so; those that hang all the same do not hold up the end.
    const drained = await within(
      this.clock,
      drainMs + 1000,
      (async () => {
        const [deadline, cancel] = timer(this.clock, drainMs);
        const results = await Promise.allSettled(parts.map((part) => part.drain(deadline)));
        cancel();
        return results.every(({ status }) => status === 'fulfilled');
      })(),
    );
    const finished = await within(
      this.clock,
      finishMs,
      finish === undefined ? Promise.resolve(true) : succeeds(finish),
    );
    this.server.close();
    this.server.closeAllConnections();
    if (drained && finished) {
      this.say('ended');
      this.leave(0);
      return;
    }
    this.say(`ended by force: ${drained ? 'what was left could not be written' : 'requests did not end'}`);
    // Something hangs; a thread that waits for a stalled reader would keep an orderly exit from ending as well.
    this.kill();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('connection', 'close');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, { error: 'GET or HEAD' });
      return;
    }
    switch (request.url) {
      case '/livez':
        send(response, 200, { status: 'alive' });
        return;
      case '/healthz': {
        const health = this.health();
        send(response, health.status === 'ready' ? 200 : 503, health);
        return;
      }
      case '/metrics':
        send(response, 200, this.options.snapshot?.() ?? {});
        return;
      default:
        send(response, 404, { error: '/healthz, /livez or /metrics' });
    }
  }

  private health(): { readonly status: 'ready' | 'unready' | 'draining'; readonly reasons: readonly string[] } {
    if (this.phase === 'draining') return { status: 'draining', reasons: ['told to stop'] };
    const reasons = this.phase === 'starting' ? ['starting'] : this.problems();
    return { status: reasons.length === 0 ? 'ready' : 'unready', reasons };
  }

  private problems(): readonly string[] {
    try {
      return this.options.problems();
    } catch {
      return ['what is wrong can not be told'];
    }
  }

  private say(line: string): void {
    (this.options.say ?? ((text) => console.error(text)))(line);
  }

  private leave(code: number): void {
    for (const signal of SIGNALS) this.signals.off(signal, this.onSignal);
    (this.options.leave ?? ((status) => process.exit(status)))(code);
  }

  /** process.exit() joins the threads of libuv, and one of them may be writing to a pipe that nobody reads. */
  private kill(): void {
    (this.options.kill ?? (() => process.kill(process.pid, 'SIGKILL')))();
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function timer(clock: Clock, milliseconds: number): readonly [Promise<void>, () => void] {
  let cancel: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = clock.after(milliseconds, resolve);
  });
  return [over, () => cancel()];
}

async function within(clock: Clock, milliseconds: number, work: Promise<boolean>): Promise<boolean> {
  const [over, cancel] = timer(clock, milliseconds);
  const done = await Promise.race([work, over.then(() => false)]);
  cancel();
  return done;
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
