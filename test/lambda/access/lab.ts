import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import type { RequesterLimits } from '../../../core/access/admission';
import type { AccessMapping } from '../../../core/access/mapping';
import type { PolicyDocument } from '../../../core/egress/document';
import type { SessionEvent } from '../../../core/session/event';
import type { TaskSnapshot } from '../../../core/session/task';
import { fromGateway, toGateway } from '../../../lambda/access/gateway';
import { SessionApi } from '../../../lambda/access/session-api';
import { authorize, CanNotTell } from '../../../lambda/authorizer/authorize';
import { KeySet } from '../../../lambda/authorizer/key-set';
import { MemoryItemStore } from '../../../runtime/memory-item-store';
import type { RecordDraft, Records } from '../../../runtime/records';
import { SessionTable } from '../../../runtime/session-table';
import { Transitions } from '../../../runtime/session-transitions';
import { TASK } from '../../core/session/samples';
import { documentOf } from '../../runtime/documents';
import { ManualClock } from '../../runtime/manual-clock';
import { CLIENT, ISSUER, type Issuer, makeIssuer } from './issuer';

export const MAPPING: AccessMapping = {
  groupsClaim: 'cognito:groups',
  groups: [
    { group: 'payments', roles: ['submitter'], team: 'payments' },
    { group: 'site', roles: ['submitter'], team: 'site', profiles: ['review'] },
    { group: 'approvers', roles: ['approver'] },
    { group: 'operators', roles: ['operator'] },
    { group: 'auditors', roles: ['auditor'] },
  ],
};

export const LIMITS: RequesterLimits = { liveSessions: 3, dailyMicroUsd: 50_000_000, dailySessions: 100 };

type Breakable = 'putTaskText' | 'startMachine' | 'startSweep' | 'records' | 'issuer';

/** What any answer may hold; which of it is there is for the tests to say. */
export interface Body {
  readonly session: { readonly sessionId: string; readonly state: string };
  readonly sessions: readonly { readonly sessionId: string }[];
  readonly cursor?: string;
  readonly repeated: boolean;
  readonly document: object;
  readonly profiles: readonly object[];
  readonly may: readonly string[];
  readonly code: string;
  readonly detail: string;
}

/** The control API behind a real HTTP server that does what API Gateway does, over tables in memory. */
export class Lab {
  readonly clock = new ManualClock();
  readonly store = new MemoryItemStore();
  readonly records: RecordDraft[] = [];
  readonly texts = new Map<string, string>();
  readonly started: string[] = [];
  readonly tokensSent: string[] = [];
  /** Lines of every recorder, two a page. */
  readonly lines: string[] = [];
  sweeps = 0;
  /** What breaks next, once each. */
  readonly broken = new Set<Breakable>();
  readonly table = new SessionTable({ store: this.store, clock: this.clock });
  private readonly server: Server = createServer(async (request, response) => {
    const answer = await this.gateway(request);
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  });
  private readonly api: SessionApi;
  private readonly keys: KeySet;

  private constructor(readonly issuer: Issuer) {
    const records: Records = {
      write: async (draft) => {
        this.failOnce('records');
        this.records.push(draft);
      },
      close: async () => undefined,
    };
    this.keys = new KeySet(async () => {
      issuer.asked++;
      this.failOnce('issuer');
      return issuer.jwks as JWK[];
    }, this.clock);
    const none = () => Promise.reject(new Error('not here'));
    const documents = new Map(['coding', 'review'].map((profile) => [profile, policyOf(profile)]));
    this.api = new SessionApi({
      store: this.store,
      table: this.table,
      transitions: new Transitions({
        table: this.table,
        records,
        machines: { succeed: async (token) => void this.tokensSent.push(token) },
        tasks: { cluster: '', run: none, stop: async () => 'asked', describe: none, list: none },
      }),
      documents: { profiles: [...documents.keys()], current: async (profile) => documents.get(profile) },
      taskTexts: {
        put: async (id, text) => {
          this.failOnce('putTaskText');
          this.texts.set(id, Buffer.from(text).toString('utf8'));
        },
      },
      transcripts: {
        logGroup: 'sessions',
        page: async (_, cursor = '0') => {
          const at = Number(cursor);
          if (Number.isNaN(at)) return undefined;
          const lines = this.lines.slice(at, at + 2);
          return { lines, ...(at + 2 < this.lines.length && { cursor: String(at + 2) }) };
        },
      },
      startMachine: async (id) => {
        this.failOnce('startMachine');
        if (!this.started.includes(id)) this.started.push(id);
      },
      startSweep: async () => {
        this.failOnce('startSweep');
        this.sweeps++;
      },
      records,
      limits: LIMITS,
      clock: this.clock,
      random: (bytes) => randomBytes(bytes),
      onProblem: () => undefined,
    });
    this.authorizerRecords = records;
  }

