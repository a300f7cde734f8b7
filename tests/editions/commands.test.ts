import { afterAll, beforeAll, expect, it } from 'vitest';
import { editionCommand } from '../../src/editions/commands.ts';
import { testContext } from '../support/context.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { runCommand } from '../support/shell.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

const run = (...line: string[]) => runCommand(ctx, (shell) => [editionCommand(shell)], ['edition', ...line]);

beforeAll(async () => {
  await openNewsroom(ctx);
  await receiveStories(ctx, 6);
  await run('draft', '--date', '2026-07-14');
});

it.each(['en', 'id'])('edition preview shows the %s mail as it is read, no place left open', async (lang) => {
  for (const part of [[], ['--text']]) {
    const { exit, lines } = await run('preview', '2026-07-14', '--lang', lang, ...part);
    expect(exit).toBe(0);
    expect(lines).toContain('/u/test');
    expect(lines).toContain('d•••@example.org');
    expect(lines).not.toContain('[[');
  }
});
