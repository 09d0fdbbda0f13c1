import { createHash } from 'node:crypto';
import type { AuditRecord } from '../../../core/audit/record';
import { githubHosts } from '../../../core/credentials/github-target';
import type { BrokerAnswer, MintRequest } from '../../../core/credentials/messages';
import type { DocumentGrant, PolicyDocument } from '../../../core/egress/document';
import { withClosed } from '../../../core/session/binding';
import type { SessionRow } from '../../../core/session/row';
import { CredentialBroker, type Minters } from '../../../lambda/credentials/broker';
import { GithubApi } from '../../../lambda/credentials/github-api';
import { GrantRecords } from '../../../lambda/credentials/grant-records';
import { withRetries } from '../../../lambda/credentials/http-call';
import type { LiveToken, LiveTokens } from '../../../lambda/credentials/live-tokens';
import { type GithubAccount, GithubMinter } from '../../../lambda/credentials/mint-github';
import { SecretHeaderMinter } from '../../../lambda/credentials/mint-secret';
import { sessionReader } from '../../../lambda/credentials/read-session';
import { DurableRecords } from '../../../runtime/credential-records';
import { liveRow, openBinding, SESSION } from '../../core/session/samples';
import { documentOf } from '../../runtime/documents';
import { ManualClock } from '../../runtime/manual-clock';
import { APP, type GithubServer, signWithApp } from './github-server';

export const ARN = 'arn:aws:lambda:eu-central-1:111122223333:function:broker';
export const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:jira-AbCdEf';
export const SECRET = 'k-1234567890-secret';

export const GRANTS = {
  github: { kind: 'github-app', id: 'github', repositories: ['acme/shop', 'acme/site'], access: 'write' },
  reader: { kind: 'github-app', id: 'reader', repositories: ['acme/docs'], access: 'read' },
  jira: { kind: 'secret-header', id: 'jira', secretArn: SECRET_ARN, header: 'authorization', prefix: 'Bearer ' },
} as const satisfies Record<string, DocumentGrant>;

/** The broker with its own parts, tables and log in memory, and GitHub on the loopback. */
export class BrokerLab {
  readonly clock = new ManualClock();
  readonly items = new Map<string, unknown>();
  readonly records: AuditRecord[] = [];
  readonly accounts = new Map<string, GithubAccount>([[liveRow.requester, { login: 'ada', id: 1 }]]);
  readonly tokens: LiveToken[] = [];
  readonly admitted = new Map<string, { documentHash: string; grants: readonly DocumentGrant[] }>();
  readonly secrets = new Map<string, string | undefined>([[SECRET_ARN, SECRET]]);
  document: PolicyDocument = { ...documentOf('coder'), grants: Object.values(GRANTS) };
  /** Awaited before records are stored. */
  beforeRecord: () => Promise<void> = async () => undefined;
  /** Awaited before a token is kept. */
  beforeKeep: () => Promise<void> = async () => undefined;
  appId: string | undefined = APP;
  readonly broker: CredentialBroker;

  constructor(github: GithubServer, minters: Minters = {}) {
    github.now = () => this.clock.wallTime;
    this.items.set(SESSION, { ...liveRow, documentHash: this.hash, address: openBinding.address });
    this.items.set(openBinding.address, openBinding);
    this.items.set('epoch', this.epoch(2, true));
    const random = seeded();
    this.broker = new CredentialBroker({
      sessions: sessionReader({
        read: async (_table, key) => structuredClone(this.items.get(Object.values(key).join())),
        sessionsTable: 'sessions',
        bindingsTable: 'bindings',
        clock: this.clock,
      }),
      documents: { read: async () => ({ document: this.document, hash: this.hash }) },
      minters: {
        'github-app': new GithubMinter({
          hosts: githubHosts('github.com'),
          api: new GithubApi(githubHosts('github.com'), withRetries(github.call, this.clock)),
          appId: async () => this.appId,
          sign: signWithApp,
          accountOf: async (requester) => this.accounts.get(requester),
          clock: this.clock,
        }),
        'secret-header': new SecretHeaderMinter(async (arn) => this.secrets.get(arn)),
        ...minters,
      },
      admitted: {
        keep: async (row, grants) => {
          this.admitted.set(row.sessionId, { documentHash: row.documentHash, grants });
        },
        find: async ({ sessionId, documentHash }) => {
          const kept = this.admitted.get(sessionId);
          // Keys come back in an order of the table's own.
          return kept?.documentHash === documentHash ? kept.grants.map(reversed) : undefined;
        },
        forget: async (sessionId) => {
          this.admitted.delete(sessionId);
        },
      },
      tokens: this.tokenStore(),
      records: new GrantRecords(
        new DurableRecords({
          service: 'credential-broker',
          clock: this.clock,
          random,
          store: {
            createStream: async () => undefined,
            put: async (_stream, lines) => {
              await this.beforeRecord();
              for (const line of lines) this.records.push(JSON.parse(line));
            },
          },
          onProblem: (problem) => this.problems.push(problem),
        }),
        async (sessionId) => this.items.get(sessionId) as SessionRow | undefined,
      ),
      clock: this.clock,
      random,
    });
  }
  readonly problems: string[] = [];

  get hash(): string {
    return createHash('sha256').update(JSON.stringify(this.document)).digest('hex');
  }

  row(change: Partial<SessionRow>): void {
    this.items.set(SESSION, { ...(this.items.get(SESSION) as SessionRow), ...change });
  }

  /** As the session admitted under it. */
  setDocument(document: PolicyDocument): void {
    this.document = document;
    this.row({ documentHash: this.hash });
  }

  epoch(epoch: number, open: boolean) {
    return { version: 1, address: 'epoch', epoch, open, changedAt: '2026-11-03T09:15:00.000Z', changedBy: 'ops' };
  }

  /** What a stop writes, in one transaction. */
  closeSession(): void {
    const closedAt = '2026-11-03T09:16:00.000Z';
    this.row({ state: 'STOPPING' });
    this.items.set(openBinding.address, { ...openBinding, closedAt });
    this.items.set('closed', withClosed(undefined, { sessionId: SESSION, generation: 1, closedAt }));
  }

  mint(grantId: string, change: Partial<MintRequest> = {}, alias = 'egress-proxy'): Promise<BrokerAnswer> {
    const target = { method: 'GET', host: 'api.github.com', path: '/repos/acme/shop' } as const;
    return this.ask({ version: 1, op: 'mint', sessionId: SESSION, grantId, ...target, ...change }, alias);
  }

  ask(event: unknown, alias = 'egress-proxy'): Promise<BrokerAnswer> {
    return this.broker.answer(event, `${ARN}:${alias}`);
  }

  private tokenStore(): LiveTokens {
    return {
      put: async (token) => {
        await this.beforeKeep();
        this.tokens.push(token);
      },
      list: async (sessionId) => this.tokens.filter((token) => token.sessionId === sessionId),
      remove: async (_sessionId, mintId) => {
        const at = this.tokens.findIndex((token) => token.mintId === mintId);
        if (at !== -1) this.tokens.splice(at, 1);
      },
    };
  }
}

function reversed(grant: DocumentGrant): DocumentGrant {
  return Object.fromEntries(Object.entries(grant).reverse()) as DocumentGrant;
}

function seeded(): (bytes: number) => Uint8Array {
  let seed = 1;
  return (bytes) =>
    Uint8Array.from({ length: bytes }, () => {
      seed = (seed * 48271) % 2147483647;
      return seed & 0xff;
    });
}
