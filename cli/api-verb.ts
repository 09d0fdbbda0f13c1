import { parseArgs } from 'node:util';
import { problemOf } from '../core/access/problem';
import { ApiClient, ApiError } from './api-client';
import { endpointOf, readTokens, UsageError } from './api-settings';
import { EXITS, type Io, type Verb } from './verb';

/** Of every JSON answer on standard output. Fields may be added within a version; none changes or goes. */
export const OUTPUT_VERSION = 1;

export interface Options {
  readonly [name: string]: { readonly type: 'string' | 'boolean'; readonly short?: string };
}

export interface Given {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

export interface Printed {
  /** Of the JSON answer, beside its version. */
  readonly kind: string;
  readonly json: object;
  /** For people. */
  readonly text: string;
  readonly exit?: number;
}

export interface ApiVerbOptions {
  readonly name: string;
  readonly help: string;
  readonly options?: Options;
  /** Names of what stands without an option, as the help has them. */
  readonly positionals?: readonly string[];
  run(given: Given, client: () => ApiClient, io: Io): Promise<Printed>;
}

const COMMON: Options = {
  endpoint: { type: 'string' },
  output: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
};
const COMMON_HELP = `
  --endpoint URL     address of the platform (else AGENTCTL_ENDPOINT, else what login kept)
  -o, --output KIND  text, or json: one object on standard output, "version": ${OUTPUT_VERSION}, see docs/agentctl.md

Exit codes: 0 done, 1 something is wrong, 2 could not run as asked, 3 refused, 4 not found, 5 no answer; try again.
`;

/** A verb that asks the control API: options, help, output and exit codes are the same for all. */
export function apiVerb(verb: ApiVerbOptions): Verb {
  return async (args, io) => {
    const json = wantsJson(args);
    try {
      const given = read(verb, args);
      if (given.flags.has('help')) {
        io.stdout(`${verb.help}${COMMON_HELP}`);
        return EXITS.done;
      }
      const output = given.values.output ?? 'text';
      if (output !== 'text' && output !== 'json')
        throw new UsageError(`--output: got "${output}", expected text or json`);
      const client = () => new ApiClient(endpointOf(io, given.values.endpoint), tokenOf(io), io);
      const { kind, json: body, text, exit } = await verb.run(given, client, io);
      io.stdout(json ? `${JSON.stringify({ version: OUTPUT_VERSION, kind, ...body })}\n` : printable(text));
      return exit ?? EXITS.done;
    } catch (error) {
      if (error instanceof UsageError) {
        io.stderr(printable(`agentctl ${verb.name}: ${error.message}; see agentctl ${verb.name} --help\n`));
        return EXITS.usage;
      }
      if (!(error instanceof ApiError)) throw error;
      if (json) {
        io.stdout(`${JSON.stringify({ version: OUTPUT_VERSION, kind: 'problem', problem: error.problem })}\n`);
      }
      io.stderr(printable(`agentctl ${verb.name}: ${error.message}\n`));
      for (const { where, got, expected } of error.problem.problems?.slice(1) ?? []) {
        io.stderr(printable(`  ${where}: got ${got}, expected ${expected}\n`));
      }
      return error.exit;
    }
  };
}

function read({ options = {}, positionals = [] }: ApiVerbOptions, args: readonly string[]): Given {
  const parsed = (() => {
    try {
      return parseArgs({ args: [...args], options: { ...COMMON, ...options }, allowPositionals: true });
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  })();
  const all = Object.entries(parsed.values);
  const flags = new Set(all.flatMap(([name, value]) => (value === true ? [name] : [])));
  if (!flags.has('help') && parsed.positionals.length !== positionals.length) {
    const wanted = positionals.join(' ') || 'nothing';
    throw new UsageError(`got ${parsed.positionals.join(' ') || 'nothing'}, expected ${wanted}`);
  }
  const values = Object.fromEntries(all.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
  return { values, flags, positionals: parsed.positionals };
}

/** Before anything is understood: whoever wants JSON gets a problem as JSON too. */
function wantsJson(args: readonly string[]): boolean {
  return args.some((arg, i) => arg === '--output=json' || (['--output', '-o'].includes(arg) && args[i + 1] === 'json'));
}

function tokenOf(io: Io): string {
  const tokens = readTokens(io);
  const detail = 'run `agentctl login`, or set AGENTCTL_TOKEN to an access token';
  if (tokens === undefined) throw new ApiError(problemOf('not-signed-in', `got no token; ${detail}`));
  if (tokens.expiresAt <= Date.now())
    throw new ApiError(problemOf('not-signed-in', `the sign-in has run out; ${detail}`));
  return tokens.accessToken;
}

/** Remarks and names are written by others, and a terminal obeys some characters. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}
