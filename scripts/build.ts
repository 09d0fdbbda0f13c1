import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import * as z from 'zod/mini';
import { openApiDocument } from '../core/access/openapi';
import { auditRecord } from '../core/audit/record';
import { policyDocument } from '../core/egress/document';
import { platformYaml } from '../core/profile/yaml-schema';
import { addressBinding } from '../core/session/binding';
import { sessionRow } from '../core/session/row';

/**
 * Builds what the package ships beside its constructs: a bundle for each function of lambda/, a folder for each image of
 * images/, the CLI in one file, and the JSON Schemas. The same sources give the same bytes, wherever the checkout lies.
 *
 * `--check` writes nothing and fails where core/schema is not what the sources say.
 */

const root = resolve(__dirname, '..');
const assets = join(root, 'assets');

/** Published contracts. Platform and policy are read by people, the others by whoever takes our records. */
const SCHEMAS = {
  platform: platformYaml,
  policy: policyDocument,
  record: auditRecord,
  'session-row': sessionRow,
  'address-binding': addressBinding,
} as const;

async function main(args: readonly string[]): Promise<number> {
  const published: [string, object][] = [
    ...Object.entries(SCHEMAS).map(([name, schema]): [string, object] => [
      name,
      z.toJSONSchema(schema, { io: 'input', reused: 'ref' }),
    ]),
    ['control-api', openApiDocument()],
  ];
  const stale = published.filter(([name, json]) => {
    const file = join(root, 'core/schema', `${name}.json`);
    const text = `${JSON.stringify(json, null, 2)}\n`;
    if (readOrEmpty(file) === text) return false;
    if (!args.includes('--check')) {
      mkdirSync(join(root, 'core/schema'), { recursive: true });
      writeFileSync(file, text);
    }
    return true;
  });
  if (args.includes('--check')) {
    for (const [name] of stale)
      console.error(`core/schema/${name}.json is not what the sources say; run "npm run build"`);
    return stale.length > 0 ? 1 : 0;
  }

  rmSync(assets, { recursive: true, force: true });
  for (const name of readdirSync(join(root, 'lambda')).sort()) {
    // The SDK is part of the function's runtime; bundling it would make each function half a megabyte larger.
    await bundle(`lambda/${name}/index.ts`, `${name}/index.js`, { external: ['@aws-sdk/*'] });
  }
  for (const name of readdirSync(join(root, 'images')).sort()) await image(name);
  await bundle('bin/agentctl.ts', 'cli/agentctl.js', { banner: { js: '#!/usr/bin/env node' } });
  return 0;
}

/** The folder that `cdk deploy` builds a service's image from: its Dockerfile and its program in one file. */
async function image(name: string): Promise<void> {
  await bundle(`images/${name}/main.ts`, `images/${name}/main.js`, {
    // Names of functions and files in a stack trace are worth more than a megabyte in an image.
    minify: false,
    target: 'node24',
    // Paths of modules stand in the output: as the checkout has them, not as the machine has them.
    preserveSymlinks: true,
  });
  // Dockerfile, and what it copies beside the program.
  cpSync(join(root, 'images', name), join(assets, 'images', name), {
    recursive: true,
    filter: (file) => !file.endsWith('.ts'),
  });
}

async function bundle(entry: string, out: string, options: BuildOptions): Promise<void> {
  const outfile = join(assets, out);
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    legalComments: 'linked',
    logLevel: 'warning',
    ...options,
  });
  if (options.banner) chmodSync(outfile, 0o755);
  console.log(`assets/${out}  ${(statSync(outfile).size / 1024).toFixed(1)} KB`);
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
