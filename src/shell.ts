import type { Context } from './context.ts';
import { Refusal } from './lib/errors.ts';

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
  /** Draws over the last drawn line on a terminal; a plain line when piped. */
  draw(line: string): void;
  /** The command ends with this exit code, though nothing was thrown: 6 when only a part succeeded. */
  exit(code: number): void;
}

/** Exit codes: 0 ok, 1 failed, 2 usage, 3 refused by a check or state, 4 not found, 5 denied, 6 partial, 7 conflict. */
export function exitCode(error: unknown): number {
  if (!(error instanceof Refusal)) return 1;
  if (error.code === 'wrong_state' || error.code === 'not_ready') return 3;
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
    row.map((cell, column) => String(cell).padEnd(widths[column] ?? 0)).join('  ').trimEnd(),
  );
}
