import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Bench } from './bench/harness/bench';
import { machine } from './bench/harness/machine';
import { measure } from './bench/harness/measure';
import { type Report, ratiosOf, rowsOf } from './bench/harness/report';
import type { Suite } from './bench/harness/suite';
import { table } from './bench/harness/table';

/** Measures one suite of scripts/bench/. docs/benchmarks.md says what the figures mean. */

const FOLDER = join(__dirname, 'bench');
const FEWEST_ROUNDS = 5;

class UsageError extends Error {}

interface Options {
  readonly json?: string;
  readonly rounds: number;
  readonly with: ReadonlySet<string>;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const names = suiteNames();
  const [name, ...rest] = positionals;
  if (values.help || (name === undefined && args.length === 0)) {
    process.stdout.write(await help(names));
    return 0;
  }
  if (name === undefined) throw new UsageError(`got no suite, expected one of: ${names.join(', ')}`);
  if (rest.length > 0) throw new UsageError(`got ${positionals.join(', ')}, expected one suite`);
  if (!names.includes(name)) throw new UsageError(`got suite "${name}", expected one of: ${names.join(', ')}`);

  const rounds = Number(values.rounds ?? FEWEST_ROUNDS);
  if (!Number.isSafeInteger(rounds) || rounds < FEWEST_ROUNDS) {
    throw new UsageError(`got --rounds ${values.rounds}, expected a whole number of at least ${FEWEST_ROUNDS}`);
  }
  const suite = await load(name);
  const unknown = values.with?.find((option) => !(option in suite.options));
  if (unknown !== undefined) {
    const known = Object.keys(suite.options).join(', ') || 'none';
    throw new UsageError(`got --with ${unknown}, expected what ${name} has: ${known}`);
  }
  // Before minutes of measuring, not after them.
  if (values.json !== undefined && !statSync(dirname(resolve(values.json)), { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`got --json ${values.json}, expected a file in a folder that exists`);
  }

  const report = await run(name, suite, { json: values.json, rounds, with: new Set(values.with) });
  process.stdout.write(table(report));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  return 0;
}

async function run(name: string, suite: Suite, options: Options): Promise<Report> {
  const bench = new Bench();
  const interrupted = (signal: NodeJS.Signals, code: number): void => {
    process.once(signal, () => {
      bench.close();
      process.exit(code);
    });
  };
  interrupted('SIGINT', 130);
  interrupted('SIGTERM', 143);
  interrupted('SIGHUP', 129);
  try {
    const about = { suite: name, date: new Date().toISOString(), machine: machine() };
    bench.progress(`${name}: preparing`);
    const { subjects, comparisons } = await suite.prepare(bench, options.with);
    const progress = (text: string): void => bench.progress(text);
    const measured = await measure(subjects, { rounds: options.rounds, progress, now: () => performance.now() });
    return { ...about, rows: rowsOf(suite.metrics, measured), ratios: ratiosOf(comparisons, measured) };
  } finally {
    bench.close();
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'string' },
        rounds: { type: 'string' },
        with: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function suiteNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort();
}

async function load(name: string): Promise<Suite> {
  const { suite } = (await import(join(FOLDER, `${name}.ts`))) as { suite: Suite };
  return suite;
}

async function help(names: readonly string[]): Promise<string> {
  const suites = await Promise.all(
    names.map(async (name) => {
      const { about, options } = await load(name);
      const lines = Object.entries(options).map(([option, why]) => `    --with ${option}: ${why}`);
      return [`  ${name}: ${about}`, ...lines].join('\n');
    }),
  );
  return `usage: npm run bench -- SUITE [--json FILE] [--rounds N] [--with SUBJECT]...

  --json FILE     also write the figures as JSON
  --rounds N      how often each subject is measured, ${FEWEST_ROUNDS} or more (default ${FEWEST_ROUNDS}), after one warm-up
  --with SUBJECT  also measure a subject that is left out otherwise

suites:
${suites.join('\n')}
`;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    if (error instanceof UsageError) console.error(`${error.message}; "npm run bench -- --help" says more`);
    else console.error(error instanceof Error ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
