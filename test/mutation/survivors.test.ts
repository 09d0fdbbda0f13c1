import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Explanation, judgeReport, type MutationReport } from '../../scripts/mutation/survivors';

const source = 'const a = 1;\nif (a > 0 &&\n  b) c();\n';
const whole = { start: { line: 2, column: 5 }, end: { line: 3, column: 4 } };
const part = { start: { line: 2, column: 5 }, end: { line: 2, column: 10 } };
const mutant = (status: string, replacement: string, location = part) => ({
  mutatorName: 'Some',
  status,
  replacement,
  location,
});
const report = (...mutants: MutationReport['files'][string]['mutants']): MutationReport => ({
  files: { 'core/a.ts': { source, mutants } },
});
const explanation: Explanation = { file: 'core/a.ts', from: 'a > 0 && b', to: ['a > 0 || b'], why: 'because' };

describe('what a mutation run says', () => {
  it('counts failed assertions, endless loops and files that do not load as kills, and the left out as nothing', () => {
    const all = ['Killed', 'Timeout', 'RuntimeError', 'Ignored', 'CompileError'].map((status) => mutant(status, 'x'));
    expect(judgeReport(report(...all), [])).toEqual({ killed: 3, explained: 0, unexplained: [], stale: [] });
  });

  it('lists who survived or was never run, with place and change', () => {
    const { unexplained } = judgeReport(report(mutant('Survived', 'true'), mutant('NoCoverage', 'a >= 0')), []);
    expect(unexplained).toEqual(['core/a.ts:2: Some: a > 0 => true', 'core/a.ts:2: Some: a > 0 => a >= 0']);
  });

  it('takes an explanation for exactly the change it names', () => {
    const survivors = report(mutant('Survived', 'a > 0 ||\n  b', whole), mutant('Survived', 'true', whole));
    expect(judgeReport(survivors, [explanation])).toEqual({
      killed: 0,
      explained: 1,
      unexplained: ['core/a.ts:2: Some: a > 0 && b => true'],
      stale: [],
    });
  });

  it('takes an explanation of one line for that line alone', () => {
    const survivor = report(mutant('Survived', 'a > 0 || b', whole));
    expect(judgeReport(survivor, [{ ...explanation, line: 'if (' }]).unexplained).toEqual([]);
    expect(judgeReport(survivor, [{ ...explanation, line: 'while (' }]).unexplained).toHaveLength(1);
  });

  it('tells an explanation of what is dead, and keeps still about files that were not run', () => {
    const dead = report(mutant('Killed', 'a > 0 || b', whole));
    expect(judgeReport(dead, [explanation]).stale).toEqual(['core/a.ts: a > 0 && b => a > 0 || b']);
    expect(judgeReport(dead, [{ ...explanation, file: 'core/b.ts' }]).stale).toEqual([]);
  });

  it('every explanation names code that is there, and says why', () => {
    const text = readFileSync(join(__dirname, 'explained.yaml'), 'utf8');
    for (const { file, from, line = '', to, why } of (parse(text) ?? []) as Explanation[]) {
      const code = readFileSync(join(__dirname, '../..', file), 'utf8').replace(/\s+/g, ' ');
      expect([file, from, code.includes(from) && code.includes(line)]).toEqual([file, from, true]);
      expect(to.length).toBeGreaterThan(0);
      expect(why.trim()).not.toBe('');
    }
  });
});
