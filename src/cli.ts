#!/usr/bin/env node
import { Command } from 'commander';
import { keyCommands } from './access/commands.ts';
import { articlesCommands } from './articles/commands.ts';
import { deliveriesCommands, editionSendCommand } from './deliveries/commands.ts';
import { editionCommand } from './editions/commands.ts';
import { insightCommands } from './insight/commands.ts';
import { version } from './lib/version.ts';
import { newslettersCommands } from './newsletters/commands.ts';
import { needNewsletter } from './newsletters/find.ts';
import { type GlobalOptions, openShell } from './shell.ts';
import { roleCommands } from './start-commands.ts';
import { subscribersCommands } from './subscribers/commands.ts';

const program = new Command('dateline')
  .description('Newsletter delivery for publishers')
  .version(version, '-V, --version')
  .option('--json', 'one JSON document instead of lines')
  .option('--quiet', 'say nothing but the outcome')
  .option('--newsletter <slug>', 'which newsletter (default: the only one)')
  .showHelpAfterError('(add --help to see how it is used)')
  .exitOverride();
const shell = openShell(() => program.opts<GlobalOptions>());

const edition = editionCommand(shell);
edition.addCommand(editionSendCommand(shell));
for (const command of [
  ...roleCommands(shell),
  ...insightCommands(shell),
  ...keyCommands(shell, async (db, slug) => (await needNewsletter(db, slug)).id),
  ...newslettersCommands(shell),
  ...subscribersCommands(shell),
  ...articlesCommands(shell),
  edition,
  ...deliveriesCommands(shell),
]) {
  program.addCommand(throwing(command));
}

try {
  await program.parseAsync(process.argv);
  process.exitCode = shell.exitCode();
} catch (error) {
  process.exitCode = shell.fail(error);
}

/** A usage fault ends the program here, with its code, and nowhere deeper. */
function throwing(command: Command): Command {
  command.exitOverride();
  for (const child of command.commands) throwing(child);
  return command;
}
