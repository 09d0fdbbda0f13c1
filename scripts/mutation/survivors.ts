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

/** Why a mutant may live: where it stands, what it changes, and the reason. */
export interface Explanation {
  readonly file: string;
  /** The code and what stands in its place, white space as one space. */
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

export interface Verdict {
  /** By a failed assertion, by an endless loop, or by a test file that no longer loads. */
  readonly killed: number;
  readonly explained: number;
  /** One line each: place, what stands there, what it was replaced by. */
  readonly unexplained: readonly string[];
  /** Explanations of files in the report that no survivor needs. */
  readonly stale: readonly Explanation[];
}

const DEAD = ['Killed', 'Timeout', 'RuntimeError'];
const ALIVE = ['Survived', 'NoCoverage'];

export function judgeReport(report: MutationReport, explanations: readonly Explanation[]): Verdict {
  const used = new Set<Explanation>();
  const unexplained: string[] = [];
  let killed = 0;
  let explained = 0;
  for (const [file, { source, mutants }] of Object.entries(report.files)) {
    for (const { mutatorName, replacement = '', status, location } of mutants) {
      if (DEAD.includes(status)) killed++;
      if (!ALIVE.includes(status)) continue;
      const [from, to] = [oneLine(textAt(source, location)), oneLine(replacement)];
      const found = explanations.find((each) => each.file === file && each.from === from && each.to === to);
      if (found) used.add(found);
      if (found) explained++;
      else unexplained.push(`${file}:${location.start.line}: ${mutatorName}: ${from} => ${to}`);
    }
  }
  const stale = explanations.filter((each) => each.file in report.files && !used.has(each));
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
