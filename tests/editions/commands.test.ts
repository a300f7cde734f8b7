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

it('edition show names each story and says the words that the mail has', async () => {
  await run('edit', '2026-07-14', '--subject', 'A subject of ours');
  const { lines, document } = await run('show', '2026-07-14');
  expect(lines).toContain('en: A subject of ours (');
  expect(document.slots.length).toBeGreaterThan(0);
  for (const slot of document.slots) expect(lines).toContain(slot.title);
});

it('edition edit without a word changes nothing, so that the calendar still puts the edition together', async () => {
  await run('draft', '--date', '2026-07-15');
  const before = (await run('show', '2026-07-15')).document;
  expect(await run('edit', '2026-07-15')).toMatchObject({ exit: 2 });
  expect((await run('show', '2026-07-15')).document).toEqual(before);
});

it('edition draft says why it left an edition as it is, and how to have another one', async () => {
  await run('draft', '--date', '2026-07-16');
  await run('edit', '2026-07-16', '--greeting', 'Hello');
  expect((await run('draft', '--date', '2026-07-16')).lines).toContain(
    'Left as it is: an editor has touched it.',
  );
  await run('cancel', '2026-07-16');
  const again = await run('draft', '--date', '2026-07-16');
  expect(again).toMatchObject({ exit: 3 });
  expect(again.lines).toContain('Left as it is: it is cancelled.');
  expect(again.lines).toContain('dateline edition draft --date 2026-07-16 --seq 2');
});

it('edition list is a document like the API’s', async () => {
  expect((await run('list')).document.data.map((one: { name: string }) => one.name)).toContain('2026-07-14');
});

it('edition cancel of one on its way leads to the send', async () => {
  await run('draft', '--date', '2026-07-17');
  await ctx.db
    .updateTable('editions')
    .set({ state: 'sending' })
    .where('slot_date', '=', '2026-07-17')
    .execute();
  const refused = await run('cancel', '2026-07-17');
  expect(refused.exit).toBe(3);
  expect(refused.error).toMatch(/`dateline send cancel ed_\d+` stops/);
});

it('edition draft of an archived newsletter is refused, as its archiving promised', async () => {
  await ctx.db.updateTable('newsletters').set({ state: 'archived' }).execute();
  const refused = await run('draft', '--date', '2026-07-20');
  expect(refused.exit).toBe(3);
  expect(refused.error).toContain('dateline newsletter update inside-washington --state open');
});
