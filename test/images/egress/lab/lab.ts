import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { AuditRecord } from '../../../../core/audit/record';
import type { DocumentGrant, PolicyDocument } from '../../../../core/egress/document';
import type { EgressRule } from '../../../../core/egress/rule';
import { type CallerLimits, CallerStates, DEFAULT_CALLER_LIMITS } from '../../../../images/egress/caller-states';
import { CompiledPolicies } from '../../../../images/egress/compiled-policies';
import { Dialler } from '../../../../images/egress/dial';
import { EarlyRefusals } from '../../../../images/egress/early-refusals';
import { EgressServer } from '../../../../images/egress/egress-server';
import { LeafCertificates } from '../../../../images/egress/leaf-certificates';
import { EgressMetrics } from '../../../../images/egress/metrics';
import { DEFAULT_LIMITS, type EgressLimits } from '../../../../images/egress/ports';
import { Upstreams } from '../../../../images/egress/upstreams';
import type { ByteSink } from '../../../../runtime/byte-sink';
import type { CallerResult, Callers } from '../../../../runtime/caller';
import { systemClock } from '../../../../runtime/clock';
import type { Credentials, RequestSigner } from '../../../../runtime/credential';
import type { LoadedPolicy, Policies } from '../../../../runtime/policies';
import { RecordWriter } from '../../../../runtime/record-writer';
import { type Pair, TestAuthority } from './authority';

export const CANARY = 'canary-7Zq3vN9sXk2LmR8w';

/** A rule as tests write it: what matters for the case, the rest filled in. */
export function rule(fields: Partial<EgressRule> & Pick<EgressRule, 'id' | 'host'>): EgressRule {
  return {
    methods: ['GET', 'HEAD'],
    port: 443,
    origin: { kind: fields.inject === undefined ? 'rule' : 'grant', name: fields.id },
    reason: 'test',
    ...fields,
  };
}

export const GRANT: DocumentGrant = {
  kind: 'secret-header',
  id: 'token',
  secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:token',
  header: 'authorization',
  prefix: 'Bearer ',
};

export function documentOf(rules: readonly EgressRule[], more: Partial<PolicyDocument> = {}): PolicyDocument {
  return {
    version: 1,
    profile: 'test',
    session: { image: 'i', cpuUnits: 256, memoryMiB: 512, storageGiB: 21, lifetimeSeconds: 60, idleSeconds: 60 },
    rules: [...rules],
    requestable: [],
    blocked: [],
    grants: [GRANT],
    models: { allow: [], budgetUsd: 0 },
    ...more,
  };
}

export interface LabOptions {
  readonly document: PolicyDocument;
  readonly upstream: RequestListener;
  readonly limits?: Partial<EgressLimits>;
  readonly callerLimits?: Partial<CallerLimits>;
  /** Addresses of names; default loopback for every name. */
  readonly resolve?: (host: string) => string[];
  readonly mayDial?: (address: string, allowPrivate: boolean) => boolean;
  /** The upstream's own certificate, by default a good one. */
  readonly certificate?: (authority: TestAuthority) => Promise<Pair>;
  readonly sink?: ByteSink;
  readonly mostWaiting?: number;
}

/** The proxy in this process, with a TLS upstream on loopback and everything else turned by hand. */
export class Lab {
  readonly records: AuditRecord[] = [];
  readonly errors: unknown[] = [];
  identity: CallerResult = {
    kind: 'caller',
    caller: { subject: { kind: 'client', name: 'tester', profile: 'test' }, key: 'tester', opened: [] },
  };
  credentialAvailable = true;
  /** The value that the granted credential has. */
  secret = CANARY;
  /** Signs requests in place of a header with the secret. */
  signer: RequestSigner | undefined;
  /** Awaited before a credential is given. */
  beforeCredential: () => Promise<void> = async () => undefined;
  private readonly closedListeners: ((key: string | undefined) => void)[] = [];
  private readonly changeListeners: ((profile: string) => void)[] = [];
  private loaded: LoadedPolicy | undefined;

