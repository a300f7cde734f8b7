/** Where the narration goes: a terminal, a pipe, or a test's ear. */
export interface Paper {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  /** Of a terminal only; says no when NO_COLOR is set. */
  hasColors?(): boolean;
}

/** Tells the story, one numbered line per step, and keeps what was not as it should be. */
export interface Narrator {
  title(text: string): void;
  /** The next step has happened: what, and where to look at it. */
  step(happened: string, url?: string): void;
  /** A word below the step. */
  note(text: string): void;
  rows(rows: readonly (readonly string[])[]): void;
  /** Where to look: what it is, and its address. */
  places(places: readonly (readonly [string, string])[]): void;
  /** Says it in words when it does not hold. The story goes on. */
  expect(holds: boolean, otherwise: string): void;
  fault(words: string): void;
  faults(): readonly string[];
}

type Paint = (text: string) => string;

const widthMax = 110;
const widthMin = 60;
const indent = '      ';

export function openNarrator(paper: Paper): Narrator {
  const startedMs = performance.now();
  const colours = paper.isTTY === true && paper.hasColors?.() === true;
  const dim = paint(colours, 2, 22);
  const bold = paint(colours, 1, 22);
  const red = paint(colours, 31, 39);
  const blue = paint(colours, 36, 39);
  const width = Math.max(Math.min(paper.columns || widthMax, widthMax), widthMin);
  const faults: string[] = [];
  let steps = 0;
  const line = (text = '') => void paper.write(`${text}\n`);
  const fault = (words: string) => {
    faults.push(words);
    line(`${indent}${red('✕')} ${words}`);
  };
  return {
    title: (text) => {
      line();
      line(bold(text));
      line(dim('─'.repeat(Math.min(width, 72))));
    },
    step: (happened, url) => {
      steps += 1;
      const seconds = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
      const [first = '', ...more] = wrap(happened, width - indent.length - 10);
      line();
      line(
        `${bold(String(steps).padStart(4))}  ${first.padEnd(width - indent.length - 10)}${dim(seconds.padStart(9))}`,
      );
      for (const each of more) line(indent + each);
      if (url) line(indent + blue(url));
    },
    note: (text) => {
      for (const each of wrap(text, width - indent.length)) line(each === '' ? '' : indent + dim(each));
    },
    rows: (rows) => {
      for (const row of columns(rows, width - indent.length)) line(indent + dim(row));
    },
    places: (places) => {
      const labelChars = Math.max(...places.map(([label]) => label.length));
      for (const [label, address] of places) line(`${indent}${label.padEnd(labelChars)}  ${blue(address)}`);
    },
    expect: (holds, otherwise) => {
      if (!holds) fault(otherwise);
    },
    fault,
    faults: () => faults,
  };
}

function paint(colours: boolean, on: number, off: number): Paint {
  return (text) => (colours ? `\x1b[${on}m${text}\x1b[${off}m` : text);
}

/** Lines of whole words; a word that is longer than a line keeps its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current];
}

/** Cells in columns; what does not fit into the line is cut off and says so. */
function columns(rows: readonly (readonly string[])[], width: number): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, n) => {
      widths[n] = Math.max(widths[n] ?? 0, cell.length);
    });
  }
  return rows.map((row) => {
    const text = row
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd();
    return text.length > width ? `${text.slice(0, width - 1)}…` : text;
  });
}
