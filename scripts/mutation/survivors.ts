/** What is used of a report in the mutation-testing-elements schema, version 2. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

/** From 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** Why mutants may live: where they stand, what they change, and the reason. */
export interface Explanation {
  readonly file: string;
  /** The code, white space as one space. */
  readonly from: string;
  /** Part of its line, where the code alone stands in several places. */
  readonly line?: string;
  /** What stands in its place in each of them. */
  readonly to: readonly string[];
  readonly why: string;
}

export interface Verdict {
  /** By a failed assertion, by an endless loop, or by a test file that no longer loads. */
  readonly killed: number;
  readonly explained: number;
  /** One line each: place, what stands there, what it was replaced by. */
  readonly unexplained: readonly string[];
  /** Mutants of files in the report that are explained and dead. */
  readonly stale: readonly string[];
}

const DEAD = ['Killed', 'Timeout', 'RuntimeError'];
const ALIVE = ['Survived', 'NoCoverage'];

export function judgeReport(report: MutationReport, explanations: readonly Explanation[]): Verdict {
  const used = new Set<string>();
  const unexplained: string[] = [];
  let killed = 0;
  let explained = 0;
  for (const [file, { source, mutants }] of Object.entries(report.files)) {
    for (const { mutatorName, replacement = '', status, location } of mutants) {
      if (DEAD.includes(status)) killed++;
      if (!ALIVE.includes(status)) continue;
      const [from, to] = [oneLine(textAt(source, location)), oneLine(replacement)];
      const line = source.split('\n')[location.start.line - 1] ?? '';
      const explains = (each: Explanation): boolean =>
        each.file === file && each.from === from && each.to.includes(to) && line.includes(each.line ?? '');
      if (explanations.some(explains)) {
        used.add(`${file}: ${from} => ${to}`);
        explained++;
      } else {
        unexplained.push(`${file}:${location.start.line}: ${mutatorName}: ${from} => ${to}`);
      }
    }
  }
  const stale = explanations
    .filter(({ file }) => file in report.files)
    .flatMap(({ file, from, to }) => to.map((each) => `${file}: ${from} => ${each}`))
    .filter((each) => !used.has(each));
  return { killed, explained, unexplained, stale };
}

function textAt(source: string, { start, end }: Mutant['location']): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, i) => line.slice(i === 0 ? start.column - 1 : 0, i === last ? end.column - 1 : undefined))
    .join('\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