  private constructor(
    readonly port: number,
    readonly metrics: EgressMetrics,
    readonly upstream: Server,
    readonly server: EgressServer,
    readonly leaves: LeafCertificates,
    readonly states: CallerStates,
    private readonly authority: TestAuthority,
  ) {}

  static async start(options: LabOptions): Promise<Lab> {
    const authority = await TestAuthority.create('sessions');
    const roots = await TestAuthority.create('public');
    const pair = await (options.certificate?.(roots) ?? roots.issue(['*.example.com', 'example.com']));
    const upstream = createHttpsServer({ key: pair.privateKey, cert: pair.certificate }, options.upstream);
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const upstreamPort = (upstream.address() as AddressInfo).port;

    let lab: Lab | undefined;
    const callers: Callers = {
      identify: async () => (lab as Lab).identity,
      onClosed: (listener) => closedListeners.push(listener),
      close: async () => undefined,
    };
    const closedListeners: ((key: string | undefined) => void)[] = [];
    const changeListeners: ((profile: string) => void)[] = [];
    const policies: Policies = {
      get: () => lab?.loaded,
      onChange: (listener) => changeListeners.push(listener),
      close: async () => undefined,
    };
    const credentials: Credentials = {
      get: async () => {
        await lab?.beforeCredential();
        return lab?.credentialAvailable
          ? {
              kind: 'ok',
              credential: {
                headers: lab.signer ? [] : [{ name: 'authorization', value: `Bearer ${lab.secret}` }],
                ...(lab.signer && { signer: lab.signer }),
                secrets: [lab.secret],
                expiresAt: Date.now() + 60_000,
              },
            }
          : { kind: 'unavailable', problem: 'test' };
      },
      forget: () => undefined,
    };
    const clock = systemClock;
    const metrics = new EgressMetrics('test', clock);
    const dialler = new PortDialler(upstreamPort, {
      resolve: async (host) =>
        (options.resolve?.(host) ?? ['127.0.0.1']).map((address) => ({
          address,
          family: address.includes(':') ? 6 : 4,
        })),
      authorities: [roots.pem.certificate],
      timeoutMs: 2_000,
      mayDial: options.mayDial ?? (() => true),
    });
    const lines: AuditRecord[] = [];
    const sink: ByteSink = options.sink ?? {
      write: async (bytes) => {
        for (const line of Buffer.from(bytes).toString().trimEnd().split('\n')) lines.push(JSON.parse(line));
      },
    };
    const errors: unknown[] = [];
    const records = new RecordWriter({
      service: 'egress-proxy',
      sink,
      clock,
      checkAll: true,
      ...(options.mostWaiting !== undefined && { highWaterBytes: 1, mostWaiting: options.mostWaiting }),
      onFatal: (error) => errors.push(error),
      onInvalid: (kind, problems) => errors.push(new Error(`${kind}: ${problems.join('; ')}`)),
    });
    const leaves = await LeafCertificates.create(authority.pem, clock);
    const states = new CallerStates(clock, { ...DEFAULT_CALLER_LIMITS, ...options.callerLimits });
    const server = new EgressServer({
      callers,
      policies,
      compiled: new CompiledPolicies(policies),
      credentials,
      records,
      earlyRefusals: new EarlyRefusals(records, clock),
      states,
      dialler,
      upstreams: new Upstreams({
        dialler,
        connectionsPerHost: 16,
        maxHosts: 8,
        headersTimeoutMs: 5_000,
        bodyTimeoutMs: 5_000,
      }),
      leaves,
      certificates: () => authority.pem.certificate,
      metrics,
      clock,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      howToAsk: 'ask in #agents',
      onError: (error) => errors.push(error),
    });
    const { port } = await server.listen(0, '127.0.0.1');
    lab = new Lab(port, metrics, upstream, server, leaves, states, authority);
    Object.assign(lab, { records: lines, errors, closedListeners, changeListeners });
    lab.setDocument(options.document);
    return lab;
  }

  setDocument(document: PolicyDocument | undefined): void {
    const text = JSON.stringify(document);
    this.loaded = document && { document, hash: createHash('sha256').update(text).digest('hex') };
    for (const listener of this.changeListeners) listener('test');
  }

  closeSession(key: string | undefined): void {
    for (const listener of this.closedListeners) listener(key);
  }

