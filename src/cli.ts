#!/usr/bin/env node
import { Command } from 'commander';
import { loadCommands } from './commands.ts';
import { version } from './lib/version.ts';
import { type GlobalOptions, openShell } from './shell.ts';

const hint = '(add --help to see how it is used)';
const program = new Command('dateline')
  .description('Newsletter delivery for publishers')
  .version(version, '-V, --version')
  .option('--json', 'one JSON document instead of lines')
  .option('--quiet', 'say nothing but the outcome')
  .option('--newsletter <slug>', 'which newsletter (default: the only one)')
  .showHelpAfterError(hint)
  .exitOverride();
const shell = openShell(() => program.opts<GlobalOptions>());

try {
  const [name] = program.parseOptions(process.argv.slice(2)).operands;
  for (const command of await loadCommands(shell, name)) program.addCommand(throwing(command));
  await program.parseAsync(process.argv);
  process.exitCode = shell.exitCode();
} catch (error) {
  process.exitCode = shell.fail(error);
}

/** A usage fault ends the program here, with its code, and nowhere deeper, and says where to look. */
function throwing(command: Command): Command {
  command.exitOverride().showHelpAfterError(hint);
  for (const child of command.commands) throwing(child);
  return command;
}
