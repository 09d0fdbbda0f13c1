import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compileApi } from './api/compile';
import { markdown } from './api/markdown';
import { brokenRules } from './api/rules';

/**
 * Judges the public API by jsii's rules and the house's, and writes API.md from its docstrings.
 *
 * `--check` writes nothing and fails where API.md is not what the sources say.
 */

const root = resolve(__dirname, '..');
const page = join(root, 'API.md');

async function main(args: readonly string[]): Promise<number> {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, unknown>;
  };
  const folders = Object.keys(exports).flatMap((path) => /^\.\/(\w+)$/.exec(path)?.[1] ?? []);
  const index = readFileSync(join(root, 'lib', 'index.ts'), 'utf8');
  const apart = folders.filter((folder) => !index.includes(`export * from './${folder}'`));
  const entry = ["export * from './lib';", ...apart.map((folder) => `export * as ${folder} from './lib/${folder}';`)];

  const compiled = await compileApi(root, ['lib', 'core'], entry.join('\n'));
  const problems = compiled.kind === 'api' ? brokenRules(compiled.api) : compiled.problems;
  for (const problem of problems) console.error(problem);
  if (compiled.kind === 'refused' || problems.length > 0) return 1;

  const subpaths = new Map([
    ['lib', name],
    ...folders.map((one): [string, string] => [`lib/${one}`, `${name}/${one}`]),
  ]);
  const text = markdown(compiled.api, subpaths);
  if (!args.includes('--check')) {
    writeFileSync(page, text);
  } else if (readOrEmpty(page) !== text) {
    console.error('API.md is not what the sources say; run "npm run api"');
    return 1;
  }
  console.log(`API.md: ${compiled.api.types.length} types, ${compiled.api.constants.length} constants`);
  return 0;
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
