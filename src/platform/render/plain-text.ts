export const textColumns = 76;

// What a place will roughly measure once it is filled: a masked address, a date in words.
const filledColumns: Record<string, number> = { '[[masked_address]]': 36, '[[signed_up_on]]': 22 };

/**
 * Lays out a plain text part: lines of at most `columns` UTF-16 units, broken at spaces; URLs and places are never
 * broken; a list item's further lines are indented under its first; no spaces at line ends, at most one blank line in
 * a row, one line end at the end of the text. Safe to run twice.
 */
export function wrapText(text: string, columns = textColumns): string {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const wrapped = lines.flatMap((line) => wrapLine(line.trimEnd(), columns));
  return `${wrapped
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '')}\n`;
}

/** A line of strokes as long as the title above it, at most as wide as the text. */
export function underline(title: string, stroke: string): string {
  return stroke.repeat(Math.min(Math.max(title.trim().length, 1), textColumns));
}

function wrapLine(line: string, columns: number): string[] {
  if (measure(line) <= columns) return [line];
  const [lead = '', indent = ''] = /^( *)(?:[-•*] )?/.exec(line) ?? [];
  const hanging = ' '.repeat(lead.length);
  const lines: string[] = [];
  let current = indent;
  let isEmpty = true;
  for (const word of line
    .trimStart()
    .split(/ +/)
    .flatMap((word) => pieces(word, columns - lead.length))) {
    if (!isEmpty && measure(current) + 1 + measure(word) > columns) {
      lines.push(current);
      current = hanging;
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  lines.push(current);
  return lines;
}

/** A word, or its pieces when it is wider than a line and no URL: scripts without spaces must break somewhere. */
function pieces(word: string, columns: number): string[] {
  if (word.length <= columns || /[a-z][a-z0-9+.-]*:\S|\[\[/i.test(word)) return [word];
  const result: string[] = [];
  let piece = '';
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    if (piece !== '' && piece.length + segment.length > columns) {
      result.push(piece);
      piece = '';
    }
    piece += segment;
  }
  result.push(piece);
  return result;
}

function measure(text: string): number {
  let width = text.length;
  if (!text.includes('[[')) return width;
  for (const [place, filled] of Object.entries(filledColumns)) {
    width += (text.split(place).length - 1) * (filled - place.length);
  }
  return width;
}
