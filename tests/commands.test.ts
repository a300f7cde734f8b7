import { describe, expect, it } from 'vitest';
import { chapters, loadCommands } from '../src/commands.ts';
import { openShell } from '../src/shell.ts';

const shell = openShell(() => ({}));
const every = chapters.flatMap(({ names }) => names);

async function namesFor(asked: string | undefined): Promise<string[]> {
  return (await loadCommands(shell, asked)).map((command) => command.name());
}

describe('the commands of the program', () => {
  it('are listed as the chapters give them', async () => {
    for (const { names, load } of chapters) {
      expect((await load(shell)).map((command) => command.name())).toEqual(names);
    }
  });

  it.each(every)('%s comes with its own chapter alone', async (name) => {
    const own = chapters.filter(({ names }) => names.includes(name));
    expect(own).toHaveLength(1);
    expect(await namesFor(name)).toEqual(own[0]?.names);
  });

  it.each([undefined, 'help', 'sned'])('are all there for help and for a slip: %s', async (asked) => {
    expect(await namesFor(asked)).toEqual(every);
  });
});
