import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads what test/global-setup.ts synthesized. Imports nothing of the project, so that tests over it judge from outside. */
const SYNTHESIZED = process.env.SYNTHESIZED ?? '';
export const ASSEMBLIES = join(SYNTHESIZED, 'assemblies');
const EXAMPLES = join(SYNTHESIZED, 'examples');

export interface CfnResource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly DependsOn?: string | string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface CfnTemplate {
  readonly Resources: Record<string, CfnResource>;
  readonly [section: string]: unknown;
}

export function variantNames(): string[] {
  return readdirSync(ASSEMBLIES).sort();
}

export function exampleNames(): string[] {
  return readdirSync(EXAMPLES).sort();
}

/** An example's templates by the name of their stack. */
export function templatesOfExample(name: string): Record<string, CfnTemplate> {
  return readAssembly(join(EXAMPLES, name));
}

/** Paths of an example's template files. */
export function exampleTemplateFiles(name: string): string[] {
  return templateFilesIn(join(EXAMPLES, name));
}

/** Paths of a variant's template files, nested assemblies included. */
export function templateFiles(variant: string): string[] {
  return templateFilesIn(join(ASSEMBLIES, variant));
}

function templateFilesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.template.json'))
    .sort()
    .map((file) => join(folder, file));
}

/** A variant's templates by the name of their stack, in the order they are deployed. */
export function templatesOf(variant: string): Record<string, CfnTemplate> {
  return readAssembly(join(ASSEMBLIES, variant));
}

function readAssembly(assembly: string): Record<string, CfnTemplate> {
  const stacks: Record<string, CfnTemplate> = {};
  const read = (folder: string): void => {
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    for (const [id, artifact] of Object.entries<Record<string, never>>(manifest.artifacts)) {
      const { type, properties } = artifact as unknown as {
        type: string;
        properties?: { directoryName?: string; templateFile?: string; stackName?: string };
      };
      if (type === 'cdk:cloud-assembly' && properties?.directoryName) read(join(folder, properties.directoryName));
      if (type === 'aws:cloudformation:stack' && properties?.templateFile) {
        stacks[properties.stackName ?? id] = JSON.parse(readFileSync(join(folder, properties.templateFile), 'utf8'));
      }
    }
  };
  read(assembly);
  return stacks;
}

/** All resources of a variant, as `[stack, logical id, resource]`. */
export function resourcesOf(variant: string): [string, string, CfnResource][] {
  return Object.entries(templatesOf(variant)).flatMap(([stack, template]) =>
    Object.entries(template.Resources).map(([id, resource]): [string, string, CfnResource] => [stack, id, resource]),
  );
}