  private readonly authorizerRecords: Records;

  static async start(): Promise<Lab> {
    let lab: Lab | undefined;
    const issuer = await makeIssuer(() => lab?.clock.wall() ?? 0);
    lab = new Lab(issuer);
    await lab.table.panicSwitch.install('deployment');
    const { server } = lab;
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    return lab;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((closed) => this.server.close(() => closed()));
  }

  /** One request as somebody; the answer as JSON. */
  async ask(method: string, path: string, as: { token?: string; body?: unknown; key?: string } = {}) {
    const response = await fetch(`${this.endpoint}${path}`, {
      method,
      headers: {
        ...(as.token !== undefined && { authorization: `Bearer ${as.token}` }),
        ...(as.key !== undefined && { 'idempotency-key': as.key }),
      },
      ...(as.body !== undefined && { body: JSON.stringify(as.body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }

  /** A task of the session runs and has its address. */
  async run(sessionId: string): Promise<void> {
    const task: TaskSnapshot & { address: string } = {
      taskArn: TASK,
      sessionId,
      generation: 1,
      version: 1,
      life: 'alive',
      running: true,
      address: '10.64.3.17',
      exits: {},
    };
    const events: SessionEvent[] = [
      { kind: 'preflight-started' },
      { kind: 'preflight-passed' },
      { kind: 'launch', cluster: 'arn:aws:ecs:eu-central-1:111122223333:cluster/sessions' },
      { kind: 'run-task-answered', generation: 1, taskArn: TASK },
    ];
    for (const event of events) await this.table.apply(sessionId, event);
    await this.table.bind(task, async () => new Map());
    await this.table.apply(sessionId, { kind: 'task', task });
  }

  refusals(): { control: string; reason: string; action: string; principal?: string }[] {
    return this.records.flatMap((draft) => (draft.kind === 'refusal' ? [draft.detail] : []));
  }

  actions(): string[] {
    return this.records.flatMap((draft) => (draft.kind === 'human' ? [draft.detail.action] : []));
  }

  private failOnce(what: Breakable): void {
    if (this.broken.delete(what)) throw new Error(`${what} is broken`);
  }

  /** As API Gateway: asks the authorizer, and hands on what it let through with what it said. */
  private async gateway(request: IncomingMessage) {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const url = new URL(request.url ?? '/', 'http://gateway');
    const multiValueHeaders: Record<string, string[]> = {};
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const name = request.rawHeaders[i] ?? '';
      multiValueHeaders[name] = [...(multiValueHeaders[name] ?? []), request.rawHeaders[i + 1] ?? ''];
    }
    const event = {
      methodArn: `arn:aws:execute-api:eu-west-1:111122223333:api/prod/${request.method}${url.pathname}`,
      httpMethod: request.method ?? '',
      path: url.pathname,
      multiValueHeaders,
      multiValueQueryStringParameters: Object.fromEntries(
        [...url.searchParams.keys()].map((name) => [name, url.searchParams.getAll(name)]),
      ),
      body: parts.length === 0 ? null : Buffer.concat(parts).toString('utf8'),
      requestContext: { identity: { sourceIp: '198.51.100.7' } },
    };
    const problem = (statusCode: number, code: string) => ({
      statusCode,
      headers: { 'content-type': 'application/problem+json' },
      body: JSON.stringify({ code, status: statusCode, title: code, detail: code }),
    });
    try {
      const said = await authorize(
        {
          settings: { issuer: ISSUER, kind: 'cognito', audiences: [CLIENT] },
          mapping: MAPPING,
          keys: this.keys,
          records: this.authorizerRecords,
          clock: this.clock,
        },
        event,
      );
      if (said.policyDocument.Statement[0].Effect === 'Deny') return problem(401, 'not-signed-in');
      const requestContext = { ...event.requestContext, authorizer: said.context };
      return toGateway(await this.api.handle(fromGateway({ ...event, requestContext })));
    } catch (error) {
      if (!(error instanceof CanNotTell)) throw error;
      return problem(500, 'unavailable');
    }
  }
}

function policyOf(profile: string) {
  const document: PolicyDocument = {
    ...documentOf(profile),
    grants: [{ kind: 'github-app', id: 'shop', repositories: ['acme/shop'], access: 'read' }],
    models: { allow: ['model'], budgetUsd: 10 },
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { document, hash: createHash('sha256').update(bytes).digest('hex') };
}
