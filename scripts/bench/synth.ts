import { cpSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bench } from './harness/bench';
import type { Comparison, Subject, Suite } from './harness/suite';
import type { ProgramFigures } from './synth/program';

const ROOT = resolve(__dirname, '..', '..');
const TSC = join(ROOT, 'node_modules', '.bin', 'tsc');
const TSX = join(ROOT, 'node_modules', '.bin', 'tsx');
const JEST = join(ROOT, 'node_modules', '.bin', 'jest');

const BARE = 'bare app';
const PLATFORM = 'platform';
const RUNNERS = 'cdk-github-runners';
/** With the validator that is built into aws-cdk-lib, which is on unless CDK_VALIDATION=false. */
const validated = (subject: string): string => `${subject}, validated`;

export const suite: Suite = {
  about: 'synth of the default platform beside a bare app and cdk-github-runners; template and bundle sizes',
  options: { jest: 'the test suites, minutes in each round' },
  metrics: [
    { name: 'cold', unit: 'ms' },
    { name: 'cold cpu', unit: 'ms' },
    { name: 'cold load', unit: 'ms' },
    { name: 'cold memory', unit: 'MiB' },
    { name: 'warm', unit: 'ms' },
    { name: 'templates', unit: 'bytes' },
    { name: 'resources', unit: 'count' },
    { name: 'stacks', unit: 'count' },
    { name: 'bundle', unit: 'bytes' },
    { name: 'jest', unit: 's' },
  ],

  async prepare(bench, options) {
    const programs = await compile(bench);
    const subjects: Subject[] = [
      program(bench, BARE, join(programs, 'bare.js'), false),
      program(bench, PLATFORM, join(programs, 'platform.js'), false),
      program(bench, RUNNERS, join(programs, 'runners.js'), false),
      // None for the bare app: the validator refuses a template without resources.
      program(bench, validated(PLATFORM), join(programs, 'platform.js'), true),
      program(bench, validated(RUNNERS), join(programs, 'runners.js'), true),
      entryPoint(bench),
      ...bundles(join(bench.folder, 'compiled', 'assets')),
      ...(options.has('jest') ? [jest(bench)] : []),
    ];
    return { subjects, comparisons: COMPARISONS };
  },
};

const TIMES = ['cold', 'cold cpu', 'warm'];
const COMPARISONS: readonly Comparison[] = [
  ...TIMES.map((metric) => ({ metric, subject: PLATFORM, against: BARE })),
  ...[...TIMES, 'cold memory', 'templates', 'resources'].map((metric) => ({
    metric,
    subject: PLATFORM,
    against: RUNNERS,
  })),
  ...TIMES.map((metric) => ({ metric, subject: validated(PLATFORM), against: PLATFORM })),
  ...TIMES.map((metric) => ({ metric, subject: validated(PLATFORM), against: validated(RUNNERS) })),
];

/**
 * Compiles library and programs into the run's folder, as the package is published: the other library comes as
 * JavaScript too, and what tsx takes to read TypeScript is no part of a synth.
 */
async function compile(bench: Bench): Promise<string> {
  await bench.run(TSX, [join(ROOT, 'scripts', 'build.ts')], { cwd: ROOT });
  const compiled = join(bench.folder, 'compiled');
  const config = join(ROOT, 'scripts', 'bench', 'synth', 'tsconfig.json');
  await bench.run(TSC, ['-p', config, '--outDir', compiled], { cwd: ROOT });
  symlinkSync(join(ROOT, 'node_modules'), join(compiled, 'node_modules'));
  // The library looks for assets/ beside the nearest package.json. Copied, so that a build meanwhile changes nothing.
  cpSync(join(ROOT, 'assets'), join(compiled, 'assets'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(compiled, 'package.json'));
  return join(compiled, 'scripts', 'bench', 'synth');
}

function program(bench: Bench, name: string, file: string, validation: boolean): Subject {
  return {
    name,
    async measure() {
      const once = await synthesize(bench, file, 1, validation);
      const twice = await synthesize(bench, file, 2, validation);
      return {
        values: {
          cold: once.wall,
          'cold cpu': once.figures.cpu,
          'cold load': once.figures.load,
          'cold memory': once.figures.memory,
          warm: twice.figures.synth,
          // Validation reads templates and changes none.
          ...(validation ? {} : once.size),
        },
      };
    },
  };
}

async function synthesize(bench: Bench, file: string, times: number, validation: boolean) {
  const folder = join(bench.folder, 'cdk.out');
  const { stdout, wall } = await bench.run(process.execPath, [file, folder, String(times)], {
    cwd: bench.folder,
    env: synthEnvironment(validation),
  });
  const figures = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as ProgramFigures;
  const size = sizeOf(join(folder, '0'));
  rmSync(folder, { recursive: true });
  return { wall, figures, size };
}

/** What `npm run synth` has the CDK CLI start: sources read by tsx, packs of cdk-nag, our checks, validation. */
function entryPoint(bench: Bench): Subject {
  return {
    name: 'bin/agent-platform.ts',
    async measure() {
      const folder = join(bench.folder, 'cdk.out');
      const { wall } = await bench.run(TSX, [join(ROOT, 'bin', 'agent-platform.ts')], {
        cwd: ROOT,
        env: { ...synthEnvironment(true), CDK_OUTDIR: folder },
      });
      rmSync(folder, { recursive: true });
      return { values: { cold: wall } };
    },
  };
}

/** Context and switches as from the CDK CLI, the same for all programs. */
function synthEnvironment(validation: boolean): NodeJS.ProcessEnv {
  const { CDK_VALIDATION: _, PLATFORM_YAML: __, ...env } = process.env;
  const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: unknown };
  return {
    ...env,
    CDK_CONTEXT_JSON: JSON.stringify(context),
    PLATFORM_FOLDER: ROOT,
    ...(validation ? {} : { CDK_VALIDATION: 'false' }),
  };
}

/** Of all templates of an assembly, nested ones included. */
function sizeOf(assembly: string): Record<'templates' | 'resources' | 'stacks', number> {
  const files = readdirSync(assembly, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => readFileSync(join(assembly, file), 'utf8'));
  const resources = files.map(
    (text) => Object.keys((JSON.parse(text) as { Resources?: Record<string, unknown> }).Resources ?? {}).length,
  );
  return {
    templates: sum(files.map((text) => Buffer.byteLength(text))),
    resources: sum(resources),
    stacks: files.length,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What `npm run build` leaves under assets/: minified, not compressed. */
function bundles(assets: string): Subject[] {
  return readdirSync(assets, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .map((file) => ({
      name: `assets/${file}`,
      measure: async () => ({ values: { bundle: statSync(join(assets, file)).size } }),
    }));
}

function jest(bench: Bench): Subject {
  return {
    name: 'jest',
    async measure() {
      const { wall } = await bench.run(JEST, [], { cwd: ROOT });
      return { values: { jest: wall / 1000 } };
    },
  };
}
