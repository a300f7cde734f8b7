/**
 * One row of CSV (RFC 4180), without its line end. A cell that a spreadsheet would run as a formula is made text by an
 * apostrophe (OWASP, CSV injection): it begins with `=`, `+`, `-`, `@`, a tab or a line end. Pure.
 */
export function csvRow(cells: readonly (string | number)[]): string {
  return cells.map(cell).join(',');
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
