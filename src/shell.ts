import { CommanderError } from 'commander';
import { pino } from 'pino';
import { ConfigError, readConfig } from './config.ts';
import type { Context } from './context.ts';
import { Refusal } from './lib/errors.ts';
import { openLog } from './platform/log.ts';

/** What the commands of every chapter are given: a context that opens and closes around one act, and a way to speak. */
export interface Shell {
  /** Opens the context, runs the act, closes the context; a refusal becomes a sentence and an exit code. */
  run(act: (ctx: Context, out: Out) => Promise<void>): Promise<void>;
  /** The `--newsletter` given before or after the command. */
  newsletter(): string | undefined;
}

/** Where a command's outcome goes: one JSON document with `--json`, else lines for people. */
export interface Out {
  json: boolean;
  /** Whether a person watches, so that a line may be drawn over. */
  live: boolean;
  /** The outcome, said once: the document for programs, the lines for people. */
  result(document: unknown, lines: string | readonly string[]): void;
  /** A word on the way, to people only. */
  say(line: string): void;
  /** One line of an outcome that comes in many, as it is: a row of CSV, a document of several. */
  line(text: string): void;
  /** Draws over the last drawn lines on a terminal; plain lines when piped. Nothing with `--json` or `--quiet`. */
  draw(lines: readonly string[]): void;
  /** The command ends with this exit code, though nothing was thrown: 6 when only a part succeeded. */
  exit(code: number): void;
}

export interface GlobalOptions {
  json?: boolean;
  quiet?: boolean;
  newsletter?: string;
}

/** The shell of one run of the program, for the outermost ring. */
export interface OpenShell extends Shell {
  /** Says what went wrong, and gives the exit code for it. */
  fail(error: unknown): number;
  exitCode(): number;
  out: Out;
}

/** Opens the shell on this process's own terminal. Commands log warnings to standard error; outcomes go to standard out. */
export function openShell(options: () => GlobalOptions): OpenShell {
  let code = 0;
  // Who reads has seen enough: `dateline send failures --csv | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(code);
  });
  const out = openOut(options, (ended) => {
    code = ended;
  });
  return {
    out,
    newsletter: () => options().newsletter,
    exitCode: () => code,
    fail: (error) => fail(error, options()),
    run: async (act) => {
      // What asks for help or for a version needs none of it.
      const { openContext } = await import('./context.ts');
      const log = openLog({ level: 'warn', destination: pino.destination({ fd: 2, sync: true }) });
      const ctx = await openContext(readConfig(), log, { silentIfAway: true });
      try {
        await act(ctx, out);
      } finally {
        await ctx.close();
      }
    },
  };
}

/** Exit codes: 0 ok, 1 failed, 2 usage, 3 refused by a check or state, 4 not found, 5 denied, 6 partial, 7 conflict. */
export function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) return 2;
  if (!(error instanceof Refusal)) return 1;
  if (error.code === 'wrong_state' || error.code === 'not_ready' || error.code === 'not_approved') return 3;
  switch (error.status) {
    case 400:
    case 422:
      return 2;
    case 401:
    case 403:
      return 5;
    case 404:
      return 4;
    case 409:
      return 7;
    default:
      return 1;
  }
}

/** Lays rows out in columns, the first row being the heading. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, String(cell).length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => String(cell).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function openOut(options: () => GlobalOptions, exit: (code: number) => void): Out {
  const live = process.stdout.isTTY === true;
  let drawn = 0;
  const print = (line: string) => {
    if (drawn > 0) process.stdout.write('\n');
    drawn = 0;
    process.stdout.write(`${line}\n`);
  };
  return {
    get json() {
      return options().json === true;
    },
    live,
    result: (document, lines) => {
      if (options().json) print(JSON.stringify(document, null, 2));
      else for (const line of typeof lines === 'string' ? [lines] : lines) print(line);
    },
    say: (line) => {
      if (!options().json && !options().quiet) print(line);
    },
    line: print,
    draw: (lines) => {
      if (options().json || options().quiet) return;
      if (!live) return lines.forEach(print);
      const fitting = fitted(lines, process.stdout);
      process.stdout.write(redrawn(fitting, drawn));
      drawn = fitting.length;
    },
    exit,
  };
}

interface Screen {
  columns?: number;
  rows?: number;
}

/**
 * The lines as they fit on a screen, so that none wraps by itself and could not be counted: a sentence goes on in the next line,
 * a row of a table is cut, and what is below the screen is left out. Pure.
 */
export function fitted(lines: readonly string[], { columns = 80, rows = 24 }: Screen): string[] {
  const room = Math.max(1, columns - 1);
  const cut = (line: string) => (line.trim().includes('  ') ? [line.slice(0, room)] : folded(line, room));
  return lines.flatMap(cut).slice(0, Math.max(1, rows - 1));
}

/** Breaks a sentence at its blanks. */
function folded(line: string, room: number): string[] {
  const [first = '', ...words] = line.split(' ');
  const folds = [first];
  for (const word of words) {
    const grown = `${folds.at(-1)} ${word}`;
    if (grown.length <= room) folds[folds.length - 1] = grown;
    else folds.push(`  ${word}`);
  }
  return folds.map((fold) => fold.slice(0, room));
}

/**
 * What to write so that the lines stand where the last drawn ones stood: the cursor goes up to the first of them and clears
 * down to the end (ECMA-48 CUU, ED). Pure.
 */
export function redrawn(lines: readonly string[], drawnBefore: number): string {
  const up = drawnBefore > 1 ? `\x1b[${drawnBefore - 1}A` : '';
  return `${up}\r\x1b[0J${lines.join('\n')}`;
}

function fail(error: unknown, { json }: GlobalOptions): number {
  const code = exitCode(error);
  const words = wordsOf(error);
  if (json && code !== 0)
    process.stdout.write(`${JSON.stringify({ error: outsideOf(error, words) }, null, 2)}\n`);
  // Commander has said its own already.
  else if (!(error instanceof CommanderError)) process.stderr.write(`${words}\n`);
  return code;
}

function wordsOf(error: unknown): string {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help') return 'A command is missing: add --help to see which there are.';
    return error.message.replace(/^error: /, '');
  }
  return error instanceof Error ? error.message : String(error);
}

/** A failure as `--json` shows it; a refusal has the code and status of the API. */
function outsideOf(error: unknown, detail: string) {
  if (error instanceof Refusal) return { code: error.code, status: error.status, detail, field: error.field };
  if (error instanceof CommanderError) return { code: 'usage', detail };
  return { code: error instanceof ConfigError ? 'configuration' : 'failed', detail };
}
