import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Explanation, judgeReport, type MutationReport } from './mutation/survivors';

/**
 * `npm run mutate [-- --mutate 'core/network/**']`: Stryker over core/, then the survivors nobody explained. Fails when
 * there is one, and when an explanation has lost its mutant. `--judge` only judges the report of the last run.
 */

const ROOT = join(__dirname, '..');
const EXPLAINED = 'test/mutation/explained.yaml';

function main(args: readonly string[]): number {
  if (!args.includes('--judge')) {
    const stryker = join(ROOT, 'node_modules', '.bin', 'stryker');
    const { status } = spawnSync(stryker, ['run', ...args], { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) return status ?? 1;
  }
  const report = JSON.parse(readFileSync(join(ROOT, '.mutation', 'report.json'), 'utf8')) as MutationReport;
  const explanations = (parse(readFileSync(join(ROOT, EXPLAINED), 'utf8')) ?? []) as Explanation[];
  const { killed, explained, unexplained, stale } = judgeReport(report, explanations);
  for (const line of unexplained) console.log(line);
  for (const line of stale) console.log(`${EXPLAINED} explains what is dead: ${line}`);
  console.log(`${killed} killed, ${explained} survived explained, ${unexplained.length} unexplained`);
  return unexplained.length + stale.length > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
