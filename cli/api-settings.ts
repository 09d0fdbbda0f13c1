import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Io } from './verb';

/** What `agentctl login` keeps: where the API is, and how one signs in. None of it is a secret. */
export interface Settings {
  readonly endpoint?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly scope?: string;
}

/** Secret. In a file of its own that nobody else may read. */
export interface Tokens {
  readonly accessToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export class UsageError extends Error {}

export function environment(io: Io): Readonly<Record<string, string | undefined>> {
  return io.env ?? process.env;
}

export function configFolder(io: Io): string {
  const { AGENTCTL_CONFIG, XDG_CONFIG_HOME } = environment(io);
  return AGENTCTL_CONFIG ?? join(XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'agentctl');
}

export function readSettings(io: Io): Settings {
  return readJson(join(configFolder(io), 'config.json')) as Settings;
}

export function readTokens(io: Io): Tokens | undefined {
  const { AGENTCTL_TOKEN } = environment(io);
  if (AGENTCTL_TOKEN !== undefined) return { accessToken: AGENTCTL_TOKEN, expiresAt: Number.POSITIVE_INFINITY };
  const tokens = readJson(join(configFolder(io), 'token.json')) as Partial<Tokens>;
  return typeof tokens.accessToken === 'string' && typeof tokens.expiresAt === 'number'
    ? { accessToken: tokens.accessToken, expiresAt: tokens.expiresAt }
    : undefined;
}

export function save(io: Io, settings: Settings, tokens: Tokens): void {
  const folder = configFolder(io);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(settings, null, 2)}\n`);
  const file = join(folder, 'token.json');
  writeFileSync(file, `${JSON.stringify(tokens)}\n`, { mode: 0o600 });
  // A file that was there keeps its mode.
  chmodSync(file, 0o600);
}

/** @throws UsageError */
export function endpointOf(io: Io, given: string | undefined): string {
  const endpoint = given ?? environment(io).AGENTCTL_ENDPOINT ?? readSettings(io).endpoint;
  if (endpoint === undefined) {
    throw new UsageError(
      'got no address of the platform; name it with --endpoint https://..., AGENTCTL_ENDPOINT, or once with `agentctl login`',
    );
  }
  return safeUrl('endpoint', endpoint);
}

/** A token goes there: in the clear only to this machine. @throws UsageError */
export function safeUrl(what: string, text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`${what}: got "${text}", expected an address such as https://api.example.com`);
  }
  const loopback = url.hostname === '127.0.0.1' || url.hostname === 'localhost' || url.hostname === '[::1]';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new UsageError(`${what}: got "${text}", expected https; a token is sent there`);
  }
  return text.replace(/\/+$/, '');
}

function readJson(file: string): object {
  if (!existsSync(file)) return {};
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof json === 'object' && json !== null) return json;
  } catch {
    // As below.
  }
  throw new UsageError(`${file}: got something else than a JSON object; remove it and run \`agentctl login\` again`);
}