  async stop(): Promise<void> {
    await this.server.drain(Promise.resolve());
    this.upstream.closeAllConnections();
    await new Promise<void>((resolve) => this.upstream.close(() => resolve()));
  }

  /** A plain connection to the proxy. */
  socket(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', reject);
    });
  }

  /** A tunnel with TLS inside that has verified the proxy's certificate. */
  async tunnel(host: string, serverName: string | undefined = host): Promise<TLSSocket> {
    const socket = await this.socket();
    socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
    const head = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(data.toString('latin1'))),
    );
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
    return await new Promise((resolve, reject) => {
      const secure = connectTls({
        socket,
        ...(serverName !== '' && { servername: serverName }),
        ca: this.authority.pem.certificate,
        checkServerIdentity: () => undefined,
      });
      secure.once('secureConnect', () => resolve(secure));
      secure.once('error', reject);
    });
  }

  /** Sends bytes and reads until the other side closes or has answered whole. */
  async send(host: string, request: string | Buffer): Promise<Reply> {
    const secure = await this.tunnel(host);
    return await exchange(secure, request);
  }

  async get(host: string, path = '/', headers: readonly string[] = []): Promise<Reply> {
    return await this.send(
      host,
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers.map((h) => `${h}\r\n`).join('')}\r\n`,
    );
  }
}

/** Dials the lab's upstream whatever the port of the request is. */
class PortDialler extends Dialler {
  constructor(
    private readonly to: number,
    options: ConstructorParameters<typeof Dialler>[0],
  ) {
    super(options);
  }

  override dial(target: Parameters<Dialler['dial']>[0]): ReturnType<Dialler['dial']> {
    return super.dial({ ...target, port: this.to });
  }
}

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly raw: string;
  /** The connection ended before the answer did. */
  readonly cut: boolean;
}

/** Sends and reads one answer. */
export function exchange(socket: Socket, request: string | Buffer): Promise<Reply> {
  socket.write(request);
  return readReply(socket, /^HEAD /.test(request.toString('latin1', 0, 5)));
}

export function readReply(socket: Socket, head = false): Promise<Reply> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const done = (cut: boolean): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve(parse(bytes, cut));
    };
    const onData = (data: Buffer): void => {
      bytes = Buffer.concat([bytes, data]);
      if (isWhole(bytes, head)) done(false);
    };
    const onClose = (): void => done(!isWhole(bytes, head));
    socket.on('data', onData);
    socket.on('close', onClose);
    socket.on('error', () => undefined);
  });
}

function isWhole(bytes: Buffer, head: boolean): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const text = bytes.toString('latin1', 0, end);
  if (/^HTTP\/1\.1 1(?!01)/.test(text)) return isWhole(bytes.subarray(end + 4), head);
  if (head || /^HTTP\/1\.1 (?:101|204|304|200 Connection established)/.test(text)) return true;
  const length = /^content-length: (\d+)$/im.exec(text)?.[1];
  if (length !== undefined) return bytes.length >= end + 4 + Number(length);
  return (
    /^transfer-encoding: chunked$/im.test(text) &&
    /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(bytes.toString('latin1', end + 4))
  );
}

function parse(bytes: Buffer, cut: boolean): Reply {
  const raw = bytes.toString('latin1');
  const last = raw.replace(/^(?:HTTP\/1\.1 1(?!01)\d\d[\s\S]*?\r\n\r\n)+/, '');
  const end = last.indexOf('\r\n\r\n');
  const [line = '', ...rest] = last.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    rest.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]),
  );
  const body = last.slice(end + 4);
  return {
    status: Number(line.split(' ')[1] ?? 0),
    reason: line.split(' ').slice(2).join(' '),
    headers,
    body: headers['transfer-encoding'] === 'chunked' ? unchunk(body) : body,
    raw,
    cut,
  };
}

function unchunk(text: string): string {
  let rest = text;
  let body = '';
  for (;;) {
    const end = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, end), 16);
    if (!(size > 0)) return body;
    body += rest.slice(end + 2, end + 2 + size);
    rest = rest.slice(end + 4 + size);
  }
}
