import { Command } from 'commander';
import type { Context } from '../../src/context.ts';
import { exitCode, type Shell } from '../../src/shell.ts';

export interface Ran {
  exit: number;
  /** What `--json` would print. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  document: any;
  lines: string;
  error: string;
}

/** Runs a command line on a context as the program does, and tells what a person would see. */
export async function runCommand(
  ctx: Context,
  commands: (shell: Shell) => Command[],
  line: readonly string[],
  options: { newsletter?: string } = {},
): Promise<Ran> {
  const ran: Ran = { exit: 0, document: undefined, lines: '', error: '' };
  const out = {
    json: false,
    live: false,
    result: (document: unknown, lines: string | readonly string[]) => {
      ran.document = JSON.parse(JSON.stringify(document));
      ran.lines = typeof lines === 'string' ? lines : lines.join('\n');
    },
    say: () => {},
    line: (text: string) => {
      ran.lines += `${text}\n`;
    },
    draw: () => {},
    exit: (code: number) => {
      ran.exit = code;
    },
  };
  const shell: Shell = { run: (act) => act(ctx, out), newsletter: () => options.newsletter };
  const program = quiet(new Command('dateline'), ran);
  for (const command of commands(shell)) program.addCommand(quiet(command, ran));
  try {
    await program.parseAsync(line, { from: 'user' });
  } catch (error) {
    ran.exit = exitCode(error);
    ran.error += error instanceof Error ? error.message : String(error);
  }
  return ran;
}

function quiet(command: Command, ran: Ran): Command {
  command.exitOverride().configureOutput({
    writeOut: () => {},
    writeErr: (text) => {
      ran.error += text;
    },
  });
  for (const child of command.commands) quiet(child, ran);
  return command;
}
