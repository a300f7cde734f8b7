import type { Command } from 'commander';
import type { OpenShell } from './shell.ts';

interface Chapter {
  /** The commands that `load` gives, in its order. */
  names: readonly string[];
  load(shell: OpenShell): Promise<Command[]>;
}

/** Who knows which command, in the order of the help. */
export const chapters: readonly Chapter[] = [
  {
    names: ['start', 'web', 'worker', 'migrate'],
    load: async (shell) => (await import('./start-commands.ts')).roleCommands(shell),
  },
  {
    names: ['status', 'doctor'],
    load: async (shell) => (await import('./insight/commands.ts')).insightCommands(shell),
  },
  {
    names: ['key'],
    load: async (shell) => {
      const { keyCommands } = await import('./access/commands.ts');
      const { needNewsletter } = await import('./newsletters/find.ts');
      return keyCommands(shell, async (db, slug) => (await needNewsletter(db, slug)).id);
    },
  },
  {
    names: ['publisher', 'newsletter'],
    load: async (shell) => (await import('./newsletters/commands.ts')).newslettersCommands(shell),
  },
  {
    names: ['subscriber', 'suppression'],
    load: async (shell) => (await import('./subscribers/commands.ts')).subscribersCommands(shell),
  },
  {
    names: ['source', 'article'],
    load: async (shell) => (await import('./articles/commands.ts')).articlesCommands(shell),
  },
  {
    names: ['edition'],
    load: async (shell) => {
      const { editionCommand } = await import('./editions/commands.ts');
      const { editionSendCommand } = await import('./deliveries/commands.ts');
      return [editionCommand(shell).addCommand(editionSendCommand(shell))];
    },
  },
  {
    names: ['send', 'lane'],
    load: async (shell) => (await import('./deliveries/commands.ts')).deliveriesCommands(shell),
  },
];

/**
 * The commands of the chapter that knows this one, and all of them when none does, as for help. Loading the whole program takes
 * longer than most commands do.
 */
export async function loadCommands(shell: OpenShell, name: string | undefined): Promise<Command[]> {
  const asked = chapters.filter(({ names }) => name !== undefined && names.includes(name));
  const loaded = await Promise.all((asked.length > 0 ? asked : chapters).map(({ load }) => load(shell)));
  return loaded.flat();
}
