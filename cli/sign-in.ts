import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import * as z from 'zod/mini';
import { safeUrl, type Tokens, UsageError } from './api-settings';
import type { Io } from './verb';

export interface SignIn {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly port: number;
}

const provider = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  device_authorization_endpoint: z.optional(z.string()),
});
type Provider = z.infer<typeof provider>;
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z._default(z.number(), 3600) });
const deviceAnswer = z.object({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: z.string(),
  expires_in: z.number(),
  interval: z._default(z.number(), 5),
});

const DEADLINE_MS = 10_000;
const BROWSER_MS = 300_000;

/** What the issuer says of itself; its ends must be as safe as it is. @throws UsageError */
export async function discover(issuer: string): Promise<Provider> {
  const url = `${safeUrl('issuer', issuer)}/.well-known/openid-configuration`;
  const read = provider.safeParse(await ask(url).catch(() => undefined));
  if (!read.success) throw new UsageError(`issuer: got no OpenID configuration at ${url}; check --issuer`);
  if (read.data.issuer !== issuer)
    throw new UsageError(`issuer: got "${read.data.issuer}" there, expected "${issuer}"`);
  for (const end of ['authorization_endpoint', 'token_endpoint', 'device_authorization_endpoint'] as const) {
    const value = read.data[end];
    if (value !== undefined) safeUrl(end, value);
  }
  return read.data;
}

/** Authorization code with PKCE (RFC 7636), back to a port of this machine (RFC 8252, section 7.3). */
export async function signInWithBrowser(found: Provider, { clientId, scope, port }: SignIn, io: Io): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const { code, redirect } = await codeFromBrowser(port, state, io, (redirectUri) => {
    const url = new URL(found.authorization_endpoint);
    const query = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.toString();
  });
  return tokensFrom(
    await ask(found.token_endpoint, {
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
    }),
  );
}

/** Device code (RFC 8628), where there is no browser on this machine and the issuer has it; Cognito has not. */
export async function signInWithDevice(found: Provider, { clientId, scope }: SignIn, io: Io): Promise<Tokens> {
  if (found.device_authorization_endpoint === undefined) {
    throw new UsageError('--device: the issuer has no device code; leave it out, and forward the port to a browser');
  }
  const device = deviceAnswer.parse(await ask(found.device_authorization_endpoint, { client_id: clientId, scope }));
  io.stderr(`open ${device.verification_uri} and enter ${device.user_code}\n`);
  let seconds = device.interval;
  for (let waited = 0; waited < device.expires_in; waited += seconds) {
    await (io.sleep ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms))))(seconds * 1000);
    const answer = await ask(found.token_endpoint, {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: device.device_code,
      client_id: clientId,
    });
    const { error } = answer as { readonly error?: unknown };
    if (error === undefined) return tokensFrom(answer);
    if (error === 'slow_down') seconds += 5;
    else if (error !== 'authorization_pending') throw new UsageError(`the issuer said ${String(error)}; sign in again`);
  }
  throw new UsageError('nobody entered the code in time; sign in again');
}

function codeFromBrowser(
  port: number,
  state: string,
  io: Io,
  urlOf: (redirect: string) => string,
): Promise<{ code: string; redirect: string }> {
  return new Promise((resolve, reject) => {
    let redirect = '';
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const code = url.searchParams.get('code');
      // Any page in the browser can call this port: what does not know the state is not the answer.
      if (url.pathname !== '/callback' || url.searchParams.get('state') !== state) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' });
      response.end('You may close this window and go back to the terminal.\n');
      if (code === null) finish(new UsageError(`the issuer said ${url.searchParams.get('error')}; sign in again`));
      else finish(undefined, code);
    });
    const timer = setTimeout(
      () => finish(new UsageError('nobody signed in within five minutes; try again')),
      BROWSER_MS,
    );
    const finish = (error?: Error, code = '') => {
      clearTimeout(timer);
      server.close();
      if (error) reject(error);
      else resolve({ code, redirect });
    };
    server.on('error', () => finish(new UsageError(`--port: ${port} is in use; name another that the issuer knows`)));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      // `localhost` and no number: Cognito takes no other host without TLS.
      redirect = `http://localhost:${typeof address === 'object' ? address?.port : port}/callback`;
      io.stderr(`open this in a browser:\n${urlOf(redirect)}\n`);
    });
  });
}

function tokensFrom(answer: unknown): Tokens {
  const read = tokenAnswer.safeParse(answer);
  if (!read.success) {
    const said = (answer as { error?: unknown } | undefined)?.error;
    throw new UsageError(`got no access token from the issuer (${String(said ?? 'no answer')}); sign in again`);
  }
  return { accessToken: read.data.access_token, expiresAt: Date.now() + read.data.expires_in * 1000 };
}

async function ask(url: string, form?: Readonly<Record<string, string>>): Promise<unknown> {
  const response = await fetch(url, {
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    redirect: 'error',
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return response.json();
}
