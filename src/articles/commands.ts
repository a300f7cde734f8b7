import type { Command } from 'commander';
import type { Shell } from '../shell.ts';
import { articleCommand } from './commands-article.ts';
import { sourceCommand } from './commands-source.ts';

/** `dateline source …` and `dateline article …`. */
export function articlesCommands(shell: Shell): Command[] {
  return [sourceCommand(shell), articleCommand(shell)];
}
