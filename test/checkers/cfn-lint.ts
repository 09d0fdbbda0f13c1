import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Finding } from './finding';

const ROOT = join(__dirname, '..', '..');
const REQUIREMENTS = join(__dirname, 'requirements.txt');
const run = promisify(execFile);

interface Match {
  readonly Filename: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}

/** Every class of rule, with types taken strictly. */
const OPTIONS = [
  '--format',
  'json',
  '--include-checks',
  'I',
  // A matter of taste (Fn::Sub instead of Fn::Join), about templates that people write by hand.
  '--ignore-checks',
  'I1022',
  '--configure-rule',
  'E3012:strict=true',
];

/** Python's cfn-lint over templates. */
export async function cfnLint(templates: readonly string[]): Promise<Finding[]> {
  const program = await installed();
  const { stdout } = await run(program, [...OPTIONS, '--non-zero-exit-code', 'none', '--template', ...templates], {
    maxBuffer: 64 << 20,
  });
  return (JSON.parse(stdout) as Match[]).map(({ Filename, Message, Rule, Location }) => ({
    checker: 'cfn-lint',
    rule: Rule.Id,
    resource: resourceAt(Location.Path ?? []),
    template: Filename,
    message: Message,
  }));
}

function resourceAt(path: readonly (string | number)[]): string {
  return path[0] === 'Resources' && path.length > 1 ? String(path[1]) : path.join('/');
}

/**
 * In an environment of its own, whose packages are those of requirements.txt by hash. Its folder is named for that file
 * and the program is its last file, so that a stopped installation is not taken for one.
 */
async function installed(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = join(ROOT, '.jest', `cfn-lint-${hash}`);
  const program = join(folder, 'bin', 'cfn-lint');
  if (existsSync(program)) return program;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(ROOT, '.jest'), { recursive: true });
  try {
    // Not moved afterwards: the programs in it name the folder.
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:', '-r', REQUIREMENTS];
    await run(join(folder, 'bin', 'python'), pip);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(
      `cfn-lint can't be installed: ${error instanceof Error ? error.message : error}; it needs python3 with venv ` +
        '(Debian: apt-get install python3-venv) and a package index that pip reaches',
    );
  }
  return program;
}
