import type { Report } from './report';

/** The report as text for a terminal. */
export function table({ suite, date, machine, rows, ratios }: Report): string {
  const loaded = rows.some(({ generatorShare }) => generatorShare !== null);
  const figures = rows.map((row) => [
    row.metric,
    row.subject,
    number(row.value),
    range(row.min, row.max),
    row.unit,
    String(row.runs),
    ...(loaded ? [row.generatorShare === null ? 'n/a' : `${(row.generatorShare * 100).toFixed(0)} %`] : []),
  ]);
  const compared = ratios.map(({ metric, subject, against, value, min, max }) => [
    metric,
    subject,
    against,
    ratio(value),
    range(min, max, ratio),
  ]);
  return [
    `${suite}, ${date}`,
    machine,
    '',
    ...aligned(
      ['metric', 'subject', 'median', 'min-max', 'unit', 'runs', ...(loaded ? ['generator'] : [])],
      figures,
      [2, 3],
    ),
    '',
    ...(compared.length > 0
      ? [...aligned(['metric', 'subject', 'against', 'ratio', 'min-max'], compared, [3, 4]), '']
      : []),
    ...(loaded ? [] : ['load generator: n/a, nothing in this suite generates load', '']),
  ].join('\n');
}

/** Three digits that mean something, or all of them before the point. */
function number(value: number): string {
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const ratio = (value: number): string => value.toFixed(2);

function range(min: number, max: number, format: (value: number) => string = number): string {
  return min === max ? 'same' : `${format(min)}-${format(max)}`;
}

function aligned(head: readonly string[], lines: readonly (readonly string[])[], right: readonly number[]): string[] {
  const all = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
