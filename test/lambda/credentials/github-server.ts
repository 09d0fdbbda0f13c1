import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { jwtVerify } from 'jose';
import { type HttpCall, httpsCall } from '../../../lambda/credentials/http-call';
import type { SignRs256 } from '../../../lambda/credentials/sign';
import { TestAuthority } from '../../images/egress/lab/authority';

export const APP = 'Iv23liTestClient';
export const INSTALLATION = 4711;
const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** What KMS does with the App's key. */
export const signWithApp: SignRs256 = async (bytes) => sign('sha256', bytes, KEYS.privateKey);

type Send = (status: number, body?: unknown) => boolean;

interface Token {
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, string>>;
  readonly expiresAt: number;
}

/**
 * GitHub's REST API as far as the broker uses it, over TLS, with GitHub's own checks: the App's token is verified with the
 * public half of its key and by a library that is not ours, an installation token opens what it was made for and nothing
 * else, and a revoked one opens nothing.
 */
export class GithubServer {
  readonly installed = new Set(['acme/shop', 'acme/site']);
  /** What the App may at most, as its owner set it up. */
  appPermissions: Record<string, string> = { contents: 'write', metadata: 'read', pull_requests: 'write' };
  readonly people = new Map<string, { id: number; permission: string }>([['ada', { id: 1, permission: 'write' }]]);
  rules: unknown[] = [
    { type: 'pull_request', ruleset_id: 7, parameters: { required_approving_review_count: 1 } },
    { type: 'non_fast_forward', ruleset_id: 7 },
    { type: 'deletion', ruleset_id: 7 },
  ];
  readonly bypasses = new Map<number, string | undefined>([[7, 'never']]);
  readonly tokens = new Map<string, Token>();
  readonly revoked: string[] = [];
  readonly requests: string[] = [];
  /** Answers instead of the server; undefined lets it answer. */
  before: (path: string, response: ServerResponse) => boolean = () => false;
  /** What is wrong with the tokens that it gives. */
  misbehave: Partial<{ repositories: string[]; permissions: Record<string, string>; token: string }> = {};
  now = () => Date.now();
  publicKey: KeyObject = createPublicKey(KEYS.publicKey.export({ type: 'spki', format: 'pem' }));

  private constructor(
    private readonly server: Server,
    /** Calls of `https://api.github.com` come here. */
    readonly call: HttpCall,
  ) {}

  static async start(): Promise<GithubServer> {
    const authority = await TestAuthority.create('github');
    const pair = await authority.issue(['localhost']);
    let github: GithubServer | undefined;
    const server = createServer({ key: pair.privateKey, cert: pair.certificate }, (request, response) => {
      github?.answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
    const call = httpsCall([authority.pem.certificate]);
    github = new GithubServer(server, (one) =>
      call({ ...one, url: one.url.replace('https://api.github.com', origin) }),
    );
    return github;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  countOf(start: string): number {
    return this.requests.filter((request) => request.startsWith(start)).length;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const url = new URL(request.url ?? '', 'https://localhost');
    const path = url.pathname;
    this.requests.push(`${request.method} ${path}`);
    if (this.before(path, response)) return true;
    const send: Send = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-github-request-id': 'AB12:34:56' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
      return true;
    };
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const installation = /^\/repos\/([^/]+\/[^/]+)\/installation$/.exec(path)?.[1];
    if (installation !== undefined) {
      if (!(await this.isApp(bearer))) return send(401, {});
      return this.installed.has(installation.toLowerCase())
        ? send(200, { id: INSTALLATION, app_slug: 'x' })
        : send(404, {});
    }
    if (path === `/app/installations/${INSTALLATION}/access_tokens` && request.method === 'POST') {
      if (!(await this.isApp(bearer))) return send(401, {});
      return this.makeToken(JSON.parse(await bodyOf(request)), send);
    }
    const token = this.tokens.get(bearer);
    if (!token || this.revoked.includes(bearer) || token.expiresAt <= this.now()) return send(401, {});
    if (path === '/installation/token' && request.method === 'DELETE') {
      this.revoked.push(bearer);
      return send(204);
    }
    return this.answerAbout(path, token, send);
  }

  private makeToken(asked: { repositories: string[]; permissions: Record<string, string> }, send: Send): boolean {
    const names = asked.repositories.map((name) => `acme/${name}`);
    const known = names.every((name) => this.installed.has(name.toLowerCase()));
    const within = Object.entries(asked.permissions).every(
      ([subject, level]) =>
        this.appPermissions[subject] === level || (level === 'read' && subject in this.appPermissions),
    );
    if (!known || !within) return send(422, { message: 'The permissions requested are not granted' });
    const repositories = this.misbehave.repositories ?? names;
    const permissions = this.misbehave.permissions ?? asked.permissions;
    const token = this.misbehave.token ?? `ghs_12345_${randomBytes(300).toString('base64url')}`;
    const expiresAt = this.now() + 3_600_000;
    this.tokens.set(token, { repositories, permissions, expiresAt });
    return send(201, {
      token,
      expires_at: new Date(expiresAt).toISOString().replace('.000', ''),
      permissions,
      repository_selection: 'selected',
      repositories: repositories.map((full_name) => ({ id: 1, full_name })),
    });
  }

  private answerAbout(path: string, token: Token, send: Send): boolean {
    const [, repository = '', rest = ''] = /^\/repos\/([^/]+\/[^/]+)(.*)$/.exec(path) ?? [];
    if (!token.repositories.some((name) => name.toLowerCase() === repository.toLowerCase())) return send(404, {});
    const login = /^\/collaborators\/([^/]+)\/permission$/.exec(rest)?.[1];
    if (login !== undefined) {
      const person = this.people.get(login);
      return person
        ? send(200, { permission: person.permission, role_name: 'x', user: { id: person.id, login } })
        : send(404, {});
    }
    if (rest === '') return send(200, { full_name: repository, default_branch: 'main', private: true });
    if (rest === '/rules/branches/main') return send(200, this.rules);
    const ruleset = /^\/rulesets\/(\d+)$/.exec(rest)?.[1];
    if (ruleset !== undefined) return send(200, { id: 7, current_user_can_bypass: this.bypasses.get(Number(ruleset)) });
    return send(404, {});
  }

  /** Everything that GitHub asks of an App's token. */
  private async isApp(jwt: string): Promise<boolean> {
    try {
      const { payload } = await jwtVerify(jwt, this.publicKey, {
        algorithms: ['RS256'],
        issuer: APP,
        currentDate: new Date(this.now()),
      });
      return (payload.exp ?? Number.POSITIVE_INFINITY) - this.now() / 1000 <= 600;
    } catch {
      return false;
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
