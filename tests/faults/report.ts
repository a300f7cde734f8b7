import type { Row } from './tally.ts';

const columns = [
  'planned',
  'unique',
  'duplicates',
  'missing',
  'unknown',
  'refused',
  'skipped',
  'cancelled',
  'connections',
] as const;

/** The rows as a table, and under each that failed what did not hold. */
export function table(rows: readonly Row[]): string {
  const head = ['scenario', ...columns, 'seconds', ''];
  const cells = rows.map((row) => [
    row.scenario,
    ...columns.map((column) => String(row[column])),
    String(row.seconds),
    row.ok ? 'ok' : 'FAILED',
  ]);
  const widths = head.map((_, index) =>
    Math.max(...[head, ...cells].map((line) => line[index]?.length ?? 0)),
  );
  const line = (texts: string[]) =>
    texts
      .map((text, index) => (index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    line(head),
    ...rows.flatMap((row, index) => [
      line(cells[index] ?? []),
      ...row.problems.map((words) => `    ${words}`),
    ]),
  ].join('\n');
}
