import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fields, type Template, type Templates, text } from '../core/ceiling/template';
import type { Io } from './verb';

export const DEFAULT_FOLDER = 'cdk.out';

export interface Assembly {
  readonly templates: Templates;
  /** Names of stacks, each after those it depends on. */
  readonly order: readonly string[];
  /** Stacks that CloudFormation refuses to delete. */
  readonly terminationProtected: readonly string[];
}

export type AssemblyResult =
  | { readonly kind: 'ok'; readonly assembly: Assembly }
  | { readonly kind: 'missing' | 'unreadable'; readonly problem: string };

/** Reads what `cdk synth` wrote: the stacks of the app, and of its stages and pipelines. */
export function readAssembly(folder: string): AssemblyResult {
  if (!existsSync(join(folder, 'manifest.json'))) {
    return { kind: 'missing', problem: `${folder}: no synthesized app there; run npm run synth first` };
  }
  try {
    const stacks = distinct(stacksIn(folder));
    if (stacks.length === 0) return { kind: 'unreadable', problem: `${folder}: the app in it has no stacks` };
    return {
      kind: 'ok',
      assembly: {
        templates: Object.fromEntries(stacks.map(({ name, template }) => [name, template])),
        order: sorted(stacks),
        terminationProtected: stacks.filter((stack) => stack.terminationProtected).map(({ name }) => name),
      },
    };
  } catch (error) {
    return { kind: 'unreadable', problem: `${folder}: ${(error as Error).message}; run npm run synth again` };
  }
}

/** What every verb over an assembly does first: its help, its one optional folder, and reading that. */
export function withAssembly(
  args: readonly string[],
  io: Io,
  usage: string,
  run: (assembly: Assembly) => number,
): number {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout(`${usage}\n`);
    return 0;
  }
  const [folder = DEFAULT_FOLDER, ...more] = args;
  if (folder.startsWith('-') || more.length > 0) {
    io.stderr(`got ${args.join(' ')}; expected at most one folder\n${usage}\n`);
    return 2;
  }
  const result = readAssembly(folder);
  if (result.kind !== 'ok') {
    io.stderr(`${result.problem}\n`);
    return 2;
  }
  return run(result.assembly);
}

interface Stack {
  readonly artifact: string;
  readonly name: string;
  readonly template: Template;
  readonly dependsOn: readonly string[];
  readonly terminationProtected: boolean;
}

function stacksIn(folder: string): Stack[] {
  const manifest = readJson(join(folder, 'manifest.json'));
  return Object.entries(fields(fields(manifest).artifacts)).flatMap(([artifact, value]): Stack[] => {
    const { type, properties, dependencies } = fields(value);
    const { directoryName, templateFile, stackName, terminationProtection } = fields(properties);
    if (type === 'cdk:cloud-assembly' && typeof directoryName === 'string')
      return stacksIn(join(folder, directoryName));
    if (type !== 'aws:cloudformation:stack' || typeof templateFile !== 'string') return [];
    return [
      {
        artifact,
        name: text(stackName) ?? artifact,
        template: fields(readJson(join(folder, templateFile))),
        dependsOn: Array.isArray(dependencies) ? dependencies.filter((each) => typeof each === 'string') : [],
        terminationProtected: terminationProtection === true,
      },
    ];
  });
}

/** Two regions may have a stack of one name; the ids of their artifacts differ. */
function distinct(stacks: readonly Stack[]): Stack[] {
  const twice = (name: string) => stacks.filter((stack) => stack.name === name).length > 1;
  return stacks.map((stack) => (twice(stack.name) ? { ...stack, name: stack.artifact } : stack));
}

/** Depth first; the manifest of CDK never has a circle, and one made by hand ends here too. */
function sorted(stacks: readonly Stack[]): string[] {
  const order = new Set<string>();
  const begun = new Set<string>();
  const visit = (stack: Stack): void => {
    if (begun.has(stack.artifact)) return;
    begun.add(stack.artifact);
    for (const dependency of stacks.filter(({ artifact }) => stack.dependsOn.includes(artifact))) visit(dependency);
    order.add(stack.name);
  };
  for (const stack of stacks) visit(stack);
  return [...order];
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path} can't be read (${(error as Error).message})`);
  }
}
