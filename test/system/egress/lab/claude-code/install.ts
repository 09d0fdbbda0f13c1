import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LOCK = join(__dirname, 'package-lock.json');
const PACKAGE = join('node_modules', '@anthropic-ai', `claude-code-linux-${process.arch}`);

/**
 * Path of Claude Code's program, as the lock file beside this has it by checksum. It is too large for each checkout to
 * have its own (364 MB), so it lies in the user's cache, in a folder named for the lock.
 */
export async function installedClaudeCode(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex').slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cdk-agent-platform');
  const folder = join(cache, `claude-code-${hash}`);
  const program = join(folder, PACKAGE, 'claude');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, 'claude-code-'));
  try {
    for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(__dirname, name), join(made, name));
    // Its script only moves the program to where `bin` points.
    const npm = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', npm, { cwd: made, timeout: 300_000 });
    if (!existsSync(join(made, PACKAGE, 'claude'))) throw new Error(`npm ci brought no ${PACKAGE}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
  } catch (error) {
    // Another run may have been faster.
    if (!existsSync(program)) {
      throw new Error(
        `Claude Code can't be installed: ${error instanceof Error ? error.message : error}; it needs a package ` +
          `registry that npm reaches, and Linux on x64 or arm64`,
      );
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return program;
}
