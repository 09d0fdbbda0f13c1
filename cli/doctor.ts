import type * as z from 'zod/mini';
import type * as answers from '../core/access/answers';
import { type ApiClient, ApiError } from './api-client';
import { configFolder, endpointOf, readSettings, readTokens, UsageError } from './api-settings';
import { apiVerb } from './api-verb';
import { discover } from './sign-in';
import { EXITS, type Io, type Verb } from './verb';

interface Finding {
  readonly check: string;
  readonly result: 'good' | 'bad' | 'skipped';
  readonly says: string;
}

const OLDEST_NODE = 20;
const MOST_SKEW_MS = 20_000;

export const doctor: Verb = apiVerb({
  name: 'doctor',
  help: `agentctl doctor

Looks at what agentctl needs from this machine, and at what the platform answers: settings, sign-in, clock, address, your
roles, and whether a panic is on. Writes nothing. Exit code 1 where something is bad, with what to do beside it.

  agentctl doctor
`,
  async run({ values }, client, io) {
    const findings: Finding[] = [];
    const look = async (check: string, work: () => Promise<string> | string, needs = true): Promise<boolean> => {
      if (!needs) {
        findings.push({ check, result: 'skipped', says: 'needs what is bad above' });
        return false;
      }
      try {
        findings.push({ check, result: 'good', says: await work() });
        return true;
      } catch (error) {
        if (!(error instanceof ApiError || error instanceof UsageError || error instanceof Bad)) throw error;
        findings.push({ check, result: 'bad', says: error.message });
        return false;
      }
    };
    await look('node', nodeVersion);
    const settings = await look('settings', () => {
      readSettings(io);
      return configFolder(io);
    });
    const endpoint = await look('endpoint', () => endpointOf(io, values.endpoint), settings);
    await look('issuer', () => issuerAnswers(io), settings && readSettings(io).issuer !== undefined);
    const reached = await look('platform', () => clockAt(endpointOf(io, values.endpoint)), endpoint);
    const signedIn = await look('sign-in', () => tokenIsThere(io), settings);
    const known = await look('roles', () => rolesOf(client()), reached && signedIn);
    await look('panic', () => panicOf(client()), known);
    const bad = findings.some(({ result }) => result === 'bad');
    const text = findings
      .map(({ check, result, says }) => `${result.padEnd(8)} ${check.padEnd(10)} ${says}\n`)
      .join('');
    return { kind: 'doctor', json: { findings }, text, exit: bad ? EXITS.wrong : EXITS.done };
  },
});

class Bad extends Error {}

function nodeVersion(): string {
  const { version } = process;
  if (Number(/^v(\d+)/.exec(version)?.[1]) < OLDEST_NODE)
    throw new Bad(`got ${version}, expected ${OLDEST_NODE} or newer`);
  return version;
}

async function issuerAnswers(io: Io): Promise<string> {
  return (await discover(readSettings(io).issuer ?? '')).issuer;
}

function tokenIsThere(io: Io): string {
  const tokens = readTokens(io);
  if (tokens === undefined) throw new Bad('got no token; run agentctl login, or set AGENTCTL_TOKEN');
  if (tokens.expiresAt <= Date.now()) throw new Bad('it has run out; run agentctl login');
  return tokens.expiresAt === Number.POSITIVE_INFINITY
    ? 'from AGENTCTL_TOKEN'
    : `until ${new Date(tokens.expiresAt).toISOString()}`;
}

/** Whatever it answers without a token; a clock that is off makes good tokens look old or early. */
async function clockAt(endpoint: string): Promise<string> {
  const asked = Date.now();
  let response: Response;
  try {
    response = await fetch(`${endpoint}/v1/whoami`, { redirect: 'error', signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    throw new Bad(`got no answer from ${endpoint} (${cause}); check the address, and proxies on the way`);
  }
  await response.body?.cancel();
  if (response.status !== 401)
    throw new Bad(`got HTTP ${response.status} without a token, expected 401; is this the platform?`);
  const theirs = Date.parse(response.headers.get('date') ?? '');
  const skew = Number.isNaN(theirs) ? 0 : theirs - (asked + Date.now()) / 2;
  if (Math.abs(skew) > MOST_SKEW_MS) throw new Bad(`the clock here is off by ${Math.round(skew / 1000)} s; set it`);
  return `answers, and asks for a sign-in`;
}

async function rolesOf(client: ApiClient): Promise<string> {
  const me = await client.call<z.infer<typeof answers.whoAmI>>('whoAmI');
  return `${me.principal}: ${me.roles.join(', ')}`;
}

async function panicOf(client: ApiClient): Promise<string> {
  const view = await client.call<answers.PanicView>('getPanic');
  if (!view.open) throw new Bad(`stopped since ${view.changedAt}; two people lift it with agentctl unpanic`);
  return 'none; the platform runs';
}
